"""ExpertQA, medicine: whether the passage that a system cites supports the sentence it cites it for."""

import re
from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.nodes import Node, read_nodes
from posology.evaluate.reading import length_slice
from posology.evaluate.task import Card, Family, Task

__all__ = ["EXPERTQA"]

_LABELS = ("yes", "no")
_SAID = {"Complete": "yes", "Partial": "no", "Incomplete": "no"}
_UNUSED = ("Missing", "N/A")  # no evidence, or no judgement
_LINK = re.compile(r"\[\d+\]|https?://\S+")


def _read(folder: Path) -> Iterator[Item]:
    for line, row in read_nodes(folder / "domain_val_healthcare.jsonl", ("question", "answers", "metadata")):
        question = row.key("question").text()
        for system, answer in row.key("answers").values():
            for number, claim in enumerate(answer.key("claims").items(), 1):
                if (gold := _gold_of(claim)) and (passage := _passage_of(claim)):
                    said = claim.key("claim_string").text().strip()
                    yield Item(
                        id=f"{line.number}-{system}-{number}",
                        group=group_of(question),
                        text=f"Passage: {passage}\nQuestion: {question.strip()}\nSentence: {said}",
                        gold=gold,
                        slices={"system": system, "length": length_slice(passage)},
                    )


def _gold_of(claim: Node) -> str:
    """Return the label of a claim; empty where the expert gave none that can be used."""
    support = claim.find("support")
    return _SAID.get(support.one_of((*_SAID, *_UNUSED)), "") if support else ""


def _passage_of(claim: Node) -> str:
    """Return the words of the evidence; empty where it is only links."""
    evidence = claim.find("evidence")
    passages = [_LINK.sub("", one.words()).strip() for one in (evidence.items() if evidence else ())]
    return "\n".join(one for one in passages if len(one.split()) >= 8)


def _ask(item: Item) -> str:
    return f"{item.text}\n\nDoes the passage support everything that the sentence says?"


EXPERTQA = Task(
    name="expertqa",
    family=Family.CLAIMS,
    language="en",
    folder="expertqa",
    read=_read,
    system="You check sentences of medical answers against the passages that they cite.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
    card=Card(
        title="ExpertQA, health care and medicine",
        source="Malaviya et al., NAACL 2024; chaitanyamalaviya/ExpertQA, validation file of the domain split",
        licence="MIT",
        url="https://github.com/chaitanyamalaviya/ExpertQA",
        about="A clinician's question, a sentence of a system's answer and the passage that it cites: does "
        "the passage support the sentence completely (yes), or partly or not (no)? Judged by the clinician "
        "who asked.",
        leaks="On the web since 2023.",
        limits="152 of 269 sentences, of 31 questions: 26 cite nothing, 17 have no judgement that fits and "
        "one none at all, 73 cite links without words. Experts may have read the page, of which the passage "
        "is a part.",
    ),
)
