"""The page of a packet: criteria, letter, source; and the acts that people do there."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from posology.errors import Conflict, NotFound, PolicyError, RequestError, UserError
from posology.priorauth.acts import parse_act
from posology.priorauth.letter.criteria import status_words
from posology.review import moving
from posology.review.acting import Changed, act_on
from posology.review.packets import OpenPacket, open_packet, open_version, versions_of
from posology.review.people import colleagues
from posology.review.scratch import list_scratches
from posology.review.signatures import last_voided
from posology.review.sources import open_source
from posology.review.states import OPEN, State
from posology.store import Role
from posology.web.choices import people_options
from posology.web.context import OfSite, Signed
from posology.web.desks import desk_of
from posology.web.guard import new_router
from posology.web.packetview import build_packet_view
from posology.web.site import Site
from posology.web.sourceview import (
    SourceView,
    build_policy_view,
    build_source_view,
    build_statement_view,
    evidence_row,
    source_named,
)
from posology.web.templating import render
from posology.web.words import day_of, state_words, when

__all__ = ["router"]

router = new_router()

_FIELDS_OF_PAGE = ("csrf", "seen_version", "version")
_FROZEN = {
    State.SENT: "It was sent: it does not change any more. What must change needs a new draft.",
    State.APPROVED: "The payer approved it: it does not change any more.",
    State.PARTLY: "The payer approved it in part: it does not change any more.",
    State.DENIED: "The payer denied it: it does not change any more. An appeal needs a new draft.",
    State.WITHDRAWN: "It was withdrawn: it does not change any more.",
}
_OUTDATED = (
    "The policy file has changed since this draft: it is neither changed nor signed any more. Draft anew."
)
_ACTS = {
    "confirm": "Confirmed.",
    "reject": "The reading was rejected.",
    "override": "Decided.",
    "state": "The statement was taken in.",
    "attach": "The document was added and read.",
    "answer": "The answer was taken in.",
    "edit": "The sentence was checked.",
    "drop": "The sentence was taken out.",
    "offer": "The sentence was checked.",
}
_WITHDRAWALS = {
    "not-needed": "it needs no authorization, or the service is not needed",
    "other-request": "another request takes its place",
    "patient-wish": "the patient wishes it",
    "mistake": "it was made by mistake",
    "other": "another reason",
}
_OF_CHART = ("patient-name", "birth-date", "order")  # fields that no answer can fill in
_CHOICES = {"kind": ("initial", "continuation"), "side": ("left", "right", "bilateral")}
_KEPT = {  # what may be typed on each part of a packet, as unsaved words name it
    "criteria": ("reject", "override", "state", "attach"),
    "narrative": ("sentence", "drop"),
    "withheld": ("withheld",),
    "gaps": ("supply",),
}
_Evidence = Annotated[str, Query(alias="e", max_length=40)]
_Origin = Annotated[str, Query(alias="from", max_length=200)]


@router.get("/packets/{packet_id}", include_in_schema=False)
def show_packet(  # noqa: PLR0913 - the parts of the address
    request: Request,
    site: OfSite,
    session: Signed,
    packet_id: str,
    evidence: _Evidence = "",
    origin: _Origin = "",
    did: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show a packet; ``e`` opens the source of a piece of evidence, ``did`` tells what a version did."""
    opened = open_packet(site.store, session.actor, packet_id)
    message = _message(request, opened, did)
    return _page(request, opened, evidence, origin, message)


def _page(
    request: Request, opened: OpenPacket, evidence: str, origin: str, message: Mapping[str, Any] | None
) -> Response:
    values = _standing(request, opened) | {
        "view": build_packet_view(opened.record),
        "message": message,
        "policy_title": opened.record["policy"]["title"],
        **_source_values(request, opened, evidence, origin),
    }
    status = int(message.get("status", 200)) if message else 200
    return render(request, "packet.html", values, status=status)


