"""Refused access: what a person tried that their role or session does not permit."""

from dataclasses import dataclass

from posology.ledger.entries import Kind
from posology.store import Actor, Store

__all__ = ["Refusal", "ledger_address", "record_refusal"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused; ``route`` is the template, never the path with its ids."""

    method: str
    route: str
    reason: str
    address: str = ""
    status: int = 403


def record_refusal(store: Store, actor: Actor, refusal: Refusal) -> None:
    """Write a refused access into the ledger."""
    details: dict[str, object] = {
        "method": refusal.method,
        "route": refusal.route,
        "reason": refusal.reason,
        "status": refusal.status,
        "user": actor.id,
    }
    if actor.role is not None:
        details["role"] = str(actor.role)
    if refusal.address:
        details["address"] = ledger_address(refusal.address)
    with store.write(actor) as w:
        w.record(Kind.ACCESS_REFUSED, details=details)


def ledger_address(address: str) -> str:
    """Return a client's address as the ledger writes it: IPv6 in brackets, without a zone."""
    bare = address.partition("%")[0]
    return f"[{bare}]" if ":" in bare else bare
