"""What the page of a packet shows, as values: criteria, letter, withheld sentences, gaps."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote as quoted

from posology.priorauth.letter.criteria import is_against, is_exclusion, status_words
from posology.priorauth.letter.reading import clean, rows_of, text_of, texts_of
from posology.priorauth.letter.sources import Citations, describe_origin, number_sources
from posology.priorauth.record import unconfirmed

__all__ = [
    "CheckView",
    "CriterionView",
    "GapView",
    "Mark",
    "PacketView",
    "QuoteView",
    "SectionView",
    "SentenceView",
    "WithheldView",
    "build_packet_view",
    "conclusion_words",
    "provisional_words",
]

Tone = Literal["good", "bad", "open", "note", ""]

_SECTIONS = {
    "request": "Request",
    "clinical_summary": "Clinical summary",
    "prior_treatment": "Prior treatment",
    "medical_necessity": "Medical necessity",
}
_BASES = {
    "structured": "from structured data",
    "text": "read from notes",
    "conflict": "data and notes disagree",
    "absence": "nothing found",
    "human": "decided by a person",
    "none": "no source decides it",
}
_CONCLUSIONS: Mapping[str, tuple[str, Tone]] = {
    "ready": ("Ready", "good"),
    "review": ("To review", "note"),
    "incomplete": ("Incomplete", "open"),
    "not_supported": ("Not supported", "bad"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Mark:
    """A citation mark: the number of a source, the piece of evidence it leads to, and where it stands."""

    number: int
    evidence: str
    label: str


@dataclass(frozen=True, slots=True, repr=False)
class QuoteView:
    """A quote with its mark."""

    mark: Mark
    label: str
    text: str
    origin: str
    date: str


@dataclass(frozen=True, slots=True, repr=False)
class CriterionView:
    """One criterion with everything that speaks for it and against it."""

    id: str
    text: str
    status: str
    words: str
    tone: Tone
    basis: str
    reason: str
    decided_by: str
    exclusion: bool
    to_confirm: bool
    rejectable: bool
    wording: tuple[str, ...]
    evidence: tuple[QuoteView, ...]
    contrary: tuple[QuoteView, ...]
    looked: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True, repr=False)
class CheckView:
    """One check of a sentence in words."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True, slots=True, repr=False)
class SentenceView:
    """One sentence of the letter."""

    id: str
    number: int
    text: str
    marks: tuple[Mark, ...]
    verdict: str
    words: str
    tone: Tone
    author: str
    criterion: str
    checks: tuple[CheckView, ...]


@dataclass(frozen=True, slots=True, repr=False)
class SectionView:
    """A titled part of the letter."""

    id: str
    title: str
    sentences: tuple[SentenceView, ...]


@dataclass(frozen=True, slots=True, repr=False)
class WithheldView:
    """A sentence that failed a check, or that a person took out, and why."""

    id: str
    text: str
    why: str
    author: str
    criterion: str


@dataclass(frozen=True, slots=True, repr=False)
class GapView:
    """Something that is missing and who can supply it."""

    id: str
    kind: str
    ask: str


@dataclass(frozen=True, slots=True, repr=False)
class PacketView:
    """The page of a packet."""

    conclusion: str
    tone: Tone
    provisional: str
    criteria: tuple[CriterionView, ...]
    sections: tuple[SectionView, ...]
    withheld: tuple[WithheldView, ...]
    withdrawn: tuple[WithheldView, ...]
    gaps: tuple[GapView, ...]
    unread: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]

    @property
    def to_confirm(self) -> int:
        """Return how many findings a person must confirm."""
        return sum(row.to_confirm for row in self.criteria)


def conclusion_words(conclusion: str) -> tuple[str, Tone]:
    """Return a conclusion in words, and its tone."""
    return _CONCLUSIONS.get(conclusion, (conclusion.replace("_", " "), ""))


def provisional_words(provisional: str, to_confirm: int) -> str:
    """Say what a packet in review comes to, and on what that hangs; empty where it is not in review.

    >>> provisional_words("ready", 0)
    ' (ready once nothing is missing)'
    """
    if not provisional:
        return ""
    hangs = "if the findings hold" if to_confirm else "once nothing is missing"
    return f" ({provisional.replace('_', ' ')} {hangs})"


def build_packet_view(record: Mapping[str, Any]) -> PacketView:
    """Build the page's values from a packet's record."""
    citations = number_sources(record)
    to_confirm = frozenset(unconfirmed(record))
    asks = {text_of(g, "id"): text_of(g, "ask") for g in rows_of(record, "gaps") if g["kind"] == "criterion"}
    words, tone = conclusion_words(text_of(record, "conclusion"))
    numbers = {text_of(row, "id"): n for n, row in enumerate(rows_of(record, "narrative"), start=1)}
    return PacketView(
        conclusion=words,
        tone=tone,
        provisional=provisional_words(text_of(record, "provisional"), len(to_confirm)),
        criteria=tuple(_criterion(row, citations, to_confirm, asks) for row in rows_of(record, "criteria")),
        sections=_sections(record, citations, numbers),
        withheld=tuple(_withheld(row) for row in rows_of(record, "withheld")),
        withdrawn=tuple(_withheld(row) for row in rows_of(record, "withdrawn")),
        gaps=tuple(
            GapView(text_of(row, "id"), text_of(row, "kind"), text_of(row, "ask"))
            for row in rows_of(record, "gaps")
        ),
        unread=tuple((text_of(row, "source"), text_of(row, "why")) for row in rows_of(record, "unread")),
        notices=_notices(record),
    )


