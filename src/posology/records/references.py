"""Following references: relative, absolute, ``urn:uuid``, versioned, contained and by identifier."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from posology.records.chart import Unread

__all__ = ["Index", "Item", "link_body", "list_dangling", "path_to"]

Body = Mapping[str, Any]
_TAIL = re.compile(r"(?:^|/)([A-Z][A-Za-z]{1,63})/([^/#?\s]+)(?:/_history/[^/#?\s]+)?$")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?identifier=(.+)")

# elements whose missing target leaves a question open; others (an encounter, a recorder) decide nothing
_DECIDING_WORDS = (
    "medicationReference reasonReference result hasMember derivedFrom evidence detail addresses subject "
    "patient beneficiary coverage payor insurer provider requester performer practitioner organization "
    "codeReference entry reference diagnosisReference procedureReference focus specimen supportingInfo "
    "insurance device"
)
_DECIDING = frozenset(_DECIDING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Item:
    """A resource on its way into the chart: its reference, JSON, file, full URL and restriction."""

    reference: str
    body: Body
    file: str
    full_url: str = ""
    restricted: str = ""
    parent: str = ""  # the reference of the resource that contains it

    @property
    def type(self) -> str:
        """The resource's type."""
        return str(self.body["resourceType"])

    def __repr__(self) -> str:
        """Show the reference only: the body is patient data."""
        return f"Item({self.reference})"


class Index:
    """Finds the item that a reference leads to."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Index items by reference, full URL and id."""
        self._items = tuple(items)
        self._by_reference = {item.reference: item for item in self._items}
        self._by_url = {item.full_url: item for item in self._items if item.full_url}

    @cached_property
    def _by_id(self) -> Mapping[str, Item | None]:
        found: dict[str, Item | None] = {}
        for item in self._items:
            key = item.reference.partition("/")[2]
            found[key] = None if key in found else item
        return found

    @cached_property
    def _by_identifier(self) -> Mapping[tuple[str, str], Item | None]:
        found: dict[tuple[str, str], Item | None] = {}
        for item in self._items:
            identifiers = item.body.get("identifier")
            for one in identifiers if isinstance(identifiers, list) else ():
                if isinstance(one, dict):
                    key = (item.type, f"{one.get('system')}|{one.get('value')}")
                    found[key] = None if key in found and found[key] is not item else item
        return found

    def find(self, reference: str, source: Item) -> Item | None:
        """Return the item that ``reference``, standing in ``source``, leads to, or ``None``."""
        if reference.startswith("#"):
            parent = source.parent or source.reference
            return self._by_reference.get(parent if reference == "#" else parent + reference)
        found = self._by_url.get(reference)
        if found is not None:
            return found
        if reference.startswith(("urn:uuid:", "urn:oid:")):
            return self._by_id.get(reference.split(":", 2)[2])
        tail = _TAIL.search(reference)
        if tail:
            return self._by_reference.get(f"{tail[1]}/{tail[2]}")
        condition = _CONDITIONAL.fullmatch(reference)
        return self._by_identifier.get((condition[1], condition[2])) if condition else None


def link_body(item: Item, index: Index, missing: dict[str, Item]) -> Body:
    """Return the body with each Reference enriched by its target's fields, one level deep.

    Only what changes is copied. A target that is not found is noted in ``missing`` with the first
    resource that names it; a restricted target is neither linked nor missing.
    """

    def target(reference: str) -> Body | None:
        found = index.find(reference, item)
        if found is None:
            missing.setdefault(reference, item)
            return None
        return None if found.restricted and not item.restricted else found.body

    linked = _linked(item.body, target)
    return linked if isinstance(linked, dict) else item.body


def _linked(value: Any, target: Callable[[str], Body | None]) -> Any:
    if isinstance(value, dict):
        changed = {
            key: new
            for key, child in value.items()
            if isinstance(child, dict | list) and (new := _linked(child, target)) is not child
        }
        reference = value.get("reference")
        found = target(reference) if isinstance(reference, str) else None
        if found is None:
            return {**value, **changed} if changed else value
        kept = {key: value[key] for key in ("reference", "display") if key in value}
        return {**value, **found, **kept}
    if isinstance(value, list):
        items = [_linked(child, target) if isinstance(child, dict | list) else child for child in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def list_dangling(missing: Mapping[str, Item]) -> list[Unread]:
    """List the references that lead nowhere and could matter, each target once."""
    found: list[Unread] = []
    for reference, item in missing.items():
        path = path_to(item.body, reference)
        names = re.sub(r"\[\d+\]", "", path).split(".")
        if set(names[-1:]) & _DECIDING or {"evidence", "insurance"} & set(names):
            shown = reference if len(reference) <= 80 else reference[:77] + "..."
            found.append(Unread(item.reference, f"{path}: refers to {shown}, which is not in the chart"))
    return found


def path_to(body: Any, reference: str) -> str:
    """Return the path of the first Reference in ``body`` that names ``reference``, or an empty text."""
    stack: list[tuple[str, Any]] = [("", body)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            if value.get("reference") == reference:
                return path
            dot = f"{path}." if path else ""
            stack.extend((dot + str(key), child) for key, child in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((f"{path}[{n}]", child) for n, child in reversed(list(enumerate(value))))
    return ""
