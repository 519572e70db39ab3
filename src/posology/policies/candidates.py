"""The resources that a leaf may rest on: surely, possibly, or not, each with the reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from posology.policies.codes import CodeMatch, concept_name, match_code
from posology.policies.eligible import eligibility
from posology.policies.fhirpath import keeps, leading_type, selects
from posology.policies.finding import Finding
from posology.policies.policy import Find, Leaf, Near, Policy
from posology.policies.timeline import (
    STATE_TYPES,
    Window,
    add,
    day_in_window,
    goes_on,
    in_state,
    overlaps,
    recorded_period,
    subtract,
)
from posology.policies.worlds import ages_on, holds, variable_sets
from posology.records.chart import Chart, Resource
from posology.records.dates import PartialDate, parse_date
from posology.records.timing import Dated, date_of, period_of

__all__ = ["Candidate", "Candidates", "Scope", "find_candidates"]

_LONG_AGO, _EVER_AFTER = date.min, date.max


@dataclass(frozen=True)
class Scope:
    """What leaves are judged against: the policy, the chart, the request and the date of service."""

    policy: Policy
    chart: Chart
    request: Mapping[str, Any]
    day: date

    @cached_property
    def request_resource(self) -> Resource:
        """The request as a resource of the chart."""
        return Resource("request", "Request", self.request, self.request)

    @cached_property
    def age(self) -> int | None:
        """Whole years on the date of service; ``None`` where the birth date does not settle it."""
        ages = ages_on(parse_date(self.chart.patient.body.get("birthDate")), self.day)
        return ages[0] if len(ages) == 1 else None

    def holds(
        self,
        judge: Callable[..., bool | None],
        expression: str,
        body: Mapping[str, Any],
        event: PartialDate | None,
    ) -> bool | None:
        """Tell whether an expression holds for a body, however its partial dates turn out.

        Its variables are %date, %age, %sex, %event_date and %age_at_event.
        """
        sets = variable_sets(expression, self.chart.patient.body, self.day, event)
        return holds(lambda version, names: judge(expression, version, names), body, sets)


@dataclass(frozen=True)
class Candidate:
    """A resource that a leaf may rest on. ``why`` says what is open, for one that may not count."""

    resource: Resource
    match: CodeMatch | None
    when: Dated | None
    why: str = ""

    @property
    def oldest(self) -> date:
        """The earliest day on which it may have happened."""
        return self.when.earliest if self.when else _LONG_AGO

    @property
    def newest(self) -> date:
        """The latest day on which it may have happened."""
        return self.when.latest if self.when else _EVER_AFTER

    def __repr__(self) -> str:
        """Show the reference only."""
        return f"Candidate({self.resource.reference})"


@dataclass(frozen=True)
class Candidates:
    """What was found: ``sure`` to count, ``unsure``, and in words what was looked for and came closest."""

    sure: tuple[Candidate, ...]
    unsure: tuple[Candidate, ...]
    looked: tuple[str, ...] = field(default=())


def find_candidates(leaf: Leaf, scope: Scope, earlier: Mapping[str, Finding]) -> Candidates:
    """Find what a leaf may rest on, in the chart's order."""
    find = leaf.find or Find()
    sure: list[Candidate] = []
    unsure: list[Candidate] = []
    passed_over: list[str] = []
    for resource in _resources(find, scope):
        matched, match = _match(find, resource, scope)
        if not matched:
            continue
        verdict, why = _verdict(leaf, find, resource, scope, earlier)
        candidate = Candidate(resource, match, date_of(resource), why)
        if verdict is True:
            sure.append(candidate)
        elif verdict is None:
            unsure.append(candidate)
        else:
            passed_over.append(f"{resource.reference}: {why}")
    return Candidates(tuple(sure), tuple(unsure), _looked(leaf, find, scope, passed_over))


def _resources(find: Find, scope: Scope) -> Sequence[Resource]:
    kind = find.resource or (leading_type(find.expression) if find.expression else None)
    if kind == "Request":
        return (scope.request_resource,)
    if kind == "Patient":
        return (scope.chart.patient,)
    return scope.chart.of_type(kind) if kind else scope.chart.resources


def _match(find: Find, resource: Resource, scope: Scope) -> tuple[bool, CodeMatch | None]:
    """Tell whether a resource falls into the value set, and what of it to quote."""
    if find.codes is None:
        return True, _named(resource)
    match = match_code(resource.type, resource.linked, scope.policy.codes[find.codes])
    return match is not None, match


def _named(resource: Resource) -> CodeMatch | None:
    """Name a resource by its main code, for quoting."""
    for element in ("code", "medicationCodeableConcept", "vaccineCode", "type", "codeCodeableConcept"):
        concept = resource.body.get(element)
        path, found = element, concept
        if isinstance(concept, list) and concept:
            path, found = f"{element}[0]", concept[0]
        name = concept_name(found, path)
        if name is not None and isinstance(found, Mapping):
            codings = found.get("coding") or [{}]
            code = codings[0].get("code", "") if isinstance(codings[0], Mapping) else ""
            return CodeMatch(name[0], name[1], f"{path}.coding[0].code" if code else "", str(code))
    return None


