"""What a held-out case says, and how charts are put together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.heldout.builders import (
    ICD,
    Resource,
    concept,
    quantity,
    write_bundle,
)

Leaves = dict[str, str]


@dataclass(frozen=True)
class Case:
    """One chart under one policy, and what must come out."""

    name: str
    policy: str
    service: str
    day: str
    build: Callable[[Path], Path]
    leaves: Leaves
    conclusion: str | None = None
    provisional: str | None = None
    gaps: frozenset[tuple[str, str]] = frozenset()
    unread: int = 0  # how many sources at least are listed as unread
    request: dict[str, Any] | None = None
    options: tuple[str, ...] = field(default=())
    version: str | None = None


def of(*resources: Resource, **how: Any) -> Callable[[Path], Path]:
    return lambda folder: write_bundle(folder, *resources, **how)


def swap(base: dict[str, Resource], **changed: Resource | list[Resource] | None) -> list[Resource]:
    """Return the base chart with parts replaced, left out (None) or added."""
    out: list[Resource] = []
    for part in (base | changed).values():
        out += part if isinstance(part, list) else [part] if part is not None else []
    return out


def code_of(system: str, code: str) -> Resource:
    return {"valueCodeableConcept": concept(system, code)}


def measured(value: float, unit: str | None, **over: Any) -> Resource:
    return {"valueQuantity": quantity(value, unit) | over}


E11 = concept(ICD, "E11.9")
LABEL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
