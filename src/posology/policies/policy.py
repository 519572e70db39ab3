"""A payer's policy as values: the criteria tree, its leaves, and the source they quote."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

__all__ = [
    "Branch",
    "Code",
    "Compare",
    "Count",
    "Duration",
    "Find",
    "Leaf",
    "Near",
    "Node",
    "Policy",
    "RequiredDocument",
    "ValueSetEntry",
]

State = Literal["active", "ever", "resolved"]
Pick = Literal["latest", "earliest", "any", "all"]
Unit = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a system, the system as the file writes it (a URL or a short name such as HCPCS)."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class ValueSetEntry:
    """One row of a value set: an exact ``code``, or a ``prefix`` for a branch of the system."""

    system: str
    code: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of calendar time, such as 12 months."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Find:
    """Where the structured evidence is: a type with a value set and a filter, or a FHIRPath expression."""

    resource: str | None = None
    codes: str | None = None
    where: str | None = None
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of the picked value: with a number and unit, a number, or a value set (``in_codes``)."""

    op: Literal[">", ">=", "<", "<=", "=", "!="] | None = None
    value: Decimal | None = None
    unit: str | None = None
    in_codes: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many must be found, distinct by day or resource, inside a span of time."""

    minimum: int | None = None
    maximum: int | None = None
    distinct: Literal["day", "resource"] = "resource"
    span: Duration | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A date relative to another leaf's evidence."""

    leaf: str
    within: Duration
    order: Literal["before", "after"] | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One criterion that is decided by itself."""

    id: str
    text: str
    source_quote: str | None = None
    find: Find | None = None
    component: str | None = None
    state: State | None = None
    within: Duration | None = None
    pick: Pick | None = None
    compare: Compare | None = None
    test: str | None = None
    count: Count | None = None
    duration: Duration | None = None  # the minimum of the union of periods
    near: Near | None = None
    question: str | None = None
    expect: Literal["yes", "no"] = "yes"
    attest: bool = False
    when_absent: Literal["unknown", "not_met", "met"] = "unknown"


@dataclass(frozen=True, slots=True)
class Branch:
    """A node that combines others: all, any, none, or at least ``n`` of them."""

    kind: Literal["all", "any", "none", "at_least"]
    children: tuple["Node", ...]
    n: int = 0  # for at_least
    id: str = ""
    text: str = ""


Node = Leaf | Branch


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    """A document that the payer wants attached."""

    id: str
    text: str
    find: Find | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a payer's policy for some services."""

    id: str
    title: str
    payer: str
    version: str
    effective_from: date
    effective_until: date | None
    jurisdiction: str
    source_title: str
    source_text: str
    services: tuple[Code, ...]
    codes: dict[str, tuple[ValueSetEntry, ...]]
    documents: tuple[RequiredDocument, ...]
    administrative: tuple[str, ...]
    criteria: Node
    exclusions: tuple[Node, ...]
    sha256: str  # of the YAML file and the source text
    file: str

    def in_force(self, day: date) -> bool:
        """Tell whether the policy is in force on a day; both ends are included."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)
