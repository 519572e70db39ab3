from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.policies import judge_structured
from posology.policies.policy import Duration
from posology.policies.timeline import Window, add, day_in_window, overlaps, subtract
from posology.records.dates import PartialDate, parse_date
from tests.policies.leaf_charts import (
    DAY,
    bmi,
    chart_of,
    condition,
    judge,
    policy_of,
    prescription,
    procedure,
    status,
)

METFORMIN = "find: {resource: MedicationRequest, codes: metformin}"
DIABETES = "find: {resource: Condition, codes: diabetes}"


def bounded(end, **fields):
    timing = [{"timing": {"repeat": {"boundsPeriod": {"start": "2018-09-10", "end": end}}}}]
    return prescription(authoredOn="2018-09-10", dosageInstruction=timing, **fields)


def valid(end, **fields):
    period = {"start": "2018-09-10", "end": end}
    return prescription(authoredOn="2018-09-10", dispenseRequest={"validityPeriod": period}, **fields)


LATER, EARLIER, LAST = "2019-12-31", "2019-01-09", "2019-06-01"
ORDERS = [
    (bounded(LATER), "", "met", "goes on"),
    (bounded(LAST), "", "met", "its last day is a day of it"),
    (bounded("2019-05-31"), "", "unknown", "ended the day before"),
    (bounded("2019-06"), "", "met", "ends on the day or later"),
    (bounded("2019"), "", "unknown", "may have ended"),
    (bounded(LATER, status="completed"), "", "met", "completed after the day"),
    (bounded(LATER, status="stopped"), "", "unknown", "stopped some day"),
    (valid(LATER, status="completed"), "", "unknown", "the drug may have run out"),
    (bounded(LATER, status="stopped"), ", state: ever", "met", "it was there once"),
    (bounded(LATER, status="stopped"), ", state: resolved", "unknown", "before or after"),
    (bounded(EARLIER, status="stopped"), ", state: resolved", "met", "over in any case"),
    (bounded(EARLIER, status="stopped"), ", state: ever, within: 6 months", "met", "ended inside"),
    (bounded(LATER, status="stopped"), ", state: ever, within: 6 months", "unknown", "perhaps before"),
    (bounded(LATER, status="stopped"), ", state: ever, within: 12 months", "met", "it began inside"),
    (bounded(EARLIER, status="stopped"), ", state: ever, duration: {min: 4 months}", "met", "to the day"),
    (bounded(LATER, status="stopped"), ", state: ever, duration: {min: 4 months}", "unknown", "when?"),
    (bounded(LATER, status="stopped"), ", state: ever, duration: {min: 9 months}", "not_met", "at most"),
    (valid(LATER, status="completed"), ", state: ever, duration: {min: 4 months}", "unknown", "validity"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "more", "expected", "reason"), ORDERS)
def test_an_order_lasts_to_its_end_unless_that_was_only_planned(body, more, expected, reason):
    assert status(METFORMIN + more, body) == expected, reason


@pytest.mark.parametrize(
    ("fields", "expected", "reason"),
    [
        ({"abatementDateTime": "2019-06-01"}, "unknown", "active and abated at once"),
        ({"abatementDateTime": "2019-06-02"}, "met", "abated only later"),
        ({"abatementString": "last winter"}, "unknown", "active and abated at once"),
        ({"abatementBoolean": False}, "met", "not abated"),
        ({"abatementBoolean": True, "clinicalStatus": None}, "unknown", "abated, when is not said"),
    ],
)  # fmt: skip
def test_a_condition_that_abated_is_not_surely_active(fields, expected, reason):
    assert status(DIABETES, condition(**fields)) == expected, reason


def test_one_supply_of_a_prescription_is_sure_unless_it_was_stopped():
    supply = {"expectedSupplyDuration": {"value": 90, "unit": "days", "code": "d"}}
    leaf = f"{METFORMIN}, state: ever, duration: {{min: 90 days}}"
    assert status(leaf, prescription(status="completed", dispenseRequest=supply)) == "met"
    assert status(leaf, prescription(status="stopped", dispenseRequest=supply)) == "unknown"
    assert (
        status(leaf.replace("min: 90", "min: 91"), prescription(status="completed", dispenseRequest=supply))
        == "unknown"
    )


