from contextlib import suppress

import pytest

from posology.policies.fhirpath import FhirPathFailure, evaluate, parse_fhirpath
from posology.policies.paths import unknown_names
from tests.policies.leaf_charts import bmi
from tests.quick import least_seconds

SYNTAX = [
    "Observation]",
    "a b c",
    "Observation..code",
    "where(true) garbage(",
    "'open",
    "code = ",
    "(a",
    "%",
    "a =",
]


@pytest.mark.parametrize("expression", SYNTAX)
def test_wrong_syntax_is_refused(expression):
    with pytest.raises(FhirPathFailure):
        parse_fhirpath(expression)


@pytest.mark.parametrize(
    "expression",
    ["code.matches('(a+)+$')", "code.matches('(a|a)*b')", "code.matches(id)", "code.matches('.*.*.*.*.*x')",
     "repeat(children())", "code.memberOf('x')", "code.trace('x')", "a" * 3000],
)  # fmt: skip
def test_what_may_run_away_or_is_not_supported_is_refused(expression):
    with pytest.raises(FhirPathFailure):
        parse_fhirpath(expression)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a*)*$", "((a)+)+$", "(\\\\u0061+)+$",
     "a{0,28}a{0,28}a{0,28}$", "^(?=(a+))+b", "a?a?a?a?a?a?a?a?a?a?a?a?", "(a|aa)+$", "(a|a?)+$",
     "(a+){2,30}$", "(.*a){12}", "a*a*a*a*$", "(?:a+)+$",
     "(a?){28}a{28}", "(x+x+)+y", "[a-z]+ ?[a-z]*!", "(a|b|c)a.*"],
)  # fmt: skip
def test_a_pattern_that_is_accepted_is_quick(pattern):
    body = bmi(note=[{"text": "a" * 28 + "!"}])
    expression = f"note.text.matches('{pattern}')"

    def match():
        with suppress(FhirPathFailure):
            parse_fhirpath(expression)
            evaluate(expression, body, {})

    assert least_seconds(match, under=1) < 1


KNOWN = [
    ("value.value <= referenceRange.low.value * 1.1", "Observation"),
    ("component.where(code.coding.code = '8480-6').value.value > 3", "Observation"),
    ("(effective as dateTime) < %date", "Observation"),
    ("medication.ofType(CodeableConcept).coding.code = '1'", "MedicationRequest"),
    ("medicationReference.resolve().code.coding.exists()", "MedicationRequest"),
    ("dosageInstruction.timing.repeat.bounds.ofType(Period).start < %date", "MedicationRequest"),
    ("side = 'left' and quantity.value < 3", "Request"),
    ("extension('http://x').value.exists()", "Patient"),
]
MISSPELT = [
    ("valeu.value > 3", "Observation", "valeu", "value"),
    ("code.coding.exists(kode = 'x')", "Observation", "kode", "code"),
    ("%aeg >= 18", "Patient", "aeg", "%age"),
    ("code.existss()", "Observation", "existss", "exists"),
    ("sied = 'left'", "Request", "sied", "side"),
    ("status = 'final'", "Patient", "status", ""),
]


@pytest.mark.parametrize(("expression", "kind"), KNOWN)
def test_names_of_the_standard_are_known(expression, kind):
    parse_fhirpath(expression)
    assert unknown_names(expression, kind) == ()


@pytest.mark.parametrize(("expression", "kind", "name", "near"), MISSPELT)
def test_a_misspelt_name_is_found_and_the_nearest_named(expression, kind, name, near):
    (problem,) = unknown_names(expression, kind)
    assert name in problem
    assert near in problem


def test_patterns_that_people_write_are_run():
    body = bmi(note=[{"text": "PHQ-9 total score: 14"}])
    assert evaluate("note.text.matches('score: \\\\d+')", body, {}) == [True]
    assert evaluate("note.text.matches('^(GAD|PHQ)-[0-9]')", body, {}) == [True]
    assert evaluate("note.text.replaceMatches('[0-9]+', 'n')", body, {}) == ["PHQ-n total score: n"]
    assert evaluate("bodySite.text.matches('a')", body, {}) == []


def test_a_text_too_long_for_its_pattern_is_a_failure_not_a_wait():
    body = bmi(note=[{"text": "a" * 100_000}])
    with pytest.raises(FhirPathFailure):
        evaluate("note.text.matches('a*b*c*x')", body, {})
    assert evaluate("note.text.matches('aaa')", body, {}) == [True]
