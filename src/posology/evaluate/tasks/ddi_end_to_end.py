"""DDI corpus 2013, end to end: which interactions of which drugs a sentence states."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.interactions import LABELS, DrugSentence, group_documents, read_drug_sentences
from posology.evaluate.items import Item
from posology.evaluate.relations import RelationsForm, write_relation
from posology.evaluate.task import Card, Family, Reference, Task

__all__ = ["DDI_END_TO_END"]

_RELATIONS = tuple(label for label in LABELS if label != "none")

_QUESTION = """Which interactions between drugs does the sentence state?
- mechanism: how one changes what the body does with the other (absorption, level, clearance)
- effect: what happens, or what gets stronger or weaker, when they are taken together
- advise: a recommendation about taking them together
- int: that they interact, and no more"""


def _read(folder: Path) -> Iterator[Item]:
    sentences = list(read_drug_sentences(folder))
    for sentence, group in zip(sentences, group_documents(sentences), strict=True):
        gold = _relations(sentence)
        if gold:
            yield Item(
                id=sentence.id,
                group=group,
                text=sentence.text,
                gold=gold,
                slices={"source": sentence.source, "interactions": "1" if len(gold) == 1 else "2 and more"},
            )


def _relations(sentence: DrugSentence) -> tuple[str, ...]:
    found = set()
    for pair in sentence.pairs:
        if pair.label in _RELATIONS:
            names = (sentence.text[slice(*place)] for place in (pair.first, pair.second))
            found.add(write_relation(pair.label, *names))
    return tuple(sorted(found))


def _ask(item: Item) -> str:
    return f"Sentence: {item.text}\n\n{_QUESTION}"


DDI_END_TO_END = Task(
    name="ddi_end_to_end",
    family=Family.RELATIONS,
    language="en",
    folder="ddi_corpus_2013",
    read=_read,
    system="You read what drug texts say about interactions.",
    ask=_ask,
    form=RelationsForm(_RELATIONS),
    metric="end-to-end micro-F1",
    card=Card(
        title="DDI corpus 2013, end to end",
        source="Herrero-Zazo et al., J Biomed Inform 2013; isegura/DDICorpus, training documents",
        licence="CC BY-NC 4.0",
        url="https://github.com/isegura/DDICorpus",
        about="A sentence of DrugBank or of a MEDLINE abstract that states an interaction: which drugs "
        "interact, and what is said of it? The drugs are not given: an answer is right with the "
        "type and both names.",
        leaks="On the web since 2013. Documents that share a sentence are kept in one part; the parts are "
        "not those of ddi_corpus_2013.",
        limits="Only sentences that state an interaction are asked about, so false alarms on the others are "
        "not seen here. Names are compared without case; a drug named twice counts once. A sentence of 54 "
        "interactions and one of 23 have more than an answer may. The published score is of whole documents "
        "and of the test files. A constrained answer is held to the form of the lines, not to names of the "
        "text.",
        references=(
            Reference(
                system="BioGPT, fine-tuned",
                metric="end-to-end micro-F1",
                value=0.4076,
                split="official TEST split, whole documents",
                source="BioGPT, recalled",
                trust="R",
                parameters=347_000_000,
            ),
        ),
    ),
)
