"""The letter over HTTP: read, signed, exported, sent, and what the payer decided."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from posology.errors import RequestError
from posology.review import exporting, signing
from posology.review.exporting import LetterForm, Wanted, letter_of
from posology.review.outcomes import Decision, mark_sent, record_outcome
from posology.review.packets import open_packet
from posology.review.sessions import LOCAL_METHODS, Session
from posology.review.signing_in import reprove
from posology.web.answers import SignatureAnswer, StateAnswer, StatementAnswer
from posology.web.api.moves import state_of
from posology.web.bodies import ExportBody, OutcomeBody, PacketId, SentBody, SignBody
from posology.web.context import Acting, OfSite, Signed, address_of
from posology.web.entering import guarded_by_failures
from posology.web.guard import new_router
from posology.web.site import Site

__all__ = ["router"]

router = new_router()

_TYPES = {"pdf": "application/pdf", "html": "text/html", "md": "text/markdown"}
_FILE = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}


def _files(*kinds: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "the file", "content": dict.fromkeys(kinds, _FILE)}}


@router.get(
    "/api/v1/packets/{packet_id}/letter.{form}",
    response_class=Response,
    responses=_files(*_TYPES.values()),
)
def read_letter(packet_id: PacketId, form: LetterForm, site: OfSite, actor: Acting) -> Response:
    """Give the letter to read: marked DRAFT on every page until a signature stands under it."""
    data = letter_of(site.store, actor, packet_id, form)
    return _attached(data, _TYPES[form], f"letter-{packet_id[:12]}.{form}")


def _attached(data: bytes, kind: str, name: str) -> Response:
    """Give a file to be saved; its name is ours, ASCII, and says nothing of the patient."""
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/api/v1/packets/{packet_id}/statement")
def read_statement(packet_id: PacketId, site: OfSite, actor: Acting) -> StatementAnswer:
    """Say in plain words what a signature would attest, and what is still open."""
    opened = open_packet(site.store, actor, packet_id)
    statement = signing.statement_for(opened.record)
    return StatementAnswer(version=opened.head.version, text=statement.text, open=list(statement.open))


@router.post("/api/v1/packets/{packet_id}/sign")
def sign(
    request: Request, packet_id: PacketId, body: SignBody, site: OfSite, session: Signed
) -> SignatureAnswer:
    """Sign the version that was read; who signs proves again who they are."""
    if not body.attested:
        raise RequestError("signing: attested is true where the statement is attested; nothing was signed")
    proved_us = _proved(request, site, session, body)
    wish = signing.Signing(body.version, body.acknowledged, proved_us, site.policy_hashes)
    signed = signing.sign(site.store, session.actor, packet_id, wish)
    return SignatureAnswer.model_validate(signed)


def _proved(request: Request, site: Site, session: Session, body: SignBody) -> int:
    if session.method not in LOCAL_METHODS:
        return site.store.clock() if session.method == "demo" else session.proved_us
    with guarded_by_failures(request):
        reprove(site.store, session, body.password, body.code, address_of(request))
    return site.store.clock()


@router.post(
    "/api/v1/packets/{packet_id}/export",
    response_class=Response,
    responses=_files("application/pdf", "text/html", "application/octet-stream", "application/zip"),
)
def export(packet_id: PacketId, body: ExportBody, site: OfSite, actor: Acting) -> Response:
    """Give a file to send; that is recorded before. JSON comes as a file of bytes."""
    wanted = Wanted(body.form, body.documents, body.reason)
    made = exporting.export(site.store, actor, packet_id, wanted)
    kind = "application/octet-stream" if body.form == "json" else made.media_type
    return _attached(made.data, kind, made.name)


@router.post("/api/v1/packets/{packet_id}/sent")
def say_sent(packet_id: PacketId, body: SentBody, site: OfSite, actor: Acting) -> StateAnswer:
    """Say that a signed packet went to the payer: its clock starts."""
    mark_sent(site.store, actor, packet_id, serve=site.serve, by=body.by, sent_us=body.sent_us)
    return state_of(site, actor, packet_id)


@router.post("/api/v1/packets/{packet_id}/outcome")
def say_outcome(packet_id: PacketId, body: OutcomeBody, site: OfSite, actor: Acting) -> StateAnswer:
    """Say what the payer decided."""
    decision = Decision(body.outcome, body.reason, body.decided_us, body.note)
    record_outcome(site.store, actor, packet_id, decision)
    return state_of(site, actor, packet_id)
