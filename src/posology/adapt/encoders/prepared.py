"""Examples as what goes through an encoder: windows with their targets, and the weights of labels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from posology.adapt.encoders.labelled import Labelled
from posology.errors import UserError
from posology.evidence.heads.tags import Span, tag_pieces, tags_of_labels
from posology.evidence.heads.windows import Cutter, Pieces, Window

__all__ = ["IGNORED", "Counted", "Task", "Unit", "batches_of", "label_weights", "prepare"]

IGNORED = -100  # the target of special pieces


@dataclass(frozen=True, slots=True)
class Task:
    """What a head answers: its kind, and its labels in the order of its outputs."""

    kind: Literal["token", "sequence", "pair"]
    labels: tuple[str, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs: the labels, or their BIO tags."""
        return tags_of_labels(self.labels) if self.kind == "token" else self.labels


@dataclass(frozen=True, slots=True)
class Unit:
    """One example: its windows, and a target for each piece of each window or one for all of them."""

    windows: tuple[Window, ...]
    pieces: Pieces  # of the text, for spans
    tags: tuple[int, ...]  # a token head's targets, one a piece of the text
    label: int  # a text's target, -1 for token heads
    spans: tuple[Span, ...]  # the gold ones
    weight: float
    left: int  # windows that are not learned from

    def __repr__(self) -> str:
        """Show the size only: pieces spell the text."""
        return f"Unit({len(self.windows)} windows)"

    @property
    def size(self) -> int:
        """Return the pieces of all windows."""
        return sum(len(window.ids) for window in self.windows)

    def targets(self, window: Window) -> list[int]:
        """Return a token head's targets of a window's pieces."""
        inner = len(window.ids) - window.lead - 1
        return [
            *[IGNORED] * window.lead,
            *self.tags[window.start : window.start + inner],
            IGNORED,
        ]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the examples became, for the report."""

    examples: int
    windows: int
    pieces: int
    spans: int
    spans_widened: int
    spans_left_out: int
    windows_left_out: int
    labels: dict[str, int]


def prepare(
    examples: Sequence[Labelled], task: Task, cutter: Cutter, at_most: int = 0
) -> tuple[list[Unit], Counted]:
    """Return a unit for each example, and the counts; ``at_most`` windows of each (0: all).

    Raises UserError for a label that is none of the task's.
    """
    firsts = cutter.pieces([one.first for one in examples])
    if task.kind == "pair":
        seconds = cutter.pieces([one.second for one in examples])
        windows = cutter.paired(list(zip(firsts, seconds, strict=True)))
    else:
        windows = cutter.single(firsts)
    groups: list[list[Window]] = [[] for _ in examples]
    for window in windows:
        groups[window.of].append(window)
    widened = left_out = 0
    units = []
    for one, pieces, group in zip(examples, firsts, groups, strict=True):
        tagged = tag_pieces(pieces, _known_spans(one, task), task.labels) if task.kind == "token" else None
        widened += tagged.widened if tagged else 0
        left_out += tagged.left_out if tagged else 0
        kept = group[:at_most] if at_most else group
        units.append(
            Unit(
                windows=tuple(kept),
                pieces=pieces,
                tags=tagged.tags if tagged else (),
                label=-1 if tagged else _label_of(one, task),
                spans=one.spans,
                weight=one.weight,
                left=len(group) - len(kept),
            )
        )
    return units, _counted(examples, units, task, (widened, left_out))


def _known_spans(one: Labelled, task: Task) -> tuple[Span, ...]:
    for span in one.spans:
        if span.label not in task.labels:
            raise UserError(f"example {one.id}: a span of the label {span.label[:40]}, none of this head's")
    return one.spans


def _label_of(one: Labelled, task: Task) -> int:
    if one.label not in task.labels:
        raise UserError(f"example {one.id}: its label {one.label[:40]!r} is none of this head's")
    return task.labels.index(one.label)


def _counted(
    examples: Sequence[Labelled], units: Sequence[Unit], task: Task, spans: tuple[int, int]
) -> Counted:
    names = Counter(
        name
        for one in examples
        for name in ([span.label for span in one.spans] if task.kind == "token" else [one.label])
    )
    return Counted(
        examples=len(units),
        windows=sum(len(unit.windows) for unit in units),
        pieces=sum(unit.size for unit in units),
        spans=sum(len(unit.spans) for unit in units),
        spans_widened=spans[0],
        spans_left_out=spans[1],
        windows_left_out=sum(unit.left for unit in units),
        labels={label: names[label] for label in task.labels},
    )


def label_weights(
    units: Sequence[Unit], outputs: int, how: Literal["none", "root", "balanced"]
) -> NDArray[np.float32]:
    """Return the weight of each output in the loss; over the examples they are one in the mean."""
    counts = np.zeros(outputs)
    for unit in units:
        np.add.at(counts, [unit.label] if unit.label >= 0 else list(unit.tags), 1)
    power = {"none": 0.0, "root": 0.5, "balanced": 1.0}[how]
    weights = np.divide(1.0, counts, out=np.zeros(outputs), where=counts > 0) ** power
    weights[counts == 0] = 0.0
    total = float((weights * counts).sum())
    if not total:
        raise UserError("there is nothing to learn from: no text has a piece with a label")
    result: NDArray[np.float32] = (weights * counts.sum() / total).astype(np.float32)
    return result


def batches_of(units: Sequence[Unit], batch: int, seed: int) -> Iterator[list[int]]:
    """Yield the examples of each step of one epoch: drawn anew by the seed, alike in length within a step."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(units))
    pool = batch * 40
    batches: list[list[int]] = []
    for first in range(0, len(order), pool):
        part = sorted(order[first : first + pool], key=lambda n: units[n].size)
        batches += [list(map(int, part[at : at + batch])) for at in range(0, len(part), batch)]
    for place in draw.permutation(len(batches)):
        yield batches[place]
