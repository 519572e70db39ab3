"""What changed in a packet since it was drafted: sentences word by word, findings, and every version."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from posology.priorauth.history import Difference, differences
from posology.review.packets import open_packet, versions_of
from posology.web.context import OfSite, Signed
from posology.web.guard import new_router
from posology.web.templating import render
from posology.web.words import when

__all__ = ["router"]

router = new_router()

_WORDS = {"added": "Added", "removed": "Removed", "changed": "Changed"}
_TONES = {"added": "good", "removed": "bad", "changed": "open"}


@router.get("/packets/{packet_id}/differences", include_in_schema=False)
def show_differences(request: Request, site: OfSite, session: Signed, packet_id: str) -> Response:
    """Show what lies between the draft and the packet as it is now."""
    opened = open_packet(site.store, session.actor, packet_id)
    found = differences(opened.draft, opened.record)
    values = {
        "head": opened.head,
        "sentences": [_sentence(one) for one in found if one.kind == "sentence"],
        "findings": [_finding(one) for one in found if one.kind != "sentence"],
        "versions": [
            {
                "number": one.number,
                "cause": one.cause,
                "target": one.target.replace(":", " ") or "the whole",
                "by": one.by,
                "when": when(one.created_us),
            }
            for one in reversed(versions_of(site.store, session.actor, packet_id))
        ],
    }
    return render(request, "differences.html", values)


def _sentence(one: Difference) -> Mapping[str, Any]:
    return {
        "words": f"{_WORDS[one.change]}: sentence {one.id}",
        "tone": _TONES[one.change],
        "by": f"{one.by}{': ' + one.why if one.why else ''}",
        "parts": list(_parts(one)),
    }


def _parts(one: Difference) -> Iterable[Mapping[str, str]]:
    for run in one.words:
        if run.operation == "equal":
            yield {"kind": "same", "text": run.after}
            continue
        if run.before:
            yield {"kind": "delete", "text": run.before}
        if run.after:
            yield {"kind": "insert", "text": run.after}


def _finding(one: Difference) -> str:
    """Say a change of a criterion, a gap, the conclusion in one line."""
    before, after = (_said(one.before), _said(one.after))
    change = f"{before} → {after}" if one.change == "changed" else _WORDS[one.change].lower()
    by = f" by {one.by}" if one.by else ""
    why = f": {one.why}" if one.why else ""
    return f"{one.kind} {one.id}: {change}{by}{why}".replace("conclusion conclusion", "conclusion")


def _said(row: Mapping[str, Any]) -> str:
    values = [row.get(key) for key in ("status", "conclusion", "provisional", "value", "title")]
    return ", ".join(str(value).replace("_", " ") for value in values if value) or "none"
