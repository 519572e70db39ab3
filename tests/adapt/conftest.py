"""Heads that several modules of tests read: each is trained once. Who changes one copies it first."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny encoder that tells no licence."""
    from tests.adapt.made_encoder import write_encoder

    return write_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def spans_head(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a head that finds diseases in made sentences."""
    from posology.adapt.encoders.run import run_encode
    from tests.adapt.made_encoder import ROOT, job, recipe, sentences

    out = tmp_path_factory.mktemp("spans") / "head"
    return run_encode(recipe(base, "token", ROOT), job(out, sentences(72), sentences(12, "s")))
