"""Checking policies: what loads but cannot be right."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from posology.errors import PolicyError
from posology.policies.fhirpath import FhirPathFailure, leading_type, parse_fhirpath
from posology.policies.load import load_policies, load_policy
from posology.policies.paths import unknown_names
from posology.policies.policy import Branch, Find, Leaf, Node, Policy
from posology.policies.schema import leaves_of
from posology.policies.systems import SYSTEMS, canonical_system, normal_code, same_system
from posology.policies.types import RESOURCE_TYPES
from posology.policies.units import canonical_unit, known_unit
from posology.spans import find_quote

__all__ = ["Problem", "check_paths", "check_policy"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a policy: where, how bad, and what."""

    file: str
    where: str
    severity: Severity
    message: str


def check_paths(targets: Sequence[Path]) -> tuple[int, tuple[Problem, ...]]:
    """Check files and folders, or the shipped library; return how many policies, and the problems.

    A file that does not load is a problem, not an exception.
    """
    policies: list[Policy] = []
    problems: list[Problem] = []
    for file in _files(targets):
        try:
            policies.append(load_policy(file))
        except PolicyError as cause:
            problems.append(Problem(str(file), "file", "error", str(cause).removeprefix(f"{file}: ")))
    if not targets:
        policies = list(load_policies())
    for policy in policies:
        problems += check_policy(policy, [other for other in policies if other is not policy])
    return len(policies) + len([p for p in problems if p.where == "file"]), tuple(problems)


def _files(targets: Sequence[Path]) -> Iterator[Path]:
    for target in targets:
        if target.is_dir():
            yield from sorted(path for path in target.iterdir() if path.suffix in (".yaml", ".yml"))
        elif target.is_file():
            yield target
        else:
            raise PolicyError(f"{target}: no such file or folder")


def check_policy(policy: Policy, others: Sequence[Policy] = ()) -> tuple[Problem, ...]:
    """Return what is wrong with a policy, by itself and beside others."""
    found = [*_value_sets(policy), *_services(policy), *_leaves(policy), *_tree(policy.criteria, "criteria")]
    found += [row for n, node in enumerate(policy.exclusions) for row in _tree(node, f"exclusions[{n}]")]
    found += list(_overlaps(policy, others))
    return tuple(Problem(policy.file, where, severity, message) for where, severity, message in found)


Row = tuple[str, Severity, str]


def _value_sets(policy: Policy) -> Iterator[Row]:
    used = {name for leaf in _all(policy) for name in _sets_of(leaf)}
    used |= {d.find.codes for d in policy.documents if d.find is not None and d.find.codes}
    for name, entries in policy.codes.items():
        where = f"codes.{name}"
        if not entries:
            yield where, "error", "the value set is empty: nothing can match it"
        if name not in used:
            yield where, "warning", "no leaf uses this value set"
        for entry in entries:
            yield from _code(where, entry.system, entry.code, entry.prefix)


def _sets_of(leaf: Leaf) -> Iterator[str]:
    if leaf.find is not None and leaf.find.codes:
        yield leaf.find.codes
    if leaf.component:
        yield leaf.component
    if leaf.compare is not None and leaf.compare.in_codes:
        yield leaf.compare.in_codes


def _services(policy: Policy) -> Iterator[Row]:
    for number, service in enumerate(policy.services):
        yield from _code(f"services[{number}]", service.system, service.code, None)


def _code(where: str, system: str, code: str | None, prefix: str | None) -> Iterator[Row]:
    name = canonical_system(system)
    if name not in SYSTEMS:
        yield (
            where,
            "warning",
            f"the code system {system} is not known here; codes of it are compared as written",
        )
        return
    if code is not None and not _well_formed(name, code):
        yield where, "error", f"{code} is no code of {name}"
    if prefix is not None and len(prefix) < 2:
        yield where, "warning", f"the prefix {prefix!r} takes in most of {name}"


_FORMS: dict[str, Callable[[str], bool]] = {
    "ICD-10-CM": lambda c: bool(
        re.fullmatch(r"[A-Z]\d[0-9A-Z]([0-9A-Z]{1,4})?", normal_code(c, "ICD-10-CM"))
    ),
    "ICD-10-PCS": lambda c: bool(re.fullmatch(r"[0-9A-HJ-NP-Z]{7}", c.upper())),
    "HCPCS": lambda c: bool(re.fullmatch(r"[A-V]\d{4}", c.upper())),
    "RxNorm": lambda c: bool(re.fullmatch(r"\d{1,8}", c)),
    "LOINC": lambda c: bool(re.fullmatch(r"\d{1,7}-\d", c)) and _mod10(c.replace("-", "")),
    "SNOMED CT": lambda c: bool(re.fullmatch(r"\d{6,18}", c)) and _verhoeff(c),
}


def _well_formed(name: str, code: str) -> bool:
    form = _FORMS.get(name)
    return bool(code.strip()) if form is None else form(code)


def _mod10(digits: str) -> bool:
    values = [int(digit) for digit in reversed(digits)]
    return sum(v if n % 2 == 0 else sum(divmod(2 * v, 10)) for n, v in enumerate(values)) % 10 == 0


_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _product(a: int, b: int) -> int:
    """Multiply in the dihedral group of ten elements."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def _verhoeff(code: str) -> bool:
    """Check a SNOMED CT identifier's check digit (Verhoeff)."""
    total = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = _PERMUTATION[value]
        total = _product(total, value)
    return total == 0


def _all(policy: Policy) -> tuple[Leaf, ...]:
    return tuple(leaves_of(policy.criteria, *policy.exclusions))


