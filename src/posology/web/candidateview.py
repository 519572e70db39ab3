"""What the page of a teacher's candidate shows: its place, its texts in pieces, its questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from posology.adapt.teacher.checks import find_quote
from posology.adapt.teacher.editing import Answer, Decision, OpenReviews, Placed
from posology.adapt.teacher.grammar import Told
from posology.adapt.teacher.review import Finding, ReviewLine
from posology.web.pieces import pieces

__all__ = ["SHOWN", "Shown", "View", "counts", "following", "listed", "stray_texts", "view_values"]

Shown = Literal["undecided", "doubts", "all"]
SHOWN: Mapping[Shown, str] = {"undecided": "Undecided", "doubts": "With doubts", "all": "All"}
_VERDICTS = {"": ("undecided", ""), "accept": ("accepted", "good"), "reject": ("rejected", "bad")}


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a candidate beside what the file says; ``entered`` stands in its place."""

    entered: Decision | None = None
    findings: Sequence[Finding] = ()
    problem: str = ""
    stray: Sequence[tuple[str, str]] = ()  # what was entered and has no place any more
    last: int = 0  # the number of the candidate that was decided last


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    kind: str


def listed(found: OpenReviews, shown: Shown) -> list[int]:
    """Return the places, from 0, of the candidates that a filter lets through."""
    return [place for place, row in enumerate(found.rows) if _passes(row.line, shown)]


def _passes(line: ReviewLine, shown: Shown) -> bool:
    if shown == "undecided":
        return not line.verdict
    return shown == "all" or bool(line.doubts)


def following(found: OpenReviews, shown: Shown, place: int) -> int | None:
    """Return the next place of a filter, else the first before it that is undecided; None at the end."""
    places = listed(found, shown)
    later = [one for one in places if one > place]
    open_before = [one for one in places if one < place and not found.rows[one].line.verdict]
    return next(iter(later or open_before), None)


def counts(found: OpenReviews) -> dict[str, int]:
    """Return how many candidates there are, and how many of each verdict."""
    verdicts = [row.line.verdict for row in found.rows]
    decided = sum(1 for one in verdicts if one)
    return {
        "all": len(verdicts),
        "decided": decided,
        "accepted": verdicts.count("accept"),
        "rejected": verdicts.count("reject"),
    }


def view_values(
    found: OpenReviews, place: int, shown: Shown, policies: Mapping[str, str], view: View
) -> dict[str, Any]:
    """Return what the template needs to show one candidate."""
    row = found.rows[place]
    line = row.line
    document = view.entered.document if view.entered else line.document
    policy = policies.get(line.policy)
    points = _points(line, policy or "", view)
    quotes = [(str(point["number"]), str(point["quote"])) for point in points]
    sections = [(str(point["number"]), str(point["section"])) for point in points]
    words, tone = _VERDICTS[line.verdict]
    places = listed(found, shown)
    return {
        "line": line,
        "row": row,
        "verdict": (f"{words} by {line.by}" if line.by else words, tone),
        "document": document,
        "document_pieces": pieces(document, _marks(quotes, document)),
        "policy_pieces": None if policy is None else pieces(policy, _marks(sections, policy)),
        "points": points,
        "general": _general(line, view.findings),
        "told": get_args(Told),
        "view": view,
        "number": place + 1,
        "earlier": max((one + 1 for one in places if one < place), default=0),
        "later": min((one + 1 for one in places if one > place), default=0),
    }


def _points(line: ReviewLine, policy: str, view: View) -> list[dict[str, Any]]:
    stands = [Answer(one.told, one.quote, one.section) for one in line.points]
    entered = view.entered.answers if view.entered else stands
    rows = []
    for number, (point, answer) in enumerate(zip(line.points, entered, strict=True), 1):
        about = f"{point.leaf}: "
        doubts = [text.removeprefix(about) for text in line.doubts if text.startswith(about)]
        own = [one for one in view.findings if one.number == number]
        rows.append(
            {
                "number": number,
                "point": point,
                "told": answer.told,
                "quote": answer.quote,
                "section": answer.section,
                "doubts": doubts,
                "second": "" if any(text.startswith("the second model") for text in doubts) else point.second,
                "in_policy": find_quote(point.policy_text, policy) is not None,
                "second_tone": "good" if point.second == point.told else "open",
                "wrong": {one.key: one.words.removeprefix(about) for one in own},
            }
        )
    return rows


def _general(line: ReviewLine, findings: Sequence[Finding]) -> dict[str, Sequence[str]]:
    leaves = tuple(f"{point.leaf}: " for point in line.points)
    return {
        "doubts": [text for text in line.doubts if not text.startswith(leaves)],
        "wrong": [one.words for one in findings if not one.number],
    }


def _marks(quotes: Sequence[tuple[str, str]], text: str) -> list[_Mark]:
    found = [(kind, find_quote(quote, text)) for kind, quote in quotes]
    return [_Mark(span.start, span.end, kind) for kind, span in found if span is not None]


def stray_texts(row: Placed | None, entered: Decision) -> list[tuple[str, str]]:
    """Return what was entered and differs from what the file says by now, if anything, with its names."""
    points = row.line.points if row else []
    texts = [("Document", entered.document, row.line.document if row else "")]
    for number, answer in enumerate(entered.answers, 1):
        stands = points[number - 1] if number <= len(points) else None
        texts.append((f"Quote of question {number}", answer.quote, stands.quote if stands else ""))
        texts.append((f"Section of question {number}", answer.section, stands.section if stands else ""))
        texts.append((f"Answer to question {number}", answer.told, stands.told if stands else ""))
    return [(name, ours) for name, ours, stands in texts if ours and ours != stands]
