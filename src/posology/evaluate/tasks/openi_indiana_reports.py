"""Indiana chest X-ray reports: the impression that a radiologist drew from the findings."""

from collections.abc import Iterator
from pathlib import Path

from posology.evaluate.forms import TextForm
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Item
from posology.evaluate.reading import length_slice, read_csv, require_text
from posology.evaluate.task import Card, Family, Task

__all__ = ["OPENI_INDIANA_REPORTS"]


def _read(folder: Path) -> Iterator[Item]:
    for line, row in read_csv(folder / "indiana_reports.csv", ("uid", "MeSH", "findings", "impression")):
        findings, impression = row["findings"].strip(), row["impression"].strip()
        if not findings or not impression:
            continue  # nothing to ask, or no answer: the card says how many
        yield Item(
            id=require_text(row, "uid", line),
            group=group_of(findings),
            text=findings,
            gold=impression,
            slices={
                "report": "normal" if row["MeSH"].strip() == "normal" else "with findings",
                "length": length_slice(findings),
            },
        )


def _ask(item: Item) -> str:
    return f"Findings: {item.text}\n\nWhat is the impression of this chest X-ray report?"


OPENI_INDIANA_REPORTS = Task(
    name="openi_indiana_reports",
    family=Family.SUMMARIES,
    language="en",
    folder="openi_indiana_reports",
    read=_read,
    system="You are a radiologist and summarize chest X-ray reports.",
    ask=_ask,
    form=TextForm("Write the impression only, in one to three short sentences.", max_tokens=120),
    metric="ROUGE-L",
    card=Card(
        title="Indiana University chest X-ray reports (Open-i)",
        source="Demner-Fushman et al., JAMIA 2016; table of report fields",
        licence="not stated in the repository of the table; published de-identified by the US National "
        "Library of Medicine",
        url="https://openi.nlm.nih.gov/",
        about="The findings section of a chest X-ray report: what impression did the radiologist write? "
        "332 of the 2,564 reports lack findings or impression and are not asked; XXXX marks words that were "
        "removed to protect the patient and stays as it is.",
        leaks="The reports have been on the web since 2012. Many are normal studies in the same words: "
        "reports with the same findings are kept in one part, impressions such as 'No acute cardiopulmonary "
        "abnormality.' stand in all of them.",
        limits="An impression may rest on the question, the comparison or the image, of which the item has "
        "nothing: such a sentence counts as an invention, the radiologist's own too. 'No acute "
        "cardiopulmonary abnormality.' for every report gets a ROUGE-L of 0.47 on the first 100 items: read "
        "scores beside tf-idf, which copies the impression of the most similar report. The majority system "
        "does not say it: it repeats the first findings. 19 of these 100 items have nearly the findings of a "
        "report of the tune part. "
        "Published scores are of MIMIC-CXR, another collection.",
    ),
)
