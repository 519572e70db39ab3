"""The states of a packet, and which of them an act may start from."""

from enum import StrEnum

from posology.errors import Conflict

__all__ = ["DECIDED", "OPEN", "State", "require_state"]


class State(StrEnum):
    """Where a packet stands."""

    DRAFTED = "drafted"
    PREPARED = "prepared"  # staff has done its part
    SIGNED = "signed"
    SENT = "sent"  # the payer's clock runs
    APPROVED = "approved"
    PARTLY = "partly"  # approved in part
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


OPEN = (State.DRAFTED, State.PREPARED, State.SIGNED)  # may still change
DECIDED = (State.APPROVED, State.PARTLY, State.DENIED)


def require_state(state: str, allowed: tuple[State, ...], what: str) -> None:
    """Raise Conflict, with the way on, unless a packet stands where the act may start."""
    if state in allowed:
        return
    if state in (State.SENT, *DECIDED, State.WITHDRAWN):
        raise Conflict(f"{what}: the packet is {state} and does not change any more; draft anew")
    raise Conflict(f"{what}: the packet is {state}; it must be {' or '.join(allowed)}")
