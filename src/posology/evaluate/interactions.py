"""Drug documents of the DDI corpus: sentences, the drugs they name, and what they say of each pair."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from posology.errors import UserError
from posology.evaluate.grouping import linked_groups, same_words

__all__ = ["LABELS", "DrugPair", "DrugSentence", "group_documents", "read_drug_sentences"]

LABELS = ("mechanism", "effect", "advise", "int", "none")
"""What a sentence may say of two drugs; "int" is an interaction without more, "none" is none."""

_SOURCES = {"DrugBank": "DrugBank", "MedLine": "MEDLINE"}

Place = tuple[int, int]
"""Characters of a sentence, half-open; of a drug in pieces, from its first to its last piece."""


@dataclass(frozen=True, slots=True)
class DrugPair:
    """Two drugs of a sentence, by place, and what it says of them."""

    id: str
    first: Place
    second: Place
    label: str


@dataclass(frozen=True, slots=True)
class DrugSentence:
    """A sentence and all pairs of the drugs it names."""

    id: str
    document: str
    source: str
    text: str
    pairs: tuple[DrugPair, ...]

    def __repr__(self) -> str:
        """Show the id, never the text."""
        return f"DrugSentence({self.id}, {len(self.pairs)} pairs)"


def read_drug_sentences(folder: Path) -> Iterator[DrugSentence]:
    """Yield the sentences that name two drugs and more; raise UserError where a file is of another form."""
    for name, source in _SOURCES.items():
        where = folder / "Train" / name
        paths = sorted(where.glob("*.xml"))
        if not paths:
            raise UserError(f"{where}: no document (*.xml); is the data folder the right one?")
        for path in paths:
            yield from _sentences(path, source)


def group_documents(sentences: list[DrugSentence]) -> list[str]:
    """Return the group of each sentence: its document, with those that share a sentence with it."""
    return linked_groups([(one.document, same_words(one.text)) for one in sentences])


def _sentences(path: Path, source: str) -> Iterator[DrugSentence]:
    try:
        document = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, LookupError, ValueError) as cause:  # of no known encoding
        raise UserError(f"{path}: not a document in XML ({cause})") from cause
    for sentence in document.iter("sentence"):
        text = sentence.get("text", "")
        drugs = {one.get("id", ""): _place(path, one, text) for one in sentence.iter("entity")}
        pairs = tuple(_pair(path, one, drugs) for one in sentence.iter("pair"))
        if pairs:
            yield DrugSentence(sentence.get("id", ""), document.get("id", ""), source, text, pairs)


def _pair(path: Path, pair: ElementTree.Element, drugs: dict[str, Place]) -> DrugPair:
    name = pair.get("id", "")
    first, second = drugs.get(pair.get("e1", "")), drugs.get(pair.get("e2", ""))
    if first is None or second is None:
        raise UserError(f"{path}: pair {name} names a drug that is not in its sentence")
    label = pair.get("type", "int") if pair.get("ddi") == "true" else "none"
    if pair.get("ddi") not in ("true", "false") or label not in LABELS:
        raise UserError(f"{path}: pair {name} is of no known type")
    return DrugPair(name, first, second, label)


def _place(path: Path, entity: ElementTree.Element, text: str) -> Place:
    """Return the first character of a drug and the one after its last."""
    written = entity.get("charOffset", "").replace(";", "-").split("-")
    numbers = [int(one) for one in written if one.isdecimal()]
    if len(numbers) < 2 or not numbers[0] <= numbers[-1] < len(text):
        raise UserError(f"{path}: drug {entity.get('id')} has no place in its sentence")
    return numbers[0], numbers[-1] + 1
