"""Contrary evidence: what the notes say against a finding from structured data."""

import re
from collections.abc import Sequence
from decimal import Decimal

from posology.evidence import Hit, PassageIndex, judge_by_rules
from posology.policies import Finding, Leaf, compare_numbers
from posology.priorauth.denial import denies
from posology.quotes import Evidence, EvidenceKind, Status
from posology.spans import Span

__all__ = ["find_contrary"]

HITS = 5
_NUMBER = re.compile(r"(?<![\d./-])\d{1,4}(?:\.\d+)?(?![\d/-]|\.\d)")
_SEMANTIC_TAG = re.compile(r"\s*\([a-z/ ]+\)$")  # as in "Asthma (disorder)"
_WORD = re.compile(r"[^\W\d_]{3}")
_LONGEST_NAME = 6  # words
_REACH = 40  # characters after the concept in which its value stands


def find_contrary(leaf: Leaf, finding: Finding, index: PassageIndex) -> tuple[Evidence, ...]:
    """Return sentences of the notes that speak against a finding; each is shown, none changes the status.

    For a thing that is on record: a sentence that denies it; for one that is not, where absence decided, a
    sentence that asserts it. For a comparison: a value of the same name whose comparison comes out the other
    way. That a note names a thing says nothing against a count, a length of time or a test that it did not
    reach. What is evidence for the finding is never contrary to it.
    """
    if leaf.compare is not None and leaf.compare.value is not None:
        name = _name(finding)
        found = _other_values(leaf, finding, name, index.search(name, HITS)) if name else ()
    elif finding.status is Status.MET and leaf.test is None:
        found = _said("no", leaf, finding, index)
    else:
        found = _said("yes", leaf, finding, index) if finding.basis == "absence" else ()
    return tuple(row for row in found if not _is_evidence(row, finding))


def _said(answer: str, leaf: Leaf, finding: Finding, index: PassageIndex) -> tuple[Evidence, ...]:
    """Return the sentences that deny the thing, or that assert it, under any of its names."""
    found = {}
    for name in _names(leaf, finding):
        for hit in index.search(name, HITS):
            verdict = judge_by_rules(f"Is {name} documented?", [hit])
            if verdict.answer != answer or verdict.span is None:
                continue
            row = _quote(hit, verdict.span)
            if answer == "yes" or denies(row.quote, name):
                found[(hit.passage.source, verdict.span.start)] = row
    return tuple(found.values())


def _names(leaf: Leaf, finding: Finding) -> tuple[str, ...]:
    """Return what notes may call the thing: its name on record, the value set's, the criterion's own words.

    Records often bear a code without a name, and what is not on record has none.
    """
    names = [_SEMANTIC_TAG.sub("", _name(finding))]
    if leaf.find is not None and leaf.find.resource not in ("Patient", "Request"):
        names += [(leaf.find.codes or "").replace("-", " "), leaf.text.strip().rstrip(".")]
    worded = [name for name in names if _WORD.search(name) and len(name.split()) <= _LONGEST_NAME]
    return tuple({name.casefold(): name for name in worded}.values())


def _is_evidence(row: Evidence, finding: Finding) -> bool:
    span = row.span
    return any(
        e.source == row.source and e.span is not None and span is not None and e.span.overlaps(span)
        for e in finding.evidence
    )


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
