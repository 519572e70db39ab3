"""The words of a reason: the entry that decides, its day, and the limit that the policy sets."""

from collections.abc import Sequence
from datetime import date

from posology.policies.candidates import Candidate, Scope
from posology.policies.policy import Compare, Count, Duration, Leaf
from posology.policies.timeline import STATE_TYPES
from posology.policies.witness import describe
from posology.quotes import EvidenceKind, Status
from posology.records.timing import period_of

__all__ = ["count_words", "days_words", "entry_words", "limit_words", "one_entry_reason", "span_words"]

_OPERATORS = {
    ">": "more than",
    ">=": "at least",
    "<": "less than",
    "<=": "at most",
    "=": "exactly",
    "!=": "other than",
}


def entry_words(candidate: Candidate, scope: Scope, path: str = "") -> str:
    """Name an entry by the value that was looked at, else by its name, with its day.

    An age or a sex stands for the patient's record, which has no day.
    """
    evidence = describe(candidate, scope, path)
    if candidate.resource.type == "Patient":
        return ", ".join(row.quote for row in evidence)
    if candidate.resource.type == "Request":
        return ", ".join(f"{row.label} {row.quote}" for row in evidence[:1])
    quote = " ".join(evidence[0].quote.split())
    measured = path.endswith(("Quantity", "Integer")) or evidence[0].path.endswith(("Quantity", "Integer"))
    shown = quote if measured or evidence[0].kind is EvidenceKind.DERIVED else f"“{quote}”"
    when = candidate.when.text if candidate.when else ""
    start, end = period_of(candidate.resource)
    if candidate.resource.type in STATE_TYPES and start is not None and end is not None:
        return f"{shown}, {start.text} to {end.text}"
    if when == quote:
        return shown
    return f"{shown}, dated {when}" if when else f"{shown}, undated"


def limit_words(compare: Compare | None) -> str:
    """Say what a comparison asks for: at least 35 kg/m2."""
    if compare is None:
        return "the policy's test"
    if compare.in_codes is not None or compare.op is None:
        return "the values that the policy lists"
    unit = "" if compare.unit in (None, "1") else f" {compare.unit}"
    return f"the limit of {_OPERATORS[compare.op]} {compare.value}{unit}"


def one_entry_reason(
    leaf: Leaf, candidate: Candidate, scope: Scope, path: str, status: Status, which: str
) -> str:
    """Say of the entry that decides a leaf whether it satisfies it, with its value and the limit."""
    verb = "satisfies" if status is Status.MET else "does not satisfy"
    words = entry_words(candidate, scope, path)
    if candidate.resource.type == "Patient":
        words = _asked_of_patient(leaf, candidate, scope) or words
        return f"The patient's record ({words}) {verb} {limit_words(leaf.compare)}."
    if candidate.resource.type == "Request":
        return f"The request ({words}) {verb} {limit_words(leaf.compare)}."
    return f"The {which} entry, {words}, {verb} {limit_words(leaf.compare)}."


def _asked_of_patient(leaf: Leaf, candidate: Candidate, scope: Scope) -> str:
    """Name the age or the sex, as far as the test asks for it."""
    test = leaf.test or ""
    rows = describe(candidate, scope)
    return ", ".join(
        row.quote for row in rows if (row.label or "age") in test or (row.path and row.path in test)
    )


def count_words(count: Count) -> str:
    """Say how many a count asks for: at least 4."""
    parts = [f"at least {count.minimum}" if count.minimum is not None else ""]
    parts.append(f"at most {count.maximum}" if count.maximum is not None else "")
    return " and ".join(part for part in parts if part)


def span_words(duration: Duration) -> str:
    """Say a length of time: 12 weeks."""
    return f"{duration.amount} {duration.unit}" + ("" if duration.amount == 1 else "s")


def days_words(candidates: Sequence[Candidate]) -> str:
    """Say between which days entries lie, as the record has them: (2024-05-22 to 2024-10-01)."""
    dated = sorted((c.newest, c.when.text) for c in candidates if c.when)
    if not dated or dated[-1][0] == date.max:
        return ""
    first, last = dated[0][1], dated[-1][1]
    return f" ({first})" if first == last else f" ({first} to {last})"
