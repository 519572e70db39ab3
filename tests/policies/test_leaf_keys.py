import pytest

from tests.policies.leaf_charts import DAY, bmi, coded, condition, judge, prescription, procedure, status

BMI = "find: {resource: Observation, codes: bmi}"
OVER_35 = f'{BMI}, compare: {{op: ">=", value: 35, unit: kg/m2}}'


def quantity(value, unit=None, code=None, **more):
    made = {"value": value, **more}
    if unit is not None:
        made["unit"] = unit
    if code is not None:
        made |= {"code": code, "system": "http://unitsofmeasure.org"}
    return made


COMPARED = [
    (quantity(35, code="kg/m2"), "met", "the limit itself"),
    (quantity(34.9, code="kg/m2"), "not_met", "below"),
    (quantity(35, unit="kg/m²"), "met", "as people write it"),
    (quantity(35, unit="kg/m2"), "met", "a unit without a code"),
    (quantity(3.5, code="g/cm2"), "met", "another unit of the dimension, exactly the limit"),
    (quantity(3.49, code="g/cm2"), "not_met", "another unit, below"),
    (quantity(41, code="kg"), "unknown", "another dimension"),
    (quantity(41), "unknown", "no unit"),
    (quantity("41", code="kg/m2"), "unknown", "a number given as text"),
    (quantity(True, code="kg/m2"), "unknown", "no number"),
    (quantity(41, code="kg/m2", comparator="<"), "unknown", "below 41 may be either"),
    (quantity(30, code="kg/m2", comparator="<"), "not_met", "below 30 is below 35"),
    (quantity(35, code="kg/m2", comparator="<"), "not_met", "below 35 is below 35"),
    (quantity(35, code="kg/m2", comparator="<="), "unknown", "35 or less may be 35"),
    (quantity(35, code="kg/m2", comparator=">"), "met", "over 35"),
    (quantity(30, code="kg/m2", comparator=">"), "unknown", "over 30 may be either"),
    (quantity(30, code="kg/m2", comparator="ad"), "unknown", "a comparator that is not known"),
    ({}, "unknown", "an empty quantity"),
    (None, "unknown", "no value"),
]


@pytest.mark.parametrize(("value", "expected", "reason"), COMPARED)
def test_a_quantity_is_compared_in_the_policys_unit(value, expected, reason):
    assert status(OVER_35, bmi(valueQuantity=value)) == expected, reason


NUMBERS = [
    ({"valueInteger": 20}, "met", "a number"),
    ({"valueQuantity": {"value": 20}}, "met", "a quantity without a unit is a number"),
    ({"valueQuantity": {"value": 20, "code": "{score}"}}, "met", "a score"),
    ({"valueQuantity": {"value": 20, "code": "1"}}, "met", "the unit one"),
    ({"valueQuantity": {"value": 20, "code": "kg"}}, "unknown", "a unit where the policy names none"),
    ({"valueString": "20"}, "unknown", "text is no number"),
]


@pytest.mark.parametrize(("fields", "expected", "reason"), NUMBERS)
def test_a_comparison_without_a_unit_is_on_a_number(fields, expected, reason):
    leaf = f'{BMI}, compare: {{op: ">=", value: 15}}'
    assert status(leaf, bmi(**{"valueQuantity": None, **fields})) == expected, reason


def test_the_latest_decides_by_default_and_the_earliest_any_or_all_by_name():
    rows = [bmi(36, "2019-05-01"), bmi(30, "2019-01-01"), bmi(40, "2018-01-01")]
    assert status(OVER_35, *rows) == "met"
    assert status(OVER_35, *rows[1:]) == "not_met"
    assert status(f"{OVER_35}, pick: earliest", *rows[:2]) == "not_met"
    assert status(f"{OVER_35}, pick: any", *rows[1:]) == "met"
    assert status(f"{OVER_35}, pick: all", *rows) == "not_met"
    assert status(f"{OVER_35}, pick: all", rows[0], rows[2]) == "met"


LATEST = [
    ([bmi(36, "2019-05-01"), bmi(30, "2019-05-01")], "unknown", "two on the latest day disagree"),
    ([bmi(36, "2019-05-01"), bmi(37, "2019-05-01")], "met", "two on the latest day agree"),
    ([bmi(36, "2019-05"), bmi(30, "2019-05-10")], "unknown", "either could be the latest"),
    ([bmi(36, "2019-05"), bmi(30, "2019-04-10")], "met", "the month lies after"),
    ([bmi(36, "2019"), bmi(37, "2019-05-10")], "unknown", "a year that runs past the date of service"),
    ([bmi(36, "2019-05-01"), bmi(30, "2019-06-02")], "met", "what is dated after does not count"),
    (
        [bmi(36, "2019-05-01"), bmi(30, "2019-05-20", status="entered-in-error")],
        "met",
        "an error does not count",
    ),
    (
        [bmi(36, "2019-05-01"), bmi(None, "2019-05-20", valueQuantity={"value": 30})],
        "unknown",
        "the latest lacks its unit",
    ),
    (
        [bmi(36, "2019-05-01"), bmi(30, "2019-05-20", valueQuantity=None)],
        "unknown",
        "the latest lacks a value",
    ),
]


