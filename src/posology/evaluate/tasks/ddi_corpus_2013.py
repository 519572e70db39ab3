"""DDI corpus 2013: what a sentence says of the interaction of two drugs that are marked in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.interactions import LABELS, group_documents, read_drug_sentences
from posology.evaluate.items import Item
from posology.evaluate.task import Card, Family, Part, Reference, Shares, Task

__all__ = ["DDI_CORPUS_2013", "mark_drugs"]

_CATALOGUE = "DDI-DrugBank.d64."  # one sentence of 55 drugs makes 1,485 of its 1,818 pairs

_QUESTION = """What does the sentence say about these two drugs?
- mechanism: how the one changes what the body does with the other (absorption, level, clearance)
- effect: what happens, or what gets stronger or weaker, when they are taken together
- advise: a recommendation about taking them together
- int: that they interact, and no more
- none: nothing about an interaction of these two"""


def _read(folder: Path) -> Iterator[Item]:
    sentences = list(read_drug_sentences(folder))
    for sentence, group in zip(sentences, group_documents(sentences), strict=True):
        for pair in sentence.pairs:
            yield Item(
                id=pair.id,
                group=group,
                text=mark_drugs(sentence.text, pair.first, pair.second),
                gold=pair.label,
                slices={"source": sentence.source, "pairs in the sentence": _how_many(len(sentence.pairs))},
            )


def _how_many(pairs: int) -> str:
    return "1" if pairs == 1 else "2 to 9" if pairs < 10 else "10 and more"


def _part_of(item: Item) -> Part | None:
    """Keep the document that is a catalogue from being a quarter of the report part."""
    return Part.TUNE if item.id.startswith(_CATALOGUE) else None


def mark_drugs(text: str, first: tuple[int, int], second: tuple[int, int]) -> str:
    """Mark two stretches of a text.

    >>> mark_drugs("Aspirin with warfarin.", (0, 7), (13, 21))
    '<drug1>Aspirin</drug1> with <drug2>warfarin</drug2>.'
    """
    marks = []
    for number, (start, end) in enumerate((first, second), 1):
        marks.append((start, 1, -end, f"<drug{number}>"))
        marks.append((end, 0, -start, f"</drug{number}>"))
    return _insert(text, sorted(marks))


def _insert(text: str, marks: Sequence[tuple[int, int, int, str]]) -> str:
    parts, position = [], 0
    for place, _, _, mark in marks:
        parts += [text[position:place], mark]
        position = place
    return "".join([*parts, text[position:]])


def _ask(item: Item) -> str:
    return f"Sentence: {item.text}\n\n{_QUESTION}"


def _reference(system: str, value: float, parameters: int) -> Reference:
    return Reference(
        system=system,
        metric="micro-F1",
        value=value,
        split="official TEST split, gold entities, drug names replaced by placeholders (BLURB protocol)",
        source="BioT5X README, table of BLURB results",
        trust="V",
        parameters=parameters,
    )


DDI_CORPUS_2013 = Task(
    name="ddi_corpus_2013",
    family=Family.RELATIONS,
    language="en",
    folder="ddi_corpus_2013",
    read=_read,
    system="You read what drug texts say about interactions.",
    ask=_ask,
    form=ChoiceForm(LABELS),
    labels=LABELS,
    metric="micro-F1",
    shares=Shares(part_of=_part_of),
    card=Card(
        title="DDI corpus 2013, gold entities",
        source="Herrero-Zazo et al., J Biomed Inform 2013; isegura/DDICorpus, training documents",
        licence="CC BY-NC 4.0",
        url="https://github.com/isegura/DDICorpus",
        about="A sentence of DrugBank or of a MEDLINE abstract with two drugs marked: does it state a "
        "mechanism, an effect, an advice, an interaction without more, or none? The drugs are given (gold "
        "entities); finding them too is about twice as hard and is ddi_end_to_end.",
        leaks="The corpus is on the web since 2013, DrugBank's texts before. The pairs of a sentence share "
        "it, and some documents share a sentence: such documents are kept in one part.",
        limits="All candidate pairs are kept: 85 % have no interaction; always answering none scores 0 here. "
        "One document, a list of drugs with 1,818 pairs, is put into the tune part: it would be a quarter "
        "of the report part. All parts are dealt from the official training documents, of which a third of "
        "the DrugBank ones are there: published scores are of the test documents. A drug in pieces is marked "
        "from its first to its last piece.",
        references=(
            _reference("BioBERT-base, fine-tuned", 0.8088, 110_000_000),
            _reference("PubMedBERT-base, fine-tuned", 0.8236, 110_000_000),
            _reference("BioLinkBERT-base, fine-tuned", 0.8272, 110_000_000),
        ),
    ),
)
