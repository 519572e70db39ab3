"""Where a resource's fact lies in time: calendar arithmetic, windows, and states on a day."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from posology.policies.policy import Duration, State
from posology.records.chart import Resource
from posology.records.dates import PartialDate
from posology.records.timing import Dated, period_of

__all__ = [
    "STATE_TYPES",
    "Window",
    "add",
    "day_in_window",
    "in_state",
    "overlaps",
    "recorded_period",
    "subtract",
]

STATE_TYPES = frozenset({"Condition", "MedicationRequest", "MedicationStatement"})
_DAYS = {"day": 1, "week": 7}

# the status words of each type: those under which the fact holds, and those under which it is over
_STATUS: Mapping[str, tuple[str, frozenset[str], frozenset[str]]] = {
    "Condition": (
        "clinicalStatus",
        frozenset({"active", "recurrence", "relapse"}),
        frozenset({"inactive", "remission", "resolved"}),
    ),
    "MedicationRequest": ("status", frozenset({"active"}), frozenset({"completed", "stopped"})),
    "MedicationStatement": ("status", frozenset({"active"}), frozenset({"completed", "stopped"})),
    "AllergyIntolerance": ("clinicalStatus", frozenset({"active"}), frozenset({"inactive", "resolved"})),
    "CarePlan": ("status", frozenset({"active"}), frozenset({"completed"})),
    "ServiceRequest": ("status", frozenset({"active"}), frozenset({"completed"})),
    "DeviceRequest": ("status", frozenset({"active"}), frozenset({"completed"})),
    "DeviceUseStatement": ("status", frozenset({"active"}), frozenset({"completed"})),
    "Coverage": ("status", frozenset({"active"}), frozenset()),
}


def add(day: date, length: Duration, sign: int = 1) -> date:
    """Add a length of calendar time; a day that the month lacks becomes its last day.

    >>> add(date(2024, 1, 31), Duration(1, "month"))
    datetime.date(2024, 2, 29)
    """
    if length.unit in _DAYS:
        return day + timedelta(days=sign * _DAYS[length.unit] * length.amount)
    months = length.amount * (12 if length.unit == "year" else 1)
    year, month = divmod(day.year * 12 + day.month - 1 + sign * months, 12)
    if not 1 <= year <= 9999:
        return date.min if sign < 0 else date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def subtract(day: date, length: Duration) -> date:
    """Return the day that lies a length of calendar time before ``day``."""
    return add(day, length, -1)


@dataclass(frozen=True, slots=True)
class Window:
    """The time a leaf allows: ``length`` back from ``day``, both ends included; no length is no limit."""

    length: Duration | None
    day: date

    @property
    def first(self) -> date:
        """Return the first day of the window."""
        return subtract(self.day, self.length) if self.length else date.min


def day_in_window(when: PartialDate | None, window: Window) -> bool | None:
    """Tell whether a day falls inside a window; ``None`` where that cannot be told."""
    if when is None:
        return True if window.length is None else None
    return _both(when.on_or_before(window.day), when.on_or_after(window.first))


def overlaps(
    start: PartialDate | None, end: PartialDate | None, window: Window, *, goes_on: bool
) -> bool | None:
    """Tell whether a period overlaps a window; without an end it lasts on only where it ``goes_on``."""
    begun = True if start is None else start.on_or_before(window.day)
    if end is not None:
        lasts = end.on_or_after(window.first)
    elif goes_on or window.length is None:
        lasts = True
    else:
        lasts = True if start is not None and start.on_or_after(window.first) else None
    return _both(begun, lasts)


def in_state(resource: Resource, state: State, day: date) -> bool | None:
    """Tell whether a resource's fact is active, ever begun, or over, on a day; ``None`` where not known.

    Active means: started, not ended, not stopped, not resolved. A status that says "over" with an end after
    the day means that it was active on the day, unless that end was only planned.
    """
    start, end = period_of(resource)
    begun = True if start is None else start.on_or_before(day)
    if state == "ever" or begun is False:
        return begun
    over = _over(resource, end, day)
    if state == "resolved":
        return _both(begun, over)
    return _both(begun, None if over is None else not over)


def goes_on(resource: Resource) -> bool:
    """Tell whether a resource's status says that its fact still holds."""
    words = _STATUS.get(resource.type)
    return words is not None and bool(_status(resource.body, words[0]) & words[1])


def _over(resource: Resource, end: Dated | None, day: date) -> bool | None:
    """Tell whether the fact was over on the day, by its end date and its status.

    A period still lasts on its last day; a condition that abated on the day is over.
    """
    words = _STATUS.get(resource.type)
    status = _status(resource.body, words[0]) if words else frozenset()
    holds, done = (bool(status & words[1]), bool(status & words[2])) if words else (False, False)
    if end is not None:
        condition = resource.type == "Condition"
        ended = end.on_or_before(day if condition else day - timedelta(days=1))
        if ended is not True:
            return None if done and _planned(resource, end) else ended
        return None if condition and holds else True
    if done:
        return True
    if holds:
        return None if _abated(resource.body) else False
    return None if words else False


def _planned(resource: Resource, end: Dated) -> bool:
    """Tell whether an end is that of an order's plan, which says little once the order is no longer active.

    An order that was stopped ended before its plan did; one may be dispensed long after its last supply.
    """
    order = resource.type in ("MedicationRequest", "ServiceRequest", "DeviceRequest", "CarePlan")
    return order and ("stopped" in _status(resource.body, "status") or "validityPeriod" in end.path)


def recorded_period(resource: Resource, day: date) -> tuple[Dated | None, Dated | None]:
    """Return the start and end of a resource's fact, without an end that was only planned."""
    start, end = period_of(resource)
    if end is None or goes_on(resource) or not _planned(resource, end):
        return start, end
    return start, None if "validityPeriod" in end.path or end.latest > day else end


def _abated(body: Mapping[str, Any]) -> bool:
    return any(key.startswith("abatement") and value not in (False, None) for key, value in body.items())


def _status(body: Mapping[str, Any], element: str) -> frozenset[str]:
    value = body.get(element)
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, Mapping):
        codings = value.get("coding") or []
        return frozenset(str(coding.get("code")) for coding in codings if isinstance(coding, Mapping))
    return frozenset()


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return True if one and other else None
