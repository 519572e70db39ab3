"""KTAS triage: the level of urgency of a visit to an emergency department, from what triage knows.

The file also holds what was known only later, or what somebody else made of it: the nurse's level, the
diagnosis, the length of stay, and the expert's level, which is the gold answer. None of them is shown.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.persons import age_group
from posology.evaluate.reading import Line, group_of, read_csv, require_label, require_number, require_text
from posology.evaluate.task import Card, Family, Shares, Task

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
    columns = (*_RANGES, *_WORDS, "Pain", "Chief_complain", *_LATER)
    for line, row in read_csv(folder / "train.csv", columns):
        fields = _fields(row, line)
        years = fields["age"]
        yield Item(
            id=f"row-{line.number - 1}",
            group=group_of(row["Sex"], row["Age"], row["Diagnosis in ED"]),  # may be of one patient
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
        "diagnosis are kept in one part. The table has been on the web since 2019.",
        limits="One hospital, 2016-2017, adults. 14 visits of level 1 and 56 of level 5: the extremes rest "
        "on few patients. 21 complaints were lost in the source (question marks) and are 'not recorded' "
        "here. The published scores of KTAS models are of another population (children), so none is shown "
        "beside ours.",
    ),
)
