"""Words that were typed and not yet saved, over HTTP: nobody sees another person's."""

from fastapi.responses import Response

from posology.errors import NotFound
from posology.review import scratch
from posology.review.scratch import Scratch
from posology.web.answers import ScratchAnswer
from posology.web.bodies import PacketId, ScratchBody, Target
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["router"]

_PATH = "/api/v1/packets/{packet_id}/scratch/{target}"

router = new_router()


@router.put(_PATH, status_code=204, response_class=Response)
def keep_words(packet_id: PacketId, target: Target, body: ScratchBody, site: OfSite, actor: Acting) -> None:
    """Keep one's unsaved words for a target; what was kept for it before is replaced."""
    scratch.keep_scratch(site.store, actor, packet_id, Scratch(target, body.seen_version, 0, body.text))


@router.get(_PATH)
def read_words(packet_id: PacketId, target: Target, site: OfSite, actor: Acting) -> ScratchAnswer:
    """Give one's own unsaved words for a target."""
    found = scratch.get_scratch(site.store, actor, packet_id, target)
    if found is None:
        raise NotFound(f"packet {packet_id}: you have no unsaved words for {target}")
    return ScratchAnswer.model_validate(found)


@router.delete(_PATH, status_code=204, response_class=Response)
def drop_words(packet_id: PacketId, target: Target, site: OfSite, actor: Acting) -> None:
    """Let go of one's unsaved words for a target."""
    scratch.delete_scratch(site.store, actor, packet_id, target)
