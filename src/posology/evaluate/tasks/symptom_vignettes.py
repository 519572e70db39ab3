"""Semigran's vignettes: whether symptoms need an emergency department, a doctor, or neither."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.nodes import read_nodes
from posology.evaluate.persons import person_slices
from posology.evaluate.task import Card, Family, Shares, Task

__all__ = ["SYMPTOM_VIGNETTES"]

_LEVELS = {"em": "emergency", "ne": "non-emergency", "sc": "self-care"}  # the most urgent first
_LABELS = tuple(_LEVELS.values())


def _read(folder: Path) -> Iterator[Item]:
    keys = ("urgency_level", "correct_diagnosis", "case_description")
    for line, row in read_nodes(folder / "semigran_vignettes.jsonl", keys):
        text = row.key("case_description").text().strip()
        yield Item(
            id=f"semigran-{line.number}",
            group=group_of(row.key("correct_diagnosis").text()),
            text=text,
            gold=_LEVELS[row.key("urgency_level").one_of(tuple(_LEVELS))],
            slices=person_slices(text),
        )


def _ask(item: Item) -> str:
    return (
        f"{item.text}\n\nHow urgent is this? emergency: emergency care is needed now; non-emergency: a "
        "doctor should be seen, not as an emergency; self-care: no doctor is needed."
    )


SYMPTOM_VIGNETTES = Task(
    name="symptom_vignettes",
    family=Family.TRIAGE,
    language="en",
    folder="symptom_vignettes",
    read=_read,
    system="You advise people with symptoms on how urgently they need care.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    ordered=True,
    metric="quadratic kappa",
    shares=Shares(tune=0.25, select=0.1, report=0.65),
    card=Card(
        title="Symptom checker vignettes",
        source="Semigran et al., BMJ 2015; copy in medaks/symptomcheck-bench (32 of the 45 vignettes)",
        licence="MIT",
        url="https://github.com/medaks/symptomcheck-bench",
        about="A standardised vignette of a person with symptoms: emergency care, care that is no emergency, "
        "or self-care?",
        leaks="On the web since 2015 and used to test many models; the vignettes come from teaching material "
        "that is older. Vignettes of one diagnosis are kept in one part; the diagnosis is not shown.",
        limits="32 vignettes, some 20 of them in the report part: an interval around any score spans a "
        "third of the scale or more, and no two systems near each other can be told apart. Some vignettes "
        "hold findings of an examination or a laboratory. The file of 400 diagnosis vignettes beside it "
        "(Avey, 280 of them here) is no task: nearly every one of its 202 diagnoses is its own, and "
        "comparing names would count synonyms as wrong.",
    ),
)
