"""A made chart while it is being made: its style, its patient, its day, and what its value sets hold."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from posology.policies.policy import Policy, ValueSetEntry
from posology.testing.expressions import parse_test
from posology.testing.facts import Fact, Setting
from posology.testing.notes import Encoding, NoteStyle
from posology.testing.orders import service_entries
from posology.testing.people import Cast, make_cast
from posology.testing.plans import Plan, all_leaves
from posology.testing.resources import Json
from posology.testing.scenarios import entries_of

__all__ = ["Draft", "Style", "start_draft"]

FEMALE_ONLY = frozenset({"Z33.1", "Z34.90", "O09.90", "77386006", "C50.911"})
MALE_ONLY = frozenset({"C61"})


@dataclass(frozen=True)
class Style:
    """How the chart is written; every default is the common case.

    ``note`` fixes the style of the notes (a mix otherwise); ``encodings`` are drawn from with equal
    chance; ``decoys`` adds ineligible twins and a relative with the same disease; ``distractors`` is
    the number of unrelated problems, drugs and results; ``partial_dates`` writes the onset of some old
    unrelated problems as a year; ``typos`` misspells sentences that decide nothing.
    """

    note: NoteStyle | None = None
    encodings: tuple[Encoding, ...] = ("plain", "plain", "plain", "html", "rtf")
    decoys: bool = True
    distractors: int = 4
    partial_dates: bool = False
    typos: bool = False


@dataclass
class Draft:
    """The chart while it is being made."""

    policy: Policy
    plan: Plan
    style: Style
    rng: random.Random
    setting: Setting
    cast: Cast
    choices: Mapping[str, tuple[tuple[str, str], ...]]
    facts: list[Fact] = field(default_factory=list)
    decoys: list[Fact] = field(default_factory=list)
    references: dict[Fact, str] = field(default_factory=dict)
    resources: list[Json] = field(default_factory=list)


def start_draft(policy: Policy, plan: Plan, style: Style, rng: random.Random) -> Draft:
    """Choose the day, the patient and the codes of a chart that has no resource yet."""
    first = max(policy.effective_from, date(2023, 6, 1)) + timedelta(days=rng.randint(30, 700))
    day = min(first, policy.effective_until) if policy.effective_until else first
    age = _choose_age(policy, plan, rng)
    asked = [leaf.id for leaf in all_leaves(policy) if leaf.find and leaf.find.resource == "Patient"]
    known = not asked or any(plan.aims.get(leaf_id) != "missing" for leaf_id in asked)
    born = date(day.year - age, 1, 1) + timedelta(days=rng.randint(0, max(0, day.timetuple().tm_yday - 2)))
    sex = _choose_sex(policy, plan, rng)
    cast = make_cast(
        policy.payer, sex, born if known else None, day - timedelta(days=rng.randint(400, 2000)), rng
    )
    barred = MALE_ONLY if cast.sex == "female" else FEMALE_ONLY
    choices = {
        name: tuple(entry for entry in entries_of(_rows(rows)) if entry[1] not in barred)
        for name, rows in policy.codes.items()
    }
    setting = Setting(
        day, age if known else None, _full_sets(policy, choices), {x.id: x for x in all_leaves(policy)}
    )
    return Draft(policy, plan, style, rng, setting, cast, choices)


def _rows(rows: Sequence[ValueSetEntry]) -> list[tuple[str, str, str]]:
    return [(row.system, row.code or "", row.prefix or "") for row in rows]


def _full_sets(
    policy: Policy, choices: Mapping[str, tuple[tuple[str, str], ...]]
) -> dict[str, frozenset[tuple[str, str]]]:
    """Return what each value set accepts of all codes that the chart may hold, branches included."""
    held = {entry for entries in choices.values() for entry in entries}
    held |= {entry for service in policy.services for entry in service_entries(service.system, service.code)}
    return {
        name: frozenset(choices[name])
        | {e for e in held for r in rows if r.prefix and e[0] == r.system and e[1].startswith(r.prefix)}
        for name, rows in policy.codes.items()
    }


def _choose_sex(policy: Policy, plan: Plan, rng: random.Random) -> str:
    """Return a sex under which the codes that are to be met can occur."""
    for leaf in all_leaves(policy):
        if leaf.find is None or leaf.find.codes is None or plan.aims.get(leaf.id) != "met":
            continue
        rows = policy.codes[leaf.find.codes]
        codes = {code for _, code in entries_of(_rows(rows))}
        if codes <= FEMALE_ONLY:
            return "female"
        if codes <= MALE_ONLY:
            return "male"
    return rng.choice(("female", "male"))


def _choose_age(policy: Policy, plan: Plan, rng: random.Random) -> int:
    """Return an age under which most tests of the patient come out as planned."""
    tests = [
        (leaf, test)
        for leaf in all_leaves(policy)
        if leaf.find and leaf.find.resource == "Patient" and (test := parse_test(leaf.test or ""))
    ]
    limits = {int(bound.number) for _, test in tests for bound in test.bounds}
    near = {limit + step for limit in limits for step in (-3, -1, 0, 1, 6)}
    ages = [age for age in sorted(near | set(range(24, 84, 3))) if 1 <= age <= 95]
    adults = [age for age in ages if age >= 21] if not tests else ages
    scores = {
        age: sum(test.holds_for_age(age) == (plan.aims[leaf.id] != "not_met") for leaf, test in tests)
        for age in adults
    }
    return rng.choice([age for age in adults if scores[age] == max(scores.values())])
