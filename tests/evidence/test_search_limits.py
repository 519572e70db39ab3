"""A value answers a question for a limit only where it stands beside its name, measured and in its unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.evidence import judge_by_rules
from posology.evidence.limits import Limit, find_limit, limited_otherwise
from posology.evidence.passages import Passage
from posology.evidence.search import Hit
from posology.spans import Span

ANEMIA = "Is the hemoglobin below 10 g/dL?"
CONTROL = "Is a hemoglobin A1c of more than 7 % documented?"
BONE = "Is the T-score below -2.5 SD?"
TABLE = [
    (ANEMIA, "Hemoglobin 9.2 g/dL today.", "yes", "below"),
    (ANEMIA, "Hemoglobin: 11.", "no", "above, the unit left out"),
    (ANEMIA, "Hemoglobin in March 2024 was 9.2 g/dL.", "yes", "a date stands between"),
    (ANEMIA, "Hemoglobin down to 9.1 g/dL from 11 g/dL.", "yes", "the value that it came from is past"),
    (ANEMIA, "Hemoglobin is not below 10 g/dL.", "no", "the limit denied"),
    (ANEMIA, "Hemoglobin above 8 g/dL.", "not_stated", "a bound that leaves it open"),
    (ANEMIA, "Hemoglobin below 9 g/dL.", "yes", "a bound that does not"),
    (ANEMIA, "Hemoglobin pending, albumin 3.2 g/dL.", "not_stated", "another thing's value in the same unit"),
    (ANEMIA, "Hemoglobin 5.6 mmol/L.", "not_stated", "another unit"),
    (ANEMIA, "Hemoglobin to be rechecked in 8 weeks.", "not_stated", "a number of weeks"),
    (ANEMIA, "Goal: hemoglobin above 10 g/dL.", "not_stated", "a goal"),
    (ANEMIA, "Transfuse if hemoglobin is 7 g/dL.", "not_stated", "a condition"),
    (ANEMIA, "Hemoglobin dropped 2 g/dL.", "not_stated", "a change is no value"),
    (ANEMIA, "Hemoglobin 9.2, 9.8 and 11.0 g/dL.", "not_stated", "values on both sides"),
    (ANEMIA, "Hemoglobin not measured.", "not_stated", "no value"),
    (ANEMIA, "No hemoglobin on file.", "not_stated", "no value is no high value"),
    (ANEMIA, "Mother has a hemoglobin of 8 g/dL.", "not_stated", "a relative's"),
    (ANEMIA, "Albumin 3.2 g/dL.", "not_stated", "another thing"),
    (
        ANEMIA,
        "Hemoglobin was 9.2 g/dL in 2015 and is 13 g/dL now.",
        "not_stated",
        "an old value, then another",
    ),
    (ANEMIA, "Hemoglobin 9.2, now 13.", "not_stated", "an old value, then another"),
    (ANEMIA, "Hemoglobin 11, albumin 3.2 g/dL.", "no", "the further value is another thing's"),
    (ANEMIA, "Hemoglobin had been 9.2 g/dL.", "not_stated", "of the past"),
    (ANEMIA, "Hemoglobin on May 9.", "not_stated", "a day of the month"),
    (ANEMIA, "Hemoglobin 9 a.m.", "not_stated", "a time of day"),
    (ANEMIA, "Hemoglobin 92.", "not_stated", "no unit, and not of the limit's order"),
    (ANEMIA, "Fetal hemoglobin 9 g/dL.", "not_stated", "another thing of a longer name"),
    (ANEMIA, "Change in hemoglobin of 9 g/dL.", "not_stated", "a change is no value"),
    (ANEMIA, "Hemoglobin 9 g/dL was a lab error.", "not_stated", "an error"),
    (ANEMIA, "Hemoglobin less than 9 g/dL is an indication for transfusion.", "not_stated", "a rule"),
    ("Is the ferritin below 100 ng/mL?", "Ferritin 1,050 ng/mL.", "no", "a comma between thousands"),
    (
        "Is the ejection fraction below 40 %?",
        "Gallbladder ejection fraction 35 %.",
        "not_stated",
        "no heart's",
    ),
    (
        "Is the ejection fraction below 40 %?",
        "Ejection fraction 35 %, recovered to 55 %.",
        "not_stated",
        "both",
    ),
    (CONTROL, "HbA1c 8.4 % in May.", "yes", "a month is no possibility"),
    (CONTROL, "A1c 6.8.", "no", "not above"),
    (CONTROL, "A1c < 7 %.", "no", "a bound"),
    (CONTROL, "A1c to be rechecked in 10 weeks.", "not_stated", "weeks are no percent"),
    (CONTROL, "A1c 7 %.", "no", "equal is not more"),
    (BONE, "T-score -3.1 SD.", "yes", "below zero"),
    (BONE, "T-score was -1.0 SD.", "no", "above"),
    (
        "Is the ratio below 3?",
        "The ratio is below 5, 3 were seen.",
        "not_stated",
        "a limit without a unit is not read",
    ),
]


def answer(question: str, text: str) -> str:
    passage = Passage("a", 0, len(text), text, (Span(0, len(text)),))
    return judge_by_rules(question, [Hit(passage, 1.0, 1, 1)]).answer


@pytest.mark.parametrize(("question", "text", "expected", "why"), TABLE)
def test_a_value_is_compared_where_it_is_told(question: str, text: str, expected: str, why: str) -> None:
    assert answer(question, text) == expected, why


def test_a_limit_that_is_not_read_leaves_the_question_unread() -> None:
    assert limited_otherwise("Is the ratio above 3?")
    assert not limited_otherwise("Is the ratio above 3 %?")
    assert find_limit("Was physical therapy done for more than 6 weeks?")[0] is None, "a length is no value"


@given(st.booleans(), st.decimals(1, 500, places=1), st.decimals(1, 500, places=1))
def test_every_value_is_judged_as_numbers_compare(above: bool, limit: Decimal, value: Decimal) -> None:
    said = f"Ferritin: {value} ng/mL."
    expected = value > limit if above else value < limit
    assert Limit(above, limit, "ng/mL").met(said, len("Ferritin")) is expected
