"""The validator as a trained head: named, shipped or absent; hash-checked, and nothing weaker steps in."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from posology.adapt.encoders.saving import write_head
from posology.chat.weights import find_weights
from posology.config import load_settings
from posology.errors import ModelError
from posology.evidence.heads import HeadCard, HeadChecker, open_head, read_head_card
from posology.evidence.heads.changes import apply_changes
from posology.evidence.support import SHIPPED_HEAD, open_support_checker
from posology.priorauth.models import open_checker
from tests.adapt.made_encoder import HIDDEN, LAYERS, write_encoder

pytest.importorskip("openvino", reason="needs the extra embedded")
PAIRS = [("aspirin helps", ["aspirin works well."]), ("no fever", ["fever today .", "the knee is mild ."])]
NEEDS = {"trunk": "base", "base": "all-minilm-l6-v2", "rank": 2}


def card(**changes: object) -> HeadCard:
    told = {
        "name": "tiny", "kind": "pair", "labels": ["supported", "unsupported"], "positive": "supported",
        "join": "highest", "window": 40, "overlap": 6, "threshold": 0.4, "layers": LAYERS, "parameters": 1,
        "weights_sha256": "0" * 64, "tokenizer_sha256": "0" * 64,
    }  # fmt: skip
    return HeadCard.model_validate(told | changes)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head with random weights on the tiny encoder."""
    base = write_encoder(tmp_path_factory.mktemp("base"))
    folder = tmp_path_factory.mktemp("head")
    weights = {f"bert.{name}": one for name, one in load_file(str(base / "model.safetensors")).items()}
    weights["classifier.weight"] = np.random.default_rng(1).normal(0, 1, (2, HIDDEN)).astype(np.float32)
    weights["classifier.bias"] = np.zeros(2, dtype=np.float32)
    write_head(folder, weights, card(), base)
    return folder


def test_the_head_that_is_named_or_ships_is_the_validator(head: Path, tmp_path: Path) -> None:
    named = open_support_checker(head, threads=1)
    shipped = open_support_checker(shipped=head, threads=1)
    assert isinstance(named, HeadChecker)
    assert isinstance(shipped, HeadChecker)
    assert named.identity == shipped.identity
    assert named.identity.family == "bert"
    assert named.threshold == 0.4
    scores = named.score_many(PAIRS)
    assert scores == shipped.score_many(PAIRS)
    assert all(0 <= score <= 1 for score in scores)


def test_settings_name_a_head_with_its_hash(head: Path, tmp_path: Path) -> None:
    digest = read_head_card(head).weights_sha256
    for sha256, fits in ((digest, True), ("", True), ("f" * 64, False)):
        file = tmp_path / "posology.toml"
        file.write_text(
            '[profile.mine]\nwriter = {engine = "none"}\nembedder = {engine = "static"}\n'
            f'validator = {{engine = "embedded-checker", path = "{head}", sha256 = "{sha256}"}}\n',
            encoding="utf-8",
        )
        settings = load_settings(file, profile="mine")
        if fits:
            checker = open_checker(settings, threads=1)
            assert checker is not None
            assert checker.identity.sha256 == digest
        else:
            with pytest.raises(ModelError, match="another hash than the settings name"):
                open_checker(settings)


def test_a_hash_counts_where_no_head_is_named_too(head: Path) -> None:
    digest = read_head_card(head).weights_sha256
    assert open_support_checker(shipped=head, sha256=digest.upper(), threads=1).identity.sha256 == digest
    with pytest.raises(ModelError, match="another hash than the settings name"):
        open_support_checker(shipped=head, sha256="f" * 64, threads=1)


