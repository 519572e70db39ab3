"""MedQA: questions in the style of the licensing examination of physicians in the United States."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm, ask_with_options
from posology.evaluate.items import Item
from posology.evaluate.nodes import read_nodes
from posology.evaluate.persons import person_slices
from posology.evaluate.reading import length_slice, require_letters
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["MEDQA_USMLE"]

_TEST = "official test file, 1,273 questions, four options"


def _read(folder: Path) -> Iterator[Item]:
    keys = ("question", "options", "answer", "answer_idx", "meta_info")
    rows = list(read_nodes(folder / "phrases_no_exclude_dev.jsonl", keys))
    groups = similar_groups([row.key("question").text() for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        options = row.key("options")
        letters = require_letters(options.keys(), line)
        gold = row.key("answer_idx").one_of(letters)
        if options.key(gold).text() != row.key("answer").text():
            raise line.fault("answer is not the option that answer_idx names")
        text = row.key("question").text().strip()
        yield Item(
            id=f"dev-{line.number}",
            group=group,
            text=text,
            gold=gold,
            options=tuple(options.key(letter).text() for letter in letters),
            slices={"step": row.key("meta_info").text(), "length": length_slice(text), **person_slices(text)},
        )


MEDQA_USMLE = Task(
    name="medqa_usmle",
    family=Family.QUESTIONS,
    language="en",
    folder="medqa_usmle",
    read=_read,
    system="You are a physician who answers questions of a medical licensing examination.",
    ask=ask_with_options,
    form=ChoiceForm(lead="Answer with the letter of the one best option only:"),
    metric="accuracy",
    card=Card(
        title="MedQA (USMLE, four options)",
        source="Jin et al., Applied Sciences 2021; carlwharris/cog-bias-med-LLMs, official development file",
        licence="MIT (the licence file of MedQA; not stated in the repository of this copy)",
        url="https://github.com/carlwharris/cog-bias-med-LLMs",
        about="A clinical vignette or a question of basic science, four options, one right. 1,272 questions "
        "of the official development file.",
        leaks="On the web since 2020 and in many instruction sets; a model may have seen the answers.",
        limits="Examination questions state all that is needed and have one right answer; charts do neither. "
        "Published scores are of the test file, which is not in this copy.",
        references=(
            Reference(
                "Gemma 3 4B", "accuracy", 0.507, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
            Reference(
                "MedGemma 1 4B", "accuracy", 0.644, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
            Reference(
                "Qwen3-VL-4B", "accuracy", 0.768, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
        ),
        alarm=(0.76, 2_000_000_000),
    ),
)
