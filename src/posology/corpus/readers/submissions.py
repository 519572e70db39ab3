"""Past prior-authorization submissions with what the payer decided: tables, JSON lines, FHIR bundles."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from posology.corpus.readers.raw import Raw, Unreadable, files_of, root_of, unread_of
from posology.corpus.readers.tables import field_of, read_rows, row_text
from posology.corpus.spec import SourceSpec
from posology.errors import ChartError
from posology.records import Chart, read_chart
from posology.records.deidentify import known_identifiers
from posology.records.signs import Signs, patient_names, signs_of

__all__ = ["OUTCOMES", "outcome_of", "read_submissions"]

OUTCOMES = ("approved", "modified", "denied", "pended", "cancelled", "unknown")

# X12 306 review actions (PAS), and the words that sites write.
_WORDS = {
    "a1": "approved", "a2": "modified", "a3": "denied", "a4": "pended", "a6": "modified", "c": "cancelled",
    "approved": "approved", "certified in total": "approved", "approve": "approved", "paid": "approved",
    "partially approved": "modified", "partial": "modified", "modified": "modified",
    "certified - partial": "modified", "approved with modification": "modified",
    "denied": "denied", "not certified": "denied", "deny": "denied", "rejected": "denied",
    "pended": "pended", "pending": "pended", "queued": "pended",
    "cancelled": "cancelled", "canceled": "cancelled", "withdrawn": "cancelled",
}  # fmt: skip


def outcome_of(words: str) -> str:
    """Return one of OUTCOMES for a payer's word or X12 review action; "unknown" for any other.

    >>> outcome_of("A3"), outcome_of("Certified in total"), outcome_of("see letter")
    ('denied', 'approved', 'unknown')
    """
    return _WORDS.get(" ".join(words.lower().split()), "unknown")


def read_submissions(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield the text of each submission, its outcome in ``meta``; bundles of one patient are one group."""
    root = root_of(source, beside)
    for place, row in read_rows(source, root, (".csv", ".jsonl")) if _has_rows(root) else ():
        yield _row(source, place, row)
    if root.is_dir() or root.suffix.lower() == ".json":
        paths = list(files_of(root, (".json",)))
        for number, (path, group) in enumerate(zip(paths, _groups(paths), strict=True), 1):
            yield from _bundle(f"fhir.{number}", path, group)


def _has_rows(root: Path) -> bool:
    return root.is_dir() or root.suffix.lower() != ".json"


def _row(source: SourceSpec, place: str, row: Mapping[str, Any] | str) -> Raw | Unreadable:
    text = Unreadable("", row) if isinstance(row, str) else row_text(source, row)
    if isinstance(text, Unreadable) or isinstance(row, str):
        return Unreadable(place, text.why if isinstance(text, Unreadable) else "not read")
    meta = {"kind": "submission", "outcome": outcome_of(field_of(row, source.outcome))}
    return Raw(place, text, field_of(row, source.id), field_of(row, source.group), meta=meta)


def _groups(paths: Sequence[Path]) -> list[str]:
    """Return for each bundle what tells its patient, or the file's name where it tells none.

    The bundles are read for this before their texts are, and not kept.
    """
    signs = [_signs(path) for path in paths]
    return [name or path.stem for name, path in zip(patient_names(signs), paths, strict=True)]


def _signs(path: Path) -> Signs:
    chart = _request(path)
    return signs_of(chart) if isinstance(chart, Chart) else Signs(frozenset(), frozenset(), "")


def _request(path: Path) -> Chart | str:
    """Return a request bundle, or why a file is none."""
    try:
        chart = read_chart(path)
    except ChartError:
        return "no FHIR bundle of one patient"
    if not chart.of_type("Claim") and not chart.of_type("ClaimResponse"):
        return "a FHIR bundle without Claim or ClaimResponse"
    return chart


def _bundle(place: str, path: Path, group: str) -> Iterator[Raw | Unreadable]:
    """Yield the documents of a request bundle with the decision of the ClaimResponse that stands in it."""
    chart = _request(path)
    if isinstance(chart, str):
        yield Unreadable(place, chart)
        return
    meta = {"kind": "submission", "outcome": _decision(chart)}
    known = known_identifiers(chart)
    for number, document in enumerate(chart.documents, 1):
        yield Raw(f"{place}.{number}", document.text, document.source, group, meta=meta, known=known)
    if not chart.documents:
        yield Unreadable(place, "a submission without text: no note, letter or narrative")
    yield from unread_of(place, chart.unread)


def _decision(chart: Chart) -> str:
    """Return the outcome on which every decided item agrees; "modified" where they differ."""
    found: set[str] = set()
    for response in chart.of_type("ClaimResponse"):
        found |= {outcome_of(code) for code in _review_actions(response.body)}
    found.discard("unknown")
    if len(found) > 1:
        return "modified" if found <= {"approved", "modified", "denied"} else "pended"
    return found.pop() if found else "unknown"


def _review_actions(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _review_actions(one)
    elif isinstance(value, Mapping):
        if str(value.get("url", "")).endswith(("extension-reviewAction", "extension-reviewActionCode")):
            concept = value.get("valueCodeableConcept")
            coding = concept.get("coding") if isinstance(concept, Mapping) else None
            yield from (str(one.get("code", "")) for one in coding or () if isinstance(one, Mapping))
            yield str(value.get("valueString", ""))
        for one in value.values():
            yield from _review_actions(one)
