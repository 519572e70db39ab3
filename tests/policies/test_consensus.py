"""An answer stands only where every way in which the record could turn out gives it.

The oracle knows nothing of three values: it lists every day that a partial date may be and both fates of an
entry that may not count, decides each of these plain worlds, and compares.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from posology.policies import judge_structured
from posology.records.dates import parse_date
from tests.policies.leaf_charts import DAY, bmi, chart_of, judge, policy_of, prescription, procedure

DAYS = ("2019-04-30", "2019-05-01", "2019-05-02", "2019-05-15", "2019-05-31", "2019-06-01", "2019-06-02")
MONTHS = ("2019-04", "2019-05", "2019-06")
BMI = "find: {resource: Observation, codes: bmi}"
THERAPY = "find: {resource: Procedure, codes: therapy}"


@dataclass(frozen=True)
class Entry:
    """An entry of a chart: its date as written, its value, and whether it may not count."""

    when: str
    value: int | None
    unsure: bool

    def days(self):
        found = parse_date(self.when)
        return [found.earliest + timedelta(days=n) for n in range((found.latest - found.earliest).days + 1)]

    def observation(self):
        fields = {"valueQuantity": None} if self.value is None else {}
        return bmi(self.value, self.when, status="unknown" if self.unsure else "final", **fields)

    def procedure(self):
        return procedure(self.when, status="unknown" if self.unsure else "completed")


@st.composite
def charts(draw, values=(30, 40, None), most_partial=2, longest=4):
    dates = draw(st.lists(st.sampled_from(DAYS), max_size=longest - most_partial))
    dates += draw(st.lists(st.sampled_from(MONTHS), max_size=most_partial))
    return [
        Entry(when, draw(st.sampled_from(values)), draw(st.booleans()))
        for when in draw(st.permutations(dates))
    ]


def worlds(entries):
    """Yield what counts in each world: days and values, up to the date of service."""
    for days in product(*(entry.days() for entry in entries)):
        rows = [(day, e.value, e.unsure) for day, e in zip(days, entries, strict=True) if day <= DAY]
        firm = [(day, value) for day, value, unsure in rows if not unsure]
        loose = [(day, value) for day, value, unsure in rows if unsure]
        for kept in product((True, False), repeat=len(loose)):
            yield firm + [row for row, keep in zip(loose, kept, strict=True) if keep]


def consensus(entries, decide, absent="unknown"):
    """Return what every world says, else unknown."""
    said = set()
    for rows in worlds(entries):
        said.add(decide(rows) if rows else absent)
        if len(said) > 1:
            return "unknown"
    return said.pop()


def inside(days, decide, absent="unknown"):
    """Decide on what lies inside a window of days."""

    def decided(rows):
        rows = [row for row in rows if days is None or row[0] >= DAY - timedelta(days=days)]
        return decide(rows) if rows else absent

    return decided


def over_35(values):
    """Return what each value says of 35 or more."""
    return ["unknown" if value is None else "met" if value >= 35 else "not_met" for value in values]


def picked(pick):
    """Decide by the latest, the earliest, any or all."""

    def decide(rows):
        said = set(over_35([value for _, value in rows]))
        if pick in ("latest", "earliest"):
            chosen = (max if pick == "latest" else min)(day for day, _ in rows)
            said = set(over_35([value for day, value in rows if day == chosen]))
            return said.pop() if len(said) == 1 else "unknown"
        strong, weak = ("met", "not_met") if pick == "any" else ("not_met", "met")
        return strong if strong in said else "unknown" if "unknown" in said else weak

    return decide


def most_within(days, span):
    """Return the largest number of days that lie inside a span."""
    return max(sum(first <= day <= first + timedelta(days=span) for day in days) for first in days)


def counted(low, high, distinct, span=None):
    """Decide by the number of entries, or of days."""

    def decide(rows):
        days = [day for day, _ in rows]
        days = sorted(set(days)) if distinct == "day" else days
        number = len(days) if span is None else most_within(days, span)
        return "met" if (low is None or number >= low) and (high is None or number <= high) else "not_met"

    return decide


WITHIN = st.sampled_from((None, 1, 17, 31, 40))
ABSENT = st.sampled_from(("unknown", "not_met"))


def window(within):
    return f", within: {within} days" if within else ""


@settings(max_examples=50)
@given(charts(), WITHIN, ABSENT)
def test_existence_is_the_consensus_of_all_worlds(entries, within, absent):
    leaf = f"{BMI}{window(within)}, when_absent: {absent}"
    expected = consensus(entries, inside(within, lambda rows: "met", absent), absent)
    assert judge(leaf, *(e.observation() for e in entries)).status == expected


@settings(max_examples=80)
@given(charts(), WITHIN, st.sampled_from(("latest", "earliest", "any", "all")))
def test_a_picked_comparison_is_the_consensus_of_all_worlds(entries, within, pick):
    leaf = f'{BMI}{window(within)}, pick: {pick}, compare: {{op: ">=", value: 35, unit: kg/m2}}'
    expected = consensus(entries, inside(within, picked(pick)))
    assert judge(leaf, *(e.observation() for e in entries)).status == expected


@settings(max_examples=50)
@given(charts(), WITHIN, st.sampled_from(("latest", "earliest", "any", "all")))
def test_a_comparison_is_never_surer_than_the_worlds_where_absence_decides(entries, within, pick):
    compare = 'compare: {op: ">=", value: 35, unit: kg/m2}'
    leaf = f"{BMI}{window(within)}, pick: {pick}, when_absent: not_met, {compare}"
    expected = consensus(entries, inside(within, picked(pick), "not_met"), "not_met")
    assert judge(leaf, *(e.observation() for e in entries)).status in (expected, "unknown")


BOUNDS = st.sampled_from(((1, None), (2, None), (3, None), (4, None), (None, 1), (None, 2), (2, 3)))


def count_leaf(bounds, distinct, within, more=""):
    low, high = bounds
    parts = [f"min: {low}"] * (low is not None) + [f"max: {high}"] * (high is not None)
    return f"{THERAPY}{window(within)}, count: {{{', '.join(parts)}, distinct: {distinct}{more}}}"


@settings(max_examples=80)
@given(charts(values=(None,)), WITHIN, BOUNDS, st.sampled_from(("day", "resource")), ABSENT)
def test_a_count_is_the_consensus_of_all_worlds(entries, within, bounds, distinct, absent):
    leaf = f"{count_leaf(bounds, distinct, within)}, when_absent: {absent}"
    expected = consensus(entries, inside(within, counted(*bounds, distinct), absent), absent)
    assert judge(leaf, *(e.procedure() for e in entries)).status == expected


@settings(max_examples=80)
@given(
    charts(values=(None,)), WITHIN, BOUNDS, st.sampled_from(("day", "resource")), st.sampled_from((1, 14, 30))
)
def test_a_count_in_a_span_is_never_surer_than_all_worlds(entries, within, bounds, distinct, span):
    leaf = count_leaf(bounds, distinct, within, f", span: {span} days")
    expected = consensus(entries, inside(within, counted(*bounds, distinct, span)))
    assert judge(leaf, *(e.procedure() for e in entries)).status in (expected, "unknown")


@settings(max_examples=80)
@given(
    st.sampled_from((*DAYS, *MONTHS)),
    st.sampled_from((*DAYS, *MONTHS)),
    st.sampled_from((1, 14, 31, 62)),
    st.sampled_from(("", "before", "after")),
)
def test_near_is_the_consensus_of_all_worlds(when, anchor, within, order):
    rows = (
        f"id: a, text: A., {BMI}",
        f"id: b, text: B., {THERAPY}, when_absent: not_met, "
        f"near: {{leaf: a, within: {within} days{f', order: {order}' if order else ''}}}",
    )
    found = judge_structured(policy_of(*rows), chart_of(bmi(41, anchor), procedure(when)), {}, DAY)

    def decide(day, other):
        gap = (day - other).days
        close = abs(gap) <= within and (order == "" or gap == 0 or (gap < 0) == (order == "before"))
        return "met" if day <= DAY and close else "not_met"

    days, others = Entry(when, None, False).days(), [d for d in Entry(anchor, None, False).days() if d <= DAY]
    said = {decide(day, other) for day, other in product(days, others)}
    if str(found["a"].status) == "met":
        assert found["b"].status == (said.pop() if len(said) == 1 else "unknown")
    else:
        assert found["b"].status != "met"


@dataclass(frozen=True)
class Course:
    """A course of a drug: when it began and ended as written, and whether it goes on or may not count."""

    start: str
    end: str | None
    goes_on: bool
    unsure: bool

    def statement(self):
        period = {"start": self.start, **({"end": self.end} if self.end else {})}
        status = "unknown" if self.unsure else "active" if self.goes_on else "completed"
        return {
            "resourceType": "MedicationStatement",
            "status": status,
            "medicationCodeableConcept": prescription()["medicationCodeableConcept"],
            "effectivePeriod": period,
        }

    def periods(self):
        """Return some of the periods that it may have been, the shortest and the longest among them."""
        for first in some_days(self.start):
            ends = (
                some_days(self.end)
                if self.end
                else [DAY]
                if self.goes_on and not self.unsure
                else [first, DAY]
            )
            yield from ((first, last) for last in ends if first <= last and first <= DAY)
        if self.unsure or all(first > DAY for first in some_days(self.start)):
            yield None


def some_days(written):
    days = Entry(written, None, False).days()
    return sorted({days[0], days[len(days) // 2], days[-1]})


COURSES = st.builds(
    Course,
    st.sampled_from(("2019-01-10", "2019-02", "2019-03-01", "2019-05-20", "2019-06")),
    st.sampled_from(("2019-03-05", "2019-04", "2019-05-31", "2019-07-15", None)),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=120)
@given(st.lists(COURSES, min_size=1, max_size=3), st.sampled_from((1, 20, 45, 90, 140)))
def test_a_duration_is_never_surer_than_all_worlds(courses, length):
    leaf = "find: {resource: MedicationStatement, codes: metformin}, state: ever"
    found = judge(
        f"{leaf}, duration: {{min: {length} days}}", *(course.statement() for course in courses)
    ).status
    for periods in product(*(list(course.periods()) for course in courses)):
        covered = set()
        for first, last in (period for period in periods if period is not None):
            covered |= {first + timedelta(days=n) for n in range((min(last, DAY) - first).days + 1)}
        expected = "unknown" if not any(periods) else "met" if len(covered) >= length else "not_met"
        assert found in ("unknown", expected), periods


def test_the_oracle_finds_both_answers_and_none():
    whole = Entry("2019-05-15", 40, False)
    assert consensus([whole], picked("latest")) == "met"
    assert consensus([Entry("2019-05-15", 30, False)], picked("latest")) == "not_met"
    assert consensus([whole, Entry("2019-05", 30, False)], picked("latest")) == "unknown"
    assert consensus([], picked("latest"), "not_met") == "not_met"
    assert most_within([date(2019, 5, 1), date(2019, 5, 2), date(2019, 5, 9)], 7) == 2
