"""AfriMed-QA: medical questions for African health care, multiple choice."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm, ask_with_options
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_jsonl, require_label, require_letters, require_text
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Task

__all__ = ["AFRIMEDQA"]


def _read(folder: Path) -> Iterator[Item]:
    rows = list(read_jsonl(folder / "train.jsonl", ("realidx", "question", "options", "answer_idx")))
    groups = similar_groups([str(row["question"]) for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        letters = require_letters(row["options"], line)
        text = require_text(row, "question", line)
        yield Item(
            id=row["realidx"],
            group=group,
            text=text,
            gold=require_label(row["answer_idx"], letters, line),
            options=tuple(row["options"][letter] for letter in letters),
            slices={"length": length_slice(text)},
        )


AFRIMEDQA = Task(
    name="afrimedqa",
    family=Family.QUESTIONS,
    language="en",
    folder="afrimedqa",
    read=_read,
    system="You are a physician in Africa who answers questions of a medical examination.",
    ask=ask_with_options,
    form=ChoiceForm(lead="Answer with the letter of the one best option only:"),
    metric="accuracy",
    card=Card(
        title="AfriMed-QA",
        source="Olatunji et al. 2024; gersteinlab/medagents-benchmark, training file",
        licence="Apache-2.0 (the repository); the original set is CC BY-NC-SA 4.0 as far as known",
        url="https://github.com/gersteinlab/medagents-benchmark",
        about="A medical question with five options, one right, by clinicians and students of African "
        "countries.",
        leaks="On the web since 2024.",
        limits="124 questions, of which 52 are reported on: an interval of some ±13 points. No "
        "published score is of this sample.",
    ),
)
