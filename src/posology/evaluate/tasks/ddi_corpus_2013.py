"""DDI corpus 2013: what a sentence says of the interaction of two drugs that are marked in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.task import Card, Family, Part, Reference, Shares, Task

__all__ = ["DDI_CORPUS_2013", "mark_drugs"]

_LABELS = ("mechanism", "effect", "advise", "int", "none")
_CATALOGUE = "DDI-DrugBank.d64."  # one sentence of 55 drugs makes 1,485 of its 1,818 pairs
_SOURCES = {"DrugBank": "DrugBank", "MedLine": "MEDLINE"}

_QUESTION = """What does the sentence say about these two drugs?
- mechanism: how the one changes what the body does with the other (absorption, level, clearance)
- effect: what happens, or what gets stronger or weaker, when they are taken together
- advise: a recommendation about taking them together
- int: that they interact, and no more
- none: nothing about an interaction of these two"""


def _read(folder: Path) -> Iterator[Item]:
    items, keys = [], []
    for name, source in _SOURCES.items():
        paths = sorted((folder / "Train" / name).glob("*.xml"))
        if not paths:
            where = folder / "Train" / name
            raise UserError(f"{where}: no document (*.xml); is the data folder the right one?")
        for path in paths:
            for sentence, item in _items(path, source):
                items.append(item)
                keys.append((item.group, same_words(sentence)))
    for item, group in zip(items, linked_groups(keys), strict=True):
        yield replace(item, group=group)  # documents that share a sentence are one group


def _items(path: Path, source: str) -> Iterator[tuple[str, Item]]:
    """Yield the pairs of a document, each with its sentence before the drugs are marked."""
    try:
        document = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as cause:
        raise UserError(f"{path}: not a document in XML ({cause})") from cause
    for sentence in document.iter("sentence"):
        text = sentence.get("text", "")
        drugs = {one.get("id", ""): _place(path, one, text) for one in sentence.iter("entity")}
        pairs = list(sentence.iter("pair"))
        for pair in pairs:
            yield (
                text,
                Item(
                    id=pair.get("id", ""),
                    group=document.get("id", ""),
                    text=mark_drugs(text, _drug(path, drugs, pair, "e1"), _drug(path, drugs, pair, "e2")),
                    gold=_label(path, pair),
                    slices={"source": source, "pairs in the sentence": _how_many(len(pairs))},
                ),
            )


def _label(path: Path, pair: ElementTree.Element) -> str:
    label = pair.get("type", "int") if pair.get("ddi") == "true" else "none"
    if pair.get("ddi") not in ("true", "false") or label not in _LABELS:
        raise UserError(f"{path}: pair {pair.get('id')} is of no known type")
    return label


def _drug(
    path: Path, drugs: dict[str, tuple[int, int]], pair: ElementTree.Element, which: str
) -> tuple[int, int]:
    drug = drugs.get(pair.get(which, ""))
    if drug is None:
        raise UserError(f"{path}: pair {pair.get('id')} names a drug that is not in its sentence")
    return drug


def _place(path: Path, entity: ElementTree.Element, text: str) -> tuple[int, int]:
    """Return the first and last character of a drug, half-open; of one in pieces, from first to last."""
    numbers = [int(one) for one in entity.get("charOffset", "").replace(";", "-").split("-") if one.isdigit()]
    if len(numbers) < 2 or not numbers[0] <= numbers[-1] < len(text):
        raise UserError(f"{path}: drug {entity.get('id')} has no place in its sentence")
    return numbers[0], numbers[-1] + 1


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
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="micro-F1",
    shares=Shares(part_of=_part_of),
    card=Card(
        title="DDI corpus 2013, gold entities",
        source="Herrero-Zazo et al., J Biomed Inform 2013; isegura/DDICorpus, training documents",
        licence="CC BY-NC 4.0",
        url="https://github.com/isegura/DDICorpus",
        about="A sentence of DrugBank or of a MEDLINE abstract with two drugs marked: does it state a "
        "mechanism, an effect, an advice, an interaction without more, or none? The drugs are given (gold "
        "entities); finding them too (end to end) is about twice as hard and is another task.",
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
            Reference(
                "BioGPT, fine-tuned, END TO END",
                "end-to-end micro-F1",
                0.4076,
                "official TEST split, entities found by the system",
                "BioGPT, recalled",
                "R",
                347_000_000,
            ),
        ),
    ),
)
