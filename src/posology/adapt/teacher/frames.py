"""Frames of questions and of the sentences that answer them, or do not: the grammar of made judgements.

They stand in ``frames.yaml``. ``{m}`` is the matter as the question names it, ``{s}`` the matter as a note
names it, ``{o}`` another matter of the same kind. Under ``silent`` stand sentences that speak of the matter
and answer nothing, by the trap that they set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from posology.errors import UserError
from posology.files import parse_yaml

__all__ = ["Frame", "load_frames"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Questions of one kind, and what notes say to them."""

    kind: str
    questions: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    silent: Mapping[str, tuple[str, ...]]


@cache
def load_frames() -> tuple[Frame, ...]:
    """Return the frames that ship with the package."""
    name = "frames.yaml"
    text = resources.files("posology.adapt.teacher").joinpath(name).read_text(encoding="utf-8")
    data = parse_yaml(text, name, UserError)
    return tuple(
        Frame(
            kind,
            tuple(entry["questions"]),
            tuple(entry["yes"]),
            tuple(entry["no"]),
            {trap: tuple(texts) for trap, texts in entry["silent"].items()},
        )
        for kind, entry in data.items()
    )
