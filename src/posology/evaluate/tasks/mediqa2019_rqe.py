"""MEDIQA 2019, RQE: whether the answers to a frequent question answer a patient's question too."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_elements, require_label, require_text
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Task

__all__ = ["MEDIQA2019_RQE"]

_LABELS = ("yes", "no")
_SAID = {"true": "yes", "false": "no"}


def _read(folder: Path) -> Iterator[Item]:
    path = folder / "MEDIQA2019-Task2-RQE-ValidationSet-AMIA2016.xml"
    rows = list(read_elements(path, "pair", ("pid", "value", "chq", "faq")))
    groups = similar_groups([row["chq"] for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        asked, frequent = require_text(row, "chq", line), require_text(row, "faq", line)
        yield Item(
            id=require_text(row, "pid", line),
            group=group,
            text=f"Patient's question: {asked}\nFrequent question: {frequent}",
            gold=_SAID[require_label(row["value"], tuple(_SAID), line)],
            slices={"length": length_slice(asked)},
        )


def _ask(item: Item) -> str:
    return (
        f"{item.text}\n\nWould every answer to the frequent question also be a complete or partial answer "
        "to the patient's question?"
    )


MEDIQA2019_RQE = Task(
    name="mediqa2019_rqe",
    family=Family.CLAIMS,
    language="en",
    folder="mediqa2019_rqe",
    read=_read,
    system="You match questions of patients to a list of frequent questions.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="MEDIQA 2019, recognizing question entailment",
        source="Ben Abacha et al., BioNLP 2019; abachaa/MEDIQA2019, validation file (AMIA 2016)",
        licence="not stated",
        url="https://github.com/abachaa/MEDIQA2019",
        about="A question that a patient sent to the National Library of Medicine, and one of a list of "
        "frequent questions: does every answer to the second answer the first, at least in part?",
        leaks="On the web since 2016. Pairs of one patient's question are in one part; the same frequent "
        "question stands in several parts, as 160 of them are paired with 119 questions.",
        limits="302 pairs. The test file of 2019 has another make-up, so its published scores do not "
        "compare.",
    ),
)
