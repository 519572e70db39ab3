"""Signing a packet, exporting it, and what became of it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import Conflict, NotAllowed, RequestError
from posology.review import exporting, outcomes
from posology.review.accounts import find_account
from posology.review.exporting import Wanted, letter_of
from posology.review.outcomes import Decision, mark_sent, record_outcome
from posology.review.packets import OpenPacket, open_packet
from posology.review.sessions import LOCAL_METHODS, Session, is_proved
from posology.review.signing import Signing, sign, signature_of, statement_for
from posology.review.signing_in import reprove
from posology.review.sources import list_sources
from posology.store import Role
from posology.web.context import OfSite, Signed, address_of
from posology.web.entering import guarded_by_failures
from posology.web.guard import new_router
from posology.web.packetview import build_packet_view
from posology.web.site import Site
from posology.web.templating import render
from posology.web.words import state_words, when

__all__ = ["router"]

router = new_router()

_WAYS = ("portal", "fax", "mail", "electronic", "other")
_Short = Annotated[str, Form(max_length=200)]


@router.get("/packets/{packet_id}/sign", include_in_schema=False)
def show_signing(request: Request, site: OfSite, session: Signed, packet_id: str) -> Response:
    """Show what would be attested, beside the letter."""
    return _signing(request, open_packet(site.store, session.actor, packet_id), "")


def _signing(request: Request, opened: OpenPacket, problem: str, status: int = 200) -> Response:
    site, session = request.app.state.site, request.state.session
    statement, account = statement_for(opened.record), find_account(site.store, session.actor.id)
    shown = [line for line in statement.text.split("\n") if not line.startswith("- ")]
    values = {
        "head": opened.head,
        "statement": statement,
        "lines": [line for line in shown if line != "You sign although this is open:"],
        "view": build_packet_view(opened.record),
        "problem": problem,
        "npi": account.npi,
        "local": session.method in LOCAL_METHODS,
        "totp": account.has_totp,
        "proved": _is_proved(site, session),
    }
    return render(request, "sign.html", values, status=status)


def _is_proved(site: Site, session: Session) -> bool:
    return session.method == "demo" or is_proved(session, site.store.clock())


@router.post("/packets/{packet_id}/sign", include_in_schema=False)
def sign_packet(  # noqa: PLR0913 - the fields of the form
    request: Request,
    site: OfSite,
    session: Signed,
    packet_id: str,
    version: Annotated[int, Form(ge=1)],
    attested: Annotated[bool, Form()] = False,
    acknowledged: Annotated[bool, Form()] = False,
    password: _Short = "",
    code: _Short = "",
) -> Response:
    """Sign: the password is given again, and what is read is what is signed."""
    opened = open_packet(site.store, session.actor, packet_id)
    if not attested:
        return _signing(request, opened, "Tick that you attest it; nothing was signed.", 422)
    try:
        if session.method in LOCAL_METHODS:
            with guarded_by_failures(request):
                reprove(site.store, session, password, code, address_of(request))
            proved_us = site.store.clock()
        else:
            proved_us = site.store.clock() if session.method == "demo" else session.proved_us
        wish = Signing(version, acknowledged, proved_us, site.policy_hashes)
        sign(site.store, session.actor, packet_id, wish)
    except (NotAllowed, Conflict, RequestError) as error:
        return _signing(request, opened, str(error), 409 if isinstance(error, Conflict) else 403)
    return RedirectResponse(f"/packets/{packet_id}/export", 303)


@router.get("/packets/{packet_id}/letter.pdf", include_in_schema=False)
def show_letter(site: OfSite, session: Signed, packet_id: str) -> Response:
    """Show the letter as it is now: with DRAFT on every page unless it is signed."""
    data = letter_of(site.store, session.actor, packet_id, "pdf")
    return Response(
        data, media_type="application/pdf", headers=_named(f"packet-{packet_id[:12]}.pdf", "inline")
    )


def _named(name: str, how: str) -> dict[str, str]:
    return {"Content-Disposition": f'{how}; filename="{name}"'}


@router.get("/packets/{packet_id}/export", include_in_schema=False)
def show_export(request: Request, site: OfSite, session: Signed, packet_id: str) -> Response:
    """Show what may leave the house, and what became of it."""
    return _export(request, open_packet(site.store, session.actor, packet_id), "")


def _export(request: Request, opened: OpenPacket, problem: str, status: int = 200) -> Response:
    site, session = request.app.state.site, request.state.session
    head = opened.head
    signed = signature_of(site.store, session.actor, head.id)
    discloses = session.actor.role == Role.CLINICIAN and signed is not None
    sources = list_sources(site.store, session.actor, head.id) if discloses else ()
    values: dict[str, Any] = {
        "head": head,
        "state_words": state_words(head.state),
        "problem": problem,
        "signature": signed,
        "signed_at": when(signed.signed_us) if signed else "",
        "documents": [one for one in sources if one.kind == "text"],
        "may_disclose": discloses,
        "disclosures": exporting.REASONS,
        "ways": _WAYS,
        "reasons": outcomes.REASONS,
        "sent": when(head.sent_us),
        "due": when(head.due_us),
        "decided": when(head.decided_us),
    }
    return render(request, "export.html", values, status=status)


@router.post("/packets/{packet_id}/export", include_in_schema=False)
def export_packet(  # noqa: PLR0913 - the fields of the form
    request: Request,
    site: OfSite,
    session: Signed,
    packet_id: str,
    form: Annotated[str, Form(max_length=10)] = "pdf",
    documents: Annotated[Sequence[str], Form()] = (),
    reason: _Short = "payer-asked",
) -> Response:
    """Give a file to send; it is recorded before it is given."""
    try:
        wanted = Wanted(form, tuple(documents), reason)  # type: ignore[arg-type]  # checked where it is made
        made = exporting.export(site.store, session.actor, packet_id, wanted)
    except (Conflict, RequestError, NotAllowed) as error:
        opened = open_packet(site.store, session.actor, packet_id)
        return _export(request, opened, str(error), 409 if isinstance(error, Conflict) else 422)
    return Response(made.data, media_type=made.media_type, headers=_named(made.name, "attachment"))


@router.post("/packets/{packet_id}/sent", include_in_schema=False)
def say_sent(site: OfSite, session: Signed, packet_id: str, by: _Short = "portal") -> Response:
    """Say that it went to the payer."""
    mark_sent(site.store, session.actor, packet_id, serve=site.serve, by=by)
    return RedirectResponse(f"/packets/{packet_id}/export", 303)


@router.post("/packets/{packet_id}/outcome", include_in_schema=False)
def say_outcome(
    site: OfSite,
    session: Signed,
    packet_id: str,
    outcome: _Short = "",
    reason: _Short = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Say what the payer decided."""
    decision = Decision(outcome, reason, None, note)  # type: ignore[arg-type]  # checked where it is kept
    record_outcome(site.store, session.actor, packet_id, decision)
    return RedirectResponse(f"/packets/{packet_id}/export", 303)
