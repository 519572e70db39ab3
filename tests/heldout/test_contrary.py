"""Text that contradicts structured data is shown beside it and changes nothing."""

from pathlib import Path

import pytest

from tests.heldout.builders import ICD, SNOMED, concept, condition, coverage, note, patient
from tests.heldout.case import E11, Case, of
from tests.heldout.drafting import drafted, leaves_in

GAIT = concept(SNOMED, "22325002")
NAMED = concept(SNOMED, "22325002", "Abnormal gait (finding)")
SAID = "2024-01-02"


def _contrary(case: Case, leaf: str, folder: Path) -> list[str]:
    packet = drafted(case, folder).packet
    assert leaves_in(packet)[leaf] == case.leaves[leaf]
    row = next(one for one in packet["criteria"] if one["id"] == leaf)
    quotes = {one["id"]: one["quote"] for one in packet["evidence"]}
    return [quotes[key] for key in row["contrary"]]


@pytest.mark.parametrize("code", [GAIT, NAMED], ids=["a code without a name", "a code with a tagged name"])
def test_a_denial_of_what_is_on_record_is_shown(code: dict[str, object], tmp_path: Path) -> None:
    text = "The patient does not have an abnormal gait."
    parts = patient(), coverage(), condition("g", code), note("n", text, SAID)
    case = Case("", "ho-quiet", "HCPCS:E0143", "2024-01-10", of(*parts), {"gait": "met"})
    assert _contrary(case, "gait", tmp_path) == [text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("She is pregnant.", True),
        ("She is not pregnant.", False),
        ("Her sister is pregnant.", False),
    ],
)
def test_what_is_said_of_a_thing_that_is_not_on_record_is_shown(
    text: str, shown: bool, tmp_path: Path
) -> None:
    parts = patient(), coverage(), condition("dm", E11), note("n", text, "2020-01-02")
    case = Case("", "ho-states", "HCPCS:E0607", "2020-02-29", of(*parts), {"pregnancy": "not_met"})
    assert _contrary(case, "pregnancy", tmp_path) == ([text] if shown else [])


def test_a_denial_after_the_day_is_not_looked_at(tmp_path: Path) -> None:
    code = concept(ICD, "E11.9", "Type 2 diabetes")
    text = "The patient does not have type 2 diabetes."
    parts = patient(), coverage(), condition("dm", code), note("n", text, "2020-03-01")
    case = Case("", "ho-states", "HCPCS:E0607", "2020-02-29", of(*parts), {"diabetes": "met"})
    assert _contrary(case, "diabetes", tmp_path) == []
