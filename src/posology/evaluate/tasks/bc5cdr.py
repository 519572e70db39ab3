"""BC5CDR: the chemicals and diseases named in sentences of biomedical abstracts."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import MentionsForm
from posology.evaluate.iob import join_words, mentions_at, read_iob
from posology.evaluate.items import Item
from posology.evaluate.task import Card, Family, Part, Reference, Shares, Task

__all__ = ["BC5CDR"]

_FILES = {"train": "train.tsv", "dev": "devel.tsv"}
_LABELS = ("Chemical", "Disease")
_BLOCK = 9  # sentences: about one abstract
_TUNED = 0.8  # of the training file; the rest of it is for selecting


def _read(folder: Path) -> Iterator[Item]:
    for file, name in _FILES.items():
        sentences = list(read_iob(folder / name, _LABELS, delimiter="\t"))
        blocks = -(-len(sentences) // _BLOCK)
        for number, sentence in enumerate(sentences):
            block = number // _BLOCK
            part = "dev" if file == "dev" else "tune" if (block + 1) / blocks <= _TUNED else "select"
            text, places = join_words(sentence.words)
            yield Item(
                id=f"{file}/{number:04}",
                group=f"{part}/block {block + 1}",
                text=text,
                gold=mentions_at(text, places, sentence.tags),
            )


def _part_of(item: Item) -> Part:
    return {"tune": Part.TUNE, "select": Part.SELECT, "dev": Part.REPORT}[item.group.partition("/")[0]]


def _ask(item: Item) -> str:
    return f"Sentence: {item.text}\n\nWhich chemicals, drugs among them, and diseases does it name?"


def _reference(system: str, metric: str, value: float, source: str) -> Reference:
    return Reference(
        system=system,
        metric=metric,
        value=value,
        split="official TEST split; one model for each of the two types",
        source=source,
        trust="V",
        parameters=110_000_000,
    )


_BLURB = "BioT5X README, BLURB protocol"

BC5CDR = Task(
    name="bc5cdr",
    family=Family.ENTITIES,
    language="en",
    folder="bc5cdr",
    read=_read,
    system="You find the chemicals and diseases that sentences of medical articles name.",
    ask=_ask,
    form=MentionsForm(
        names={"Chemical": "chemical", "Disease": "disease"},
        lead="Copy each name exactly as it stands in the sentence, one per line",
        max_items=20,
        max_tokens=200,
    ),
    metric="strict F1",
    shares=Shares(part_of=_part_of),
    card=Card(
        title="BC5CDR",
        source="Li et al., Database 2016; Crichton et al., BMC Bioinformatics 2017: "
        "cambridgeltl/MTL-Bioinformatics-2016, training and development files",
        licence="CC BY 4.0",
        url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
        about="Sentences of PubMed titles and abstracts: which stretches of the sentence name a chemical, "
        "which a disease?",
        leaks="Abstracts and annotations are on the web since 2015 and in many training sets.",
        limits="The files do not say where an abstract begins: groups are blocks of nine neighbouring "
        "sentences. The development file is the report part; of the training file the first 80 % are for "
        "tuning and the rest for selecting, so one abstract at most stands in two parts. The text is joined "
        "from the words, so its spaces are not always those of the abstract. Published scores are of the "
        "test file, with one model for each type. One mention, of 17 words, is longer than a constrained "
        "answer may be.",
        references=(
            _reference("BioBERT-base, fine-tuned", "strict F1: Chemical", 0.9285, _BLURB),
            _reference("BioBERT-base, fine-tuned", "strict F1: Disease", 0.8470, _BLURB),
            _reference("PubMedBERT-base, fine-tuned", "strict F1: Chemical", 0.9333, _BLURB),
            _reference("PubMedBERT-base, fine-tuned", "strict F1: Disease", 0.8562, _BLURB),
            _reference("BioLinkBERT-base, fine-tuned", "strict F1: Chemical", 0.9375, _BLURB),
            _reference("BioLinkBERT-base, fine-tuned", "strict F1: Disease", 0.8610, _BLURB),
        ),
    ),
)