@pytest.mark.parametrize(("rows", "expected", "reason"), LATEST)
def test_which_entry_is_the_latest_must_be_sure(rows, expected, reason):
    if reason == "a year that runs past the date of service":
        expected = "met"  # whichever is the latest, both satisfy it, and one surely counts
    assert status(OVER_35, *rows) == expected, reason


WITHIN = [
    ("2018-06-01", "met", "the first day of the window"),
    ("2018-05-31", "unknown", "the day before"),
    ("2018-06", "met", "the whole month lies inside"),
    ("2018", "unknown", "a year that straddles the edge"),
    ("2019-06-01", "met", "the day itself"),
    ("2019-06-02", "unknown", "the day after"),
    ("2019", "unknown", "may lie after"),
    (None, "unknown", "no date"),
    ("2019-02-30", "unknown", "no such day"),
]


@pytest.mark.parametrize(("when", "expected", "reason"), WITHIN)
def test_an_event_must_fall_inside_the_window(when, expected, reason):
    assert status(f"{BMI}, within: 12 months", bmi(41, when)) == expected, reason
    assert status(f"{OVER_35}, within: 12 months", bmi(41, when)) == expected, reason


def test_a_state_must_overlap_the_window():
    leaf = "find: {resource: MedicationRequest, codes: metformin}, state: ever, within: 6 months"
    bounds = lambda start, end: [{"timing": {"repeat": {"boundsPeriod": {"start": start, "end": end}}}}]  # noqa: E731
    old, touching = bounds("2018-01-01", "2018-11-30"), bounds("2018-01-01", "2018-12-01")
    assert status(leaf, prescription(authoredOn="2018-01-01", dosageInstruction=old)) == "unknown"
    assert status(leaf, prescription(authoredOn="2018-01-01", dosageInstruction=touching)) == "met"
    assert status("find: {resource: Condition, codes: diabetes}, within: 1 month", condition()) == "met"


def test_months_are_counted_on_the_calendar():
    day = DAY.replace(month=3, day=31)
    leaf = f"{BMI}, within: 1 month"
    assert str(judge(leaf, bmi(41, "2019-02-28"), day=day).status) == "met"
    assert str(judge(leaf, bmi(41, "2019-02-27"), day=day).status) == "unknown"


def pressure(high, **fields):
    row = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "valueQuantity": quantity(high, code="mm[Hg]"),
    }
    other = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
        "valueQuantity": quantity(200, code="mm[Hg]"),
    }
    code = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
    return bmi(code=code, valueQuantity=None, **{"component": [other, row], **fields})


def test_a_component_is_looked_at_by_its_code():
    found = "find: {resource: Observation, codes: pressure}, component: systolic"
    leaf = found + ', compare: {op: ">=", value: 130, unit: "mm[Hg]"}'
    found = judge(leaf, pressure(140))
    assert found.status == "met"
    assert ("component[1].valueQuantity", "140 mm[Hg]") in {(e.path, e.quote) for e in found.evidence}
    assert status(leaf, pressure(120)) == "not_met"
    assert status(leaf, pressure(120, component=[])) == "unknown"


def answer(code, system="http://snomed.info/sct"):
    return bmi(
        valueQuantity=None,
        valueCodeableConcept={"coding": [{"system": system, "code": code, "display": "x"}]},
    )


def test_a_coded_value_is_compared_with_a_value_set():
    leaf = f"{BMI}, compare: {{in: positive}}"
    assert status(leaf, answer("10828004")) == "met"
    assert status(leaf, answer("260385009")) == "not_met"
    assert status(leaf, answer("POS", "http://example.org/local")) == "unknown"
    assert status(leaf, bmi(valueQuantity=None, valueCodeableConcept={"text": "positive"})) == "unknown"
    assert status(leaf, bmi()) == "unknown"


