"""Reading policy files: one file, a folder, or those that ship with the package."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from importlib import resources
from pathlib import Path

from posology.errors import PolicyError
from posology.files import parse_yaml, read_utf8
from posology.policies.policy import Leaf, Policy, ValueSetEntry
from posology.policies.reading import Place, nearest, optional
from posology.policies.schema import (
    leaves_of,
    read_documents,
    read_node,
    read_services,
    read_value_sets,
    source_file,
)

__all__ = ["load_policies", "load_policy", "parse_policy", "shipped_folder"]

FORMAT = "policy/1"
LARGEST = 5_000_000  # bytes of a policy file or its source
POLICY_KEYS = (
    "posology",
    "id",
    "title",
    "payer",
    "version",
    "effective",
    "jurisdiction",
    "source",
    "services",
    "codes",
    "documents",
    "administrative",
    "criteria",
    "exclusions",
)
REQUIRED = ("posology", "id", "title", "payer", "version", "effective", "services", "criteria")


def load_policy(path: Path) -> Policy:
    """Load one policy file, with the source's wording beside it."""
    return parse_policy(_read_limited(path), name=str(path), folder=path.parent)


def load_policies(folders: Sequence[Path] = (), *, shipped: bool = True) -> tuple[Policy, ...]:
    """Load every policy file of the folders, after those that ship with the package.

    The same id and version in two files is an error that names both.
    """
    policies: list[Policy] = []
    for folder in (*([shipped_folder()] if shipped else []), *folders):
        policies.extend(load_policy(path) for path in _policy_files(folder))
    _require_distinct(policies)
    return tuple(policies)


def shipped_folder() -> Path:
    """Return the folder of the policies that ship with the package."""
    return Path(str(resources.files("posology.policies").joinpath("library")))


def _policy_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise PolicyError(f"{folder}: no such folder of policies")
    return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())


def _require_distinct(policies: Iterable[Policy]) -> None:
    seen: dict[tuple[str, str], Policy] = {}
    for policy in policies:
        other = seen.setdefault((policy.id, policy.version), policy)
        if other is not policy:
            raise PolicyError(
                f"{policy.file}: policy {policy.id} version {policy.version} stands in {other.file} too; "
                "remove one or give it another version"
            )


def _read_limited(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError as cause:
        raise PolicyError(f"{path}: cannot be read ({cause.strerror})") from cause
    if size > LARGEST:
        raise PolicyError(f"{path}: {size} bytes is too large for a policy (at most {LARGEST})")
    return read_utf8(path, PolicyError)


def parse_policy(text: str, *, name: str, folder: Path) -> Policy:
    """Parse the text of a policy file; ``folder`` is where its source's wording stands."""
    root = Place(parse_yaml(text, name, PolicyError), name)
    places = _require_format(root)
    since, until = _read_effective(places["effective"])
    title, wording = _read_source(places.get("source"), folder)
    no_sets: dict[str, tuple[ValueSetEntry, ...]] = {}
    codes = optional(places, "codes", read_value_sets, no_sets)
    sets = tuple(codes)
    criteria = read_node(places["criteria"], sets)
    nodes = (
        places["exclusions"].items()
        if places.get("exclusions") and places["exclusions"].value is not None
        else ()
    )
    exclusions = tuple(read_node(place, sets) for place in nodes)
    _require_sound_leaves(root, tuple(leaves_of(criteria, *exclusions)))
    return Policy(
        id=places["id"].text(),
        title=places["title"].text(),
        payer=places["payer"].text(),
        version=places["version"].text(),
        effective_from=since,
        effective_until=until,
        jurisdiction=optional(places, "jurisdiction", Place.text, ""),
        source_title=title,
        source_text=wording,
        services=read_services(places["services"]),
        codes=codes,
        documents=optional(places, "documents", lambda p: read_documents(p, sets), ()),
        administrative=_read_fields(places.get("administrative")),
        criteria=criteria,
        exclusions=exclusions,
        sha256=hashlib.sha256(text.encode() + b"\0" + wording.encode()).hexdigest(),
        file=name,
    )


def _require_format(root: Place) -> dict[str, Place]:
    if not isinstance(root.value, dict):
        root.fail(f"not a policy; it must start with posology: {FORMAT}")
    if root.value.get("posology") != FORMAT:
        root.fail(f"not a policy of this format; it must say posology: {FORMAT}")
    return root.mapping(POLICY_KEYS, REQUIRED)


def _read_effective(place: Place) -> tuple[date, date | None]:
    places = place.mapping(("from", "until"), ("from",))
    since = places["from"].day()
    until = optional(places, "until", Place.day, None)
    if until is not None and until < since:
        places["until"].fail("the policy ends before it begins")
    return since, until


def _read_source(place: Place | None, folder: Path) -> tuple[str, str]:
    if place is None or place.value is None:
        return "", ""
    places = place.mapping(("title", "file", "text"))
    if "file" in places and "text" in places:
        place.fail("give either file or text")
    wording = optional(places, "text", Place.text, "")
    if "file" in places:
        wording = _read_limited(source_file(places["file"], folder))
    return optional(places, "title", Place.text, ""), wording


def _read_fields(place: Place | None) -> tuple[str, ...]:
    if place is None or place.value is None:
        return ()
    return tuple(item.text() for item in place.items())


def _require_sound_leaves(root: Place, leaves: tuple[Leaf, ...]) -> None:
    by_id: dict[str, Leaf] = {}
    for leaf in leaves:
        if by_id.setdefault(leaf.id, leaf) is not leaf:
            root.fail(f"two leaves have the id {leaf.id!r}; every id must be its own")
    for leaf in leaves:
        if leaf.near is not None and leaf.near.leaf not in by_id:
            near = nearest(leaf.near.leaf, tuple(by_id))
            hint = f"did you mean {near!r}?" if near else "name one that exists"
            root.fail(f"leaf {leaf.id!r}: near.leaf: there is no leaf {leaf.near.leaf!r}; {hint}")
    for leaf in leaves:
        _require_no_cycle(root, leaf, by_id)


def _require_no_cycle(root: Place, start: Leaf, by_id: dict[str, Leaf]) -> None:
    trail, leaf = [start.id], start
    while leaf.near is not None:
        leaf = by_id[leaf.near.leaf]
        trail.append(leaf.id)
        if leaf.id in trail[:-1]:
            root.fail(f"near.leaf goes in a circle: {' -> '.join(trail)}")
