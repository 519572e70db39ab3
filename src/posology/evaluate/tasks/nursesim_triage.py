"""NurseSim: the triage category of scenarios that a language model wrote."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.persons import age_group
from posology.evaluate.reading import read_json
from posology.evaluate.task import Card, Family, Reference, Shares, Task

__all__ = ["NURSESIM_TRIAGE"]

_LABELS = ("1", "2", "3", "4", "5")
_VITALS = {
    "hr": ("heart rate", ""),
    "bp_sys": ("systolic pressure", " mmHg"),
    "bp_dia": ("diastolic pressure", " mmHg"),
    "spo2": ("oxygen saturation", "%"),
    "rr": ("respiratory rate", ""),
    "temp": ("temperature", " C"),
}
_CONSCIOUS = {"A": "alert", "V": "responds to voice", "P": "responds to pain", "U": "unresponsive"}


def _read(folder: Path) -> Iterator[Item]:
    path = folder / "gpt_scenarios.json"
    written = read_json(path)
    if not isinstance(written, dict) or sorted(written) != list(_LABELS):
        raise UserError(f"{path}: an object with the keys {', '.join(_LABELS)} is needed")
    for level in _LABELS:
        for number, row in enumerate(written[level], 1):
            try:
                yield _item(row, level, number)
            except (KeyError, TypeError, AttributeError) as cause:
                raise UserError(
                    f"{path}: scenario {number} of category {level} lacks a value, or has one of another form"
                ) from cause


def _item(row: Mapping[str, Any], level: str, number: int) -> Item:
    told = {name.casefold().replace(" ", "_"): value for name, value in row["history"].items()}
    before = next((value for name, value in told.items() if name.startswith("relevant_pm")), None)
    vitals = {name: float(row["vitals"][key]) for key, (name, _) in _VITALS.items()}
    conscious = _CONSCIOUS[row["vitals"]["avpu"]]
    fields = {"age": float(told["age"]), "sex": told["gender"], "consciousness": conscious, **vitals}
    units = dict(_VITALS.values())
    shown = ", ".join(f"{name} {value:g}{units[name]}" for name, value in vitals.items())
    return Item(
        id=f"{level}-{number}",
        group=group_of(row["chief_complaint"]),
        text=f"{told['age']}-year-old, {told['gender']}.\nSays: {row['chief_complaint']}\n"
        f"Since: {told['time_course']}\nPast history: {before or 'not recorded'}\n"
        f"Consciousness: {conscious}\nVital signs: {shown}",
        gold=level,
        fields={"chief complaint": row["chief_complaint"], **fields},
        slices={
            "sex": told["gender"] if told["gender"] in ("female", "male") else "unknown",
            "age": age_group(told["age"]),
        },
    )


def _ask(item: Item) -> str:
    return (
        f"{item.text}\n\nWhat is the category of the Manchester Triage System? 1 immediate, 2 very urgent, "
        "3 urgent, 4 standard, 5 non-urgent."
    )


NURSESIM_TRIAGE = Task(
    name="nursesim_triage",
    family=Family.TRIAGE,
    language="en",
    folder="nursesim_triage",
    read=_read,
    system="You are a triage nurse in an emergency department and assign triage categories.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    ordered=True,
    metric="quadratic kappa",
    shares=Shares(tune=0.3, select=0.1, report=0.6),
    card=Card(
        title="NurseSim triage scenarios",
        source="ClinyQAi/NurseSim-RL, data/gpt_scenarios.json (112 of the scenarios)",
        licence="MIT",
        url="https://github.com/ClinyQAi/NurseSim-RL",
        about="A scenario that a language model wrote for a given triage category: which of the five? 1 is "
        "the most urgent.",
        leaks="Public. Written by a model to the category, so that the wording and rounded vital signs give "
        "the category away; scenarios with the same complaint are kept in one part.",
        limits="112 scenarios, none of a real patient, not checked by clinicians as far as its page says: a "
        "high score says that a model knows how models write urgency.",
        references=(
            Reference(
                "Llama-3.2-3B, QLoRA",
                "accuracy",
                0.60,
                "2,100 made scenarios of the same project: another set",
                "ClinyQAi/NurseSim-RL",
                "V",
                3_200_000_000,
            ),
        ),
    ),
)