@pytest.mark.parametrize("damage", ["weights", "no card", "empty", "no tokenizer", "another card"])
def test_a_head_that_is_there_and_damaged_is_an_error(head: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "head"
    if damage == "empty":
        folder.mkdir()
    else:
        shutil.copytree(head, folder)
    if damage == "weights":
        data = bytearray((folder / "head.safetensors").read_bytes())
        data[-1] ^= 1
        (folder / "head.safetensors").write_bytes(bytes(data))
    if damage == "no card":
        (folder / "head.json").unlink()
    if damage == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    if damage == "another card":
        told = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        (folder / "head.json").write_text(json.dumps(told | {"kind": "sequence"}), encoding="utf-8")
    for place in ({"shipped": folder}, {"head": folder}):
        with pytest.raises(ModelError):
            open_support_checker(**place)


def test_without_head_or_base_nothing_weaker_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError):
        open_support_checker(shipped=tmp_path / "absent")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "site-packages" not in p])
    with pytest.raises(ModelError, match="models get all-minilm-l6-v2"):
        open_support_checker(home=tmp_path)


def test_changes_of_a_rank_are_added_to_the_base_and_what_does_not_fit_is_refused() -> None:
    base = {"bert.a.weight": np.ones((3, 4), dtype=np.float32), "bert.n": np.zeros(3, dtype=np.float32)}
    up, down = np.full((3, 2), 2.0, dtype=np.float32), np.full((2, 4), 0.5, dtype=np.float32)
    own = {"bert.a.weight.up": up, "bert.a.weight.down": down, "bert.n": np.ones(3, dtype=np.float32)}
    whole = apply_changes(base, own, 2)
    assert (whole["bert.a.weight"] == 3.0).all()
    assert (whole["bert.n"] == 1.0).all()
    assert set(whole) == set(base)
    for wrong, rank in (
        ({"bert.a.weight.up": up}, 2),
        ({"bert.a.weight.down": down}, 2),
        ({"bert.b.weight.up": up, "bert.b.weight.down": down}, 2),
        (own, 3),
    ):
        with pytest.raises(ModelError, match="damaged"):
            apply_changes(base, wrong, rank)


def test_a_card_of_changes_names_its_base() -> None:
    with pytest.raises(ValueError, match="trunk base"):
        card(rank=2)
    with pytest.raises(ValueError, match="needs base"):
        card(rank=2, trunk="base")


@pytest.mark.model
def test_changes_to_the_catalogued_base_open_in_32_bits_and_in_int8_and_no_other_base(tmp_path: Path) -> None:
    try:
        found = find_weights("all-minilm-l6-v2")
    except ModelError as cause:
        pytest.skip(f"the base is not here: {cause}")
    base = found.path if found.path.is_dir() else found.path.parent
    draw = np.random.default_rng(2)
    name = "bert.encoder.layer.5.output.dense.weight"
    own = {
        f"{name}.up": draw.normal(0, 0.05, (384, 2)), f"{name}.down": draw.normal(0, 0.05, (2, 1536)),
        "classifier.weight": draw.normal(0, 0.5, (2, 384)), "classifier.bias": np.zeros(2),
    }  # fmt: skip
    weights = {key: one.astype(np.float32) for key, one in own.items()}
    logits = {}
    for precision in ("fp32", "int8"):
        folder = tmp_path / precision
        folder.mkdir()
        more = NEEDS | {"base_sha256": found.sha256, "layers": 6, "precision": precision}
        write_head(folder, weights, card(**more), base)
        assert (folder / "head.safetensors").stat().st_size < 100_000
        logits[precision] = open_head(folder, threads=1).text_logits([(a, b[0]) for a, b in PAIRS])
    assert np.abs(logits["fp32"] - logits["int8"]).max() < 0.5
    folder = tmp_path / "other"
    folder.mkdir()
    write_head(folder, weights, card(**NEEDS | {"base_sha256": "f" * 64, "layers": 6}), base)
    with pytest.raises(ModelError):
        open_head(folder)


def test_what_ships_is_the_validator() -> None:
    assert read_head_card(SHIPPED_HEAD).trunk == "base"
    try:
        checker = open_support_checker(threads=1)
    except ModelError as cause:
        pytest.skip(f"its base is not here: {cause}")
    assert isinstance(checker, HeadChecker)
