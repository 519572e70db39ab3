"""The shape of a policy file: every key that is known, and the value each becomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast, get_args

from posology.policies.policy import (
    Branch,
    Code,
    Compare,
    Count,
    Duration,
    Find,
    Leaf,
    Near,
    Node,
    Pick,
    RequiredDocument,
    State,
    ValueSetEntry,
)
from posology.policies.reading import Place, nearest, optional

__all__ = ["leaves_of", "read_documents", "read_node", "read_services", "read_value_sets"]

BRANCHES = ("all", "any", "none", "at_least")
LEAF_KEYS = (
    "id",
    "text",
    "source_quote",
    "find",
    "component",
    "state",
    "within",
    "pick",
    "compare",
    "test",
    "count",
    "duration",
    "near",
    "question",
    "expect",
    "attest",
    "when_absent",
)
Kind = Literal["all", "any", "none", "at_least"]
Expect = Literal["yes", "no"]
Absent = Literal["unknown", "not_met", "met"]
Distinct = Literal["day", "resource"]
Operator = Literal[">", ">=", "<", "<=", "=", "!="]
REQUEST = "Request"
DEEPEST = 40  # levels of the tree


def leaves_of(*nodes: Node) -> Iterator[Leaf]:
    """Yield every leaf under the nodes, in the order of the file."""
    for node in nodes:
        if isinstance(node, Leaf):
            yield node
        else:
            yield from leaves_of(*node.children)


def read_node(place: Place, sets: tuple[str, ...], depth: int = 0) -> Node:
    """Read a branch or a leaf."""
    if depth > DEEPEST:
        place.fail(f"the tree is deeper than {DEEPEST} levels")
    keys = place.value if isinstance(place.value, dict) else {}
    branches = [key for key in BRANCHES if key in keys]
    if not branches:
        return _read_leaf(place, sets)
    if len(branches) > 1:
        place.fail(f"one node holds {' and '.join(branches)}; give each its own node")
    return _read_branch(place, branches[0], sets, depth)


def _read_branch(place: Place, kind: str, sets: tuple[str, ...], depth: int) -> Branch:
    places = place.mapping((kind, "id", "text"))
    members, n = places[kind], 0
    if kind == "at_least":
        inner = members.mapping(("n", "of"), ("n", "of"))
        members, n = inner["of"], inner["n"].whole(1)
    children = tuple(read_node(child, sets, depth + 1) for child in members.items())
    if not children:
        members.fail("the list is empty; a node needs at least one child")
    return Branch(
        kind=cast(Kind, kind),
        children=children,
        n=n,
        id=optional(places, "id", Place.text, ""),
        text=optional(places, "text", Place.text, ""),
    )


def _read_leaf(place: Place, sets: tuple[str, ...]) -> Leaf:
    places = place.mapping((*LEAF_KEYS, *BRANCHES), ("id", "text"))
    leaf = Leaf(
        id=places["id"].text(),
        text=places["text"].text(),
        source_quote=optional(places, "source_quote", Place.text, None),
        find=optional(places, "find", lambda p: read_find(p, sets), None),
        component=optional(places, "component", lambda p: _value_set_name(p, sets), None),
        state=optional(places, "state", lambda p: p.choice(get_args(State)), None),
        within=optional(places, "within", Place.duration, None),
        pick=optional(places, "pick", lambda p: p.choice(get_args(Pick)), None),
        compare=optional(places, "compare", lambda p: _read_compare(p, sets), None),
        test=optional(places, "test", Place.text, None),
        count=optional(places, "count", _read_count, None),
        duration=optional(places, "duration", _read_minimum, None),
        near=optional(places, "near", _read_near, None),
        question=optional(places, "question", Place.text, None),
        expect=optional(places, "expect", _read_expect, "yes"),
        attest=optional(places, "attest", Place.flag, False),
        when_absent=optional(places, "when_absent", lambda p: p.choice(get_args(Absent)), "unknown"),
    )
    _require_decidable(place, leaf)
    return leaf


def _require_decidable(place: Place, leaf: Leaf) -> None:
    if leaf.find is None and leaf.question is None and not leaf.attest:
        place.fail("a leaf needs at least one of find, question and attest: true")
    if leaf.when_absent == "met" and not leaf.attest and leaf.question is None:
        place.fail(
            "when_absent: met needs attest: true, or a question that a negative statement can answer; "
            "absence alone never meets a criterion"
        )


def read_find(place: Place, sets: tuple[str, ...]) -> Find:
    """Read where the evidence is: keys, or a whole FHIRPath expression."""
    if isinstance(place.value, str):
        return Find(expression=place.text())
    places = place.mapping(("resource", "codes", "where"), ("resource",))
    return Find(
        resource=_read_type(places["resource"]),
        codes=optional(places, "codes", lambda p: _value_set_name(p, sets), None),
        where=optional(places, "where", Place.text, None),
    )


def _read_type(place: Place) -> str:
    from posology.policies.types import RESOURCE_TYPES

    return place.choice((REQUEST, *sorted(RESOURCE_TYPES)))


def _value_set_name(place: Place, sets: tuple[str, ...]) -> str:
    name = place.text()
    if name not in sets:
        near = nearest(name, sets)
        hint = f"did you mean {near!r}?" if near else "name one under codes"
        place.fail(f"there is no value set {name!r}; {hint}")
    return name


def _read_compare(place: Place, sets: tuple[str, ...]) -> Compare:
    places = place.mapping(("op", "value", "unit", "in"))
    if "in" in places:
        if len(places) > 1:
            place.fail("in: stands alone; op, value and unit belong to a number")
        return Compare(in_codes=_value_set_name(places["in"], sets))
    place.mapping(("op", "value", "unit"), ("op", "value"))
    return Compare(
        op=places["op"].choice(get_args(Operator)),
        value=places["value"].number(),
        unit=optional(places, "unit", Place.text, None),
    )


def _read_count(place: Place) -> Count:
    places = place.mapping(("min", "max", "distinct", "span"))
    count = Count(
        minimum=optional(places, "min", Place.whole, None),
        maximum=optional(places, "max", Place.whole, None),
        distinct=optional(places, "distinct", lambda p: p.choice(get_args(Distinct)), "resource"),
        span=optional(places, "span", Place.duration, None),
    )
    if count.minimum is None and count.maximum is None:
        place.fail("count needs min, max or both")
    return count


def _read_minimum(place: Place) -> Duration:
    return place.mapping(("min",), ("min",))["min"].duration()


def _read_near(place: Place) -> Near:
    places = place.mapping(("leaf", "within", "order"), ("leaf", "within"))
    return Near(
        leaf=places["leaf"].text(),
        within=places["within"].duration(),
        order=optional(places, "order", lambda p: p.choice(("before", "after")), None),
    )


def _read_expect(place: Place) -> Expect:
    if isinstance(place.value, bool):
        return "yes" if place.value else "no"  # YAML tools often write yes as true
    return place.choice(get_args(Expect))


def read_value_sets(place: Place) -> dict[str, tuple[ValueSetEntry, ...]]:
    """Read the named value sets; an empty one is left for the check to report."""
    return {
        name: tuple(_read_entry(entry) for entry in group.items()) for name, group in place.named().items()
    }


def _read_entry(place: Place) -> ValueSetEntry:
    places = place.mapping(("system", "code", "prefix"), ("system",))
    if ("code" in places) == ("prefix" in places):
        place.fail("give either code or prefix")
    return ValueSetEntry(
        system=places["system"].text(),
        code=optional(places, "code", Place.text, None),
        prefix=optional(places, "prefix", Place.text, None),
    )


def read_services(place: Place) -> tuple[Code, ...]:
    """Read the services that the policy governs."""
    services = []
    for item in place.items():
        places = item.mapping(("system", "code"), ("system", "code"))
        services.append(Code(places["system"].text(), places["code"].text()))
    if not services:
        place.fail("a policy governs at least one service")
    return tuple(services)


def read_documents(place: Place, sets: tuple[str, ...]) -> tuple[RequiredDocument, ...]:
    """Read what the payer wants attached."""
    documents = []
    for item in place.items():
        places = item.mapping(("id", "text", "find"), ("id", "text"))
        find = optional(places, "find", lambda p: read_find(p, sets), None)
        documents.append(RequiredDocument(places["id"].text(), places["text"].text(), find))
    return tuple(documents)


def source_file(place: Place, folder: Path) -> Path:
    """Return the path of the source's wording, which must stand beside the policy file."""
    name = place.text()
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name or "\0" in name:
        place.fail("the source file must stand beside the policy file; no absolute path and no ..")
    if not path.resolve().is_relative_to(folder.resolve()):
        place.fail("the source file leads outside the policy's folder")
    return path
