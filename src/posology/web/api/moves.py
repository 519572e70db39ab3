"""Moving a packet on over HTTP: prepared, returned, handed over, withdrawn, deleted."""

from typing import Annotated, Literal

from fastapi import Query

from posology.review import moving
from posology.review.deletion import delete_packet
from posology.review.packets import pulse_of
from posology.store import Actor
from posology.web.answers import DeletedAnswer, StateAnswer
from posology.web.bodies import AssignBody, PacketId, ReturnBody, WithdrawBody
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router
from posology.web.site import Site

__all__ = ["router", "state_of"]

router = new_router()

_Reason = Literal["duplicate", "wrong-patient", "retention-ended", "patient-request", "test", "other"]


def state_of(site: Site, actor: Actor, packet_id: str) -> StateAnswer:
    """Return where a packet stands now."""
    pulse = pulse_of(site.store, actor, packet_id)
    return StateAnswer(version=pulse.version, state=pulse.state)


@router.post("/api/v1/packets/{packet_id}/prepare")
def prepare(packet_id: PacketId, site: OfSite, actor: Acting) -> StateAnswer:
    """Say that staff has done its part: the packet waits for a clinician."""
    moving.prepare(site.store, actor, packet_id)
    return state_of(site, actor, packet_id)


@router.post("/api/v1/packets/{packet_id}/return")
def give_back(packet_id: PacketId, body: ReturnBody, site: OfSite, actor: Acting) -> StateAnswer:
    """Return a packet to staff with a note of what to do; a signature is voided."""
    moving.send_back(site.store, actor, packet_id, body.note)
    return state_of(site, actor, packet_id)


@router.post("/api/v1/packets/{packet_id}/assign")
def assign(packet_id: PacketId, body: AssignBody, site: OfSite, actor: Acting) -> StateAnswer:
    """Hand a packet over to a clinician or a member of staff."""
    moving.assign(site.store, actor, packet_id, body.user)
    return state_of(site, actor, packet_id)


@router.post("/api/v1/packets/{packet_id}/withdraw")
def withdraw(packet_id: PacketId, body: WithdrawBody, site: OfSite, actor: Acting) -> StateAnswer:
    """Withdraw a packet before the payer has decided."""
    moving.withdraw(site.store, actor, packet_id, body.reason)
    return state_of(site, actor, packet_id)


@router.delete("/api/v1/packets/{packet_id}")
def delete(
    packet_id: PacketId, reason: Annotated[_Reason, Query()], site: OfSite, actor: Acting
) -> DeletedAnswer:
    """Destroy a packet's key and delete its rows; the ledger keeps that it was there."""
    gone = delete_packet(site.store, actor, packet_id, reason)
    return DeletedAnswer(packet=gone.packet_id, rows=gone.rows, chart=gone.chart_id)
