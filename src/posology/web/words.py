"""Words for people: states, times, the payer's clock."""

from datetime import UTC, datetime

from posology.review.states import DECIDED, State

__all__ = ["STATES", "clock_words", "day_of", "iso_of", "state_words", "when"]

STATES = {
    State.DRAFTED: "drafted",
    State.PREPARED: "prepared",
    State.SIGNED: "signed",
    State.SENT: "sent",
    State.APPROVED: "approved",
    State.PARTLY: "approved in part",
    State.DENIED: "denied",
    State.WITHDRAWN: "withdrawn",
}
_HOUR_US = 3_600_000_000


def state_words(state: str) -> str:
    """Return a state in words."""
    return STATES[State(state)]


def iso_of(at_us: int) -> str:
    """Return a time for machines; empty for none."""
    return _time(at_us).isoformat(timespec="seconds") if at_us else ""


def day_of(at_us: int) -> str:
    """Return the day of a time, UTC; empty for none."""
    return _time(at_us).date().isoformat() if at_us else ""


def when(at_us: int) -> str:
    """Return a time for people, UTC to the minute; empty for none."""
    return _time(at_us).strftime("%Y-%m-%d %H:%M UTC") if at_us else ""


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def clock_words(state: str, due_us: int, now_us: int) -> tuple[str, bool]:
    """Say how much time the payer has left, and whether it has run out; nothing where no clock runs.

    >>> clock_words("sent", 90_000_000_000, 0)
    ('25 hours left', False)
    """
    if state in DECIDED:
        return "answered", False
    if state != State.SENT or not due_us:
        return "", False
    hours = (due_us - now_us) // _HOUR_US
    if hours < 0:
        return f"overdue by {_span(-hours)}", True
    return f"{_span(hours)} left", False


def _span(hours: int) -> str:
    if hours < 48:
        return f"{hours} {'hour' if hours == 1 else 'hours'}"
    return f"{hours // 24} days"
