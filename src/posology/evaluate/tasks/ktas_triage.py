"""KTAS triage: the level of urgency of a visit to an emergency department, from what triage knows.

The file also holds what was known only later, or what somebody else made of it: the nurse's level, the
diagnosis, the length of stay, and the expert's level, which is the gold answer. None of them is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.persons import age_group
from posology.evaluate.reading import Line, read_csv, require_label, require_number, require_text
from posology.evaluate.task import Card, Family, Reference, Shares, Task

__all__ = ["KTAS_TRIAGE"]

_LABELS = ("1", "2", "3", "4", "5")
_RANGES = {  # column: name of the field, lowest and highest value that can be one
    "Age": ("age", 0, 120),
    "Patients number per hour": ("patients per hour", 0, 200),
    "NRS_pain": ("pain score", 0, 10),
    "SBP": ("systolic pressure", 20, 320),
    "DBP": ("diastolic pressure", 10, 220),
    "HR": ("heart rate", 0, 320),
    "RR": ("respiratory rate", 0, 90),
    "BT": ("temperature", 20, 46),
}
_WORDS = {"Sex": "sex", "Arrival mode": "arrival", "Injury": "injury", "Mental": "mental state"}
_PAIN = {"0": "No", "1": "Yes"}
_LATER = ("KTAS_RN", "Diagnosis in ED", "KTAS_expert", "Length of stay_min")
_UNITS = {
    "systolic pressure": " mmHg",
    "diastolic pressure": " mmHg",
    "temperature": " C",
    "pain score": "/10",
}


def _read(folder: Path) -> Iterator[Item]:
    """Yield the visits; those with the same text, or that may be of one patient, in one group."""
    items, keys = [], []
    for item, patient in _visits(folder):
        items.append(item)
        keys.append((patient, same_words(item.text)))
    for item, group in zip(items, linked_groups(keys), strict=True):
        yield replace(item, group=group)


def _visits(folder: Path) -> Iterator[tuple[Item, str]]:
    """Yield each visit with what patients who may be one have in common: sex, age and diagnosis."""
    columns = (*_RANGES, *_WORDS, "Pain", "Chief_complain", *_LATER)
    for line, row in read_csv(folder / "train.csv", columns):
        fields = _fields(row, line)
        years = fields["age"]
        visit = Item(
            id=f"row-{line.number - 1}",
            group="",
            text="\n".join(f"{name}: {_shown(name, value)}" for name, value in fields.items()),
            gold=require_label(row["KTAS_expert"], _LABELS, line),
            fields=fields,
            slices={
                "sex": row["Sex"].casefold(),
                "age": age_group(years if isinstance(years, float) else None),
                "arrival": row["Arrival mode"],
                "injury": row["Injury"].casefold(),
            },
        )
        yield visit, same_words(" ".join(row[column] for column in ("Sex", "Age", "Diagnosis in ED")))


def _fields(row: Mapping[str, str], line: Line) -> dict[str, float | str | None]:
    """Return what is known at triage and nothing else."""
    complaint = row["Chief_complain"].strip()
    readable = any(sign.isalnum() for sign in complaint)  # Korean words came out as "??? ??" in the source
    fields: dict[str, float | str | None] = {"chief complaint": complaint if readable else None}
    fields |= {name: require_text(row, column, line) for column, name in _WORDS.items()}
    fields["pain"] = _PAIN[require_label(row["Pain"], tuple(_PAIN), line)]
    for column, (name, low, high) in _RANGES.items():
        fields[name] = require_number(row, column, line, low=low, high=high)
    return fields


def _shown(name: str, value: float | str | None) -> str:
    if value is None:
        return "not recorded"
    return f"{value:g}{_UNITS.get(name, '')}" if isinstance(value, float) else value


def _ask(item: Item) -> str:
    return (
        f"{item.text}\n\nWhat is the level of the Korean Triage and Acuity Scale (KTAS)? "
        "1 resuscitation, 2 emergency, 3 urgent, 4 less urgent, 5 non-urgent."
    )


_CHILDREN = "74,170 visits of a Korean department for children, its own test part: another population"
_PLOS = "Lee et al., PLOS ONE 2026, doi 10.1371/journal.pone.0350770"


def _reference(system: str, metric: str, value: float, parameters: int | None = None) -> Reference:
    return Reference(system, metric, value, _CHILDREN, _PLOS, "V", parameters, n=14_832)


KTAS_TRIAGE = Task(
    name="ktas_triage",
    family=Family.TRIAGE,
    language="en",
    folder="ktas_triage",
    read=_read,
    system="You are a triage nurse in an emergency department and assign triage levels.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    ordered=True,
    metric="quadratic kappa",
    shares=Shares(tune=0.4, select=0.1, report=0.5),
    card=Card(
        title="KTAS triage records of two Korean emergency departments",
        source="Moon et al., PLOS ONE 2019; copy in jiosephlee/triage-agent, training file (688 adult visits "
        "of one of the two hospitals)",
        licence="not stated in the repository; published with an open-access article",
        url="https://doi.org/10.1371/journal.pone.0216972",
        about="An adult's visit as triage knows it (complaint, way of arrival, injury, mental state, pain, "
        "vital signs, how busy the hour is): which of the five KTAS levels did the experts give? 1 is the "
        "most urgent.",
        leaks="The nurse's level, the diagnosis and the length of stay stand in the file beside the gold "
        "level and are never part of an item. There is no patient number: visits of the same sex, age and "
        "diagnosis, and those with the same values, are kept in one part. The table has been on the web "
        "since 2019.",
        limits="One hospital, 2016-2017, adults. 14 visits of level 1 and 56 of level 5: the extremes rest "
        "on few patients. 21 complaints were lost in the source (question marks) and are 'not recorded' "
        "here.",
        references=(
            _reference("Qwen3-8B, LoRA and GRPO", "quadratic kappa", 0.535, 8_000_000_000),
            _reference("Qwen3-8B, LoRA and GRPO", "macro-F1", 0.417, 8_000_000_000),
            _reference("Qwen3-8B, LoRA and GRPO", "within one", 0.9713, 8_000_000_000),
            _reference("Qwen3-8B, LoRA and GRPO", "strict under-triage", 0.0065, 8_000_000_000),
            _reference("XGBoost on structured fields", "quadratic kappa", 0.651),
            _reference("XGBoost on structured fields", "macro-F1", 0.618),
        ),
    ),
)
