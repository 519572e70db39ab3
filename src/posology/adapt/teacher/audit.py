"""An audit of made data: what it over- and under-represents beside texts of the kind it stands for."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from posology.corpus import Example, Record
from posology.evidence.terms import TERMS
from posology.evidence.tokens import Name

__all__ = ["AuditRow", "audit", "audit_markdown", "traits_of_example", "traits_of_record"]

Traits = Mapping[str, tuple[str, ...]]
"""What a text shows, by dimension: its length, its words for denial, the clinical terms in it."""

_FACTOR = 1.25  # a share so many times another's is over, its inverse under
_Z = 1.96
_SIGNS = {
    "denial": r"\b(?:no|not|never|denies|denied|without|negative for|w/o)\b",
    "relative": r"\b(?:mother|father|brother|sister|son|daughter|wife|husband|spouse|uncle|aunt|grand\w+"
    r"|family)\b",
    "doubt": r"\b(?:possible|possibly|probable|suspected|unclear|cannot rule out|query|may be)\b",
    "plan": r"\b(?:will|plan|planned|scheduled|ordered|referred|consider|to be)\b",
    "number": r"\d",
    "shorthand": r"\b(?:pt|hx|dx|tx|w/|h/o|c/o|f/u|s/p|wks|mos|2/2)(?=\W|$)",
    "woman": r"\b(?:she|her|woman|female)\b",
    "man": r"\b(?:he|his|him|man|male)\b",
    "child": r"\b(?:child|boy|girl|infant|toddler|pediatric)\b",
    "older person": r"\b(?:6[5-9]|[7-9]\d)[- ]?(?:year|yo|y/o)|\belderly\b",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _SIGNS.items()}
_LENGTHS = ((10, "under 10 words"), (50, "10 to 49 words"), (200, "50 to 199 words"))
_LINE = (
    "| {dimension} | {value} | {made} | {made_share:.1%} | {reference} | {reference_share:.1%} "
    "| {ratio} | {verdict} |"
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """How often a value occurs in the made data and in the reference; ``ratio`` of shares with its interval.

    ``ratio`` is None where the reference, or the made data, has none.
    """

    dimension: str
    value: str
    made: int
    made_share: float
    reference: int
    reference_share: float
    ratio: float | None
    low: float | None
    high: float | None
    verdict: Literal["over", "under", "missing", "only here", "alike", "unsure"]

    def record(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return asdict(self)


def audit(made: Sequence[Traits], reference: Sequence[Traits]) -> list[AuditRow]:
    """Compare the shares of every value of every dimension, the furthest apart first.

    A value is over or under where the whole 95 % interval of the ratio lies beyond 1.25 or 0.8; alike where
    it lies within; else unsure, for want of texts.
    """
    ours, theirs = _counts(made), _counts(reference)
    rows = [
        _row(key, (ours[key], len(made)), (theirs[key], len(reference))) for key in sorted({*ours, *theirs})
    ]
    return sorted(rows, key=lambda row: -_distance(row))


def traits_of_record(record: Record) -> Traits:
    """Return what a record's text shows."""
    return _traits(record.text)


def traits_of_example(example: Example) -> Traits:
    """Return what an example shows: of the text that is asked about, and its answer."""
    shown = example.source_text or example.messages[-1].content
    return {**_traits(shown), "answer": (_short(example.answer),), "task": (example.task or "none",)}


def audit_markdown(rows: Sequence[AuditRow], *, most: int = 60) -> str:
    """Return the table as Markdown, the furthest apart first; the number of rows left out is said."""
    head = [
        "| dimension | value | made | share | reference | share | ratio (95 %) | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    body = [_LINE.format(**{**row.record(), "ratio": _ratio_words(row)}) for row in rows[:most]]
    left = [f"\n{len(rows) - most} rows more are in audit.json."] if len(rows) > most else []
    return "\n".join([*head, *body, *left]) + "\n"


def _ratio_words(row: AuditRow) -> str:
    return "–" if row.ratio is None else f"{row.ratio:.2f} ({row.low:.2f} to {row.high:.2f})"


def _counts(traits: Iterable[Traits]) -> Counter[tuple[str, str]]:
    """Count texts: a value that a text shows twice counts once."""
    return Counter(key for one in traits for key in {(d, v) for d, values in one.items() for v in values})


def _row(key: tuple[str, str], ours: tuple[int, int], theirs: tuple[int, int]) -> AuditRow:
    share = ours[0] / ours[1] if ours[1] else 0.0
    other = theirs[0] / theirs[1] if theirs[1] else 0.0
    if not ours[0] or not theirs[0]:
        # by the rule of three, a share of none may still be as much as 3 / n
        rare = share * theirs[1] <= 3 and other * ours[1] <= 3
        verdict: Any = "unsure" if rare else "missing" if not ours[0] else "only here"
        return AuditRow(*key, ours[0], share, theirs[0], other, None, None, None, verdict)
    ratio = share / other
    spread = math.exp(_Z * math.sqrt((1 - share) / ours[0] + (1 - other) / theirs[0]))
    low, high = ratio / spread, ratio * spread
    return AuditRow(*key, ours[0], share, theirs[0], other, ratio, low, high, _verdict(low, high))


def _verdict(low: float, high: float) -> Any:
    if low > _FACTOR:
        return "over"
    if high < 1 / _FACTOR:
        return "under"
    return "alike" if low >= 1 / _FACTOR and high <= _FACTOR else "unsure"


def _distance(row: AuditRow) -> float:
    """Return how far apart the shares are beyond doubt; what is missing stands by its share."""
    if row.ratio is None or row.low is None or row.high is None:
        return 10 * max(row.made_share, row.reference_share) if row.verdict != "unsure" else 0.0
    return max(math.log(row.low), -math.log(row.high), 0.0)


def _traits(text: str) -> Traits:
    words = len(text.split())
    length = next((name for limit, name in _LENGTHS if words < limit), "200 words or more")
    signs = tuple(name for name, pattern in _PATTERNS.items() if pattern.search(text))
    return {"length": (length,), "sign": signs, "term": _terms(text)}


def _terms(text: str) -> tuple[str, ...]:
    lower = text.lower()
    return tuple(
        term.name
        for term in TERMS
        if any(name.lower() in lower and Name(name).pattern.search(text) for name in (term.name, *term.same))
    )


def _short(answer: str) -> str:
    """Return what an answer says in a word or two: the label of a JSON answer, else a short text itself."""
    if answer.startswith("{"):
        try:
            return str(json.loads(answer).get("answer", "a sentence"))
        except ValueError:
            return "a text"
    return answer if len(answer.split()) <= 3 else "a text"
