"""Comparing and testing the picked resources: latest, earliest, any or all, in three values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from posology.policies.candidates import Candidate, Candidates, Scope
from posology.policies.codes import match_concept
from posology.policies.fhirpath import truth
from posology.policies.finding import Finding
from posology.policies.logic import all_of, any_of
from posology.policies.policy import Compare, Leaf
from posology.policies.reasons import entry_words, limit_words, one_entry_reason
from posology.policies.systems import canonical_system
from posology.policies.units import canonical_unit, convert
from posology.policies.witness import describe, quantity_quote
from posology.quotes import Evidence, Status

__all__ = ["compare_numbers", "pick_status", "satisfying"]

_OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


@dataclass(frozen=True)
class _Judged:
    """A candidate with its verdict, the path of the value that decided it, and what was open."""

    candidate: Candidate
    status: Status
    path: str
    why: str
    sure: bool


def compare_numbers(value: Decimal, op: str, limit: Decimal) -> bool:
    """Compare two numbers by a policy's operator."""
    return _OPERATORS[op](value, limit)


def pick_status(leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Decide a leaf that compares or tests what it finds."""
    judged = [_judge(leaf, c, scope, sure=True) for c in found.sure]
    judged += [_judge(leaf, c, scope, sure=False) for c in found.unsure]
    pick = leaf.pick or "latest"
    if pick in ("latest", "earliest"):
        return _one(leaf, judged, found, scope, latest=pick == "latest")
    return _many(leaf, judged, found, scope, every=pick == "all")


def satisfying(leaf: Leaf, found: Candidates, scope: Scope) -> Candidates:
    """Keep the entries that satisfy a leaf's comparison and test; one that cannot be told may not count."""
    sure: list[Candidate] = []
    unsure: list[Candidate] = []
    rows = [(c, True) for c in found.sure] + [(c, False) for c in found.unsure]
    for candidate, counts in rows:
        judged = _judge(leaf, candidate, scope, sure=counts)
        if judged.status is Status.MET and judged.sure:
            sure.append(candidate)
        elif judged.status is not Status.NOT_MET:
            unsure.append(replace(candidate, why=candidate.why or judged.why))
    return Candidates(tuple(sure), tuple(unsure), found.looked)


def _one(leaf: Leaf, judged: Sequence[_Judged], found: Candidates, scope: Scope, *, latest: bool) -> Finding:
    """Decide by the latest (or earliest); where several may be it, they must agree."""
    possible = _possible(judged, latest=latest)
    statuses = {j.status for j in possible}
    shown = possible[0]
    which = "latest" if latest else "earliest"
    if not any(j.sure for j in possible):
        why = f"Whether the entry counts is open: {shown.candidate.why}."
        return _finding(Status.UNKNOWN, possible[:1], found, scope, why)
    if len(statuses) == 1:
        status = statuses.pop()
        reason = shown.why or one_entry_reason(leaf, shown.candidate, scope, shown.path, status, which)
        return _finding(status, possible[:1], found, scope, reason)
    same_day = len({day for j in possible for day in (j.candidate.oldest, j.candidate.newest)}) == 1
    if same_day and Status.UNKNOWN not in statuses:
        why = "Entries of the same day differ."
        return Finding(Status.UNKNOWN, "conflict", _quotes(possible, scope), (), why, found.looked)
    why = f"Which entry is the {which} cannot be told from the dates, and they differ."
    if same_day:
        why = f"Several entries of the {which} day, and not all can be compared."
    return _finding(Status.UNKNOWN, possible, found, scope, why)


def _possible(judged: Sequence[_Judged], *, latest: bool) -> list[_Judged]:
    """Return the entries that may be the latest (or earliest), the surest and newest first."""
    sure = [j for j in judged if j.sure]
    if latest:
        line = max((j.candidate.oldest for j in sure), default=None)
        kept = [j for j in judged if line is None or j.candidate.newest >= line]
    else:
        end = min((j.candidate.newest for j in sure), default=None)
        kept = [j for j in judged if end is None or j.candidate.oldest <= end]
    return sorted(kept, key=lambda j: (not j.sure, -j.candidate.newest.toordinal() if latest else 0))


def _many(leaf: Leaf, judged: Sequence[_Judged], found: Candidates, scope: Scope, *, every: bool) -> Finding:
    """Decide by any or by all; what may not count can only leave it open."""
    idle = Status.MET if every else Status.NOT_MET
    values = [j.status if j.sure or j.status is idle else Status.UNKNOWN for j in judged]
    status = all_of(values) if every else any_of(values)
    if not any(j.sure for j in judged):
        status = Status.UNKNOWN
    deciding = [j for j, value in zip(judged, values, strict=True) if value is status] or list(judged)
    shown = deciding[: None if every else 1]
    return _finding(status, shown, found, scope, _many_reason(leaf, judged, shown[0], scope, every=every))


def _many_reason(leaf: Leaf, judged: Sequence[_Judged], shown: _Judged, scope: Scope, *, every: bool) -> str:
    """Say how many entries satisfy a leaf, how many must, and the value of one of those that decide it."""
    if len(judged) == 1 and shown.status is not Status.UNKNOWN:
        return one_entry_reason(leaf, shown.candidate, scope, shown.path, shown.status, "only")
    number = len([j for j in judged if j.status is Status.MET])
    entries = "entries satisfies" if number == 1 else "entries satisfy"
    entry = entry_words(shown.candidate, scope, shown.path)
    asked = "all must" if every else "one is enough"
    return f"{number} of {len(judged)} {entries} {limit_words(leaf.compare)}, and {asked}: {entry}."


def _finding(
    status: Status, judged: Sequence[_Judged], found: Candidates, scope: Scope, reason: str
) -> Finding:
    looked = found.looked if status is Status.UNKNOWN else ()
    return Finding(status, "structured", _quotes(judged, scope), (), reason, looked)


def _quotes(judged: Sequence[_Judged], scope: Scope) -> tuple[Evidence, ...]:
    return tuple(evidence for j in judged for evidence in describe(j.candidate, scope, j.path))


def _judge(leaf: Leaf, candidate: Candidate, scope: Scope, *, sure: bool) -> _Judged:
    statuses, paths, whys = [], [], []
    if leaf.compare is not None:
        status, path, why = _compare(leaf, leaf.compare, candidate, scope)
        statuses.append(status)
        paths.append(path)
        whys.append(why)
    if leaf.test is not None:
        verdict = scope.holds(truth, leaf.test, candidate.resource.linked, candidate.when)
        statuses.append(_status(verdict))
        whys.append("" if verdict is not None else _untested(candidate))
    status = all_of(statuses)
    why = next((w for w in whys if w), "") if status is Status.UNKNOWN else ""
    return _Judged(candidate, status, next((p for p in paths if p), ""), why, sure)


def _untested(candidate: Candidate) -> str:
    if candidate.resource.type == "Patient":
        return "The policy's test needs what the patient's record lacks, such as the birth date or the sex."
    return "The policy's test cannot be answered from the entry."


def _status(verdict: bool | None) -> Status:
    return Status.UNKNOWN if verdict is None else Status.MET if verdict else Status.NOT_MET


def _compare(leaf: Leaf, compare: Compare, candidate: Candidate, scope: Scope) -> tuple[Status, str, str]:
    """Compare a candidate's value; return the status, the value's path, and what is open."""
    element, prefix = _holder(leaf, candidate, scope)
    if element is None:
        return Status.UNKNOWN, "", "The entry lacks the component that the policy looks at."
    if compare.in_codes is not None:
        return _in_codes(compare.in_codes, element, prefix, scope)
    path, quantity = _quantity(element, prefix, candidate.resource.type)
    if quantity is None:
        return Status.UNKNOWN, "", "The entry has no value that can be compared."
    verdict, why = compare_quantity(quantity, compare)
    return _status(verdict), path, why


def _holder(leaf: Leaf, candidate: Candidate, scope: Scope) -> tuple[Mapping[str, Any] | None, str]:
    """Return the element that holds the value: the resource, or the component asked for."""
    body = candidate.resource.linked
    if leaf.component is None:
        return body, ""
    entries = scope.policy.codes[leaf.component]
    for number, component in enumerate(body.get("component") or []):
        if isinstance(component, Mapping) and match_concept(component.get("code"), "code", entries):
            return component, f"component[{number}]."
    return None, ""


def _in_codes(name: str, element: Mapping[str, Any], prefix: str, scope: Scope) -> tuple[Status, str, str]:
    value = element.get("valueCodeableConcept")
    if not isinstance(value, Mapping):
        return Status.UNKNOWN, "", "The entry has no coded value."
    path = f"{prefix}valueCodeableConcept"
    match = match_concept(value, path, scope.policy.codes[name])
    if match is not None:
        return Status.MET, match.name_path, ""
    known = {canonical_system(entry.system) for entry in scope.policy.codes[name]}
    codings = [c for c in value.get("coding") or [] if isinstance(c, Mapping) and c.get("code")]
    coded = [c for c in codings if canonical_system(str(c.get("system", ""))) in known]
    shown = f"{path}.text" if value.get("text") else f"{path}.coding[0].display"
    if not coded:
        return Status.UNKNOWN, shown, "The entry's value has no code of the systems that the policy lists."
    return Status.NOT_MET, shown, ""


_QUANTITIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Request": (("quantity",),),
    "MedicationRequest": (("dosageInstruction", "doseAndRate", "doseQuantity"),),
    "MedicationStatement": (("dosage", "doseAndRate", "doseQuantity"),),
    "MedicationAdministration": (("dosage", "dose"),),
    "ServiceRequest": (("quantityQuantity",),),
    "Immunization": (("doseQuantity",),),
}


