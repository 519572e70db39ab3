"""ClinicaFlow: the risk tier of made vignettes with vital signs."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.nodes import Node, read_nodes
from posology.evaluate.persons import age_group
from posology.evaluate.task import Card, Family, Shares, Task

__all__ = ["CLINICAFLOW_VIGNETTES"]

_LABELS = ("critical", "urgent", "routine")  # the most urgent first
_VITALS = {
    "heart_rate": ("heart rate", ""),
    "systolic_bp": ("systolic pressure", " mmHg"),
    "diastolic_bp": ("diastolic pressure", " mmHg"),
    "temperature_c": ("temperature", " C"),
    "spo2": ("oxygen saturation", "%"),
    "respiratory_rate": ("respiratory rate", ""),
}
_FILES = ("vignettes.jsonl", "vignettes_extended.jsonl")


def _read(folder: Path) -> Iterator[Item]:
    keys = ("id", "input", "labels")
    for _, row in chain.from_iterable(read_nodes(folder / name, keys) for name in _FILES):
        told, identifier = row.key("input"), row.key("id").text()
        complaint, person = told.key("chief_complaint").text(), told.key("demographics")
        age, sex = person.key("age").number(), person.key("sex").text()
        signs = {key: told.key("vitals").find(key) for key in _VITALS}
        vitals = {key: None if sign is None else sign.number() for key, sign in signs.items()}
        yield Item(
            id=identifier,
            group=group_of(complaint),
            text=f"{age}-year-old, {sex}.\nComplaint: {complaint}\n{_told(told)}{_shown(vitals)}",
            gold=row.key("labels").key("gold_risk_tier").one_of(_LABELS),
            fields={
                "chief complaint": complaint,
                "age": age,
                "sex": sex,
                **{name: vitals[key] for key, (name, _) in _VITALS.items()},
            },
            slices={"sex": sex, "age": age_group(age), "family": _family(identifier)},
        )


def _told(told: Node) -> str:
    """Return the lines of history, earlier notes and images, as far as they are there."""
    history = told.key("history").words()
    more = [found for name in ("prior_notes", "image_descriptions") if (found := told.find(name))]
    lines = [f"History: {history}"] if history else []
    return "".join(f"{line}\n" for line in [*lines, *(one.words() for row in more for one in row.items())])


def _shown(vitals: Mapping[str, float | None]) -> str:
    shown = [
        f"{name} {vitals[key]:g}{unit}" for key, (name, unit) in _VITALS.items() if vitals[key] is not None
    ]
    return f"Vital signs: {', '.join(shown) or 'not recorded'}"


def _family(identifier: str) -> str:
    """Return what kind of vignette the extended file's id names, such as "neuro"."""
    match = re.match(r"x\d+_([a-z]+)_", identifier)
    return match[1] if match else "first file"


def _ask(item: Item) -> str:
    return f"{item.text}\n\nWhat is the risk tier of this patient: critical, urgent or routine?"


CLINICAFLOW_VIGNETTES = Task(
    name="clinicaflow_vignettes",
    family=Family.TRIAGE,
    language="en",
    folder="clinicaflow_vignettes",
    read=_read,
    system="You are a triage nurse and judge how much at risk a patient is.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    ordered=True,
    metric="quadratic kappa",
    shares=Shares(tune=0.3, select=0.1, report=0.6),
    card=Card(
        title="ClinicaFlow vignettes, risk tier",
        source="Amo-Zeng/clinicaflow-medgemma: the first vignettes and the extended ones",
        licence="MIT",
        url="https://github.com/Amo-Zeng/clinicaflow-medgemma",
        about="A made vignette with complaint, history, age, sex and vital signs: critical, urgent or "
        "routine?",
        leaks="Public. The explanation, the red flags and the vignette's id tell the answer and are not "
        "shown. Vignettes with the same complaint are kept in one part; those of one family are alike in "
        "more words than that.",
        limits="130 vignettes written by one author to test a program of his own: the tiers follow that "
        "program's rules ('any chest pressure is at least urgent'), not what experts agreed on. 14 are "
        "routine.",
    ),
)
