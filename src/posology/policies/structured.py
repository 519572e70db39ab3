"""Deciding leaves from structured data: find, place in time, pick, compare, count, in three values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from posology.policies.candidates import Candidate, Candidates, Scope, find_candidates
from posology.policies.finding import Finding
from posology.policies.logic import all_of
from posology.policies.measures import count_status, duration_status
from posology.policies.picking import pick_status, satisfying
from posology.policies.policy import Leaf, Policy
from posology.policies.reasons import entry_words
from posology.policies.schema import leaves_of
from posology.policies.witness import describe
from posology.quotes import Status
from posology.records.chart import Chart

__all__ = ["judge_leaf", "judge_structured"]


def judge_structured(
    policy: Policy, chart: Chart, request: Mapping[str, Any], day: date
) -> dict[str, Finding]:
    """Decide every leaf of a policy, exclusions too, from structured data alone.

    ``request`` is the request as a resource of type ``Request``. A leaf that another is ``near`` to is
    decided first.
    """
    scope = Scope(policy, chart, request, day)
    leaves = {leaf.id: leaf for leaf in leaves_of(policy.criteria, *policy.exclusions)}
    findings: dict[str, Finding] = {}
    for leaf in leaves.values():
        _decide(leaf, leaves, scope, findings)
    return {leaf_id: findings[leaf_id] for leaf_id in leaves}


def _decide(leaf: Leaf, leaves: Mapping[str, Leaf], scope: Scope, findings: dict[str, Finding]) -> None:
    if leaf.id in findings:
        return
    if leaf.near is not None and leaf.near.leaf in leaves:
        _decide(leaves[leaf.near.leaf], leaves, scope, findings)
    findings[leaf.id] = judge_leaf(leaf, scope, findings)


def judge_leaf(leaf: Leaf, scope: Scope, earlier: Mapping[str, Finding]) -> Finding:
    """Decide one leaf; ``earlier`` holds the findings of leaves that it is near to."""
    if leaf.find is None:
        why = "A person must state it." if leaf.attest else "Structured data is not asked."
        return Finding(Status.UNKNOWN, "none", (), (), why, ())
    found = find_candidates(leaf, scope, earlier)
    if not found.sure and not found.unsure:
        return _absent(leaf, found)
    decided = _dated(_as_absence(_measured(leaf, found, scope), leaf, found), leaf, found, scope)
    if leaf.attest and decided.status is Status.MET:
        why = "The chart speaks for it, but a person must state it."
        return replace(decided, status=Status.UNKNOWN, basis="none", reason=why, looked=found.looked)
    return decided


def _as_absence(decided: Finding, leaf: Leaf, found: Candidates) -> Finding:
    """Leave open what would be open if none of the entries counted, where none is sure to count."""
    if found.sure or decided.status is Status.UNKNOWN:
        return decided
    if decided.status is Status.NOT_MET and leaf.when_absent == "not_met":
        return decided
    why = f"Whether the entries count is open: {found.unsure[0].why}."
    return replace(decided, status=Status.UNKNOWN, reason=why, looked=found.looked)


def _dated(decided: Finding, leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Note the days of what a leaf rests on: the picked entry, those that satisfy it, else all."""
    valued = leaf.compare is not None or leaf.test is not None
    counted = leaf.count is not None or leaf.duration is not None
    if valued and leaf.pick in (None, "latest", "earliest") and not (counted and leaf.pick is None):
        days = tuple(dict.fromkeys(row.date or "" for row in decided.evidence))
        settled = decided.status is not Status.UNKNOWN
        return replace(decided, days=days if settled else (), doubtful_days=() if settled else days)
    kept = satisfying(leaf, found, scope) if valued else found
    if not kept.sure and not kept.unsure:
        kept = found
    return replace(decided, days=_days(kept.sure), doubtful_days=_days(kept.unsure))


def _days(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c.when.text if c.when else "" for c in candidates))


def _measured(leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Apply the keys that measure what was found; each that stands in the leaf must hold.

    Without ``pick``, a count or a duration is of the entries that satisfy the comparison and the test.
    """
    parts = []
    valued = leaf.compare is not None or leaf.test is not None
    if leaf.count is None and leaf.duration is None:
        return pick_status(leaf, found, scope) if valued else _existence(found, scope)
    kept = satisfying(leaf, found, scope) if valued and leaf.pick is None else found
    if leaf.count is not None:
        parts.append(count_status(leaf, kept, scope))
    if leaf.duration is not None:
        parts.append(duration_status(leaf, kept, scope))
    if valued and leaf.pick is not None:
        parts.append(pick_status(leaf, found, scope))
    return _all(parts)


def _all(parts: Sequence[Finding]) -> Finding:
    """Join findings that must all hold."""
    status = all_of([part.status for part in parts])
    telling = [part for part in parts if part.status is status]
    evidence = tuple(dict.fromkeys(row for part in telling for row in part.evidence))
    looked = tuple(dict.fromkeys(row for part in telling for row in part.looked))
    return replace(
        telling[0], evidence=evidence, looked=looked, reason=" ".join(part.reason for part in telling)
    )


def _existence(found: Candidates, scope: Scope) -> Finding:
    if found.sure:
        best = max(found.sure, key=lambda c: c.newest)
        why = f"The chart records {entry_words(best, scope)}."
        return Finding(Status.MET, "structured", describe(best, scope), (), why)
    why = f"The chart has an entry, but whether it counts is open: {found.unsure[0].why}."
    evidence = describe(found.unsure[0], scope)
    return Finding(Status.UNKNOWN, "structured", evidence, (), why, found.looked)


def _absent(leaf: Leaf, found: Candidates) -> Finding:
    if leaf.when_absent == "not_met":
        return Finding(Status.NOT_MET, "absence", (), (), "Nothing of the kind is on record.", found.looked)
    why = "Nothing on record decides it; that nothing is recorded does not mean no."
    return Finding(Status.UNKNOWN, "none", (), (), why, found.looked)
