"""Sources of a packet over HTTP: notes, resources and attachments as they are."""

from typing import Annotated

from fastapi import Path

from posology.review import sources
from posology.web.answers import SourceAnswer, SourceHeadAnswer
from posology.web.bodies import PacketId
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()

_Source = Annotated[str, Path(max_length=500, description="name of a source", examples=["note-1.txt"])]


@router.get("/api/v1/packets/{packet_id}/sources")
def list_sources(packet_id: PacketId, site: OfSite, actor: Acting) -> list[SourceHeadAnswer]:
    """List the documents of a packet's chart, what was attached, and each resource that it quotes."""
    return [
        SourceHeadAnswer.model_validate(one) for one in sources.list_sources(site.store, actor, packet_id)
    ]


@router.get("/api/v1/packets/{packet_id}/sources/{source:path}")
def read_source(packet_id: PacketId, source: _Source, site: OfSite, actor: Acting) -> SourceAnswer:
    """Give a source as it is; the first reading of a session is recorded."""
    found = sources.open_source(site.store, actor, packet_id, source)
    return SourceAnswer(
        source=found.source,
        kind=found.kind,
        title=found.title,
        date=found.date,
        text=found.text,
        fields=list(found.fields),
    )
