"""MTS-Dialog: a short dialogue between doctor and patient, and the section of the note it became."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from posology.evaluate.forms import ChoiceForm, TextForm
from posology.evaluate.grouping import linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_csv, require_label, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["MTS_DIALOG", "MTS_DIALOG_SECTION"]

_FILES = {"training": "MTS-Dialog-TrainingSet.csv", "validation": "MTS-Dialog-ValidationSet.csv"}
_SECTIONS = {  # the file's headers and how a prompt calls them
    "ALLERGY": "allergies",
    "ASSESSMENT": "assessment",
    "CC": "chief complaint",
    "DIAGNOSIS": "diagnosis",
    "DISPOSITION": "disposition",
    "EDCOURSE": "emergency department course",
    "EXAM": "physical examination",
    "FAM/SOCHX": "family and social history",
    "GENHX": "history of present illness",
    "GYNHX": "gynecologic history",
    "IMAGING": "imaging",
    "IMMUNIZATIONS": "immunizations",
    "LABS": "laboratory results",
    "MEDICATIONS": "medications",
    "OTHER_HISTORY": "other history",
    "PASTMEDICALHX": "past medical history",
    "PASTSURGICAL": "past surgical history",
    "PLAN": "plan",
    "PROCEDURES": "procedures",
    "ROS": "review of systems",
}
_LABELS = tuple(_SECTIONS.values())


def _read(folder: Path) -> Iterator[Item]:
    """Yield the dialogues with the section's text as gold; the section's name is a slice."""
    items, keys = [], []
    for kind, name in _FILES.items():
        for line, row in read_csv(folder / name, ("ID", "section_header", "section_text", "dialogue")):
            dialogue, written = require_text(row, "dialogue", line), require_text(row, "section_text", line)
            section = _SECTIONS[require_label(row["section_header"], tuple(_SECTIONS), line)]
            slices = {"section": section, "length": length_slice(dialogue), "file": kind}
            items.append(Item(f"{kind}-{row['ID']}", "", dialogue, written, slices=slices))
            keys.append((f"dialogue: {same_words(dialogue)}", f"section: {same_words(written)}"))
    for item, group in zip(items, linked_groups(keys), strict=True):
        yield replace(item, group=group)


def _read_sections(folder: Path) -> Iterator[Item]:
    for item in _read(folder):
        slices = {name: value for name, value in item.slices.items() if name != "section"}
        yield replace(item, gold=item.slices["section"], slices=slices)


def _ask(item: Item) -> str:
    section = item.slices["section"]
    return f"Dialogue:\n{item.text}\n\nWrite the section of the clinical note: {section}."


def _ask_section(item: Item) -> str:
    return f"Dialogue:\n{item.text}\n\nWhich section of the clinical note does this dialogue belong to?"


def _card(title: str, about: str, limits: str) -> Card:
    return Card(
        title=title,
        source="Ben Abacha et al., EACL 2023; abachaa/MTS-Dialog, official training and validation files",
        licence="CC BY 4.0",
        url="https://github.com/abachaa/MTS-Dialog",
        about=about,
        leaks="The notes are from mtsamples.com, long on the web and in the training data of most models; "
        "the dialogues have been on the web since 2023, the training file also in sets that clinical models "
        "are tuned on: the slice 'file' parts the two. Dialogues with the same words, or written from the "
        "same section text, are kept in one part; those from other sections of one note cannot be told.",
        limits=limits,
    )


def _task(name: str, read: Callable[[Path], Iterator[Item]], card: Card) -> Task:
    return Task(
        name=name,
        family=Family.SUMMARIES,
        language="en",
        folder="mts_dialog",
        read=read,
        system="You write clinical notes from what doctor and patient say.",
        ask=_ask,
        form=TextForm("Write the text of the section only.", max_tokens=320),
        metric="ROUGE-L",
        card=card,
    )


MTS_DIALOG = _task(
    "mts_dialog",
    _read,
    _card(
        "MTS-Dialog, section text",
        "A short dialogue and the name of a section: what does the note say there?",
        "The dialogues were written by annotators from the notes, so they hold what the notes hold; real "
        "talk does not. The official test files are not part of it, so no published score is shown.",
    ),
)
MTS_DIALOG_SECTION = replace(
    _task(
        "mts_dialog_section",
        _read_sections,
        _card(
            "MTS-Dialog, section",
            "A short dialogue: which of twenty sections of the note does it belong to?",
            "Six of the twenty sections have ten dialogues or fewer: macro-F1 rests much on them. Sections "
            "overlap (assessment and diagnosis), so that no system can be right always.",
        ),
    ),
    ask=_ask_section,
    system="You sort what doctor and patient say into the sections of a clinical note.",
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    metric="macro-F1",
)
