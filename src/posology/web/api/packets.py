"""Packets over HTTP: the worklist, one packet, its versions, and where it stands."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from posology.priorauth.history import differences
from posology.review.packets import open_packet, open_version, pulse_of, versions_of
from posology.review.worklist import Sort, WorklistPage, WorklistQuery, worklist
from posology.web.answers import (
    DifferenceAnswer,
    HeadAnswer,
    PacketAnswer,
    PacketHeadAnswer,
    PacketPage,
    VersionAnswer,
    VersionHeadAnswer,
)
from posology.web.bodies import PacketId, VersionNumber
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["Filter", "page_links", "router"]

_PLAIN = r"^[^\x00-\x1f\x7f]*$"

router = new_router()


class Filter(BaseModel):
    """What to list; an empty value filters nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    state: Annotated[str, Field(pattern="^[a-z]{0,20}$")] = ""
    conclusion: Annotated[str, Field(pattern="^[a-z_]{0,20}$")] = ""
    owner: Annotated[str, Field(pattern="^(me|[0-9a-f]{20})?$", description='account id, or "me"')] = ""
    payer: Annotated[str, Field(max_length=200, pattern=_PLAIN)] = ""
    policy: Annotated[str, Field(max_length=200, pattern=_PLAIN)] = ""
    sort: Sort = "updated"
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    rows: Annotated[int, Field(ge=1, le=200)] = 50


class Search(BaseModel):
    """Whose packets are looked for."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [{"q": "Ada Made"}]}
    )

    q: Annotated[
        str, Field(min_length=1, max_length=200, pattern=_PLAIN, description="exact name or member id")
    ]


@router.get("/api/v1/packets")
def list_packets(
    wanted: Annotated[Filter, Query()], request: Request, response: Response, site: OfSite, actor: Acting
) -> PacketPage:
    """List packets, page by page; the header Link leads to the pages around."""
    found = worklist(site.store, actor, WorklistQuery(**wanted.model_dump()))
    response.headers.update(page_links(request, found.page, found.pages))
    return _page_of(found)


@router.post("/api/v1/packets/find")
def find_packets(wanted: Search, site: OfSite, actor: Acting) -> PacketPage:
    """Find a patient's packets; the name travels in the body, so that no address or log holds it."""
    return _page_of(worklist(site.store, actor, WorklistQuery(q=wanted.q, rows=200)))


def _page_of(found: WorklistPage) -> PacketPage:
    return PacketPage(
        packets=[PacketHeadAnswer.model_validate(row) for row in found.rows],
        total=found.total,
        page=found.page,
        pages=found.pages,
        states=dict(found.states),
    )


def page_links(request: Request, page: int, pages: int) -> dict[str, str]:
    """Return the header that leads to the first, previous, next and last page (RFC 8288)."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "page"]
    places = {"first": 1, "prev": page - 1, "next": page + 1, "last": pages}
    links = [
        f'<{request.scope["path"]}?{urlencode([*kept, ("page", number)])}>; rel="{name}"'
        for name, number in places.items()
        if 1 <= number <= pages
    ]
    return {"Link": ", ".join(links)}


@router.get("/api/v1/packets/{packet_id}")
def read_packet(packet_id: PacketId, site: OfSite, actor: Acting) -> PacketAnswer:
    """Give a packet at its current version; the first reading of a session is recorded."""
    opened = open_packet(site.store, actor, packet_id)
    return PacketAnswer(head=PacketHeadAnswer.model_validate(opened.head), record=dict(opened.record))


@router.get("/api/v1/packets/{packet_id}/head")
def read_head(packet_id: PacketId, site: OfSite, actor: Acting) -> HeadAnswer:
    """Say where a packet stands and who else is on it; cheap, to be asked again and again."""
    pulse = pulse_of(site.store, actor, packet_id)
    return HeadAnswer(
        version=pulse.version,
        state=pulse.state,
        updated_us=pulse.updated_us,
        updated_by=pulse.changed_by,
        present=list(pulse.present),
    )


@router.get("/api/v1/packets/{packet_id}/differences")
def read_differences(packet_id: PacketId, site: OfSite, actor: Acting) -> list[DifferenceAnswer]:
    """List what lies between the draft and the packet as it is now."""
    opened = open_packet(site.store, actor, packet_id)
    found = differences(opened.draft, opened.record)
    return [DifferenceAnswer.model_validate(one.as_json()) for one in found]


@router.get("/api/v1/packets/{packet_id}/versions")
def list_versions(packet_id: PacketId, site: OfSite, actor: Acting) -> list[VersionHeadAnswer]:
    """List what made each version, oldest first."""
    return [
        VersionHeadAnswer.model_validate(one, from_attributes=True)
        for one in versions_of(site.store, actor, packet_id)
    ]


@router.get("/api/v1/packets/{packet_id}/versions/{number}")
def read_version(packet_id: PacketId, number: VersionNumber, site: OfSite, actor: Acting) -> VersionAnswer:
    """Give one version: the record, and the act that made it."""
    version = open_version(site.store, actor, packet_id, number)
    return VersionAnswer(number=version.number, record=dict(version.record), act=dict(version.act))