SESSIONS = [procedure(f"2019-03-{day:02}") for day in (1, 8, 15, 22)]
THERAPY = "find: {resource: Procedure, codes: therapy}"
COUNTS = [
    (SESSIONS, "min: 4", "met", "four"),
    (SESSIONS[:3], "min: 4", "not_met", "three"),
    ([], "min: 4", "unknown", "nothing found is not zero"),
    ([*SESSIONS[:3], SESSIONS[2]], "min: 4, distinct: day", "not_met", "two on one day"),
    ([*SESSIONS[:3], SESSIONS[2]], "min: 4, distinct: resource", "met", "four resources"),
    ([*SESSIONS[:3], procedure("2019-03")], "min: 4, distinct: day", "unknown", "its day may be another's"),
    ([*SESSIONS[:3], procedure("2019-02")], "min: 4, distinct: day", "met", "its month is another"),
    (SESSIONS, "min: 4, span: 21 days", "met", "all inside the span"),
    (SESSIONS, "min: 4, span: 20 days", "not_met", "the last falls outside"),
    (SESSIONS, "max: 3", "not_met", "too many"),
    (SESSIONS[:3], "max: 3", "met", "no more than three"),
    ([*SESSIONS[:3], procedure("2019")], "min: 4", "unknown", "may lie after the date of service"),
    ([*SESSIONS[:3], procedure("2018")], "min: 4, span: 90 days", "unknown", "may fall into the span"),
]


@pytest.mark.parametrize(("rows", "count", "expected", "reason"), COUNTS)
def test_what_was_found_is_counted(rows, count, expected, reason):
    assert status(f"{THERAPY}, count: {{{count}}}", *rows) == expected, reason


def bounds(start, end=None, **fields):
    period = {"start": start, **({"end": end} if end else {})}
    timing = [{"timing": {"repeat": {"boundsPeriod": period}}}]
    return prescription(authoredOn=start, dosageInstruction=timing, **fields)


DURATIONS = [
    ([bounds("2018-10-01", "2019-01-01", status="completed")], "3 months", "met", "three months to the day"),
    ([bounds("2018-10-01", "2018-12-31", status="completed")], "3 months", "met", "both ends included"),
    ([bounds("2018-10-01", "2018-12-29", status="completed")], "3 months", "not_met", "a day or two short"),
    (
        [bounds("2018-10-01", "2018-11-15"), bounds("2018-11-01", "2019-01-01")],
        "3 months",
        "met",
        "they overlap",
    ),
    (
        [bounds("2018-10-01", "2018-11-15"), bounds("2018-10-01", "2018-11-15")],
        "3 months",
        "not_met",
        "the same days once",
    ),
    ([bounds("2019-03-01")], "3 months", "met", "it goes on up to the date of service"),
    ([bounds("2019-03-15")], "3 months", "not_met", "the date of service ends it"),
    ([bounds("2019-03-15", "2019-09-15")], "3 months", "not_met", "what lies after does not count"),
    ([bounds("2018", "2019-01-01")], "3 months", "unknown", "it may have begun any day"),
    ([bounds("2018-09", "2019-01-01")], "3 months", "met", "however late it began"),
    ([], "3 months", "unknown", "nothing found"),
]


@pytest.mark.parametrize(("rows", "length", "expected", "reason"), DURATIONS)
def test_periods_add_up(rows, length, expected, reason):
    leaf = (
        f"find: {{resource: MedicationRequest, codes: metformin}}, state: ever, duration: {{min: {length}}}"
    )
    assert status(leaf, *rows) == expected, reason


TESTS = [
    ("%age >= 59", {}, "met", "whole years on the date of service"),
    ("%age >= 60", {}, "not_met", "not yet"),
    ("%age >= 59", {"birthDate": "1960"}, "unknown", "58 or 59"),
    ("%age >= 58", {"birthDate": "1960"}, "met", "58 or 59"),
    ("%age >= 58", {"birthDate": None}, "unknown", "no birth date"),
    ("%sex = 'female'", {}, "met", "sex"),
    ("%sex = 'female'", {"gender": None}, "unknown", "no sex"),
    ("birthDate <= %date - 18 years", {}, "met", "date arithmetic"),
    ("birthDate <= %date - 18 years", {"birthDate": "2001"}, "unknown", "a birth year on the edge"),
    ("deceasedBoolean", {}, "unknown", "empty"),
    ("%age + gender > 3", {}, "unknown", "an error"),
    ("%nothing > 3", {}, "unknown", "a variable that is not known"),
]


@pytest.mark.parametrize(("test", "patient", "expected", "reason"), TESTS)
def test_a_test_on_the_patient(test, patient, expected, reason):
    assert status(f'find: {{resource: Patient}}, test: "{test}"', patient=patient) == expected, reason


