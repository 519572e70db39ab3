"""PubMedQA: a research question answered by its abstract with yes, no or maybe."""

import re
from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.nodes import Node, read_node
from posology.evaluate.reading import length_slice
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["PUBMEDQA"]

_LABELS = ("yes", "no", "maybe")
_TEST = "official test list, 500 questions, abstract given"


def _read(folder: Path) -> Iterator[Item]:
    for number, row in read_node(folder / "ori_pqal_train.json").values():
        contexts = row.key("CONTEXTS")
        if not (abstract := "\n".join(one.text() for one in contexts.items())):
            raise contexts.fault("is empty")
        yield Item(
            id=number,
            group=number,
            text=f"Abstract: {abstract}\nQuestion: {row.key('QUESTION').text()}",
            gold=row.key("final_decision").one_of(_LABELS),
            slices={"length": length_slice(abstract), "published": _period(row.find("YEAR"))},
        )


def _period(year: Node | None) -> str:
    if year is None or not year.words():
        return "unknown"
    if not re.fullmatch("[12][0-9]{3}", year.words()):
        raise year.fault("is no year")
    return "before 2010" if int(year.words()) < 2010 else "2010 and later"


def _ask(item: Item) -> str:
    return item.text


PUBMEDQA = Task(
    name="pubmedqa",
    family=Family.QUESTIONS,
    language="en",
    folder="pubmedqa",
    read=_read,
    system="You answer questions about biomedical research from the abstract of an article.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="PubMedQA (expert-labelled)",
        source="Jin et al., EMNLP 2019; pubmedqa/pubmedqa, the 500 articles not on the official test list",
        licence="MIT",
        url="https://github.com/pubmedqa/pubmedqa",
        about="The title of an article is a question; its abstract without the conclusion is given: is the "
        "answer yes, no or maybe? Labelled by two experts.",
        leaks="The conclusions stand in PubMed, and the set in many instruction sets since 2019. MedHallu "
        "asks about the same 500 articles: who learns from one has seen the other's abstracts.",
        limits="Always yes is right for 55 %, so accuracy says little; maybe is rare (11 %). Published "
        "scores are accuracy on the test list, which is not in this copy.",
        references=(
            Reference(
                "BioLinkBERT-large, fine-tuned",
                "accuracy",
                0.722,
                _TEST,
                "LinkBERT, ACL 2022",
                "V",
                340_000_000,
            ),
            Reference(
                "Gemma 3 4B", "accuracy", 0.684, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
            Reference(
                "MedGemma 1 4B", "accuracy", 0.734, _TEST, "arXiv 2604.05081", "V", parameters=4_000_000_000
            ),
        ),
    ),
)
