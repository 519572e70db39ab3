"""Contrary evidence: what the notes say against a finding from structured data."""

import re
from collections.abc import Sequence
from decimal import Decimal

from posology.evidence import Hit, PassageIndex, judge_by_rules
from posology.policies import Finding, Leaf, compare_numbers
from posology.quotes import Evidence, EvidenceKind, Status
from posology.spans import Span

__all__ = ["find_contrary"]

HITS = 5
_NUMBER = re.compile(r"(?<![\d./-])\d{1,4}(?:\.\d+)?(?![\d/-]|\.\d)")
_REACH = 40  # characters after the concept in which its value stands


def find_contrary(leaf: Leaf, finding: Finding, index: PassageIndex) -> tuple[Evidence, ...]:
    """Return sentences of the notes that speak against a finding; each is shown, none changes the status.

    For a finding that rests on a named thing: a sentence that denies it (or asserts it, where it was not
    found). For a comparison: a value of the same name whose comparison comes out the other way.
    """
    name = _name(finding)
    if not name:
        return ()
    hits = index.search(name, HITS)
    if leaf.compare is not None and leaf.compare.value is not None:
        return _other_values(leaf, finding, name, hits)
    against = "no" if finding.status is Status.MET else "yes"
    found = []
    for hit in hits:
        verdict = judge_by_rules(f"Is {name} documented?", [hit])
        if verdict.answer == against and verdict.span is not None:
            found.append(_quote(hit, verdict.span))
    return tuple(found)


def _name(finding: Finding) -> str:
    named = [e.label for e in finding.evidence if e.kind is EvidenceKind.STRUCTURED and e.label]
    return named[0] if named else ""


def _quote(hit: Hit, span: Span) -> Evidence:
    when = hit.passage.date.text if hit.passage.date else None
    quote = hit.passage.sentence_text(span)
    return Evidence(EvidenceKind.TEXT, hit.passage.source, quote, start=span.start, end=span.end, date=when)


def _other_values(leaf: Leaf, finding: Finding, name: str, hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Find values of the same thing in the notes whose verdict differs; units must read the same."""
    unit = _unit(leaf)
    found = []
    for hit in hits:
        for span in hit.passage.sentences:
            sentence = hit.passage.sentence_text(span)
            values = _values(sentence, name, unit)
            if values and all(_verdict(leaf, value) not in (finding.status, None) for value in values):
                found.append(_quote(hit, span))
    return tuple(found)


def _unit(leaf: Leaf) -> str:
    return (leaf.compare.unit or "") if leaf.compare else ""


def _values(sentence: str, name: str, unit: str) -> list[Decimal]:
    """Return the numbers that follow the thing's name and bear its unit, or none."""
    values = []
    for mention in re.finditer(
        r"\b" + r"\s+".join(map(re.escape, name.split())) + r"\b", sentence, re.IGNORECASE
    ):
        rest = sentence[mention.end() : mention.end() + _REACH]
        number = _NUMBER.search(rest)
        if number and _same_unit(rest[number.end() :], unit):
            values.append(Decimal(number.group()))
    return values


def _same_unit(rest: str, unit: str) -> bool:
    plain = rest.strip().lower().replace("²", "2")
    return not unit or plain.startswith(unit.lower().strip("{}[]"))


def _verdict(leaf: Leaf, value: Decimal) -> Status | None:
    compare = leaf.compare
    if compare is None or compare.op is None or compare.value is None:
        return None
    return Status.MET if compare_numbers(value, compare.op, compare.value) else Status.NOT_MET
