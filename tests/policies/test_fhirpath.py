import re
from datetime import date
from decimal import Decimal

import pytest

from posology.policies.fhirpath import _REFUSED as REFUSED_NAMES
from posology.policies.fhirpath import FhirPathFailure, evaluate, keeps, parse_fhirpath, selects, truth
from posology.policies.paths import unknown_names

DAY = date(2019, 6, 1)


def weight(value):
    return {"resourceType": "Observation", "status": "final", "valueQuantity": {"value": value, "unit": "kg"}}


@pytest.mark.parametrize("value", [0.1, 0.3, 0.7, 1.1, 5.7, 41.2, 1e-7, 100.0, Decimal("0.3"), 30])
def test_a_fraction_equals_itself_whatever_its_binary_form(value):
    written = f"{Decimal(str(value)):f}"
    for expression in (
        f"value.value = {written}",
        f"value.value >= {written}",
        f"value.value <= {written}",
        f"value.value in ({written} | 2)",
    ):
        assert truth(expression, weight(value), {}) is True, expression
    assert truth(f"value.value != {written}", weight(value), {}) is False


REFUSED = [
    ("value > 30 'kg'", "compare", "the library does not convert units"),
    ("30 'kg' < value", "compare", "nor from the other side"),
    ("value.value.toQuantity('kg') > value", "compare", "nor by a function"),
    ("component.value.value.sum() > 3", "sum()", "the library fails on more than one value"),
    ("component.value.value.avg() > 3", "avg()", "as above"),
    ("value.value.max() > 3", "max()", "as above"),
    ("status.hasValue()", "exists()", "the library has none"),
    ("effective < today()", "%date", "an answer must not change from day to day"),
    ("effective < now()", "%date", "as above"),
    ("status.memberOf('x')", "codes", "there is no terminology server"),
    ("repeat(children())", "without end", "may never stop"),
    ("status.trace('x')", "log", "would write patient data"),
]


@pytest.mark.parametrize(("expression", "hint", "reason"), REFUSED)
def test_what_cannot_be_answered_rightly_is_refused_with_what_to_write_instead(expression, hint, reason):
    with pytest.raises(FhirPathFailure) as failure:
        parse_fhirpath(expression)
    assert hint in str(failure.value), reason


@pytest.mark.parametrize(
    "expression",
    ["note.text = '3 kg'", "code.text = '30 ' and id = 'x'", "note.text = 'now()'", "status = 'max('"],
)  # fmt: skip
def test_what_stands_in_a_text_is_never_refused(expression):
    parse_fhirpath(expression)
    assert truth(expression, weight(3), {}) in (False, None)


ANSWERS = [
    ("status = 'final'", True),
    ("status = 'amended'", False),
    ("note.text = 'x'", None),
    ("status", None),
    ("status | value.unit", None),
    ("value.value + status > 3", None),
    ("%age > 3", None),
    ("%missing > 3", None),
    ("true", True),
]


@pytest.mark.parametrize(("expression", "expected"), ANSWERS)
def test_a_test_is_true_or_false_or_else_unknown(expression, expected):
    assert truth(expression, weight(3), {"age": None}) is expected


def test_a_filter_that_is_empty_does_not_keep_and_one_that_fails_leaves_it_open():
    assert keeps("note.text = 'x'", weight(3), {}) is False
    assert keeps("status = 'final'", weight(3), {}) is True
    assert keeps("%missing = 1", weight(3), {}) is None
    assert keeps("status", weight(3), {}) is None, "a filter is a condition, not a value"


SELECTED = [
    ("Observation.where(status = 'final')", True, "what it yields"),
    ("Observation.where(status = 'amended')", False, "nothing"),
    ("Observation.where(status = 'final').exists()", True, "a condition"),
    ("Observation.where(status = 'amended').exists()", False, "a condition that does not hold"),
    ("Condition.where(true)", False, "another type"),
    ("Observation.where(%missing)", None, "an error"),
]


@pytest.mark.parametrize(("expression", "expected", "reason"), SELECTED)
def test_a_whole_expression_selects_a_resource(expression, expected, reason):
    assert selects(expression, weight(3), {}) is expected, reason


CHOICES = [
    ({"valueQuantity": {"value": 3}}, "value.value", 1),
    ({"valueString": "x"}, "value", 1),
    ({"valueString": "x"}, "value.ofType(Quantity)", 0),
    ({"valueCodeableConcept": {"text": "x"}}, "value.text", 1),
    ({"valueBoolean": False}, "value", 1),
    ({"effectivePeriod": {"start": "2019-01-01"}}, "effective.start", 1),
    ({"effectiveDateTime": "2019-01-01"}, "effective.ofType(dateTime)", 1),
    ({"effectiveDateTime": "2019-01-01"}, "effective.ofType(Period)", 0),
]


@pytest.mark.parametrize(("fields", "expression", "count"), CHOICES)
def test_choice_types_go_by_one_name(fields, expression, count):
    assert len(evaluate(expression, {"resourceType": "Observation", **fields}, {})) == count


def test_a_reference_is_followed_in_place():
    body = {
        "resourceType": "MedicationRequest",
        "medicationReference": {"resourceType": "Medication", "code": {"text": "metformin"}},
    }
    for path in ("medicationReference.resolve().code.text", "medicationReference.code.text"):
        assert evaluate(path, body, {}) == ["metformin"]
    assert truth("medicationReference.resolve().code.text = '.resolve()'", body, {}) is False


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("birthDate <= %date - 18 years", True),
        ("birthDate > %date - 18 years", False),
        ("birthDate = @2001-06-01", True),
        ("%date - 1 month = @2019-05-01", True),
        ("@2019-03-31 - 1 month = @2019-02-28", True),
        ("%date = @2019-06-01", True),
    ],
)
def test_days_are_reckoned_on_the_calendar(expression, expected):
    assert (
        truth(expression, {"resourceType": "Patient", "birthDate": "2001-06-01"}, {"date": DAY}) is expected
    )


def test_the_page_lists_what_is_not_available_and_nothing_else(repo_root):
    page = (repo_root / "docs" / "policies.md").read_text()
    table = page.partition("| not available |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"(\w+)\(\)", " ".join(row.split("|")[1] for row in table.splitlines()[2:])))
    assert listed >= set(REFUSED_NAMES)
    for name in listed - set(REFUSED_NAMES):
        assert unknown_names(f"status.{name}()", "Observation"), name
