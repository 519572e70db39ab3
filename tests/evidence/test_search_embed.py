"""The embedder that ships: normalised, empty texts are zero, and damaged weights are refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posology.evidence.embed as module
from posology.errors import ModelError
from posology.evidence.embed import open_embedder

SHIPPED = Path(module.__file__).parent / "models" / "static-minilm-256"


def test_an_empty_text_is_the_zero_vector() -> None:
    vectors = open_embedder().embed(["", "knee pain"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, 256)
    assert not vectors[0].any()


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_every_vector_has_length_one_or_zero(texts: list[str]) -> None:
    norms = np.linalg.norm(open_embedder().embed(texts), axis=1)
    assert np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))


def test_a_paraphrase_is_nearer_than_a_stranger() -> None:
    a, b, c = open_embedder().embed(["high blood pressure", "elevated arterial pressure", "she has two cats"])
    assert a @ b > a @ c + 0.2


def test_vectors_equal_those_of_model2vec() -> None:
    golden = json.loads((Path(__file__).parent / "golden" / "static.json").read_text(encoding="utf-8"))
    ours = open_embedder().embed(golden["texts"])
    np.testing.assert_allclose(ours[:, : len(golden["vectors"][0])], golden["vectors"], atol=2e-6)


def test_the_identity_names_the_weights_by_hash() -> None:
    identity = open_embedder().identity
    manifest = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    assert identity.name == "static-minilm-256"
    assert identity.sha256 == manifest["files"]["model.safetensors"]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_weights_with_another_hash_are_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(SHIPPED, folder)
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        open_embedder(folder)


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json"):
        open_embedder(tmp_path)
