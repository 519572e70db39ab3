"""Dates and durations: each date, duration and age must stand in a source or follow from its dates."""

import itertools
import re
from collections.abc import Iterator
from datetime import date

from posology.evidence.facts.ages import Age, age_on
from posology.evidence.facts.calendar import Day, find_dates
from posology.evidence.facts.quantities import Quantity
from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.values import CheckResult

__all__ = ["check_dates"]

_FROM_TO = re.compile(r"\s*,?\s*(?:to|until|till|through|-|–|—|and)\s*", re.IGNORECASE)
_SLACK = 0.03  # of a duration: 24 months are 2 years, 12 weeks are not 3 months


def check_dates(case: Case) -> list[CheckResult]:
    """Return the dates, durations and ages of the sentence that no cited source bears out."""
    return [*_dates(case), *_order(case), *_durations(case), *_ages(case)]


def _known_dates(case: Case) -> tuple[Day, ...]:
    stated = [day for source in case.sources for day in source.dates]
    attached = [day for source in case.cited for day in find_dates(source.date)]
    chart = [*find_dates(case.facts.service_date), *find_dates(case.facts.birth_date)]
    return (*attached, *stated, *chart)


def _dates(case: Case) -> Iterator[CheckResult]:
    known = _known_dates(case)
    years = {day.year for day in known if day.year}
    for day in case.sentence.dates:
        if any(day.within(other) or _dated_by_note(day, other, years) for other in known):
            continue
        near = next((other.text for other in known if day.year == other.year or not day.month), "")
        yield failure("dates", f"{day.span.of(case.sentence.text)} stands in no cited source", day.span, near)


def _dated_by_note(day: Day, other: Day, years: set[int]) -> bool:
    """Tell whether the source has the day without a year, and the year is that of a note cited with it."""
    same_day = (day.month, day.day) == (other.month, other.day) and day.month != 0
    return same_day and other.year == 0 and day.year in years


def _order(case: Case) -> Iterator[CheckResult]:
    days = case.sentence.dates
    for first, then in itertools.pairwise(days):
        between = case.sentence.text[first.span.end : then.span.start]
        before = case.sentence.text[max(0, first.span.start - 9) : first.span.start].lower()
        start, end = first.exact, then.exact
        joined = _FROM_TO.fullmatch(between) and ("from" in before or "between" in before)
        if joined and start and end and start > end:
            yield failure("dates", f"{first.text} to {then.text} runs backwards", first.span)


def _durations(case: Case) -> Iterator[CheckResult]:
    known: list[Quantity | float] = [q for source in case.sources for q in source.quantities if _is_time(q)]
    known += [q for source in case.sources for q in _articles(source.plain)]
    ages = [age.days for source in case.sources for age in source.ages]
    spans = _differences(case)
    for mine in filter(_is_time, case.sentence.quantities):
        if any(_same_duration(mine, theirs) for theirs in (*known, *ages)) or _follows(mine, spans):
            continue
        near = next((q for source in case.sources for q in source.quantities if _is_time(q)), None)
        found = f"{near.low:g} {near.unit.name}" if near and near.unit else ""
        words = mine.text(case.sentence.text)
        yield failure("dates", f"{words} stands in no cited source", mine.span, found)


def _is_time(quantity: Quantity) -> bool:
    return quantity.unit is not None and quantity.unit.dimension == "time"


_ARTICLE = re.compile(
    r"(?<!\w)(?:a|an|one|past|last|previous|for)\s+(?:full\s+|whole\s+)?(?P<unit>hour|day|week|month"
    r"|year)(?!\w)",
    re.I,
)
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


def _articles(text: str) -> Iterator[float]:
    """Yield the durations, in days, of "a month", "the past year"."""
    for match in _ARTICLE.finditer(text):
        yield _DAYS[match["unit"].lower()]


def _same_duration(mine: Quantity, theirs: Quantity | float) -> bool:
    if isinstance(theirs, float):
        return mine.comparator in ("", "~", "over") and _near(_days(mine, mine.low), theirs)
    signs = {mine.comparator, theirs.comparator}
    same_sign = len(signs) == 1 or signs <= {"", "~"} or (signs <= {"", "over", ">", "~"} and "over" in signs)
    return (
        same_sign
        and _near(_days(mine, mine.low), _days(theirs, theirs.low))
        and _near(_days(mine, mine.high), _days(theirs, theirs.high))
    )


def _days(quantity: Quantity, value: float) -> float:
    return quantity.unit.to_base(value) if quantity.unit else value


def _near(first: float, second: float) -> bool:
    return abs(first - second) <= _SLACK * max(abs(first), abs(second))


def _differences(case: Case) -> set[int]:
    """Return the days between any two dates that are known to the day."""
    own = [find_dates(source.date) for source in case.cited] + [source.dates for source in case.sources]
    if re.search(r"\bago\b", case.sentence.text):
        own.append(find_dates(case.facts.service_date))
    days = [day.exact for group in own for day in group]
    exact = [day for day in days if day is not None]
    return {abs((a - b).days) for a in exact for b in exact if a != b}


def _follows(mine: Quantity, spans: set[int]) -> bool:
    """Tell whether the duration is the whole number of its units between two known dates."""
    if mine.unit is None or mine.comparator not in ("", "~") or mine.low != mine.high:
        return False
    if mine.unit.factor < 1:
        return False
    return any(
        abs(span - mine.unit.factor * mine.low) <= 0.5 * mine.unit.factor
        and mine.low == round(span / mine.unit.factor, mine.decimals)
        for span in spans
    )


def _ages(case: Case) -> Iterator[CheckResult]:
    known = [age for source in case.sources for age in source.ages]
    lasting = [q for source in case.sources for q in source.quantities if _is_time(q)]
    reckoned = _reckoned(case)
    for age in case.sentence.ages:
        stated = any(_same_age(age, other) for other in known)
        stated = stated or any(age.days == _days(q, q.low) for q in lasting) or _bare(age, case)
        if stated or (age.unit == "y" and age.value in reckoned):
            continue
        found = f"{known[0].value:g}" if known else ""
        words = age.span.of(case.sentence.text)
        yield failure("dates", f"the age {words} stands in no cited source", age.span, found)


def _same_age(mine: Age, theirs: Age) -> bool:
    return mine.days == theirs.days


def _bare(age: Age, case: Case) -> bool:
    """Tell whether a source labelled as an age gives the bare number."""
    return any(
        q.unit is None and q.low == age.value and re.search(r"\bage\b", source.text, re.IGNORECASE)
        for source in case.sources
        for q in source.quantities
    )


def _reckoned(case: Case) -> set[int]:
    """Return the patient's ages on the days that the sentence, its sources and the request know."""
    births = [day.exact for day in find_dates(case.facts.birth_date)]
    for source in case.sources:
        if re.search(r"\b(?:born|birth|dob)\b", source.text, re.IGNORECASE):
            births += [day.exact for day in source.dates]
    days: list[date] = [day.exact for day in (*_known_dates(case), *case.sentence.dates) if day.exact]
    return {age_on(birth, day) for birth in births if birth for day in days if day > birth}
