"""What belongs to the draft and not to the payer: the cover strip, the worksheet, how the text was made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from posology.errors import UserError
from posology.priorauth.letter.criteria import against_rows, status_words
from posology.priorauth.letter.reading import mapping_of, rows_of, text_of, texts_of
from posology.priorauth.letter.view import Cited, Listing, Strip, Tone

__all__ = ["build_made", "build_strip", "build_worksheet"]

_POINTS = 5  # on the cover strip; the worksheet has them all
_GAPS = {
    "criterion": "Missing for a criterion",
    "document": "Missing documents",
    "administrative": "Missing details",
}


def build_strip(packet: Mapping[str, Any]) -> Strip:
    """Build the cover strip: the conclusion in plain words, and what to do before signing."""
    conclusion = text_of(packet, "conclusion")
    headline, tone = _headline(packet, conclusion)
    points: list[str] = []
    if conclusion == "review":
        points += [f"Confirm: {text}" for text in _to_confirm(packet)]
    if conclusion == "not_supported":
        points += dict.fromkeys(
            f"{status_words(row)}: {text_of(row, 'text')}" for row in against_rows(packet)
        )
    else:
        points += [f"Missing: {text_of(gap, 'ask')}" for gap in _needed(packet)]
    if len(points) > _POINTS:
        more = len(points) - _POINTS + 1
        where = "the findings below" if conclusion == "not_supported" else "the worksheet at the end"
        points = [*points[: _POINTS - 1], f"And {more} more: see {where}."]
    if stale := text_of(packet, "stale"):
        points.append(stale)
    return Strip("Draft: for the clinician, not part of the letter", headline, tuple(points), tone)


def _headline(packet: Mapping[str, Any], conclusion: str) -> tuple[str, Tone]:
    confirm, gaps = len(texts_of(packet, "findings_to_confirm")), len(_needed(packet))
    if conclusion == "ready":
        return (
            "Ready. On confirmed findings the policy's criteria are met, and nothing that the payer asks for "
            "is missing. Read it, then sign it.",
            "good",
        )
    if conclusion == "review":
        against = text_of(packet, "provisional") == "not_supported"
        leaning = "the policy does not support this request" if against else "the policy's criteria are met"
        missing = f", and {_count(gaps, 'thing is', 'things are')} missing" if gaps else ""
        return (
            f"For review: {_count(confirm, 'finding', 'findings')} must be confirmed by a person before "
            f"anyone signs{missing}. If the findings hold, {leaning}.",
            "open",
        )
    if conclusion == "incomplete":
        what = (
            _count(gaps, "thing is", "things are") + " missing" if gaps else "the record does not decide it"
        )
        return f"Incomplete: {what}. Supply what is asked for and draft again; unknown is not no.", "open"
    if conclusion == "not_supported":
        return (
            "Not supported. On confirmed findings the policy does not support this request. This is an "
            "internal notice, not a letter: do not send it.",
            "bad",
        )
    raise UserError(
        f"packet.json: the conclusion is {conclusion!r}; known: ready, review, incomplete, not_supported"
    )


def _needed(packet: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the gaps that stand in the way: once the criteria are decided, an open alternative does not."""
    decided = text_of(packet, "conclusion") in ("ready", "review", "not_supported")
    return [gap for gap in rows_of(packet, "gaps") if not (decided and text_of(gap, "kind") == "criterion")]


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


def _to_confirm(packet: Mapping[str, Any]) -> list[str]:
    rows = {text_of(row, "id"): row for row in rows_of(packet, "criteria")}
    return [text_of(rows.get(key, {}), "text") or key for key in texts_of(packet, "findings_to_confirm")]


def build_worksheet(packet: Mapping[str, Any]) -> tuple[Listing, ...]:
    """Build the worksheet for staff: what to confirm, what to supply, what was not read or was withheld."""
    lists = [_listing("To be confirmed by a person", _confirmations(packet))]
    needed = _needed(packet)
    for kind, title in _GAPS.items():
        lists.append(_listing(title, [text_of(gap, "ask") for gap in needed if text_of(gap, "kind") == kind]))
    others = [text_of(gap, "ask") for gap in needed if text_of(gap, "kind") not in _GAPS]
    lists.append(_listing("Also missing", others))
    spare = [text_of(gap, "ask") for gap in rows_of(packet, "gaps") if gap not in needed]
    lists.append(_listing("Still open, but the criteria are decided without it", spare))
    lists.append(_listing("What was looked for in vain", _looked(packet)))
    unread = [f"{text_of(row, 'source')}: {text_of(row, 'why')}" for row in rows_of(packet, "unread")]
    lists.append(_listing("Not read", unread))
    lists.append(_listing("Sentences withheld because a check failed", _withheld(packet)))
    return tuple(listing for listing in lists if listing.items)


