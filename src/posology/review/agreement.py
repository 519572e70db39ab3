"""What ratings add up to: draft against letter by hand, pair by pair, and how far the raters agree.

One comparison is one observation: the ratings that several people gave it are averaged first, for they
are not independent. Under six comparisons there is no interval and no p-value: with five, no p-value of
sign flips can be below 0.06.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from posology.review.rating import DIMENSIONS
from posology.statistics import (
    Difference,
    Estimate,
    bootstrap_interval,
    krippendorff_alpha,
    paired_difference,
    proportion,
)

__all__ = ["LEAST", "Agreement", "Compared", "Group", "Preference", "Rated", "Results", "summarize"]

LEAST = 6  # comparisons that an interval needs
_SEED = 20260301
_ROWS: Mapping[str, str] = {
    **DIMENSIONS,
    "overall": "All four, averaged",
    "inventions": "Inventions marked",
    "omissions": "Omissions marked",
}


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating with its sides named: scores by dimension, and counts of inventions and omissions."""

    case: str
    rater: str
    policy: str
    writer: str
    draft: Mapping[str, float]
    manual: Mapping[str, float]
    preferred: Literal["draft", "manual", "neither"]
    blind: bool  # the comparison is blinded, and the rater had not opened the packet before
    changed: bool = False  # after the rater was told which side is the draft


@dataclass(frozen=True, slots=True)
class Compared:
    """One dimension: the mean of drafts, of letters by hand, and the mean of the paired differences."""

    key: str
    name: str
    draft: Estimate
    manual: Estimate
    difference: Difference
    words: str = ""  # where n is too small


@dataclass(frozen=True, slots=True)
class Preference:
    """In how many comparisons more raters would send the draft, the letter by hand, or as many each."""

    draft: int
    manual: int
    even: int
    share: Estimate  # of drafts among the decided ones
    words: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha of one dimension, for ranks and for distances; n counts letters."""

    key: str
    name: str
    ordinal: Estimate
    interval: Estimate
    raters: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What the ratings of one group of comparisons add up to."""

    name: str
    comparisons: int
    ratings: int
    rows: tuple[Compared, ...]
    preference: Preference
    words: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """All ratings: together, by policy, by model, and the agreement between raters."""

    whole: Group
    by_policy: tuple[Group, ...]
    by_writer: tuple[Group, ...]
    agreement: tuple[Agreement, ...]
    raters: int
    blind: int
    changed: int


def summarize(rated: Sequence[Rated]) -> Results:
    """Return what ratings add up to."""
    return Results(
        whole=_group("All comparisons", rated),
        by_policy=_groups(rated, [one.policy for one in rated]),
        by_writer=_groups(rated, [one.writer for one in rated]),
        agreement=tuple(_agreement(key, name, rated) for key, name in DIMENSIONS.items()),
        raters=len({one.rater for one in rated}),
        blind=sum(one.blind for one in rated),
        changed=sum(one.changed for one in rated),
    )


def _groups(rated: Sequence[Rated], names: Sequence[str]) -> tuple[Group, ...]:
    return tuple(
        _group(name, [one for one, its in zip(rated, names, strict=True) if its == name])
        for name in sorted(set(names))
    )


def _group(name: str, rated: Sequence[Rated]) -> Group:
    cases = _by_case(rated)
    rows = tuple(_compared(key, title, cases) for key, title in _ROWS.items())
    return Group(name, len(cases), len(rated), rows, _preference(cases), _few(len(cases)))


def _by_case(rated: Iterable[Rated]) -> list[list[Rated]]:
    cases: dict[str, list[Rated]] = {}
    for one in rated:
        cases.setdefault(one.case, []).append(one)
    return [cases[case] for case in sorted(cases)]


def _few(n: int) -> str:
    """Say that there are too few comparisons for an interval; empty where there are enough."""
    if n >= LEAST:
        return ""
    counted = "no comparison" if n == 0 else f"{n} comparison{'s' if n > 1 else ''}"
    return f"n too small: {counted}, an interval needs {LEAST}"


def _compared(key: str, name: str, cases: Sequence[Sequence[Rated]]) -> Compared:
    draft = [fmean(_value(one.draft, key) for one in case) for case in cases]
    manual = [fmean(_value(one.manual, key) for one in case) for case in cases]
    if len(cases) < LEAST:
        pairs = [a - b for a, b in zip(draft, manual, strict=True)]
        mean = fmean(pairs) if pairs else None
        return Compared(
            key, name, _bare(draft), _bare(manual), Difference(mean, len(pairs)), _few(len(cases))
        )
    difference = paired_difference(draft, manual, seed=_SEED)
    if difference.low == difference.high:  # every pair differs by as much: resampling says nothing
        difference = replace(difference, low=None, high=None)
    return Compared(key, name, _with_interval(draft), _with_interval(manual), difference)


def _with_interval(values: Sequence[float]) -> Estimate:
    """Return the mean with its interval; with none where all values are the same."""
    found = bootstrap_interval(values, seed=_SEED)
    return Estimate(found.value, found.n) if found.low == found.high else found


def _value(side: Mapping[str, float], key: str) -> float:
    return fmean(side[one] for one in DIMENSIONS) if key == "overall" else side[key]


def _bare(values: Sequence[float]) -> Estimate:
    return Estimate(fmean(values) if values else None, len(values))


def _preference(cases: Sequence[Sequence[Rated]]) -> Preference:
    balance = [sum(_vote(one) for one in case) for case in cases]
    draft, manual = sum(b > 0 for b in balance), sum(b < 0 for b in balance)
    words = _few(len(cases))
    share = proportion(draft, draft + manual)
    if words or share.value is None:
        share = Estimate(share.value, share.n)
    return Preference(draft, manual, len(cases) - draft - manual, share, words)


def _vote(one: Rated) -> int:
    return {"draft": 1, "manual": -1, "neither": 0}[one.preferred]


def _agreement(key: str, name: str, rated: Sequence[Rated]) -> Agreement:
    """Return the agreement on one dimension; a unit is a letter, so that each comparison gives two."""
    raters = sorted({one.rater for one in rated})
    units = [
        [_score(case, rater, side, key) for rater in raters]
        for case in _by_case(rated)
        for side in ("draft", "manual")
    ]
    shared = [unit for unit in units if sum(score is not None for score in unit) > 1]
    if len(raters) < 2 or len(shared) < LEAST:
        none = Estimate(None, len(shared))
        words = f"n too small: {len(shared)} letters with two ratings or more, agreement needs {LEAST}"
        return Agreement(key, name, none, none, len(raters), words)
    ordinal = krippendorff_alpha(units, "ordinal", seed=_SEED)
    words = "" if ordinal.value is not None else "all ratings are the same: agreement cannot be told"
    interval = krippendorff_alpha(units, "interval", seed=_SEED)
    return Agreement(key, name, ordinal, interval, len(raters), words)


def _score(case: Sequence[Rated], rater: str, side: str, key: str) -> float | None:
    found = next((one for one in case if one.rater == rater), None)
    if found is None:
        return None
    return float((found.draft if side == "draft" else found.manual)[key])
