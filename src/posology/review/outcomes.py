"""What became of a packet: sent, with the payer's clock, and what the payer decided."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from posology.config import Serve
from posology.errors import RequestError
from posology.ledger.entries import Kind, format_time
from posology.review.heads import require_packet
from posology.review.moving import add_note
from posology.review.permitted import PREPARERS, require_role
from posology.review.signatures import standing_signature
from posology.review.states import State, require_state
from posology.store import Actor, Store
from posology.store.schema import packets

__all__ = ["REASONS", "Decision", "Outcome", "due_after", "mark_sent", "record_outcome"]

Outcome = Literal["approved", "partly", "denied"]
REASONS = (
    "criteria-met",
    "criteria-not-met",
    "missing-information",
    "not-covered",
    "not-eligible",
    "out-of-network",
    "other",
)
_HOUR_US = 3600 * 1_000_000
_MOST_NOTE = 2_000  # characters


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """What the payer decided and when: a reason from REASONS, and the payer's words if they are at hand."""

    outcome: Outcome
    reason: str
    decided_us: int | None = None  # None: now
    note: str = ""

    def __repr__(self) -> str:
        """Show the outcome only."""
        return f"Decision({self.outcome})"


def due_after(sent_us: int, urgency: str, serve: Serve) -> int:
    """Return when the payer must have answered what was sent at a time.

    >>> due_after(0, "expedited", Serve()) // 3_600_000_000
    72
    >>> due_after(0, "standard", Serve()) // 3_600_000_000 // 24
    7
    """
    expedited = urgency == "expedited"
    hours = serve.payer_hours_expedited if expedited else 24 * serve.payer_days_standard
    return sent_us + hours * _HOUR_US


def mark_sent(
    store: Store,
    actor: Actor,
    packet_id: str,
    *,
    serve: Serve,
    by: str = "portal",
    sent_us: int | None = None,
) -> None:
    """Say that a signed packet went to the payer, and start the payer's clock.

    ``by`` is a code such as portal, fax or mail; ``sent_us`` defaults to now and lies between the signature
    and now.
    """
    require_role(actor, "marking a packet as sent", PREPARERS)
    if by not in ("portal", "fax", "mail", "electronic", "other"):
        raise RequestError("sent: by is portal, fax, mail, electronic or other")
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (State.SIGNED,), "sending")
        signed = standing_signature(w.connection, packet_id)
        at = w.now_us if sent_us is None else sent_us
        if signed is None or not signed.signed_us <= at <= w.now_us:
            raise RequestError("sent: the time lies before the signature or in the future; correct it")
        due = due_after(at, row.urgency, serve)
        values = {"state": State.SENT, "sent_us": at, "due_us": due, "updated_us": w.now_us}
        w.update(packets, packet_id, values)
        details = {"by": by, "sent": format_time(at), "due": format_time(due), "urgency": row.urgency}
        w.record(Kind.PACKET_SENT, packet=packet_id, version=row.version, details=details)


def record_outcome(store: Store, actor: Actor, packet_id: str, decision: Decision) -> None:
    """Record what the payer decided on a packet that was sent."""
    require_role(actor, "recording an outcome", PREPARERS)
    if decision.outcome not in get_args(Outcome) or decision.reason not in REASONS:
        raise RequestError(
            f"outcome: one of {', '.join(get_args(Outcome))}; reason: one of {', '.join(REASONS)}"
        )
    if len(decision.note) > _MOST_NOTE:
        raise RequestError(f"outcome: the payer's words, up to {_MOST_NOTE:,} characters; shorten them")
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (State.SENT,), "recording an outcome")
        at = w.now_us if decision.decided_us is None else decision.decided_us
        if not row.sent_us <= at <= w.now_us:
            raise RequestError("outcome: the time lies before the packet was sent or in the future")
        said = {"outcome": decision.outcome, "reason": decision.reason, "note": decision.note}
        said["decided"] = datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="seconds")
        version = add_note(w, row, "outcome", said)
        state = State(decision.outcome)
        values = {"state": state, "decided_us": at, "updated_us": w.now_us, "version": version}
        w.update(packets, packet_id, values)
        details = {"outcome": str(state), "decided": format_time(at), "reason": decision.reason}
        w.record(Kind.PACKET_OUTCOME, packet=packet_id, version=version, details=details)