def _standing(request: Request, opened: OpenPacket) -> dict[str, Any]:
    """Return where a packet stands and what this person may do with it now."""
    site, session = request.app.state.site, request.state.session
    head, role = opened.head, session.actor.role
    is_open = head.state in OPEN
    is_current = opened.record["request"]["policy"]["sha256"] in site.policy_hashes
    decides = role == Role.CLINICIAN
    kept = list_scratches(site.store, session.actor, head.id) if is_open else ()
    return {
        "head": head,
        "state_words": state_words(head.state),
        "frozen": _FROZEN.get(State(head.state), "") or ("" if is_current else _OUTDATED),
        "may_act": is_open,
        "may_decide": decides,
        "may_sign": is_open
        and is_current
        and decides
        and head.state != State.SIGNED
        and head.conclusion != "not_supported",
        "may_export": head.state != State.WITHDRAWN,
        "people": people_options(colleagues(site.store), head.owner_id, roles=True) if is_open else "",
        "voided": _voided(site, head.id) if head.state in (State.DRAFTED, State.PREPARED) else "",
        "note": _note(request, opened) if head.state == State.DRAFTED else None,
        "withdrawals": tuple(_WITHDRAWALS.items()),
        "statement_day": min(day_of(site.store.clock()), head.card.day),
        "of_chart": _OF_CHART,
        "choices": _CHOICES,
        "scratches": {one.target: one.text for one in kept},
        "stray": _stray(opened.record, {one.target: one.text for one in kept}),
    }


def _voided(site: Site, packet_id: str) -> str:
    """Say whose signature a later act voided; nothing where there was none."""
    voided = last_voided(site.store, packet_id)
    if voided is None:
        return ""
    return (
        f"{voided.name} had signed version {voided.version} on {when(voided.signed_us)}. {voided.by} changed "
        f"the packet on {when(voided.voided_us)}, which voids the signature: it must be signed again."
    )


def _stray(record: Mapping[str, Any], kept: Mapping[str, str]) -> tuple[str, ...]:
    """Return a person's unsaved words whose place on the page is gone."""
    places = {
        f"{kind}:{row['id']}" for part, kinds in _KEPT.items() for row in record[part] for kind in kinds
    }
    shown = {text for target, text in kept.items() if target in places}
    return tuple(text for target, text in kept.items() if target not in places and text not in shown)


def _message(request: Request, opened: OpenPacket, number: int) -> Mapping[str, Any] | None:
    """Say what the act behind a version did."""
    if not 2 <= number <= opened.head.version:
        return None
    site, session = request.app.state.site, request.state.session
    act = open_version(site.store, session.actor, opened.head.id, number).act
    name = act["act"]["act"] if isinstance(act.get("act"), Mapping) else ""
    told = [str(one["text"]) for one in act.get("told", ())]
    words = [_ACTS.get(name, "Saved.")]
    if act.get("before") != act.get("after"):
        words.append(f"The conclusion was {_plain(act['before'])} and is now {_plain(act['after'])}.")
    voided = last_voided(site.store, opened.head.id)
    if voided is not None and voided.version == number - 1:
        words.append(f"This voids the signature of {voided.name}: it must be signed again.")
    return {"text": " ".join(words), "points": told, "tone": "open" if told else "good"}


def _note(request: Request, opened: OpenPacket) -> Mapping[str, str] | None:
    """Return what a clinician wrote when the packet was last returned, with the name."""
    site, session = request.app.state.site, request.state.session
    returned = [
        one for one in versions_of(site.store, session.actor, opened.head.id) if one.cause == "returned"
    ]
    if not returned:
        return None
    act = open_version(site.store, session.actor, opened.head.id, returned[-1].number).act
    return {"by": returned[-1].by, "text": str(act["act"]["note"])}


def _plain(conclusion: object) -> str:
    return str(conclusion).replace("_", " ")


def _source_values(request: Request, opened: OpenPacket, evidence: str, origin: str) -> dict[str, Any]:
    values = {"source": None, "chosen": evidence, "origin": origin, "origin_words": _origin_words(origin)}
    if not evidence:
        return values
    try:
        row = evidence_row(opened.record, evidence)
        return values | {"source": _source(request, opened, row)}
    except NotFound:
        return values


def _source(request: Request, opened: OpenPacket, row: Mapping[str, Any]) -> SourceView:
    site, session = request.app.state.site, request.state.session
    if row["kind"] == "human":
        return build_statement_view(row)
    if row["kind"] == "policy":
        asked = opened.record["request"]["policy"]["sha256"]
        return build_policy_view(next((p for p in site.policies if p.sha256 == asked), None), row)
    return build_source_view(open_source(site.store, session.actor, opened.head.id, source_named(row)), row)


