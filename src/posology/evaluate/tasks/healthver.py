"""HealthVer: whether a passage of a scientific article supports or refutes a health claim."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of, linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_csv, require_label, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["HEALTHVER"]

_LABELS = ("Supports", "Refutes", "Neutral")


def _read(folder: Path) -> Iterator[Item]:
    columns = ("id", "evidence", "claim", "label", "topic_ip", "question")
    rows = list(read_csv(folder / "healthver_dev.csv", columns))
    groups = linked_groups(
        [(f"question {row['question']}", f"evidence {same_words(row['evidence'])}") for _, row in rows]
    )
    for (line, row), group in zip(rows, groups, strict=True):
        yield Item(
            id=require_text(row, "id", line),
            group=group_of(group),
            text=f"Evidence: {row['evidence']}\nClaim: {row['claim']}",
            gold=require_label(row["label"], _LABELS, line),
            slices={"topic": row["topic_ip"], "length": length_slice(row["evidence"])},
        )


def _ask(item: Item) -> str:
    return f"{item.text}\n\nDoes the evidence support the claim, refute it, or neither?"


HEALTHVER = Task(
    name="healthver",
    family=Family.CLAIMS,
    language="en",
    folder="healthver",
    read=_read,
    system="You check health claims against scientific evidence.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="HealthVer",
        source="Sarrouti et al., Findings of EMNLP 2021; sarrouti/HealthVer, development file",
        licence="not stated",
        url="https://github.com/sarrouti/HealthVer",
        about="A claim about COVID-19 from a web search, and a passage of an article: does the passage "
        "support the claim, refute it, or neither?",
        leaks="The articles and the data set are on the web since 2021. Claims of one search question "
        "share their evidence, so questions that share a passage are in one part.",
        limits="52 groups of questions, the largest with 259 of the 1,917 pairs: an interval that takes "
        "pairs as independent would be far too narrow. 230 claims are paired with several passages each.",
    ),
)
