"""NCBI disease: the diseases named in sentences of biomedical abstracts."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import MentionsForm
from posology.evaluate.items import Item, Mention
from posology.evaluate.pubtator import Abstract, cut_sentences, read_pubtator
from posology.evaluate.task import Card, Family, Part, Reference, Shares, Task

__all__ = ["NCBI_DISEASE"]

_FILES = {"train": "NCBItrainset_corpus.txt", "dev": "NCBIdevelopset_corpus.txt"}
_TYPES = ("SpecificDisease", "DiseaseClass", "Modifier", "CompositeMention")


def _read(folder: Path) -> Iterator[Item]:
    seen: dict[str, Abstract] = {}
    for file, name in _FILES.items():
        for abstract in read_pubtator(folder / name):
            if abstract.id in seen:
                _require_same(seen[abstract.id], abstract)
                continue
            seen[abstract.id] = abstract
            yield from _items(file, abstract)


def _require_same(first: Abstract, again: Abstract) -> None:
    """The source prints one abstract twice; only a repetition to the letter is one item."""
    if (first.text, first.mentions) != (again.text, again.mentions):
        raise again.line.fault(f"article {again.id} stands in the files twice, and differently")


def _items(file: str, abstract: Abstract) -> Iterator[Item]:
    for mention in abstract.mentions:
        if mention.label not in _TYPES:
            raise abstract.line.fault(f"a mention of a type that is none of {', '.join(_TYPES)}")
    for number, sentence in enumerate(cut_sentences(abstract)):
        yield Item(
            id=f"{file}/{abstract.id}/{number}",
            group=f"{file}/{abstract.id}",
            text=sentence.text,
            gold=tuple(Mention(one.start, one.end, "Disease", one.text) for one in sentence.mentions),
            slices={"place": "title" if sentence.in_title else "abstract"},
        )


def _part_of(item: Item) -> Part | None:
    return Part.REPORT if item.id.startswith("dev/") else None


def _ask(item: Item) -> str:
    return f"Sentence: {item.text}\n\nWhich diseases does the sentence name?"


def _reference(system: str, value: float, source: str) -> Reference:
    return Reference(
        system=system,
        metric="strict F1",
        value=value,
        split="official TEST split, in the source's own words and sentences",
        source=source,
        trust="V",
        parameters=110_000_000,
    )


NCBI_DISEASE = Task(
    name="ncbi_disease",
    family=Family.ENTITIES,
    language="en",
    folder="ncbi_disease",
    read=_read,
    system="You find the diseases that sentences of medical articles name.",
    ask=_ask,
    form=MentionsForm(
        names={"Disease": "disease"},
        lead="Copy each disease name exactly as it stands in the sentence, one per line",
        max_items=12,
        max_tokens=96,
    ),
    metric="strict F1",
    shares=Shares(tune=0.8, select=0.2, report=0.0, part_of=_part_of),
    card=Card(
        title="NCBI Disease",
        source="Dogan, Leaman, Lu, J Biomed Inform 2014; spyysalo/ncbi-disease, original "
        "train and development files",
        licence="public domain (United States Government Work)",
        url="https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
        about="Sentences of PubMed titles and abstracts: which stretches of the sentence name a disease? "
        "The corpus's four types (specific disease, class, modifier, composite) are one here, as in the "
        "published comparisons.",
        leaks="Abstracts and annotations are on the web since 2012 and in many training sets. The sentences "
        "of an abstract share their diseases, so abstracts are kept in one part.",
        limits="Sentences are cut by this program and joined again where a mention reaches over a cut; spans "
        "are characters, so they are a little stricter than those of a tokenised copy. One abstract stands "
        "in the training file twice and counts once. Seven of 5,921 mentions have words that stand earlier "
        "in the sentence as no mention, so written words alone do not say which place is meant. The report "
        "part is the official development file: published scores are of the test file.",
        references=(
            _reference("BioBERT-base, fine-tuned", 0.8913, "BioT5X README, BLURB protocol"),
            _reference("PubMedBERT-base, fine-tuned", 0.8782, "BioT5X README, BLURB protocol"),
            _reference("BioLinkBERT-base, fine-tuned", 0.8818, "BioT5X README, BLURB protocol"),
            _reference("BioBERT-base, fine-tuned, one seed", 0.8830, "dmis-lab/biobert-pytorch"),
        ),
    ),
)
