"""The pages of the ledger: search, an entry in full, verification; proofs and files come from the API."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from posology.errors import NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review import audit
from posology.review.accounts import list_accounts
from posology.store import SYSTEM, Role
from posology.web.context import Acting, OfSite, Signed
from posology.web.guard import new_router
from posology.web.site import Site
from posology.web.templating import render

__all__ = ["router"]

router = new_router()

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = 50
_MOST = 2**53 - 1
_Text = Annotated[str, Query(max_length=100)]


@router.get("/ledger", include_in_schema=False)
def show_ledger(  # noqa: PLR0913 - one filter each
    request: Request,
    site: OfSite,
    session: Signed,
    kind: _Text = "",
    actor: _Text = "",
    packet: _Text = "",
    since: Annotated[str, Query(alias="from", max_length=100)] = "",
    until: Annotated[str, Query(alias="to", max_length=100)] = "",
    before: Annotated[int, Query(ge=0, le=_MOST)] = _MOST,
) -> Response:
    """Search the entries; administrators see the head and verify, and no entry."""
    given = {"kind": kind, "actor": actor.strip(), "packet": packet.strip(), "from": since, "to": until}
    if session.actor.role != Role.AUDITOR:
        return _page(request, site, {"given": given})
    try:
        query = _query(given, before)
    except RequestError as refused:
        return _page(request, site, {"given": given, "problem": str(refused)}, status=422)
    names = _names(site)
    found = audit.entries(site.store, query)
    values = {
        "given": given,
        "searched": True,
        "rows": [_row(entry, names) for entry in found.entries],
        "older": _address(given, found.before),
        "accounts": sorted(names.items(), key=lambda pair: pair[1].casefold()),
    }
    return _page(request, site, values)


def _query(given: Mapping[str, str], before: int) -> audit.Query:
    if given["kind"] and given["kind"] not in set(Kind):
        raise RequestError("ledger: there is no such kind of entry; choose one of the list")
    for field in ("actor", "packet"):
        if given[field] and not _ID.fullmatch(given[field]):
            raise RequestError(f"ledger: {field}: an id has letters, digits and . _ : - only")
    return audit.Query(
        kind=given["kind"],
        actor=given["actor"],
        packet=given["packet"],
        since_us=_micros(given["from"], "from"),
        until_us=_micros(given["to"], "to"),
        before=None if before == _MOST else before,
        limit=_ROWS,
    )


def _micros(text: str, field: str) -> int | None:
    """Return a time of a form, UTC, in microseconds since 1970."""
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RequestError(f"ledger: {field}: write a time as 2026-03-01T14:00, UTC") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(0, round((at - _EPOCH).total_seconds() * 1_000_000))


def _address(given: Mapping[str, str], before: int | None) -> str:
    if before is None:
        return ""
    kept = {key: value for key, value in given.items() if value}
    return "/ledger?" + urlencode({**kept, "before": str(before)})


def _names(site: Site) -> dict[str, str]:
    """Return who is meant by the ids of accounts."""
    named = {one.id: f"{one.name} ({one.login})" for one in list_accounts(site.store)}
    return named | {SYSTEM.id: "the program"}


def _row(entry: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "n": entry["n"],
        "at": str(entry["at"])[:19].replace("T", " "),
        "kind": entry["kind"],
        "actor": entry["actor"],
        "name": names.get(str(entry["actor"]), ""),
        "packet": entry["packet"] or "",
        "version": entry["version"],
        "details": _details(entry["details"], names),
    }


def _details(details: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what an entry says: key, value, and whose account the value is."""
    shown = []
    for key, value in details.items():
        words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
        shown.append((key.replace("_", " "), words, names.get(words, "")))
    return shown


def _page(request: Request, site: Site, more: Mapping[str, Any], *, status: int = 200) -> Response:
    head = audit.signed_head(site.store).as_json()
    values = {
        "given": {"kind": "", "actor": "", "packet": "", "from": "", "to": ""},
        "head": head,
        "kinds": [str(kind) for kind in Kind],
        "auditor": request.state.session.actor.role == Role.AUDITOR,
        "searched": False,
        "rows": [],
        "older": "",
        "accounts": [],
        "problem": "",
        "report": None,
    }
    return render(request, "ledger.html", {**values, **more}, status=status)


@router.post("/ledger/verify", include_in_schema=False)
def verify(request: Request, site: OfSite, actor: Acting) -> Response:
    """Verify the whole store against its ledger, and show everything that was found."""
    report = audit.verify(site.store, actor)
    return _page(request, site, {"report": report})


@router.get("/ledger/entries/{number}", include_in_schema=False)
def show_entry(request: Request, site: OfSite, number: Annotated[int, Path(ge=0, le=_MOST)]) -> Response:
    """Show one entry in full."""
    found = audit.entries(site.store, audit.Query(before=number + 1, limit=1))
    if not found.entries or found.entries[0]["n"] != number:
        raise NotFound(f"the ledger has {found.size} entries, numbered from 0; there is no entry {number}")
    entry, names = found.entries[0], _names(site)
    values = {
        "row": _row(entry, names),
        "session_name": entry["session"] or "",
        "objects": sorted((entry.get("objects") or {}).items()),
        "raw": json.dumps(entry, ensure_ascii=False, indent=2, sort_keys=True),
        "size": found.size,
    }
    return render(request, "ledger-entry.html", values)