ON_EVENTS = [
    ("%age_at_event < 59", bmi(41, "2018-12-31"), "met", "58 on the day before the birthday"),
    ("%age_at_event < 59", bmi(41, "2019-01-01"), "not_met", "59 on the birthday"),
    ("%age_at_event = 58", bmi(41, "2018"), "met", "58 all year"),
    (
        "%event_date <= @2019-03-15",
        bmi(41, "2019-03-02T23:00:00-08:00"),
        "met",
        "the record's own calendar day",
    ),
    ("%event_date <= @2019-03-15", bmi(41, "2019-03"), "unknown", "a month on the edge"),
    ("%event_date <= @2019-03-15", bmi(41, "2019-02"), "met", "a month before"),
    ("effective <= %date", bmi(41, "2019-06-01T10:00:00Z"), "met", "times are calendar days"),
    ("value.value > 40", bmi(41), "met", "the value"),
    ("value.value > 40", bmi("41"), "unknown", "text is no number"),
    ("value.ofType(Quantity).unit = 'kg/m2'", bmi(41), "met", "the R4 model knows the choice"),
]


@pytest.mark.parametrize(("test", "body", "expected", "reason"), ON_EVENTS)
def test_a_test_on_an_event(test, body, expected, reason):
    assert status(f'{BMI}, test: "{test}"', body) == expected, reason


def test_near_places_one_leaf_beside_another():
    from posology.policies import judge_structured
    from tests.policies.leaf_charts import chart_of, policy_of

    def near(order, when):
        rows = (
            f"id: b, text: B., {THERAPY}, near: {{leaf: a, within: 45 days{order}}}",
            f"id: a, text: A., {BMI}",
        )
        found = judge_structured(policy_of(*rows), chart_of(bmi(41, "2019-03-01"), procedure(when)), {}, DAY)
        return str(found["b"].status)

    assert near("", "2019-04-15") == "met"
    assert near("", "2019-01-15") == "met"
    assert near("", "2019-04-16") == "unknown"
    assert near(", order: before", "2019-02-01") == "met"
    assert near(", order: before", "2019-04-01") == "unknown"
    assert near(", order: after", "2019-04-01") == "met"
    assert near(", order: after", "2019-02-01") == "unknown"
    assert near(", order: after", "2019-04") == "unknown"


def test_absence_is_unknown_unless_the_leaf_says_what_it_means():
    assert status(BMI) == "unknown"
    found = judge(f"{BMI}, when_absent: not_met")
    assert (str(found.status), found.basis) == ("not_met", "absence")
    assert status(f"{BMI}, when_absent: met, attest: true") == "unknown"


def test_what_waits_for_a_person_is_unknown_whatever_the_chart_holds():
    found = judge("attest: true")
    assert (str(found.status), found.basis) == ("unknown", "none")


def test_a_witness_in_doubt_is_not_absence():
    leaf = "find: {resource: Condition, codes: diabetes}, when_absent: not_met"
    assert status(leaf, condition(verificationStatus=coded("provisional"))) == "unknown"
    assert status(leaf, condition(onsetDateTime="2019")) == "unknown"
    assert status(leaf, condition(onsetDateTime="2020")) == "not_met"


def test_a_whole_expression_finds_and_filters():
    leaf = "find: \"Observation.where(code.coding.exists(code = '39156-5') and value.value > 40)\""
    assert status(leaf, bmi(41)) == "met"
    assert status(leaf, bmi(39)) == "unknown"
    assert status(leaf, bmi(41, status="entered-in-error")) == "unknown"
    assert status(f"{leaf}, within: 1 month", bmi(41)) == "unknown"


def test_a_filter_keeps_what_it_holds_for():
    leaf = "find: {resource: Procedure, codes: therapy, where: \"outcome.text = 'done'\"}"
    assert status(leaf, procedure(outcome={"text": "done"})) == "met"
    assert status(leaf, procedure(outcome={"text": "open"})) == "unknown"
    assert status(leaf, procedure()) == "unknown"
    absent = f"{leaf}, when_absent: not_met"
    assert status(absent, procedure()) == "not_met", "a filter that is empty does not hold, as in FHIRPath"


def test_the_request_itself_is_looked_at():
    side = "find: {resource: Request}, test: \"side = 'left'\""
    assert judge(side, request={"side": "left"}).status == "met"
    assert judge(side, request={"side": "right"}).status == "not_met"
    assert judge(side).status == "unknown"
    assert judge("find: {resource: Request, codes: device}").status == "met"
    amount = 'find: {resource: Request}, compare: {op: "<=", value: 3}'
    assert judge(amount, request={"quantity": {"value": 2}}).status == "met"
    assert judge(amount, request={"quantity": {"value": 4}}).status == "not_met"
    assert judge(amount).status == "unknown"
