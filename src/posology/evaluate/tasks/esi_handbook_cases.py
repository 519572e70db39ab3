"""The practice cases of the Emergency Severity Index handbook: which of five levels is a case."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.persons import person_slices
from posology.evaluate.reading import read_csv, require_label, require_text
from posology.evaluate.task import Card, Family, Reference, Shares, Task

__all__ = ["ESI_HANDBOOK_CASES"]

_LABELS = ("1", "2", "3", "4", "5")


def _read(folder: Path) -> Iterator[Item]:
    columns = ("Clinical Vignettes", "Rationale", "acuity")
    for number, (line, row) in enumerate(read_csv(folder / "train.csv", columns), 1):
        text = require_text(row, "Clinical Vignettes", line)
        yield Item(
            id=f"case-{number}",
            group=group_of(text),
            text=text,
            gold=require_label(row["acuity"], _LABELS, line),
            slices=person_slices(text),
        )


def _ask(item: Item) -> str:
    return (
        f"{item.text}\n\nWhat is the Emergency Severity Index (ESI) level? 1 needs a lifesaving intervention "
        "now; 2 is a high-risk situation; 3 needs two or more resources; 4 needs one resource; 5 needs none."
    )


_BELSKI = "Belski and Lukina, medRxiv 2026.05.04.26352355"


def _reference(system: str, metric: str, value: float, parameters: int, n: int) -> Reference:
    split = f"{n} cases that its authors had labelled: other cases"
    return Reference(system, metric, value, split, _BELSKI, "V", parameters, n)


ESI_HANDBOOK_CASES = Task(
    name="esi_handbook_cases",
    family=Family.TRIAGE,
    language="en",
    folder="esi_handbook_cases",
    read=_read,
    system="You are a triage nurse in an emergency department and assign triage levels.",
    ask=_ask,
    form=ChoiceForm(_LABELS),
    labels=_LABELS,
    ordered=True,
    metric="quadratic kappa",
    shares=Shares(tune=0.25, select=0.1, report=0.65),
    card=Card(
        title="Cases of the Emergency Severity Index handbook",
        source="Gilboy et al., AHRQ 12-0014, 2011 (version 4); copy in jiosephlee/triage-agent, training "
        "file",
        licence="not stated in the repository; the handbook is a publication of the US government",
        url="https://github.com/jiosephlee/triage-agent",
        about="A case from the handbook that nurses learn the index with: which level, 1 to 5? 1 is the most "
        "urgent.",
        leaks="The handbook with cases, levels and explanations has been on the web since 2011: a model may "
        "know them by heart. The explanation stands beside the level in the file and is not shown.",
        limits="89 cases, some 60 of them in the report part. They were chosen to teach the rules, so that "
        "rare levels are more frequent than in a department, and are cleaner than any real note.",
        references=(
            _reference("BiomedBERT extraction and ESI rules", "accuracy", 0.889, 110_000_000, 50),
            _reference("BiomedBERT extraction and ESI rules", "within one", 0.972, 110_000_000, 50),
            _reference("Qwen3.5-9B, tuned with explanations", "accuracy", 0.75, 9_000_000_000, 36),
        ),
        alarm=(0.9, 2_000_000_000),
    ),
)