def _origin_words(origin: str) -> str:
    kind, _, identifier = origin.partition("-")
    return f"{kind} {identifier}" if kind in ("sentence", "criterion") else "the packet"


@router.get("/packets/{packet_id}/source", include_in_schema=False)
def show_source(
    request: Request,
    site: OfSite,
    session: Signed,
    packet_id: str,
    evidence: _Evidence,
    origin: _Origin = "",
) -> Response:
    """Show the source of a piece of evidence, as a part of the packet's page."""
    opened = open_packet(site.store, session.actor, packet_id)
    return render(request, "source.html", _source_values(request, opened, evidence, origin))


@router.post("/packets/{packet_id}/acts", include_in_schema=False)
async def act(request: Request, packet_id: str) -> Response:
    """Do what a form asks, and show the packet as it is then."""
    from anyio.to_thread import run_sync

    form = await request.form(max_files=0, max_part_size=2_000_000)
    return await run_sync(_act, request, packet_id, form)


def _act(request: Request, packet_id: str, form: FormData) -> Response:
    site, session = request.app.state.site, request.state.session
    try:
        wanted = parse_act(_given(form))
        seen = _number(str(form.get("seen_version", "")))
        done = act_on(site.store, session.actor, packet_id, seen, wanted, desk_of(site))
    except (RequestError, PolicyError, Conflict) as error:
        return _refused(request, packet_id, error)
    return RedirectResponse(f"/packets/{packet_id}?did={done.version}", 303)


def _given(form: FormData) -> dict[str, object]:
    """Return an act's fields as a form holds them; a quantity is a value with its unit."""
    plain = {key: str(value) for key, value in form.items() if key not in _FIELDS_OF_PAGE and str(value)}
    unit, given = plain.pop("unit", ""), dict[str, object](plain)
    if plain.get("field") == "quantity" and "value" in plain:
        given["value"] = {"value": plain["value"], "unit": unit}
    return given


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise RequestError("act: seen_version: the version that the page showed is missing; reload the page")
    return int(text)


def _refused(request: Request, packet_id: str, error: UserError) -> Response:
    """Answer the page's script as a program, and anybody else with the page and what is wrong."""
    status = 409 if isinstance(error, Conflict) else 422
    if "application/problem+json" in request.headers.get("accept", ""):
        body = {"type": "about:blank", "title": "Not done", "status": status, "detail": str(error)}
        body |= _met(error.details) if isinstance(error, Conflict) else {}
        return JSONResponse(body, status, media_type="application/problem+json")
    opened = open_packet(request.app.state.site.store, request.state.session.actor, packet_id)
    return _page(request, opened, "", "", {"text": str(error), "points": (), "tone": "bad", "status": status})


def _met(changed: object) -> dict[str, str]:
    """Say who was there first, and what stands there now."""
    if not isinstance(changed, Changed):
        return {}
    row = changed.now or {}
    stands = str(row.get("sentence", "")) or (status_words(row) if "status" in row else "")
    words = f"{changed.by} changed this meanwhile (version {changed.version})."
    return {"detail": words if row else f"{words} It is not there any more.", "stands": stands}


@router.post("/packets/{packet_id}/prepare", include_in_schema=False)
def prepare(site: OfSite, session: Signed, packet_id: str) -> Response:
    """Say that staff has done its part."""
    moving.prepare(site.store, session.actor, packet_id)
    return RedirectResponse(f"/packets/{packet_id}", 303)


@router.post("/packets/{packet_id}/return", include_in_schema=False)
def give_back(
    site: OfSite, session: Signed, packet_id: str, note: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Return a packet to staff with a note."""
    moving.send_back(site.store, session.actor, packet_id, note)
    return RedirectResponse(f"/packets/{packet_id}", 303)


@router.post("/packets/{packet_id}/assign", include_in_schema=False)
def assign(
    site: OfSite, session: Signed, packet_id: str, user: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Hand a packet over to another person."""
    moving.assign(site.store, session.actor, packet_id, user)
    return RedirectResponse(f"/packets/{packet_id}", 303)


@router.post("/packets/{packet_id}/withdraw", include_in_schema=False)
def withdraw(
    site: OfSite, session: Signed, packet_id: str, reason: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Withdraw a packet."""
    moving.withdraw(site.store, session.actor, packet_id, reason)
    return RedirectResponse(f"/packets/{packet_id}", 303)
