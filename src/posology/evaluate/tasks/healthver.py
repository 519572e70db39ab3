"""HealthVer: whether a passage of a scientific article supports or refutes a health claim."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import read_csv, require_label
from posology.evaluate.task import Card, Family, Task

__all__ = ["HEALTHVER"]

_LABELS = ("Supports", "Refutes", "Neutral")


def _read(folder: Path) -> Iterator[Item]:
    columns = ("id", "evidence", "claim", "label", "topic_ip", "question")
    for line, row in read_csv(folder / "healthver_dev.csv", columns):
        yield Item(
            id=row["id"],
            group=row["question"],
            text=f"Evidence: {row['evidence']}\nClaim: {row['claim']}",
            gold=require_label(row["label"], _LABELS, line),
            slices={"topic": row["topic_ip"]},
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
        "share their evidence, so questions are kept in one part.",
    ),
)
