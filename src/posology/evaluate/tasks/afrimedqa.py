"""AfriMed-QA: medical questions for African health care, multiple choice."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm, ask_with_options
from posology.evaluate.items import Item
from posology.evaluate.nodes import read_nodes
from posology.evaluate.reading import length_slice, require_letters
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Task

__all__ = ["AFRIMEDQA"]


def _read(folder: Path) -> Iterator[Item]:
    rows = list(read_nodes(folder / "train.jsonl", ("realidx", "question", "options", "answer_idx")))
    groups = similar_groups([row.key("question").text() for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        options = row.key("options")
        letters = require_letters(options.keys(), line)
        text = row.key("question").text().strip()
        yield Item(
            id=row.key("realidx").text(),
            group=group,
            text=text,
            gold=row.key("answer_idx").one_of(letters),
            options=tuple(options.key(letter).text() for letter in letters),
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
