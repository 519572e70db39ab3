"""Which items may be used for what: groups are dealt to parts by hash, and the deal is committed.

Beside this module, ``splits/<task>.json`` holds for every task of ours the number of items and groups of
each part and hashes of them, so that a score of today and one of next year are about the same items.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from posology.errors import UserError
from posology.evaluate.items import Answer, Item, Mention
from posology.evaluate.task import Part, Shares, Task

__all__ = [
    "committed_part",
    "committed_split",
    "data_folder",
    "deal_parts",
    "describe_split",
    "load_items",
    "load_parts",
    "note_on_split",
]

_FORMAT = "split/1"


def data_folder(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that holds one folder a data set: as given, else as POSOLOGY_DATA says."""
    named = given or Path(environment.get("POSOLOGY_DATA") or "")
    if named == Path(""):
        raise UserError(
            "no data folder: name it with --data FOLDER or in the environment variable POSOLOGY_DATA; it "
            "holds a folder for each data set, such as medqa_usmle"
        )
    if not named.is_dir():
        origin = "--data" if given else "POSOLOGY_DATA"
        raise UserError(
            f"{named}: there is no such folder; {origin} must name the one that holds the data sets"
        )
    return named


def load_parts(task: Task, data: Path) -> Mapping[Part, list[Item]]:
    """Read a task's items and deal them to the parts, as committed where the task has a committed split."""
    parts = deal_parts(task, data)
    _check_committed(task, parts, data / task.folder)
    return parts


def deal_parts(task: Task, data: Path) -> Mapping[Part, list[Item]]:
    """Read a task's items and deal them to the parts, whatever is committed.

    Items of a part stand in the order of a hash of their ids: the first n are a fixed sample.
    """
    folder = data / task.folder
    if not folder.exists():
        raise UserError(
            f"{folder}: the data of the task {task.name} is not there; put it there (source: "
            f"{task.card.url}), or name another data folder with --data or POSOLOGY_DATA"
        )
    items = _unique_items(task.read(folder), folder, task.name)
    return _deal(task, items, folder)


def load_items(task: Task, data: Path, part: Part, n: int | None = None) -> list[Item]:
    """Return the items of a part, or its first n."""
    if n is not None and n < 1:
        raise UserError(f"{n} items of {task.name} are asked for; at least one is needed")
    items = load_parts(task, data)[part]
    if not items:
        raise UserError(f"the task {task.name} has no items in the part {part}")
    return items[:n]


def _unique_items(read: Iterable[Item], folder: Path, name: str) -> list[Item]:
    items: dict[str, Item] = {}
    for item in read:
        if item.id in items:
            raise UserError(f"{folder}: two items have the id {item.id}; ids must be unique")
        items[item.id] = item
    if not items:
        raise UserError(f"{folder}: there is no item of the task {name} in it")
    return list(items.values())


def _deal(task: Task, items: Sequence[Item], folder: Path) -> dict[Part, list[Item]]:
    parts: dict[Part, list[Item]] = {part: [] for part in Part}
    homes: dict[str, Part] = {}
    for item in items:
        part = _part_of(task, item)
        if homes.setdefault(item.group, part) is not part:
            raise UserError(
                f"{folder}: the group {item.group} would be in the parts {homes[item.group]} and {part}; "
                "items of one source must stay together"
            )
        parts[part].append(item)
    for part, share in zip(Part, _shares(task.shares), strict=True):
        if share and not parts[part]:
            raise UserError(
                f"{folder}: no item of {task.name} falls in the part {part}; items are dealt out by "
                f"groups (patients, documents, texts), and it has {len(homes)}: more are needed"
            )
        parts[part].sort(key=lambda item: _hash(f"{task.name}:{item.id}"))
    return parts


def _shares(shares: Shares) -> tuple[float, float, float]:
    """Return the shares in the order of the parts; they are a whole."""
    dealt = (shares.tune, shares.select, shares.report)
    if min(dealt) < 0 or abs(sum(dealt) - 1) > 1e-6:
        raise UserError(f"the shares tune, select and report are {dealt}; they must add up to 1")
    return dealt


def _part_of(task: Task, item: Item) -> Part:
    named = task.shares.part_of(item) if task.shares.part_of else None
    if named is not None:
        return named
    tune, select, _ = _shares(task.shares)
    place = int(_hash(f"{task.name}:{item.group}")[:15], 16) / 16**15
    if place < tune:
        return Part.TUNE
    return Part.SELECT if place < tune + select else Part.REPORT


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def describe_split(task: Task, parts: Mapping[Part, Sequence[Item]]) -> dict[str, Any]:
    """Return what is committed of a deal: numbers and hashes, no text.

    ``sha256`` is of the sorted ids; ``content`` of texts, options and gold answers in that order.
    """
    shares = ", ".join(f"{part} {share:g}" for part, share in zip(Part, _shares(task.shares), strict=True))
    own = "; the source's own parts first" if task.shares.part_of else ""
    return {
        "posology": _FORMAT,
        "task": task.name,
        "rule": f"groups by sha256 of task:group; {shares}{own}",
        "parts": {str(part): _describe_part(items) for part, items in parts.items()},
    }


def _describe_part(items: Sequence[Item]) -> dict[str, object]:
    ordered = sorted(items, key=lambda item: item.id)
    return {
        "n": len(items),
        "groups": len({item.group for item in items}),
        "sha256": _hash("\n".join(item.id for item in ordered)),
        "content": _hash("\n".join(_content(item) for item in ordered)),
    }


def _content(item: Item) -> str:
    return json.dumps([item.id, item.group, item.text, list(item.options), _plain(item.gold)])


def _plain(answer: Answer) -> object:
    if isinstance(answer, str):
        return answer
    return [[one.start, one.end, one.label, one.text] if isinstance(one, Mention) else one for one in answer]


def committed_split(name: str) -> Mapping[str, Any] | None:
    """Return the committed deal of a task; None where it has none, as a user's own task."""
    if not re.fullmatch(r"[a-z0-9_]+", name):
        return None
    path = files("posology.evaluate").joinpath("splits", f"{name}.json")
    if not path.is_file():
        return None
    split: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return split


def committed_part(name: str, part: Part) -> Mapping[str, Any]:
    """Return what is committed of a part: its n, groups and hashes; nothing where no deal is."""
    parts: Mapping[str, Mapping[str, Any]] = (committed_split(name) or {}).get("parts", {})
    return parts.get(str(part), {})


def note_on_split(task: Task) -> str:
    """Return what a report must say where a task's deal is not committed; else nothing."""
    if committed_split(task.name) is not None:
        return ""
    return (
        f"The split of {task.name} is not committed: nothing shows that it was fixed before the first score."
    )


def _check_committed(task: Task, parts: Mapping[Part, Sequence[Item]], folder: Path) -> None:
    committed = committed_split(task.name)
    if committed is None:
        return
    found = describe_split(task, parts)
    if found == committed:
        return
    changed = [str(part) for part in Part if found["parts"][part] != committed_part(task.name, part)]
    what = f"the items of {', '.join(changed)}" if changed else "the rule"
    raise UserError(
        f"{folder}: {what} are not those of the committed split of {task.name}: the data or its reader "
        "changed, and scores would not compare; use the release of the data that the task's page names"
    )