def _notices(record: Mapping[str, Any]) -> tuple[str, ...]:
    notices = [text_of(record, "stale")] if record.get("stale") else []
    if not record.get("validator"):
        notices.append("No validator was configured: sentences passed the deterministic checks only.")
    if record.get("restricted_used") is True:
        notices.append("This packet uses records labelled restricted, included by an explicit choice.")
    return tuple(notices)


def _criterion(
    row: Mapping[str, Any], citations: Citations, to_confirm: Collection[str], asks: Mapping[str, str]
) -> CriterionView:
    identifier, status = text_of(row, "id"), text_of(row, "status")
    tone: Tone = "open" if status == "unknown" else "bad" if is_against(row) else "good"
    return CriterionView(
        id=identifier,
        text=text_of(row, "text") or identifier,
        status=status,
        words=status_words(row),
        tone=tone,
        basis=_BASES.get(text_of(row, "basis"), text_of(row, "basis")),
        reason=text_of(row, "reason"),
        decided_by=text_of(row, "decided_by"),
        exclusion=is_exclusion(row),
        to_confirm=identifier in to_confirm,
        rejectable=text_of(row, "basis") in ("text", "human") and status != "unknown",
        wording=tuple(text_of(citations.rows[key], "quote") for key in texts_of(row, "policy_wording")),
        evidence=_quotes(texts_of(row, "evidence"), citations),
        contrary=_quotes(texts_of(row, "contrary"), citations),
        looked=texts_of(row, "looked"),
        ask=asks.get(identifier, ""),
    )


def _quotes(ids: Iterable[str], citations: Citations) -> tuple[QuoteView, ...]:
    return tuple(_quote(key, citations) for key in ids)


def _quote(key: str, citations: Citations) -> QuoteView:
    row = citations.rows[key]
    return QuoteView(
        _mark(key, citations),
        text_of(row, "label"),
        text_of(row, "quote"),
        describe_origin(row),
        text_of(row, "date"),
    )


def _mark(key: str, citations: Citations) -> Mark:
    row = citations.rows[key]
    label = text_of(row, "label") or describe_origin(row)
    return Mark(citations.numbers[key], quoted(key, safe=""), label)


def _sections(
    record: Mapping[str, Any], citations: Citations, numbers: Mapping[str, int]
) -> tuple[SectionView, ...]:
    rows = rows_of(record, "narrative")
    found = []
    for key, title in _SECTIONS.items():
        told = tuple(_sentence(row, citations, numbers) for row in rows if text_of(row, "section") == key)
        if told:
            found.append(SectionView(key, title, told))
    return tuple(found)


def _sentence(row: Mapping[str, Any], citations: Citations, numbers: Mapping[str, int]) -> SentenceView:
    verdict = text_of(row, "verdict")
    marks: dict[int, Mark] = {}
    for key in texts_of(row, "cites"):
        mark = _mark(key, citations)
        marks.setdefault(mark.number, mark)
    supported = verdict == "supported"
    return SentenceView(
        id=text_of(row, "id"),
        number=numbers[text_of(row, "id")],
        text=text_of(row, "sentence"),
        marks=tuple(marks.values()),
        verdict=verdict,
        words="supported" if supported else "not checked by a validator",
        tone="good" if supported else "open",
        author=_author(text_of(row, "written_by")),
        criterion=text_of(row, "criterion"),
        checks=tuple(check_view(check) for check in rows_of(row, "checks")),
    )


def check_view(check: Mapping[str, Any]) -> CheckView:
    """Say in words what one check found."""
    name, ok = text_of(check, "check"), check.get("ok") is True
    said = text_of(check, "why") or text_of(check, "note")
    score = f", score {clean(check['score'])}" if check.get("score") is not None else ""
    by = f" by {text_of(check, 'by')}" if check.get("by") else ""
    return CheckView(name, ok, said or f"{'passed' if ok else 'failed'}{by}{score}")


def _author(written_by: str) -> str:
    return {"template": "fixed words and quotes", "person": "a person"}.get(written_by, written_by)


def _withheld(row: Mapping[str, Any]) -> WithheldView:
    return WithheldView(
        text_of(row, "id"),
        text_of(row, "sentence"),
        text_of(row, "why") or text_of(row, "reason"),
        _author(text_of(row, "written_by")),
        text_of(row, "criterion"),
    )
