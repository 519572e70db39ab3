"""BioASQ, task B: questions of biomedical experts that yes or no answers, with passages of articles."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.nodes import read_node
from posology.evaluate.reading import length_slice
from posology.evaluate.task import Card, Family, Task

__all__ = ["BIOASQ_TASKB"]

_LABELS = ("yes", "no")
_BATCHES = ("9B1", "9B2", "9B3")


def _read(folder: Path) -> Iterator[Item]:
    for batch in _BATCHES:
        for row in read_node(folder / f"{batch}_golden.json").key("questions").items():
            if row.key("type").words() != "yesno":
                continue  # the other three kinds have no fixed answers
            snippets, asked = row.key("snippets"), row.key("body").text()
            passages = dict.fromkeys(snippet.key("text").text().strip() for snippet in snippets.items())
            if not passages:
                raise snippets.fault("is empty")
            evidence = "\n".join(passages)
            yield Item(
                id=row.key("id").text(),
                group=group_of(asked),
                text=f"Passages: {evidence}\nQuestion: {asked.strip()}",
                gold=row.key("exact_answer").one_of(_LABELS),
                slices={"batch": batch, "length": length_slice(evidence)},
            )


def _ask(item: Item) -> str:
    return item.text


BIOASQ_TASKB = Task(
    name="bioasq_taskb",
    family=Family.QUESTIONS,
    language="en",
    folder="bioasq_taskb",
    read=_read,
    system="You answer questions about biomedical research from passages of articles.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="BioASQ task B, yes or no",
        source="Krithara et al., Scientific Data 2023; Teddy-XiongGZ/MIRAGE, Task 9B, batches 1 to 3",
        licence="not stated for these files; BioASQ distributes its data under CC BY 2.5 as far as known",
        url="https://github.com/Teddy-XiongGZ/MIRAGE",
        about="A question by an expert and the passages that experts chose to answer it from: yes or no? "
        "Passages that repeat word for word stand once.",
        leaks="Questions and answers are on the web since 2021.",
        limits="73 of the 297 questions are answered by yes or no; the 224 others (factoid, list, summary) "
        "are not asked. About half of 73 are reported on: only large differences can show. Some questions "
        "come with more than fifty passages.",
    ),
)
