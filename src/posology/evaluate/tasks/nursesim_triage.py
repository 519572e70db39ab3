"""NurseSim: the triage category of scenarios that a language model wrote."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.nodes import Node, read_node
from posology.evaluate.persons import age_group
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
    written = read_node(folder / "gpt_scenarios.json")
    if sorted(written.keys()) != list(_LABELS):
        raise written.fault(f"needs the keys {', '.join(_LABELS)} and no other")
    for level in _LABELS:
        for number, row in enumerate(written.key(level).items(), 1):
            yield _item(row, level, number)


def _item(row: Node, level: str, number: int) -> Item:
    told = {name.casefold().replace(" ", "_"): value for name, value in row.key("history").values()}
    if missing := [name for name in ("age", "gender", "time_course") if name not in told]:
        raise row.key("history").fault(f"has no {', '.join(missing)}")
    before = next((value for name, value in told.items() if name.startswith("relevant_pm")), None)
    earlier = before.words() if before is not None and before.value is not None else ""
    signs = row.key("vitals")
    vitals = {name: float(signs.key(key).number()) for key, (name, _) in _VITALS.items()}
    conscious = _CONSCIOUS[signs.key("avpu").one_of(tuple(_CONSCIOUS))]
    age, sex, complaint = told["age"].number(), told["gender"].text(), row.key("chief_complaint").text()
    units = dict(_VITALS.values())
    shown = ", ".join(f"{name} {value:g}{units[name]}" for name, value in vitals.items())
    return Item(
        id=f"{level}-{number}",
        group=group_of(complaint),
        text=f"{age}-year-old, {sex}.\nSays: {complaint}\n"
        f"Since: {told['time_course'].text()}\nPast history: {earlier or 'not recorded'}\n"
        f"Consciousness: {conscious}\nVital signs: {shown}",
        gold=level,
        fields={
            "chief complaint": complaint,
            "age": float(age),
            "sex": sex,
            "consciousness": conscious,
            **vitals,
        },
        slices={"sex": sex if sex in ("female", "male") else "unknown", "age": age_group(age)},
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