def _quantity(element: Mapping[str, Any], prefix: str, kind: str) -> tuple[str, Mapping[str, Any] | None]:
    for names in _QUANTITIES.get(kind, ()):
        path, value = _descend(element, names)
        if isinstance(value, Mapping):
            return prefix + path, value
    if isinstance(element.get("valueQuantity"), Mapping):
        return f"{prefix}valueQuantity", element["valueQuantity"]
    number = element.get("valueInteger")
    if isinstance(number, int) and not isinstance(number, bool):
        return f"{prefix}valueInteger", {"value": number}
    return "", None


def _descend(value: Any, names: Sequence[str]) -> tuple[str, Any]:
    path = ""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
        path = f"{path}.{name}" if path else name
        if isinstance(value, list):
            if len(value) != 1:
                return path, None
            value, path = value[0], f"{path}[0]"
    return path, value


def compare_quantity(quantity: Mapping[str, Any], compare: Compare) -> tuple[bool | None, str]:
    """Compare a quantity with a policy's limit, converted by UCUM; ``None`` says why it cannot be.

    >>> compare_quantity({"value": 41.2, "code": "kg/m2"}, Compare(">=", Decimal(35), "kg/m2"))
    (True, '')
    """
    value = _number(quantity.get("value"))
    if value is None or compare.op is None or compare.value is None:
        return None, "The entry has no number."
    unit = canonical_unit(quantity.get("code"), quantity.get("unit"))
    wanted = compare.unit
    if wanted is not None:
        if unit is None:
            return None, f"The value has no unit; the policy asks for {wanted}."
        converted = convert(value, unit, canonical_unit(wanted, None) or wanted)
        if converted is None:
            return None, f"The value's unit {unit} cannot be compared with {wanted}."
        value = converted
    elif unit is not None and not _counts(unit):
        return None, f"The value {quantity_quote(quantity)} has a unit, and the policy names none."
    return _bounded(value, quantity.get("comparator"), compare), ""


def _counts(unit: str) -> bool:
    return unit == "1" or (unit.startswith("{") and unit.endswith("}"))


def _bounded(value: Decimal, comparator: object, compare: Compare) -> bool | None:
    """Compare a value that may itself be a bound, such as "<5": decided only where every value agrees."""
    op, limit = str(compare.op), compare.value or Decimal(0)
    if comparator is None:
        return compare_numbers(value, op, limit)
    if comparator not in ("<", "<=", ">", ">="):
        return None
    below = comparator in ("<", "<=")
    far = Decimal("-Infinity") if below else Decimal("Infinity")
    nearest = (
        compare_numbers(value, op, limit) if comparator in ("<=", ">=") else _just(value, op, limit, below)
    )
    ends = {nearest, _OPERATORS[op](far, limit)}
    if op in ("=", "!=") and (limit < value if below else limit > value):
        return None
    return ends.pop() if len(ends) == 1 else None


def _just(value: Decimal, op: str, limit: Decimal, below: bool) -> bool:
    """Compare a value just below (or above) the bound."""
    if value != limit:
        return compare_numbers(value, op, limit)
    return {">": not below, ">=": not below, "<": below, "<=": below, "=": False, "!=": True}[op]


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
