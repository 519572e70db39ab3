"""IRF: two interpersonal risk factors of suicide in posts of social media, as two tasks."""

from collections.abc import Callable, Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import Line, length_slice, read_csv, require_label, require_text
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Task

__all__ = ["IRF_PBU", "IRF_TBE"]

_LABELS = ("no", "yes")


def _reader(column: str) -> Callable[[Path], Iterator[Item]]:
    def read(folder: Path) -> Iterator[Item]:
        rows = [
            (
                require_text(row, "Unnamed: 0", line),
                require_text(row, "text", line),
                _gold_of(row[column], line),
            )
            for name in ("train", "val")
            for line, row in read_csv(folder / f"{name}_data.csv", ("Unnamed: 0", "text", column))
        ]
        for (number, text, gold), group in zip(
            rows, similar_groups([text for _, text, _ in rows]), strict=True
        ):
            yield Item(id=number, group=group, text=text, gold=gold, slices={"length": length_slice(text)})

    return read


def _gold_of(flag: str, line: Line) -> str:
    return _LABELS[int(require_label(flag, ("0", "1"), line))]


def _task(name: str, column: str, factor: str, question: str) -> Task:
    return Task(
        name=name,
        family=Family.MENTAL_HEALTH,
        language="en",
        folder="irf_mental_health",
        read=_reader(column),
        system="You read posts of social media for signs of mental illness.",
        ask=lambda item: f"Post: {item.text}\n\nQuestion: {question}",
        form=ChoiceForm(_LABELS),
        labels=_LABELS,
        metric="macro-F1",
        card=Card(
            title=f"IRF: {factor}",
            source="Garg et al., Findings of ACL 2023; drmuskangarg/Irf, training and validation files",
            licence="not stated",
            url="https://github.com/drmuskangarg/Irf",
            about=f"A post of Reddit: does it show {factor}? Labelled by trained readers.",
            leaks="On the web since 2023; IMHI, a set of instructions with these posts and labels, too.",
            limits="Labels of posts, not diagnoses of persons. Authors are not known, so posts of one "
            "author may stand in two parts. Four posts stand twice, each pair in one part.",
        ),
    )


IRF_TBE = _task(
    "irf_tbe",
    "belong",
    "thwarted belongingness",
    "Does the post show thwarted belongingness (loneliness, no one who cares)?",
)
IRF_PBU = _task(
    "irf_pbu",
    "burden",
    "perceived burdensomeness",
    "Does the post show perceived burdensomeness (feeling a burden to others, self-hate)?",
)
