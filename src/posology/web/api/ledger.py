"""The ledger over HTTP: entries, proofs, the signed head, verification and export."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from posology.errors import LedgerError, RequestError
from posology.ledger.entries import Kind
from posology.ledger.heads import SignedHead
from posology.review import audit
from posology.web.answers import LedgerPage, ReportAnswer
from posology.web.bodies import HeadsBody
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["LedgerFilter", "router"]

router = new_router()

_MOST = 2**53 - 1
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"
_IN_MEMORY = 32 * 1024 * 1024
_CHUNK = 256 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Number = Annotated[int, Path(ge=0, le=_MOST, description="number of an entry; the first is 0")]
_Size = Annotated[int, Query(ge=0, le=_MOST, description="a count of entries")]


def _after_1970(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("write the time with its zone, such as 2026-03-01T00:00:00Z")
    if value < _EPOCH:
        raise ValueError("nothing was recorded before 1970")
    return value


_Time = Annotated[datetime, AfterValidator(_after_1970)]


class LedgerFilter(BaseModel):
    """Which entries are wanted; what is left out restricts nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Kind | None = None
    actor: Annotated[str, Field(pattern=_ID)] | None = None
    packet: Annotated[str, Field(pattern=_ID)] | None = None
    since: Annotated[_Time | None, Field(alias="from")] = None
    until: Annotated[_Time | None, Field(alias="to", description="exclusive")] = None
    before: Annotated[int, Field(ge=0, le=_MOST)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


@router.get("/api/v1/ledger/entries")
def list_entries(
    wanted: Annotated[LedgerFilter, Query()], request: Request, response: Response, site: OfSite
) -> LedgerPage:
    """List entries, the newest first; the header Link leads to older ones."""
    query = audit.Query(
        kind=wanted.kind or "",
        actor=wanted.actor or "",
        packet=wanted.packet or "",
        since_us=_micros(wanted.since),
        until_us=_micros(wanted.until),
        before=wanted.before,
        limit=wanted.limit,
    )
    page = audit.entries(site.store, query)
    if page.before is not None:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "before"]
        response.headers["Link"] = (
            f'<{request.scope["path"]}?{urlencode([*kept, ("before", page.before)])}>; rel="next"'
        )
    return LedgerPage(entries=list(page.entries), before=page.before, size=page.size)


def _micros(value: datetime | None) -> int | None:
    return None if value is None else round((value - _EPOCH).total_seconds() * 1_000_000)


@router.get("/api/v1/ledger/entries/{number}/proof")
def give_proof(number: _Number, site: OfSite, actor: Acting) -> dict[str, Any]:
    """Give the proof that an entry stands in the ledger, for an outsider; that is recorded."""
    return audit.prove(site.store, actor, number)


@router.get("/api/v1/ledger/head")
def give_head(site: OfSite) -> dict[str, Any]:
    """Give what the ledger is now, signed: keep it where the keeper of the store cannot change it."""
    return audit.signed_head(site.store).as_json()


@router.get("/api/v1/ledger/consistency")
def give_consistency(site: OfSite, old: _Size, new: _Size | None = None) -> dict[str, Any]:
    """Give the proof that a longer ledger begins with a shorter one."""
    return audit.consistency(site.store, old, new)


@router.post("/api/v1/ledger/verify")
def verify(site: OfSite, actor: Acting, body: HeadsBody | None = None) -> ReportAnswer:
    """Verify the whole store against its ledger, and the ledger against heads kept elsewhere."""
    try:
        heads = [SignedHead.from_json(one) for one in (body.heads if body else ())]
    except LedgerError as cause:
        raise RequestError(f"heads: {cause}") from None
    return ReportAnswer.model_validate(audit.verify(site.store, actor, heads).as_json())


@router.get(
    "/api/v1/ledger/export",
    response_class=StreamingResponse,
    responses={
        200: {"description": "JSON lines", "content": {"application/jsonl": {"schema": {"type": "string"}}}}
    },
)
def export(site: OfSite, actor: Acting) -> StreamingResponse:
    """Give the whole ledger with a signed head, for somebody without access; that is recorded."""
    file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed once it is sent
    head = audit.export_ledger(site.store, actor, file)
    file.seek(0)
    name = f'attachment; filename="ledger-{head.size}.jsonl"'
    return StreamingResponse(
        _parts(file), media_type="application/jsonl", headers={"Content-Disposition": name}
    )


def _parts(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(_CHUNK):
            yield part