def _verdict(
    leaf: Leaf, find: Find, resource: Resource, scope: Scope, earlier: Mapping[str, Finding]
) -> tuple[bool | None, str]:
    """Tell whether a resource counts for a leaf; the first thing that rules it out is the reason."""
    open_questions = []
    for verdict, why in _conditions(leaf, find, resource, scope, earlier):
        if verdict is False:
            return False, why
        if verdict is None:
            open_questions.append(why)
    return (None, open_questions[0]) if open_questions else (True, "")


def _conditions(
    leaf: Leaf, find: Find, resource: Resource, scope: Scope, earlier: Mapping[str, Finding]
) -> Iterator[tuple[bool | None, str]]:
    yield eligibility(resource.type, resource.body)
    if resource.type in ("Patient", "Request"):
        yield _filters(find, resource, scope, None)
        return
    when = date_of(resource)
    yield _not_after(when, scope.day)
    yield _filters(find, resource, scope, when)
    yield _placed(leaf, resource, when, Window(leaf.within, scope.day))
    if leaf.near is not None:
        yield _beside(leaf.near, when, earlier)


def _not_after(when: Dated | None, day: date) -> tuple[bool | None, str]:
    if when is None:
        return True, ""
    verdict = when.on_or_before(day)
    return verdict, "" if verdict else f"dated {when.text}, not on or before the date of service"


def _filters(find: Find, resource: Resource, scope: Scope, when: Dated | None) -> tuple[bool | None, str]:
    if find.expression is not None:
        selected = scope.holds(selects, find.expression, resource.linked, when)
        return selected, "the policy's expression does not select it"
    if find.where is not None:
        kept = scope.holds(keeps, find.where, resource.linked, when)
        return kept, "the policy's filter does not hold for it"
    return True, ""


def _placed(leaf: Leaf, resource: Resource, when: Dated | None, window: Window) -> tuple[bool | None, str]:
    """Place a state or an event in the leaf's time."""
    inside = f"inside the {_words(leaf)} before {window.day}" if leaf.within else "dated"
    if resource.type in STATE_TYPES or leaf.state is not None:
        state = leaf.state or "active"
        held = in_state(resource, state, window.day)
        if held is not True:
            return (
                held,
                f"not known to be {state} on {window.day}"
                if held is None
                else f"not {state} on {window.day}",
            )
        start, end = recorded_period(resource, window.day)
        if state == "resolved" and end is not None:
            return day_in_window(end, window), f"ended {end.text}, not {inside}"
        return overlaps(start, end, window, goes_on=state == "active" or goes_on(resource)), f"not {inside}"
    start, end = period_of(resource)
    if start is not None and end is not None and start != end:
        return _inside(start, end, window), f"from {start.text} to {end.text}, not {inside}"
    told = f"dated {when.text}" if when else "without a date"
    return day_in_window(when, window), f"{told}, not {inside}"


def _inside(start: PartialDate, end: PartialDate, window: Window) -> bool | None:
    """Tell whether an event that took more than a day falls inside; across the window's edge is not known.

    What lies after the date of service does not count: an event that goes on then ends on it.
    """
    if end.on_or_after(window.first) is False:
        return False
    return True if day_in_window(start, window) else None


def _beside(near: Near, when: Dated | None, earlier: Mapping[str, Finding]) -> tuple[bool | None, str]:
    """Tell whether a date lies near the dated evidence of another leaf."""
    other = earlier[near.leaf]
    if when is None or not (other.days or other.doubtful_days):
        return None, f"no date to place it near the evidence of {near.leaf}"
    verdicts = [_close(near, when, parse_date(day)) for day in other.days]
    verdicts += [
        False if _close(near, when, parse_date(day)) is False else None for day in other.doubtful_days
    ]
    verdict = True if True in verdicts else None if None in verdicts else False
    return verdict, f"dated {when.text}, not within {near.within.amount} {near.within.unit}s of {near.leaf}"


def _close(near: Near, when: PartialDate, anchor: PartialDate | None) -> bool | None:
    if anchor is None:
        return None
    first = anchor.earliest if near.order == "after" else subtract(anchor.earliest, near.within)
    last = anchor.latest if near.order == "before" else add(anchor.latest, near.within)
    if when.earliest > last or when.latest < first:
        return False
    soonest = anchor.latest if near.order == "after" else subtract(anchor.latest, near.within)
    furthest = anchor.earliest if near.order == "before" else add(anchor.earliest, near.within)
    return True if when.earliest >= soonest and when.latest <= furthest else None


def _words(leaf: Leaf) -> str:
    length = leaf.within
    return "" if length is None else f"{length.amount} {length.unit}{'s' if length.amount != 1 else ''}"


def _looked(leaf: Leaf, find: Find, scope: Scope, passed_over: Sequence[str]) -> tuple[str, ...]:
    """Say what was searched, and what came closest."""
    kind = find.resource or (find.expression or "")[:80]
    codes = f" with a code of {find.codes}" if find.codes else ""
    when = f" within {_words(leaf)} before {scope.day}" if leaf.within else f" on or before {scope.day}"
    count = len(_resources(find, scope))
    lines = [
        f"{kind}{codes}{when}: {count} of the type in the chart, {len(passed_over)} with the code passed over"
    ]
    return (*lines, *(f"closest: {line}" for line in passed_over[-3:]))
