"""Names in a FHIRPath expression that FHIR R4 or the language does not know, found without running it.

A misspelt element is silently empty when it runs. Types are followed from the resource along the path; where
they can no longer be told, a name need only be an element of some type.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from posology.policies.fhirpath import leading_type
from posology.policies.reading import nearest
from posology.policies.types import RESOURCE_TYPES

__all__ = ["VARIABLES", "unknown_names"]

VARIABLES = ("date", "age", "sex", "event_date", "age_at_event", "context", "ucum")
_REQUEST = """
resourceType id code quantity side laterality bodySite kind urgency urgencyReason date coding system value
unit display text
"""
REQUEST_ELEMENTS = frozenset(_REQUEST.split())
_TYPED = ("ofType", "as", "is")  # functions whose argument is a type
_KEEPING = "where first last tail skip take single distinct exclude intersect union combine"
_SAME = frozenset(_KEEPING.split())  # functions that yield what they are applied to
Types = frozenset[str] | None  # paths or types of what a step yields; None where they cannot be told


def unknown_names(expression: str, kind: str | None) -> tuple[str, ...]:
    """Return a sentence for each name in an expression that is not known; ``kind`` is the resource's type.

    >>> unknown_names("valeu.value > 3", "Observation")
    ("'valeu' is no element of Observation; did you mean 'value'?",)
    """
    from fhirpathpy.parser import parse

    start = kind or leading_type(expression)
    types = frozenset({start}) if start in RESOURCE_TYPES else None
    found: list[str] = []
    _walk(parse(expression)["children"][0], types, _Names(found, start == "Request", types))
    return tuple(dict.fromkeys(found))


class _Names:
    """Collects what is not known while a tree is walked."""

    def __init__(self, found: list[str], request: bool, root: Types) -> None:
        self.found, self.request, self.root = found, request, root

    def element(self, name: str, types: Types) -> Types:
        """Follow an element; note it where no type has it."""
        if self.request:
            if name not in REQUEST_ELEMENTS:
                self.note(name, "the request", sorted(REQUEST_ELEMENTS))
            return None
        if types is None:
            if name not in _every_element() and name not in RESOURCE_TYPES:
                self.note(name, "any type of FHIR R4", sorted(_every_element()))
            return None
        if name in types:  # the resource's own type at the start of a path
            return frozenset({name})
        steps = {reached for one in types for reached in _step(one, name)}
        if not steps:
            known = sorted({child for one in types for child in _children(one)})
            self.note(name, " or ".join(sorted(types)), known)
            return None
        return None if "*" in steps else frozenset(steps)

    def note(self, name: str, owner: str, known: list[str]) -> None:
        near = nearest(name, known)
        self.found.append(
            f"{name!r} is no element of {owner}" + (f"; did you mean {near!r}?" if near else "")
        )


def _walk(node: Mapping[str, Any], types: Types, names: _Names) -> Types:
    """Follow one node of the parsed tree; ``types`` is what it is applied to."""
    kind = node["type"]
    children = node.get("children") or []
    if kind == "InvocationExpression":
        for child in children:
            types = _walk(child, types, names)
        return types
    if kind in ("TermExpression", "InvocationTerm", "ParenthesizedTerm", "PolarityExpression"):
        return _walk(children[0], types, names) if children else None
    if kind == "MemberInvocation":
        return names.element(_identifier(node), types)
    if kind == "FunctionInvocation":
        return _function(children[0], types, names)
    if kind == "ExternalConstantTerm":
        _constant(node, names)
        return None
    if kind == "ThisInvocation":
        return types
    if kind == "TypeExpression":
        _walk(children[0], types, names)
        return _type_named(children[1]["text"])
    reached = [_walk(child, types, names) for child in children if child["type"] != "TypeSpecifier"]
    return reached[0] if kind == "IndexerExpression" and reached else None


def _function(node: Mapping[str, Any], types: Types, names: _Names) -> Types:
    from fhirpathpy.engine.invocations import invocation_registry

    children = node["children"]
    name = _identifier(node)
    parameters = [p for child in children[1:] for p in child.get("children") or []]
    if name in _TYPED:
        return _type_named(parameters[0]["text"]) if parameters and name != "is" else None
    if name not in invocation_registry and name != "resolve":
        near = nearest(name, sorted(invocation_registry))
        names.found.append(f"there is no function {name}()" + (f"; did you mean {near!r}?" if near else ""))
    reached = [_walk(parameter, types, names) for parameter in parameters]
    if name == "resolve" or name == "extension":
        return None
    if name == "select":
        return reached[0] if reached else None
    return types if name in _SAME else None


def _type_named(text: str) -> Types:
    name = text.replace("`", "").removeprefix("FHIR.").removeprefix("System.")
    return frozenset({name}) if _children(name) else None


def _constant(node: Mapping[str, Any], names: _Names) -> None:
    name = _identifier(node["children"][0])
    if name not in VARIABLES:
        near = nearest(name, VARIABLES)
        names.found.append(f"there is no variable %{name}" + (f"; did you mean '%{near}'?" if near else ""))


def _identifier(node: Mapping[str, Any]) -> str:
    for child in node.get("children") or []:
        if child["type"] == "Identifier":
            return str(child["text"]).strip("`")
    return ""


def _step(path: str, name: str) -> Iterator[str]:
    """Yield the paths or types that an element of a path leads to; ``*`` where it may be anything."""
    model = _model()
    for owner in _lineage(path):
        here = f"{owner}.{name}"
        here = model["pathsDefinedElsewhere"].get(here, here)
        if here in model["choiceTypePaths"]:
            yield from (_spelled(kind) for kind in model["choiceTypePaths"][here])
            return
        kind = model["path2Type"].get(here)
        if kind is not None:
            yield "*" if kind in ("Resource", "Reference", "Extension", "Element") else _target(here, kind)
            return
        if _children(here):  # a backbone element has no type of its own in the model
            yield here
            return
        stem = _choice_stem(here)
        if stem is not None:
            yield stem
            return


def _target(path: str, kind: str) -> str:
    return path if kind in ("BackboneElement", "Element") else kind


def _spelled(kind: str) -> str:
    return kind if _children(kind) else "*"


def _choice_stem(path: str) -> str | None:
    """Return the type of ``valueQuantity`` and its like, which some writers use for ``value``."""
    for stem, kinds in _model()["choiceTypePaths"].items():
        for kind in kinds:
            if path == f"{stem}{kind}":
                return _spelled(kind)
    return None


def _lineage(path: str) -> Iterator[str]:
    parents = _model()["type2Parent"]
    yield path
    kind = _model()["path2Type"].get(path, path)
    while kind:
        yield kind
        kind = parents.get(kind)


@lru_cache(maxsize=512)
def _children(path: str) -> frozenset[str]:
    owners = tuple(f"{owner}." for owner in _lineage(path))
    rows = (*_model()["path2Type"], *_model()["choiceTypePaths"])
    below = (row[len(owner) :] for row in rows for owner in owners if row.startswith(owner))
    return frozenset(row.partition(".")[0] for row in below)


@lru_cache(maxsize=1)
def _every_element() -> frozenset[str]:
    model = _model()
    plain = {row.rpartition(".")[2] for row in model["path2Type"]}
    chosen = {row.rpartition(".")[2] for row in model["choiceTypePaths"]}
    typed = {
        row.rpartition(".")[2] + kind for row, kinds in model["choiceTypePaths"].items() for kind in kinds
    }
    return frozenset(plain | chosen | typed)


def _model() -> Mapping[str, Any]:
    from fhirpathpy.models import models

    model: Mapping[str, Any] = models["r4"]
    return model
