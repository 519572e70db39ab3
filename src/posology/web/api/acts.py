"""Acts of a person on a packet over HTTP: checked before, taken in once, merged with others' acts."""

from fastapi.responses import Response

from posology.review.acting import Acted, act_on, preview_edit
from posology.web.answers import ActedAnswer, NoticeAnswer, PreviewAnswer
from posology.web.bodies import ActBody, PacketId, PreviewBody
from posology.web.context import Acting, OfSite
from posology.web.desks import desk_of
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()


@router.post("/api/v1/packets/{packet_id}/acts")
def act(packet_id: PacketId, body: ActBody, response: Response, site: OfSite, actor: Acting) -> ActedAnswer:
    """Confirm, reject, override, state, attach, answer, edit, drop or offer; gives the new version."""
    acted = act_on(site.store, actor, packet_id, body.seen_version, body.act, desk_of(site))
    response.headers["Content-Location"] = f"/api/v1/packets/{packet_id}/versions/{acted.version}"
    return _answer(acted)


def _answer(acted: Acted) -> ActedAnswer:
    revision = acted.revision
    return ActedAnswer(
        version=acted.version,
        target=revision.target if revision else "",
        touched=sorted(revision.touched) if revision else [],
        notices=[NoticeAnswer(target=one.target, text=one.text) for one in revision.findings]
        if revision
        else [],
        before=revision.before.outcome if revision else "",
        after=revision.after.outcome if revision else "",
        again=acted.again,
    )


@router.post("/api/v1/packets/{packet_id}/preview")
def preview(packet_id: PacketId, body: PreviewBody, site: OfSite, actor: Acting) -> PreviewAnswer:
    """Check a wording of a sentence without saving it."""
    found = preview_edit(site.store, actor, packet_id, body.sentence, body.text, desk_of(site))
    return PreviewAnswer(
        ok=found.verdict != "withheld",
        why=found.why,
        verdict=found.verdict,
        checks=[dict(check) for check in found.checks],
    )