LENGTHS = st.builds(Duration, st.integers(1, 400), st.sampled_from(("day", "week", "month", "year")))
ALL_DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(ALL_DAYS, LENGTHS)
def test_calendar_time_agrees_with_counting_months_one_by_one(day, length):
    found = add(day, length)
    if length.unit in ("day", "week"):
        assert (found - day).days == length.amount * (7 if length.unit == "week" else 1)
        return
    year, month = day.year, day.month
    for _ in range(length.amount * (12 if length.unit == "year" else 1)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    assert (found.year, found.month) == (year, month)
    assert found.day == min(day.day, monthrange(year, month)[1])


@given(ALL_DAYS, ALL_DAYS, LENGTHS)
def test_a_later_day_stays_later_when_time_is_added_or_taken_away(one, other, length):
    first, last = sorted((one, other))
    assert add(first, length) <= add(last, length)
    assert subtract(first, length) <= subtract(last, length)


def test_time_without_end_stops_at_the_calendars_ends():
    assert add(date(9999, 1, 1), Duration(12, "month")) == date.max
    assert subtract(date(1, 6, 1), Duration(1, "year")) == date.min


SOME_DAYS = st.dates(date(2019, 1, 1), date(2019, 3, 31))
PARTIAL = st.one_of(
    SOME_DAYS.map(lambda day: parse_date(day.isoformat())),
    st.sampled_from(("2019-01", "2019-02", "2019-03")).map(parse_date),
)


def days_of(when: PartialDate):
    return [when.earliest + timedelta(days=n) for n in range((when.latest - when.earliest).days + 1)]


def agreed(answers):
    said = set(answers)
    return said.pop() if len(said) == 1 else None


@given(PARTIAL, SOME_DAYS, st.integers(1, 60))
def test_a_day_is_in_a_window_where_every_day_it_may_be_is(when, day, length):
    first = day - timedelta(days=length)
    expected = agreed(first <= possible <= day for possible in days_of(when))
    assert day_in_window(when, Window(Duration(length, "day"), day)) is expected


@given(PARTIAL, PARTIAL, SOME_DAYS, st.integers(1, 60))
def test_a_period_overlaps_where_it_does_whenever_it_began_and_ended(start, end, day, length):
    first = day - timedelta(days=length)
    expected = agreed(s <= day and e >= first for s in days_of(start) for e in days_of(end))
    assert overlaps(start, end, Window(Duration(length, "day"), day), goes_on=False) is expected


NEARBY = [
    ("find: {resource: Procedure, codes: therapy}", "met", "any entry that is there"),
    ("find: {resource: Procedure, codes: therapy}, count: {min: 3}", "met", "any entry that is counted"),
    ("find: {resource: Procedure, codes: therapy}, count: {min: 30}", "met", "counted, if too few"),
    (
        "find: {resource: Procedure, codes: therapy}, test: \"status = 'completed'\", pick: any",
        "met",
        "any entry that satisfies it",
    ),
    (
        "find: {resource: Procedure, codes: therapy}, test: \"status = 'completed'\"",
        "not_met",
        "the latest alone is its evidence",
    ),
    (
        "find: {resource: Procedure, codes: therapy}, test: \"status = 'stopped'\", pick: any",
        "met",
        "none satisfies it, yet they are its evidence, and dated",
    ),
]


@pytest.mark.parametrize(("leaf", "expected", "reason"), NEARBY)
def test_near_looks_at_all_that_the_other_leaf_rests_on(leaf, expected, reason):
    rows = [procedure(f"2019-{month:02}-{day:02}") for month in range(1, 6) for day in (1, 8, 15)]
    near = "id: b, text: B., find: {resource: Observation, codes: bmi}, when_absent: not_met"
    policy = policy_of(f"id: a, text: A., {leaf}", f"{near}, near: {{leaf: a, within: 5 days}}")
    found = judge_structured(policy, chart_of(*rows, bmi(40, "2019-01-04")), {}, DAY)
    assert found["b"].status == expected, reason


def test_an_entry_that_may_not_count_is_a_doubtful_neighbour():
    near = "id: b, text: B., find: {resource: Observation, codes: bmi}, near: {leaf: a, within: 5 days}"
    therapy = "id: a, text: A., find: {resource: Procedure, codes: therapy}"
    policy = policy_of(therapy, f"{near}, when_absent: not_met")
    rows = [procedure("2019-05-02"), procedure("2019-01-02", status="stopped")]
    for when, expected in (("2019-05-03", "met"), ("2019-01-03", "unknown"), ("2019-03-03", "not_met")):
        found = judge_structured(policy, chart_of(*rows, bmi(40, when)), {}, DAY)
        assert found["b"].status == expected, when


def test_only_entries_that_can_be_compared_are_in_conflict():
    leaf = 'find: {resource: Observation, codes: bmi}, compare: {op: ">=", value: 35, unit: kg/m2}'
    no_unit = bmi(None, "2019-05-01", valueQuantity={"value": 30})
    assert judge(leaf, bmi(40, "2019-05-01"), bmi(30, "2019-05-01")).basis == "conflict"
    assert judge(leaf, bmi(40, "2019-05-01"), no_unit).basis == "structured"
    assert judge(leaf, bmi(40, "2019-05"), bmi(30, "2019-05")).basis == "structured"


def test_what_satisfies_nothing_and_may_not_count_decides_nothing():
    compare = 'compare: {op: ">=", value: 35, unit: kg/m2}'
    leaf = f"find: {{resource: Observation, codes: bmi}}, {compare}, count: {{min: 2}}"
    assert status(leaf, bmi(30, "2019-05-01")) == "not_met"
    assert status(leaf, bmi(30, "2019-05-01", status="unknown")) == "unknown"
