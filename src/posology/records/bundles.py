"""Taking Bundles and lists apart into entries, one for each resource, in the order of the file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from posology.errors import ChartError
from posology.records.chart import Unread
from posology.records.restricted import restriction

__all__ = ["Entry", "unpack"]

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as it stood in a file: its JSON, the file, its ``fullUrl`` and a label it inherits."""

    body: Mapping[str, Any]
    file: str
    full_url: str = ""
    label: str = ""

    def __repr__(self) -> str:
        """Show the file only: the body is patient data."""
        return f"Entry({self.file})"


def unpack(value: Any, file: str) -> Iterator[Entry | Unread]:
    """Yield every resource of a JSON value: a resource, a Bundle (nested ones too) or a list of them.

    What stands where a resource is expected and is none comes as Unread.
    """
    if isinstance(value, list):
        if not any(isinstance(item, dict) and "resourceType" in item for item in value):
            yield Unread(file, "a list without FHIR resources")
            return
        for position, item in enumerate(value):
            yield from _item(item, file, f"[{position}]", "")
    else:
        yield from _item(value, file, "", "")


def _item(value: Any, file: str, path: str, full_url: str) -> Iterator[Entry | Unread]:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if kind == "Bundle":
        yield from _bundle(value, file, path)
    elif not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        yield Unread(file, f"{path or 'the file'}: no FHIR resource (no resourceType)")
    else:
        yield Entry(value, file, full_url)


def _bundle(bundle: Mapping[str, Any], file: str, path: str) -> Iterator[Entry | Unread]:
    entries = bundle.get("entry")
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        raise ChartError(f"{file}: {path}Bundle.entry must be a list")
    yield from _further_pages(bundle, file, path)
    found = list(_entries(entries, file, f"{path}Bundle.entry", history=bundle.get("type") == "history"))
    label = restriction(bundle)
    # a Bundle bears the highest label of its entries: where one of them explains it, the others keep theirs
    explained = any(isinstance(item, Entry) and (item.label or restriction(item.body)) for item in found)
    for item in found:
        if label and not explained and isinstance(item, Entry) and not _has_label(item.body):
            yield Entry(item.body, item.file, item.full_url, label)
        else:
            yield item


def _has_label(body: Mapping[str, Any]) -> bool:
    meta = body.get("meta")
    return isinstance(meta, dict) and bool(meta.get("security"))


def _entries(entries: list[Any], file: str, path: str, *, history: bool) -> Iterator[Entry | Unread]:
    deleted: set[str] = set()
    for position, entry in enumerate(entries):
        where = f"{path}[{position}]"
        if not isinstance(entry, dict):
            yield Unread(file, f"{where}: expected an object")
            continue
        resource = entry.get("resource")
        if resource is None:
            yield from _without_resource(entry, file, where, deleted if history else None)
        elif history and _reference(resource) in deleted:
            yield Unread(_reference(resource), "was deleted later; the older version is not used")
        else:
            full_url = entry.get("fullUrl")
            yield from _item(
                resource, file, f"{where}.resource", full_url if isinstance(full_url, str) else ""
            )


def _without_resource(
    entry: Mapping[str, Any], file: str, where: str, deleted: set[str] | None
) -> Iterator[Unread]:
    request = entry.get("request")
    method = request.get("method") if isinstance(request, dict) else None
    url = request.get("url") if isinstance(request, dict) else None
    if method == "DELETE" and deleted is not None and isinstance(url, str):
        deleted.add("/".join(url.split("/_history")[0].split("/")[-2:]))
        yield Unread(file, f"{where}: records a deletion")
    elif method == "DELETE":
        yield Unread(file, f"{where}: asks a server to delete something; nothing was left out for it")
    else:
        yield Unread(file, f"{where}: holds no resource")


def _reference(resource: Any) -> str:
    if not isinstance(resource, dict):
        return ""
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _further_pages(bundle: Mapping[str, Any], file: str, path: str) -> Iterator[Unread]:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            yield Unread(file, f"{path}Bundle.link: a next page exists on the server and was not given")
