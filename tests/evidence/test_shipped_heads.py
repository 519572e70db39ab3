"""The heads that ship: whole, small, allowed, measured, named in NOTICE, and they find what they are for."""

import json
from pathlib import Path

import pytest

from posology.adapt.card import UNSCORED
from posology.chat.weights import find_weights
from posology.corpus import may_ship
from posology.errors import ModelError
from posology.evidence.heads import open_head, read_head_card, shipped_heads
from posology.evidence.support import open_support_checker

pytest.importorskip("openvino", reason="needs the extra embedded")
ROOT = Path(__file__).parents[2]
MOST = 12_000_000  # bytes of weights

GOLDEN = [
    (
        "diseases-minilm",
        "Mutations of this gene cause ataxia telangiectasia and raise the risk of breast cancer.",
        [("ataxia telangiectasia", "Disease"), ("breast cancer", "Disease")],
    ),
    (
        "chemicals-diseases-minilm",
        "Severe hepatitis developed two weeks after isoniazid and rifampicin were begun.",
        [("hepatitis", "Disease"), ("isoniazid", "Chemical"), ("rifampicin", "Chemical")],
    ),
]


@pytest.mark.parametrize(("name", "folder"), shipped_heads().items())
def test_a_head_that_ships_is_small_allowed_measured_and_named(name: str, folder: Path) -> None:
    card = read_head_card(folder)
    assert card.precision == "int8"
    assert card.trunk == "base", "the encoder comes from its own package"
    assert (folder / "head.safetensors").stat().st_size <= MOST
    assert all(may_ship(licence) for licence in card.licences)
    assert {"card.md", "report.json", "recipe.toml", "manifest.json", "seen.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert card.weights_sha256 in json.dumps(json.loads((folder / "measured.json").read_text()))
    told = (folder / "card.md").read_text(encoding="utf-8")
    assert told.count("## Scores") == told.count("<!-- written by posology adapt score -->") == 1
    assert UNSCORED not in told
    assert "energy: " in told
    assert f"models/{name}" in (ROOT / "NOTICE").read_text(encoding="utf-8")


CITED = "Metformin: 850 mg twice daily (2024-03-02)\nhemoglobin A1c: 8.1 % (2024-02-11)"
SUPPORT = [
    ("Metformin was prescribed, 850 mg twice daily, on 2024-03-02.", True, "as stated"),
    ("Hemoglobin A1c was 8.1 % on 2024-02-11.", True, "as stated, the other line"),
    ("Metformin was prescribed, 500 mg twice daily, on 2024-03-02.", False, "another number"),
    (
        "Metformin was prescribed, 8.1 mg twice daily.",
        False,
        "the other line's value: every word stands there",
    ),
    ("Metformin was given 850 mcg twice daily.", False, "another unit"),
    ("Metformin was not prescribed.", False, "denied"),
    ("The patient has gout.", False, "of something else"),
]


@pytest.mark.model
@pytest.mark.parametrize(("sentence", "supported", "why"), SUPPORT)
def test_the_checker_that_ships_tells_what_the_sources_support(
    sentence: str, supported: bool, why: str
) -> None:
    try:
        checker = open_support_checker(threads=1)
    except ModelError as missing:
        pytest.skip(str(missing))
    assert checker.identity.name == "checker-minilm"
    score = checker.score(sentence, CITED.split("\n"))
    assert (score >= checker.threshold) is supported, f"{why}: {score:.3f}"


@pytest.mark.model
@pytest.mark.parametrize(("name", "text", "mentions"), GOLDEN)
def test_a_head_of_entities_finds_them(name: str, text: str, mentions: list[tuple[str, str]]) -> None:
    try:
        find_weights("all-minilm-l6-v2")
    except ModelError as missing:
        pytest.skip(str(missing))
    (spans,) = open_head(shipped_heads()[name], threads=1).find_spans([text])
    assert [(text[one.start : one.end], one.label) for one in spans] == mentions
