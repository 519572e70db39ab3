"""The few forms of FHIRPath that the chart maker can build evidence for."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

from posology.policies.policy import Compare

__all__ = ["Bound", "Expression", "Test", "parse_expression", "parse_filter", "parse_test"]

NUMBER = r"(\d+(?:\.\d+)?)"
BOUND = re.compile(
    r"(?P<what>%age|value\.value|\(?value as Quantity\)?\.value)\s*(?P<op>>=|<=|>|<|=)\s*"
    r"(?:(?P<range>referenceRange(?:\.first\(\))?\.low\.value)\s*(?:\*\s*(?P<factor>[\d.]+))?|(?P<number>[\d.]+))"
)
FILTER = re.compile(r"(\w+)\s*=\s*'([^']*)'")
Operator = Literal[">", ">=", "<", "<=", "=", "!="]


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison: with a number, or with a multiple of the lower limit of normal."""

    op: Operator
    number: Decimal
    of_lower_limit: bool = False

    def holds(self, value: Decimal, low: Decimal | None = None) -> bool | None:
        """Tell whether the value satisfies the bound; ``None`` where there is no limit of normal."""
        limit = self.number
        if self.of_lower_limit:
            if low is None:
                return None
            limit = self.number * low
        return {
            ">": value > limit,
            ">=": value >= limit,
            "<": value < limit,
            "<=": value <= limit,
            "=": value == limit,
            "!=": value != limit,
        }[self.op]


@dataclass(frozen=True, slots=True)
class Test:
    """A conjunction of bounds on the age or on the value."""

    subject: Literal["age", "value"]
    bounds: tuple[Bound, ...]

    def holds_for_age(self, years: int) -> bool:
        """Tell whether an age passes."""
        return all(bound.holds(Decimal(years)) for bound in self.bounds)

    def holds_for(self, value: Decimal, low: Decimal | None) -> bool | None:
        """Tell whether a value passes; ``None`` where a limit of normal is missing."""
        results = [bound.holds(value, low) for bound in self.bounds]
        return None if None in results else all(results)


@dataclass(frozen=True, slots=True)
class Expression:
    """A whole ``find`` expression: a type, the codes it accepts, and bounds on the value."""

    resource: str
    entries: frozenset[tuple[str, str]]
    compares: tuple[Compare, ...]
    unit: str


def parse_test(text: str) -> Test | None:
    """Parse ``%age >= 50 and %age <= 77`` and its like; ``None`` for any other form."""
    bounds: list[Bound] = []
    subjects: set[str] = set()
    for part in re.split(r"\s+and\s+", text.strip()):
        match = BOUND.fullmatch(part.strip())
        if match is None:
            return None
        subjects.add("age" if match["what"] == "%age" else "value")
        op = cast(Operator, match["op"])
        if match["range"]:
            bounds.append(Bound(op, Decimal(match["factor"] or "1"), of_lower_limit=True))
        else:
            bounds.append(Bound(op, Decimal(match["number"])))
    if len(subjects) != 1:
        return None
    return Test("age" if "age" in subjects else "value", tuple(bounds))


def parse_filter(text: str) -> tuple[tuple[str, str], ...] | None:
    """Parse ``intent = 'order' and status = 'active'``; ``None`` for any other form."""
    pairs = []
    for part in re.split(r"\s+and\s+", text.strip()):
        match = FILTER.fullmatch(part.strip())
        if match is None:
            return None
        pairs.append((match[1], match[2]))
    return tuple(pairs)


def parse_expression(text: str) -> Expression | None:
    """Parse ``Observation.where(code.coding.exists(...) and value.value < 54)``; ``None`` otherwise."""
    outer = re.fullmatch(r"(\w+)\.where\((.*)\)", text.strip(), re.DOTALL)
    if outer is None:
        return None
    body = outer[2]
    coding = re.search(r"code\.coding\.(?:exists|where)\((?:[^()]|\([^()]*\))*\)", body)
    system = re.search(r"system\s*=\s*'([^']+)'", body)
    codes = re.findall(r"\bcode\s*=\s*'([^']+)'", body)
    if coding is None or system is None or not codes:
        return None
    rest = body.replace(coding[0], "")
    unit = re.search(r"value\.unit\s*=\s*'([^']+)'", rest)
    compares = tuple(
        Compare(op=cast(Operator, op), value=Decimal(number))
        for op, number in re.findall(rf"value\.value\s*(>=|<=|>|<|=)\s*{NUMBER}", rest)
    )
    entries = frozenset((system[1], code) for code in codes)
    return Expression(outer[1], entries, compares, unit[1] if unit else "")
