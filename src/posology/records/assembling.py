"""From entries to one patient's resources: identity, versions, duplicates, restriction, types, links."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from posology.errors import ChartError
from posology.records.bundles import Entry
from posology.records.chart import Resource, Unread
from posology.records.references import Index, Item, link_body, list_dangling
from posology.records.restricted import restriction
from posology.records.shapes import find_faults
from posology.records.subjects import check_subjects
from posology.records.versions import other_version

__all__ = ["Assembled", "assemble"]

_ID = re.compile(r"[^\s/#?]{1,256}")

Assembled = tuple[Resource, tuple[Resource, ...], frozenset[str]]


def assemble(
    entries: Sequence[Entry], unread: list[Unread], *, include_restricted: bool, name: str
) -> tuple[Resource, tuple[Resource, ...]]:
    """Return the patient and every resource of the chart; what is left out is added to ``unread``."""
    items = _deduplicate(_identify(entries, unread), unread)
    patient = _only_patient(items, name)
    _require_sound_patient(patient, include_restricted=include_restricted)
    items = _without_restricted(items, unread, include_restricted=include_restricted)
    items = [part for item in items for part in (item, *_contained(item, unread))]
    items = _well_typed(items, unread)
    index = Index(items)
    items = check_subjects(items, index, patient, unread)
    missing: dict[str, Item] = {}
    withheld = {u.source for u in unread}
    resources = tuple(_resource(item, index, missing) for item in items)
    unread.extend(
        entry for entry in list_dangling({r: i for r, i in missing.items() if _tail(r) not in withheld})
    )
    return next(r for r in resources if r.reference == patient.reference), resources


def _tail(reference: str) -> str:
    return "/".join(reference.split("/_history")[0].split("/")[-2:])


def _resource(item: Item, index: Index, missing: dict[str, Item]) -> Resource:
    linked = link_body(item, index, missing)
    return Resource(item.reference, item.type, item.body, linked, item.file, item.restricted)


def _identify(entries: Sequence[Entry], unread: list[Unread]) -> list[Item]:
    items: list[Item] = []
    for number, entry in enumerate(entries, 1):
        body = entry.body
        _require_r4(body, entry.file)
        identifier = body.get("id")
        kind = str(body["resourceType"])
        if identifier is None:
            identifier = f"entry-{number}"
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
            if kind == "Patient":
                raise ChartError(f"{entry.file}: Patient.id must be text without white space, / or #")
            unread.append(Unread(f"{kind}/entry-{number}", "id: expected text without white space, / or #"))
            continue
        label = restriction(body) or entry.label
        items.append(Item(f"{kind}/{identifier}", body, entry.file, entry.full_url, label))
    return items


def _require_r4(body: Mapping[str, Any], file: str) -> None:
    contained = body.get("contained")
    inner = [c for c in contained if isinstance(c, dict)] if isinstance(contained, list) else []
    for one in (body, *inner):
        found = other_version(one)
        if found:
            version, sign = found
            raise ChartError(f"{file}: {version}, not R4 ({sign}); convert the chart to FHIR R4")


def _deduplicate(items: Iterable[Item], unread: list[Unread]) -> list[Item]:
    kept: dict[str, Item] = {}
    for item in items:
        other = kept.get(item.reference)
        if other is None:
            kept[item.reference] = item
        elif other.body != item.body:
            newer = _newer(other, item)
            older = item if newer is other else other
            if _without_meta(newer.body) != _without_meta(older.body):
                unread.append(
                    Unread(item.reference, f"an older version {_version(older)} was left out".strip())
                )
            kept[item.reference] = newer
    return list(kept.values())


def _newer(first: Item, second: Item) -> Item:
    if _without_meta(first.body) == _without_meta(second.body):
        return second if second.restricted or not first.restricted else first
    versions = [_meta(item).get("versionId") for item in (first, second)]
    updated = [_meta(item).get("lastUpdated") for item in (first, second)]
    if versions[0] != versions[1] and all(isinstance(v, str) and v.isdecimal() for v in versions):
        return first if int(str(versions[0])) > int(str(versions[1])) else second
    if versions[0] != versions[1] and updated[0] != updated[1] and all(isinstance(u, str) for u in updated):
        return first if str(updated[0]) > str(updated[1]) else second
    where = first.file if first.file == second.file else f"{first.file} and {second.file}"
    raise ChartError(
        f"{where}: {first.reference} stands twice with different content and no version that tells "
        "which is newer; keep one"
    )


def _meta(item: Item) -> Mapping[str, Any]:
    meta = item.body.get("meta")
    return meta if isinstance(meta, dict) else {}


def _version(item: Item) -> str:
    version = _meta(item).get("versionId")
    return f"(meta.versionId {version})" if isinstance(version, str) and len(version) < 40 else ""


def _without_meta(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in body.items() if key != "meta"}


def _only_patient(items: Sequence[Item], name: str) -> Item:
    patients = [item for item in items if item.type == "Patient"]
    if not patients:
        raise ChartError(f"{name}: no Patient resource; a chart holds exactly one patient")
    if len(patients) > 1:
        listed = " and ".join(item.reference for item in patients[:2])
        more = f" and {len(patients) - 2} more" if len(patients) > 2 else ""
        raise ChartError(f"{name}: more than one patient: {listed}{more}; a chart holds exactly one patient")
    return patients[0]


def _require_sound_patient(patient: Item, *, include_restricted: bool) -> None:
    if patient.restricted and not include_restricted:
        raise ChartError(
            f"{patient.file}: {patient.reference} is labelled restricted ({patient.restricted}); "
            "the chart is read with --include-restricted only"
        )
    for fault in find_faults(patient.body):
        if not fault.calendar:
            raise ChartError(f"{patient.file}: {patient.reference} {fault.path}: expected {fault.expected}")


def _without_restricted(
    items: Sequence[Item], unread: list[Unread], *, include_restricted: bool
) -> list[Item]:
    if include_restricted:
        return list(items)
    for item in items:
        if item.restricted:
            why = f"restricted ({item.restricted}); read with --include-restricted"
            unread.append(Unread(item.reference, why))
    return [item for item in items if not item.restricted]


def _contained(parent: Item, unread: list[Unread]) -> list[Item]:
    contained = parent.body.get("contained")
    if contained is None:
        return []
    found: list[Item] = []
    for position, body in enumerate(contained if isinstance(contained, list) else [contained]):
        kind = body.get("resourceType") if isinstance(body, dict) else None
        identifier = body.get("id") if isinstance(body, dict) else None
        if not isinstance(kind, str) or not isinstance(identifier, str) or not _ID.fullmatch(identifier):
            unread.append(Unread(parent.reference, f"contained[{position}]: no resource with an id"))
            continue
        reference = f"{parent.reference}#{identifier}"
        found.append(Item(reference, body, parent.file, "", parent.restricted, parent.reference))
    return found


def _well_typed(items: Sequence[Item], unread: list[Unread]) -> list[Item]:
    kept: list[Item] = []
    for item in items:
        faults = find_faults(item.body)
        wrong = [fault for fault in faults if not fault.calendar]
        for fault in wrong or faults:
            tail = "; it counts as no date" if fault.calendar else "; the resource was left out"
            unread.append(Unread(item.reference, f"{fault.path}: expected {fault.expected}{tail}"))
        if not wrong:
            kept.append(item)
    return kept
