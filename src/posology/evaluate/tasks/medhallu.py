"""MedHallu: whether an answer follows from an abstract, or was made up to look as if."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.reading import Line, length_slice, parse_dict, read_csv, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["MEDHALLU"]

_LABELS = ("yes", "no")
_ANSWERS = {"ground_truth": "yes", "least_similar_answer": "no"}


def _read(folder: Path) -> Iterator[Item]:
    columns = ("question", "knowledge", "final_difficulty_level", *_ANSWERS)
    for line, row in read_csv(folder / "prepared_detection_input.csv", columns):
        abstract = "\n".join(_contexts_of(row["knowledge"], line))
        question = require_text(row, "question", line)
        for number, (column, gold) in enumerate(_ANSWERS.items(), 1):
            yield Item(
                id=f"{group_of(question)}-{number}",
                group=group_of(question),
                text=f"Abstract: {abstract}\nQuestion: {question}\nAnswer: {require_text(row, column, line)}",
                gold=gold,
                slices={"difficulty": row["final_difficulty_level"], "length": length_slice(abstract)},
            )


def _contexts_of(written: str, line: Line) -> list[str]:
    contexts = parse_dict(written, "knowledge", line).get("contexts")
    if not isinstance(contexts, list) or not contexts:
        raise line.fault("knowledge has no list of contexts")
    return [str(one) for one in contexts]


def _ask(item: Item) -> str:
    return f"{item.text}\n\nIs the answer true to the abstract, with nothing made up?"


MEDHALLU = Task(
    name="medhallu",
    family=Family.CLAIMS,
    language="en",
    folder="medhallu",
    read=_read,
    system="You check answers about biomedical research against the abstract that they rest on.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="MedHallu (labelled part)",
        source="Pandit et al. 2025; askerlee/MedHallu, the 500 questions not on PubMedQA's test list",
        licence="MIT",
        url="https://github.com/askerlee/MedHallu",
        about="A question of PubMedQA, the abstract without its conclusion, and an answer: the authors' own "
        "conclusion (yes), or one that a machine made up (no). Two items a question, in one part.",
        leaks="The true answers stand in PubMed. Made-up answers are shorter, 27 words against 40 on "
        "average: calling answers of more than 28 words true is right for 75 % of the report part, and a "
        "system that learns finds that without reading. PubMedQA asks about the same 500 articles.",
        limits="A conclusion may say more than the abstract's other parts: some true answers do not follow "
        "from what is shown.",
    ),
)
