"""CAMS: the cause of mental distress that a post of social media gives."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_csv, require_label
from posology.evaluate.similarity import similar_groups
from posology.evaluate.task import Card, Family, Task

__all__ = ["CAMS_MENTAL_HEALTH"]

_LABELS = ("no reason", "bias or abuse", "jobs and careers", "medication", "relationship", "alienation")
_CODES = ("0", "1", "2", "3", "4", "5")


def _read(folder: Path) -> Iterator[Item]:
    rows = list(read_csv(folder / "IntentSDCNL_Training.csv", ("selftext", "ANNOTATIONS")))
    groups = similar_groups([row["selftext"] for _, row in rows])
    for (line, row), group in zip(rows, groups, strict=True):
        text, code = row["selftext"].strip(), row["ANNOTATIONS"].strip()
        if not text or not code:
            continue  # counted in the card
        yield Item(
            id=f"line-{line.number}",
            group=group,
            text=text,
            gold=_LABELS[int(require_label(code, _CODES, line))],
            slices={"length": length_slice(text)},
        )


def _ask(item: Item) -> str:
    return f"Post: {item.text}\n\nQuestion: What does the post give as the cause of the distress?"


CAMS_MENTAL_HEALTH = Task(
    name="cams_mental_health",
    family=Family.MENTAL_HEALTH,
    language="en",
    folder="cams_mental_health",
    read=_read,
    system="You read posts of social media for signs of mental illness.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="CAMS: causes of mental distress",
        source="Garg et al., LREC 2022; drmuskangarg/CAMS, IntentSDCNL_Training.csv",
        licence='"This corpus can be used freely for research purposes" (README)',
        url="https://github.com/drmuskangarg/CAMS",
        about="A post of Reddit: which of five causes does it give, or none? Labelled by trained readers.",
        leaks="The posts are on the web since 2020, the labels since 2022 and in IMHI, a set of "
        "instructions.",
        limits="Labels of posts, not diagnoses of persons. Two posts stand twice with different labels, and "
        "others name two causes where one label is asked. Four of 1,461 rows are left out: three have no "
        "label, one has no text. The longest post has 4,391 words.",
    ),
)
