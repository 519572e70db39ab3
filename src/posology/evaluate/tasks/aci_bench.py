"""ACI-Bench: a whole visit as doctor and patient spoke, and the clinical note of it."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import TextForm
from posology.evaluate.items import Item
from posology.evaluate.persons import age_group
from posology.evaluate.reading import Line, read_csv, require_number, require_text
from posology.evaluate.task import Card, Family, Shares, Task

__all__ = ["ACI_BENCH"]


def _read(folder: Path) -> Iterator[Item]:
    for part in ("train", "valid"):
        people = dict(_people(folder / f"{part}_metadata.csv"))
        for line, row in read_csv(folder / f"{part}.csv", ("dataset", "encounter_id", "dialogue", "note")):
            if row["encounter_id"] not in people:
                raise line.fault(f"the encounter is not in {part}_metadata.csv")
            yield Item(
                id=row["encounter_id"],
                group=row["encounter_id"],
                text=require_text(row, "dialogue", line),
                gold=require_text(row, "note", line),
                slices={"kind": row["dataset"], **people[row["encounter_id"]]},
            )


def _people(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    columns = ("encounter_id", "patient_gender", "patient_age")
    for line, row in read_csv(path, columns):
        yield (
            row["encounter_id"],
            {
                "sex": row["patient_gender"].strip() or "unknown",
                "age": age_group(_years(row, line)),
            },
        )


def _years(row: dict[str, str], line: Line) -> float | None:
    """Read an age in years, or in months as in "22-month"."""
    months = row["patient_age"].strip().removesuffix("-month")
    if months != row["patient_age"].strip():
        return (require_number({"age": months}, "age", line, low=0, high=48) or 0) / 12
    return require_number(row, "patient_age", line, low=0, high=120)


def _ask(item: Item) -> str:
    return f"Visit:\n{item.text}\n\nWrite the clinical note of this visit."


ACI_BENCH = Task(
    name="aci_bench",
    family=Family.SUMMARIES,
    language="en",
    folder="aci_bench",
    read=_read,
    system="You write clinical notes from what doctor and patient say.",
    ask=_ask,
    form=TextForm(
        "Write the note only, with the sections CHIEF COMPLAINT, HISTORY OF PRESENT ILLNESS, PHYSICAL "
        "EXAMINATION, RESULTS, ASSESSMENT AND PLAN.",
        max_tokens=1200,
    ),
    metric="ROUGE-L",
    shares=Shares(tune=0.2, select=0.1, report=0.7),
    card=Card(
        title="ACI-Bench",
        source="Yim et al., Scientific Data 2023; wyim/aci-bench, official training and validation files",
        licence="CC BY 4.0",
        url="https://github.com/wyim/aci-bench",
        about="A whole role-played visit, some 1,300 words: what does the clinical note say?",
        leaks="On the web since 2023, and in sets that clinical models are tuned on. Each visit is a patient "
        "of its own.",
        limits="87 visits in all. A visit and its note take some 3,000 tokens: a model with a window of "
        "2,048 can answer few of them, and those are counted as too long, not cut. Three ways of speaking "
        "are mixed (slice 'kind'): to an assistant, to a scribe, and without either. The official test "
        "files are not part of it, so no published score is shown.",
        alarm=(0.6, 2_000_000_000),
    ),
)