def _leaves(policy: Policy) -> Iterator[Row]:
    for leaf in _all(policy):
        where = leaf.id
        if leaf.source_quote and find_quote(policy.source_text, leaf.source_quote) is None:
            yield where, "error", "source_quote does not stand in the source word for word"
        yield from ((where, *row) for row in (*_find(leaf.find), *_test(leaf), *_compare(leaf), *_time(leaf)))
    for document in policy.documents:
        yield from ((f"documents.{document.id}", *row) for row in _find(document.find))


Inner = tuple[Severity, str]


def _find(find: Find | None) -> Iterator[Inner]:
    if find is None:
        return
    if find.resource is not None and find.resource not in RESOURCE_TYPES | {"Request"}:
        yield "error", f"find.resource: {find.resource} is no resource type of FHIR R4"
    for name, expression in (("find", find.expression), ("find.where", find.where)):
        if expression is not None:
            yield from _expression(name, expression, find.resource)
    if find.expression is not None and leading_type(find.expression) not in RESOURCE_TYPES:
        yield "warning", "find: begin the expression with a resource type; else every resource is looked at"
    if find.codes is None and find.where is None and find.resource not in (None, "Patient", "Request"):
        yield "warning", f"find: any {find.resource} of the chart will do; name codes or a where"


def _test(leaf: Leaf) -> Iterator[Inner]:
    if leaf.test is not None:
        kind = (leaf.find.resource or leading_type(leaf.find.expression or "")) if leaf.find else None
        yield from _expression("test", leaf.test, kind)


_QUANTITY = re.compile(r"[<>=~]\s*\d+(\.\d+)?\s+'")


def _expression(name: str, expression: str, kind: str | None) -> Iterator[Inner]:
    try:
        parse_fhirpath(expression)
    except FhirPathFailure as cause:
        yield "error", f"{name}: FHIRPath: {cause}"
        return
    for problem in unknown_names(expression, kind):
        yield "error", f"{name}: {problem}"
    if _QUANTITY.search(expression):
        yield (
            "error",
            f"{name}: quantities are compared by `compare`, which converts units; FHIRPath here does not",
        )


def _compare(leaf: Leaf) -> Iterator[Inner]:
    compare = leaf.compare
    if compare is None:
        return
    if leaf.find is None:
        yield "error", "compare needs a find: there is nothing to compare"
    if compare.unit is not None and not known_unit(canonical_unit(compare.unit, None) or compare.unit):
        yield "error", f"compare.unit: {compare.unit} is no unit of UCUM"
    kind = leaf.find.resource if leaf.find is not None else None
    if compare.op is not None and compare.unit is None and kind == "Observation":
        yield "warning", "compare: no unit; a value that bears one will be unknown"
    if compare.op in ("<", "<=") and compare.value is not None and compare.value < (Decimal(0)):
        yield "warning", "compare: few measurements are negative; can this leaf ever be met?"


def _time(leaf: Leaf) -> Iterator[Inner]:
    kind = leaf.find.resource if leaf.find is not None else None
    if leaf.within is not None and kind in ("Patient", "Request"):
        yield "error", f"within has no meaning for {kind}"
    if leaf.component is not None and kind not in ("Observation", None):
        yield "error", "component belongs to Observation"
    count = leaf.count
    if count is not None:
        if count.minimum is not None and count.maximum is not None and count.minimum > count.maximum:
            yield "error", f"count: min {count.minimum} is above max {count.maximum}: never met"
        if count.maximum is not None and leaf.find is not None and not count.minimum:
            yield (
                "warning",
                f"count: nothing found is never zero, so it does not meet max: {count.maximum}; "
                f"better an exclusion with min: {count.maximum + 1}",
            )
    if leaf.duration is not None and kind in ("Observation", "Immunization"):
        yield "warning", f"duration: {kind} is an event of one day; its periods are empty"
    for key in ("pick", "compare", "test", "count", "duration", "near", "component", "state"):
        if getattr(leaf, key) is not None and leaf.find is None:
            yield "error", f"{key} needs a find"


def _tree(node: Node, path: str) -> Iterator[Row]:
    if not isinstance(node, Branch):
        return
    if node.kind == "at_least" and node.n > len(node.children):
        yield path, "error", f"at_least {node.n} of {len(node.children)}: never met, its leaves cannot matter"
    for number, child in enumerate(node.children):
        yield from _tree(child, f"{path}.{node.kind}[{number}]")


def _overlaps(policy: Policy, others: Sequence[Policy]) -> Iterator[Row]:
    for other in others:
        if not _same_days(policy, other):
            continue
        if other.id == policy.id and other.version != policy.version:
            yield "effective", "error", f"version {other.version} ({other.file}) is in force on the same days"
        elif other.id != policy.id and other.payer == policy.payer and _shared(policy, other):
            yield (
                "services",
                "error",
                f"{other.id} ({other.file}) governs {_shared(policy, other)} on the same days",
            )


def _same_days(one: Policy, other: Policy) -> bool:
    starts_late = other.effective_until is not None and one.effective_from > other.effective_until
    ends_early = one.effective_until is not None and other.effective_from > one.effective_until
    return not starts_late and not ends_early


def _shared(one: Policy, other: Policy) -> str:
    for mine in one.services:
        for theirs in other.services:
            if same_system(mine.system, theirs.system) and normal_code(mine.code, mine.system) == normal_code(
                theirs.code, theirs.system
            ):
                return f"{mine.system} {mine.code}"
    return ""
