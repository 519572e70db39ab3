"""MEDEC-MS: whether a clinical text holds a medical error that was planted in it."""

import re
from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of, linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.persons import person_slices
from posology.evaluate.reading import length_slice, read_csv, require_label, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["MEDEC_MS"]

_LABELS = ("no", "yes")
_FILE = "MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv"
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_LONG = 12  # words; a sentence so long stands in two texts only where one case is behind both


def _read(folder: Path) -> Iterator[Item]:
    columns = ("Text ID", "Text", "Error Flag", "Error Type")
    rows = [(line, row) for line, row in read_csv(folder / _FILE, columns) if row["Text ID"].strip()]
    groups = linked_groups([_long_sentences(row["Text"]) for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        text = require_text(row, "Text", line)
        flag = require_label(row["Error Flag"], ("0", "1"), line)
        yield Item(
            id=row["Text ID"],
            group=group_of(group),
            text=text,
            gold=_LABELS[int(flag)],
            slices={
                "error": row["Error Type"] if flag == "1" else "none",
                "length": length_slice(text),
                **person_slices(text),
            },
        )


def _long_sentences(text: str) -> list[str]:
    sentences = [same_words(sentence) for sentence in _SENTENCE.split(text)]
    return [one for one in sentences if len(one.split()) >= _LONG] or [same_words(text)]


def _ask(item: Item) -> str:
    return f"{item.text}\n\nDoes this clinical text contain a medical error?"


MEDEC_MS = Task(
    name="medec_ms",
    family=Family.CLAIMS,
    language="en",
    folder="medec_ms",
    read=_read,
    system="You are a physician who proofreads clinical texts for medical errors.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="MEDEC-MS: error or none",
        source="Ben Abacha et al., Findings of ACL 2025; abachaa/MEDEC, validation file",
        licence="CC BY 4.0",
        url="https://github.com/abachaa/MEDEC",
        about="A vignette made from a question of MedQA, right or with one error in it (a diagnosis, "
        "treatment, drug or organism put in the place of the right one): is there an error?",
        leaks="The vignettes come from MedQA, which is in many training sets; the set itself is public since "
        "2024. Both versions of a case, and all that share a long sentence, are in one part.",
        limits="Planted errors of one sentence in tidy texts; those of real notes are others. Blank rows of "
        "the file, which it has as padding, are not items.",
    ),
)
