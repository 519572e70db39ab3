"""A task's items as what an encoder reads: a text, or two; and as what a head learns from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from posology.adapt.claims import SUPPORTED, UNSUPPORTED
from posology.adapt.encoders.labelled import Labelled
from posology.corpus import Provenance
from posology.errors import UserError
from posology.evaluate.forms import LETTERS
from posology.evaluate.items import Item, Mention
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Kind, Part, Task
from posology.evaluate.tasks import find_task
from posology.evidence.heads import Span

__all__ = [
    "AFFIRMED",
    "OPTION_LABELS",
    "claims_labelled",
    "head_kind",
    "labelled_of",
    "reading_of",
    "task_labelled",
]

CLAIMS: Mapping[str, str] = {
    "covidfact_rte": "Claim",
    "criteria": "Question",
    "expertqa": "Sentence",
    "healthver": "Claim",
    "medhallu": "Answer",
    "mediqa2019_rqe": "Frequent question",
    "pubmedqa": "Question",
}
"""How the last part of an item's text begins in tasks about two texts: a claim, after its evidence."""

AFFIRMED = ("yes", "Supports", "SUPPORTED")
"""The labels of tasks of claims that say that the evidence supports the claim; all others say it does not."""

OPTION_LABELS = ("right", "wrong")  # of a question with an option of its own
HeadKind = Literal["token", "sequence", "pair"]


def head_kind(task: Task) -> HeadKind | None:
    """Return the kind of head that answers a task; None for codes and written texts."""
    if task.form.kind is Kind.ENTITIES:
        return "token"
    if task.form.kind is not Kind.CHOICE:
        return None
    return "pair" if task.name in CLAIMS or not task.labels else "sequence"


def reading_of(task: Task, item: Item) -> list[tuple[str, str]]:
    """Return what an encoder reads of an item: one text or pair; a pair an option where it has options."""
    if task.name in CLAIMS:
        return [_claim_and_evidence(task, item)]
    if task.form.kind is Kind.CHOICE and not task.labels:
        return [(option, item.text) for option in item.options]
    return [(item.text, "")]


def _claim_and_evidence(task: Task, item: Item) -> tuple[str, str]:
    evidence, found, claim = item.text.rpartition(f"\n{CLAIMS[task.name]}: ")
    if not found or not claim.strip() or not evidence.strip():
        raise UserError(f"{task.name}: item {item.id}: its text has no part {CLAIMS[task.name]}")
    name, colon, rest = evidence.partition(": ")
    named = colon and name.replace("'", "").replace(" ", "").isalpha() and len(name.split()) <= 3
    return claim, rest if named else evidence


def labelled_of(task: Task, items: Sequence[Item]) -> list[Labelled]:
    """Return items with a gold answer as what a head learns from; UserError for another kind of task."""
    kind = head_kind(task)
    if kind is None:
        raise UserError(f"{task.name}: heads answer choices and entities; this task is {task.form.kind}")
    return [one for item in items if _is_learnable(task, item) for one in _labelled(task, item)]


def _is_learnable(task: Task, item: Item) -> bool:
    choices = task.labels or LETTERS[: len(item.options)]
    return task.form.kind is Kind.ENTITIES or item.gold in choices


def _labelled(task: Task, item: Item) -> list[Labelled]:
    provenance = Provenance(source=task.name, licence=task.card.licence, group=item.group)
    texts = reading_of(task, item)
    if task.form.kind is Kind.ENTITIES:
        spans = tuple(
            Span(one.start, one.end, one.label)
            for one in item.gold
            if isinstance(one, Mention) and one.start >= 0
        )
        return [Labelled(item.id, texts[0][0], provenance, spans=spans, task=task.name)]
    if task.labels:
        first, second = texts[0]
        return [Labelled(item.id, first, provenance, second=second, label=str(item.gold), task=task.name)]
    right, wrong = OPTION_LABELS
    return [
        Labelled(
            f"{item.id}/{letter}",
            first,
            provenance,
            second=second,
            label=right if letter == item.gold else wrong,
            task=task.name,
        )
        for letter, (first, second) in zip(LETTERS, texts, strict=False)
    ]


def task_labelled(name: str, part: Literal["tune", "select"], data: Path) -> list[Labelled]:
    """Return the labelled texts of a task's part; the part with scores is refused."""
    if part not in (Part.TUNE, Part.SELECT):
        raise UserError(f"{name}: the part {part} is for scores: nothing learns from it")
    task = find_task(name)
    return labelled_of(task, load_parts(task, data)[Part(part)])


def claims_labelled(name: str, part: Literal["tune", "select"], data: Path) -> list[Labelled]:
    """Return the claims of a task's part under the labels supported and unsupported."""
    if name not in CLAIMS or name in ("criteria", "mediqa2019_rqe", "pubmedqa"):
        raise UserError(f"{name}: not a task of claims with evidence, such as medhallu")
    return [
        replace(one, label=SUPPORTED if one.label in AFFIRMED else UNSUPPORTED)
        for one in task_labelled(name, part, data)
    ]
