"""Edits of a text: what stands where instead, and where mentions are afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posology.evaluate.items import Answer, Mention

__all__ = ["Edit", "Kept", "apply_edits", "moved", "touches"]


class Kept(ValueError):
    """An item that cannot be changed cleanly; says why, never in words of the item."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Words in place of those from ``start`` to ``end``: characters, half-open."""

    start: int
    end: int
    words: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with edits that do not overlap."""
    parts, done = [], 0
    for edit in sorted(edits):
        if edit.start < done:
            raise ValueError("edits overlap")
        parts += [text[done : edit.start], edit.words]
        done = edit.end
    return "".join([*parts, text[done:]])


def touches(edit: Edit, gold: Answer) -> bool:
    """Say whether an edit changes words of a gold mention."""
    if isinstance(gold, str):
        return False
    return any(
        isinstance(one, Mention) and edit.start < one.end and max(edit.end, edit.start + 1) > one.start
        for one in gold
    )


def moved(gold: Answer, edits: Sequence[Edit]) -> Answer:
    """Return the gold answer with its mentions where the edits have moved them; none may touch one."""
    if isinstance(gold, str):
        return gold
    found: list[Mention] = []
    for one in gold:
        if not isinstance(one, Mention):
            return gold
        shift = sum(len(edit.words) - (edit.end - edit.start) for edit in edits if edit.end <= one.start)
        found.append(Mention(one.start + shift, one.end + shift, one.label, one.text))
    return tuple(found)
