"""MedMCQA: questions of entrance examinations of medical schools in India."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm, ask_with_options
from posology.evaluate.items import Item
from posology.evaluate.nodes import read_nodes
from posology.evaluate.reading import length_slice
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["MEDMCQA"]

_OPTIONS = ("opa", "opb", "opc", "opd")
_DEV = "the development file by custom, 4,183 questions; ours are 2,928 of them"


def _read(folder: Path) -> Iterator[Item]:
    keys = ("id", "question", "cop", "choice_type", "subject_name", *_OPTIONS)
    rows = list(read_nodes(folder / "dev.json", keys))
    groups = similar_groups([row.key("question").text() for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        if (right := row.key("cop").number()) not in (1, 2, 3, 4):
            raise line.fault("cop, the number of the right option, is none of 1, 2, 3, 4")
        text = row.key("question").text().strip()
        yield Item(
            id=row.key("id").text(),
            group=group,
            text=text,
            gold="ABCD"[int(right) - 1],
            options=tuple(row.key(key).text().strip() for key in _OPTIONS),
            slices={
                "subject": row.key("subject_name").words(),
                "source's type": row.key("choice_type").words(),
                "length": length_slice(text),
            },
        )


def _reference(system: str, value: float, parameters: int) -> Reference:
    return Reference(system, "accuracy", value, _DEV, "arXiv 2604.05081", "V", parameters)


MEDMCQA = Task(
    name="medmcqa",
    family=Family.QUESTIONS,
    language="en",
    folder="medmcqa",
    read=_read,
    system="You are a physician who answers questions of a medical entrance examination.",
    ask=ask_with_options,
    form=ChoiceForm(lead="Answer with the letter of the one best option only:"),
    metric="accuracy",
    card=Card(
        title="MedMCQA",
        source="Pal et al., CHIL 2022; Teddy-XiongGZ/MIRAGE, development file, seven of ten questions",
        licence="MIT",
        url="https://github.com/Teddy-XiongGZ/MIRAGE",
        about="A short question from an entrance examination (AIIMS, NEET-PG), four options, one right.",
        leaks="On the web since 2022 and in many instruction sets, this file included.",
        limits="907 of 2,928 questions are of dentistry. In 24 questions two options have the same words, "
        "and ten pairs of questions have the same words but other options; each pair is in one part. Short "
        "questions that differ in a word or two may stand in two.",
        references=(
            _reference("Gemma 3 4B", 0.454, 4_000_000_000),
            _reference("MedGemma 1 4B", 0.557, 4_000_000_000),
            _reference("Qwen3-VL-4B", 0.637, 4_000_000_000),
        ),
    ),
)
