"""ClinicaFlow: the risk tier of made vignettes with vital signs."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.persons import age_group
from posology.evaluate.reading import read_jsonl, require_label
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
    for line, row in chain.from_iterable(read_jsonl(folder / name, keys) for name in _FILES):
        told, person = row["input"], row["input"]["demographics"]
        vitals = {name: told["vitals"].get(key) for key, (name, _) in _VITALS.items()}
        yield Item(
            id=row["id"],
            group=group_of(told["chief_complaint"]),
            text=_text(told),
            gold=require_label(row["labels"]["gold_risk_tier"], _LABELS, line),
            fields={"chief complaint": told["chief_complaint"], **person, **vitals},
            slices={
                "sex": person.get("sex", "unknown"),
                "age": age_group(person.get("age")),
                "family": _family(row["id"]),
            },
        )


def _text(told: Mapping[str, Any]) -> str:
    person = told["demographics"]
    lines = [f"{person['age']}-year-old, {person['sex']}.", f"Complaint: {told['chief_complaint']}"]
    lines += [f"History: {told['history']}"] if told["history"] else []
    lines += told.get("prior_notes", ()) or ()
    lines += told.get("image_descriptions", ()) or ()
    shown = [
        f"{name} {told['vitals'][key]:g}{unit}"
        for key, (name, unit) in _VITALS.items()
        if key in told["vitals"]
    ]
    return "\n".join([*lines, f"Vital signs: {', '.join(shown) or 'not recorded'}"])


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
