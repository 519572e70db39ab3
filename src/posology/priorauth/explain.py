"""Why a criterion is met, not met or unknown, told from a packet alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.declarations import nearest_name
from posology.errors import UserError
from posology.priorauth.letter.criteria import is_exclusion, status_words
from posology.priorauth.letter.reading import rows_of, text_of, texts_of
from posology.priorauth.letter.sources import describe_origin, number_sources

__all__ = ["Explanation", "explain"]

_BASES = {
    "structured": "structured data of the record",
    "text": "the text of notes; a person must confirm it",
    "conflict": "structured data and text that disagree",
    "absence": "nothing found, and what the policy takes that to mean",
    "human": "a person's statement",
    "none": "nothing: no source decides it",
}


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """A heading and titled lists of lines: for one criterion its evidence, for a packet all criteria."""

    heading: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def text(self) -> str:
        """Return the explanation as plain text."""
        blocks = [self.heading]
        for title, lines in self.parts:
            blocks.append("\n".join([f"{title}:", *(f"  - {line}" for line in lines)]))
        return "\n\n".join(blocks) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for machines."""
        parts = [{"title": title, "lines": list(lines)} for title, lines in self.parts]
        return {"heading": self.heading, "parts": parts}


def explain(packet: Mapping[str, Any], criterion: str | None = None) -> Explanation:
    """Explain one criterion of a packet, or without one all of them in short.

    For a criterion that is met or not met it quotes the evidence with its sources; for an unknown one it
    says what was looked for, what came closest, and who can supply what would settle it.
    """
    number_sources(packet)  # every citation stands among the evidence, or this raises
    rows = rows_of(packet, "criteria")
    if criterion is None:
        return _explain_packet(packet, rows)
    return _explain_row(packet, _find_row(rows, criterion))


def _find_row(rows: Sequence[Mapping[str, Any]], criterion: str) -> Mapping[str, Any]:
    ids = [text_of(row, "id") for row in rows]
    if criterion in ids:
        return rows[ids.index(criterion)]
    near = nearest_name(criterion, ids)
    hint = f"did you mean {near}?" if near else f"the packet has: {', '.join(ids) or 'none'}"
    raise UserError(f"packet.json: no criterion {criterion!r}; {hint}")


def _explain_packet(packet: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Explanation:
    conclusion = text_of(packet, "conclusion").replace("_", " ")
    provisional = text_of(packet, "provisional").replace("_", " ")
    heading = f"Conclusion: {conclusion}" + (f" (if the findings hold: {provisional})" if provisional else "")
    width = max((len(text_of(row, "id")) for row in rows), default=0)
    parts = [
        ("Criteria", [_summary(row, width) for row in rows if not is_exclusion(row)]),
        ("Exclusions", [_summary(row, width) for row in rows if is_exclusion(row)]),
        ("A person must confirm", list(texts_of(packet, "findings_to_confirm"))),
        ("Missing", [_gap(gap) for gap in rows_of(packet, "gaps")]),
        (
            "Not read",
            [f"{text_of(row, 'source')}: {text_of(row, 'why')}" for row in rows_of(packet, "unread")],
        ),
    ]
    return _explanation(heading, parts)


def _explain_row(packet: Mapping[str, Any], row: Mapping[str, Any]) -> Explanation:
    identifier, status = text_of(row, "id"), text_of(row, "status")
    unknown = status == "unknown"
    basis, decider = text_of(row, "basis"), text_of(row, "decided_by")
    why = [text_of(row, "reason"), f"Based on {_BASES[basis]}." if basis in _BASES else ""]
    if decider and not unknown:
        why.append(f"Decided by {decider}.")
    if identifier in texts_of(packet, "findings_to_confirm"):
        why.append("A person must confirm this finding.")
    gaps = [_gap(gap) for gap in rows_of(packet, "gaps") if text_of(gap, "id") == identifier]
    rows = {text_of(item, "id"): item for item in rows_of(packet, "evidence")}
    parts = [
        ("Why", [line for line in why if line]),
        ("The payer's words", [_quote(rows[key]) for key in texts_of(row, "policy_wording")]),
        (
            "What came closest" if unknown else "Evidence",
            [_quote(rows[key]) for key in texts_of(row, "evidence")],
        ),
        ("Contrary evidence", [_quote(rows[key]) for key in texts_of(row, "contrary")]),
        ("What was looked for", list(texts_of(row, "looked"))),
        ("What would settle it", gaps or (["The packet asks for nothing here."] if unknown else [])),
        ("Not read, and so not looked at", _unread(packet) if unknown else []),
    ]
    return _explanation(f"{identifier}: {status_words(row)}. {text_of(row, 'text')}", parts)


def _explanation(heading: str, parts: Sequence[tuple[str, Sequence[str]]]) -> Explanation:
    return Explanation(heading, tuple((title, tuple(lines)) for title, lines in parts if lines))


def _summary(row: Mapping[str, Any], width: int) -> str:
    return f"{text_of(row, 'id'):<{width}}  {status_words(row):<14}  {text_of(row, 'reason')}".rstrip()


def _quote(row: Mapping[str, Any]) -> str:
    label, day = text_of(row, "label"), text_of(row, "date")
    where = describe_origin(row) + (f", {day}" if day else "")
    return f"{label + ': ' if label else ''}“{text_of(row, 'quote')}” ({where})"


def _gap(gap: Mapping[str, Any]) -> str:
    return f"{text_of(gap, 'ask')} [{text_of(gap, 'kind')}: {text_of(gap, 'id')}]"


def _unread(packet: Mapping[str, Any]) -> list[str]:
    return [f"{text_of(row, 'source')}: {text_of(row, 'why')}" for row in rows_of(packet, "unread")]