def _listing(title: str, items: Sequence[str]) -> Listing:
    return Listing(title, tuple(Cited(item) for item in items if item))


def _confirmations(packet: Mapping[str, Any]) -> list[str]:
    rows = {text_of(row, "id"): row for row in rows_of(packet, "criteria")}
    found = []
    for key in texts_of(packet, "findings_to_confirm"):
        row = rows.get(key, {})
        reader = text_of(row, "decided_by")
        found.append(f"{text_of(row, 'text') or key} ({key})" + (f": read by {reader}" if reader else ""))
    return found


def _looked(packet: Mapping[str, Any]) -> list[str]:
    return [
        f"{text_of(row, 'text')} ({text_of(row, 'id')}): {'; '.join(texts_of(row, 'looked'))}"
        for row in rows_of(packet, "criteria")
        if text_of(row, "status") == "unknown" and texts_of(row, "looked")
    ]


def _withheld(packet: Mapping[str, Any]) -> list[str]:
    """Count the withheld sentences by the check that failed; what they said is never shown as fact."""
    causes = Counter(
        text_of(row, "why").partition(":")[0] or "no cause given" for row in rows_of(packet, "withheld")
    )
    return [f"{cause}: {number} (packet.json has the text)" for cause, number in sorted(causes.items())]


def build_made(packet: Mapping[str, Any]) -> tuple[str, ...]:
    """Say who wrote the sentences, who read the notes, which checks ran, and who must review."""
    return (*_writers(packet), *_readers(packet), *_checks(packet), _review(packet))


def _writers(packet: Mapping[str, Any]) -> list[str]:
    narrative = rows_of(packet, "narrative")
    writers = Counter(text_of(row, "written_by") or "an unnamed writer" for row in narrative)
    templates, people = writers.pop("template", 0), writers.pop("person", 0)
    said = [
        f"{number} of {len(narrative)} sentences worded by the language model {name}"
        for name, number in sorted(writers.items())
    ]
    if templates:
        said.append(f"{templates} of {len(narrative)} made from fixed templates and quotes of the record")
    if people:
        said.append(f"{people} of {len(narrative)} written by a person")
    return ["Writing: " + "; ".join(said) + "."] if said else []


def _readers(packet: Mapping[str, Any]) -> list[str]:
    criteria = rows_of(packet, "criteria")
    deciders = Counter(text_of(row, "decided_by") or "nobody" for row in criteria)
    rules, people = deciders.pop("rule", 0), deciders.pop("person", 0)
    said = [f"{rules} of {len(criteria)} criteria decided by rules on the record"] if rules else []
    said += [
        f"{number} from the text of notes by {name}"
        for name, number in sorted(deciders.items())
        if name != "nobody"
    ]
    if people:
        said.append(f"{people} by a person")
    return ["Findings: " + "; ".join(said) + "."] if said else []


def _checks(packet: Mapping[str, Any]) -> list[str]:
    narrative = rows_of(packet, "narrative")
    if not narrative:
        return []
    names = sorted({text_of(check, "check") for row in narrative for check in rows_of(row, "checks")} - {""})
    passed = sum(
        bool(rows_of(row, "checks")) and all(check.get("ok") is True for check in rows_of(row, "checks"))
        for row in narrative
    )
    if not names:
        return ["Checks: none are recorded."]
    validator = text_of(packet, "validator")
    by = f"; validator: {validator}" if validator else "; no validator was configured"
    return [
        f"Checks: {passed} of {len(narrative)} sentences passed every check that ran on them against the "
        f"sources they cite ({', '.join(names)}{by}). What fails is left out."
    ]


def _review(packet: Mapping[str, Any]) -> str:
    seed = text_of(mapping_of(packet, "request"), "seed")
    tail = f" Seed {seed}." if seed else ""
    return (
        "Software writes and quotes; it decides nothing. A clinician must read the letter and its sources."
        + tail
    )
