"""Measure de-identification: what leaks, what is lost, and what is found without knowing the patient.

python benchmarks/deidentify.py             # the report
python benchmarks/deidentify.py --no-write  # the numbers, nothing written
"""

import argparse
import csv
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import DATA, peak_memory_mb, rate, write_report
from posology.policies.load import load_policies
from posology.records import Chart, read_chart
from posology.records.deidentify import (
    KnownIdentifiers,
    KnownPerson,
    build_matcher,
    deidentify_with,
    known_identifiers,
)
from posology.testing import MadeChart, Style, make_chart, random_plan

SEED = 20261121
CHARTS = 60
# Kinds of the outside set that Safe Harbor lets stay, or that are no identifiers of a patient.
KEPT_BY_RULE = {
    "AGE": "under 90",
    "YEAR_OR_WEEKDAY": "a bare year, a day of the week alone",
    "TITLE": "a form of address or a profession",
    "NRP": "nationality, religion",
}
# How one patient's chart may name them; every {} is an identifier that must go.
MENTIONS = {
    "name": (
        "{given} {family} was seen today.",
        "{FAMILY}, {GIVEN} was admitted.",
        "Mr. {family} reports pain.",
        "{given} tolerates the treatment.",
        "{family}'s brace was refitted.",
        "Discussed with {initial}. {family}.",
        "spoke with {lower} by video",
        "{given}\n{family} signed the form.",
        "Dear {given},",
    ),
    "birth_date": (
        "DOB {born:%m/%d/%Y}.",
        "Born {born:%B} {born.day}, {born.year}.",
        "({born:%Y-%m-%d})",
        "born on {born.day} {born:%b} {born:%y}",
        "D.O.B. {born.month}-{born.day}-{born.year}",
        "id {born:%Y%m%d}",
    ),
    "phone": (
        "Home phone {phone}.",
        "({area}) {first}-{last} (home)",
        "reach at {area}{first}{last}",
        "{area}.{first}.{last}",
    ),
    "record": ("MRN {record}.", "chart {record}", "record #{split}"),
    "address": ("Lives at {line}.", "{line}\n{city}, {zip}", "{LINE}", "moved from {city} in autumn"),
    "member": ("Member id {member}.", "coverage {spaced}", "{memberlower} on file"),
    "npi": ("NPI {npi}", "ordering provider number {npi}"),
    "clinician": ("Seen by {clinician}.", "Dr. {doctor} agrees.", "{DOCTOR} dictated this."),
    "clinic": ("Followed at {clinic}.", "{CLINIC} faxed the notes."),
}
# Clinical wording that looks like an identifier; every phrase must stay.
CLINICAL = tuple(
    phrase.strip()
    for phrase in """
    Parkinson's disease; Crohn disease; Hodgkin lymphoma; Bell's palsy; Graves disease; Cushing
    syndrome; Wolff-Parkinson-White; Guillain-Barré syndrome; Stevens-Johnson syndrome; Foley
    catheter; Holter monitor; Babinski sign; Colles fracture; Whipple procedure; Glasgow Coma Scale
    15; Wells score 3; Lewy bodies; Barrett's esophagus; Hashimoto thyroiditis; Baker cyst; Spurling
    test; Oswestry 42/100; strength 3/4; strength 5/5; BP 120/80; BMI 41.2; pain 7/10; Apgar 8/9;
    ejection fraction 55-60%; HbA1c 8.1%; CA-125 35 U/mL; CA 19-9; vitamin B12; T4 1.2; L4-L5; C5-6;
    S1; 1:2000; 2/6 systolic murmur; 20/40 vision; hydrocodone 5/325 mg; amoxicillin 875/125 mg;
    insulin 70/30; metformin 1000 mg; platelets 150,000; WBC 12.5; sodium 135-145; creatinine 0.9;
    May repeat in 6 weeks; march fracture; 6 months; 12 weeks of therapy; 3-4 times daily; grade
    2-3; stage IIIB; SpO2 98%; GFR 59; 83-year-old; 45 years old; 2019; since 2015; ICD-10 M54.16;
    CPT 72148; LOINC 39156-5; MR angiography; Dix-Hallpike; Tylenol #3; Factor V Leiden; Rh
    negative; Lyme titer; St. John's wort; Q 8 h; x 10 days
    """.replace("\n    ", " ").split(";")
)


WORDLIKE = (
    ("John", "Parkinson"),
    ("Grace", "May"),
    ("Mark", "Young"),
    ("Hope", "Bell"),
    ("April", "Head"),
    ("Jo", "Li"),
)
STATED = re.compile(
    r"(?<![\w.])\d+(?:[./-]\d+)*(?:\.\d+)?\s?(?:%|mg|mcg|mL|kg|cm|mmHg|mmol|weeks?|months?|days|hours)", re.I
)
IN_NOTES = ("in notes: names, numbers", "in notes: dates")
LABEL = re.compile(r"\[[A-Z]+(?: [A-Z0-9+]+)*\]")
WORD = re.compile(r"[^\W_]+")


def made_charts(count: int) -> Iterator[tuple[MadeChart, Chart]]:
    """Make charts of the library's policies in turn, seeded, and read them as a hospital's."""
    policies = load_policies()
    with TemporaryDirectory() as folder:
        for number in range(count):
            policy = policies[number % len(policies)]
            style = Style(partial_dates=number % 2 == 0, typos=number % 3 == 0)
            made = make_chart(policy, plan=random_plan(policy, number), seed=SEED + number, style=style)
            path = Path(folder) / f"{number}.json"
            path.write_text(json.dumps(made.bundle))
            yield made, read_chart(path)


def of_type(made: MadeChart, kind: str) -> list[dict[str, Any]]:
    """Return the resources of a type as they were made."""
    return [e["resource"] for e in made.bundle["entry"] if e["resource"]["resourceType"] == kind]


def fields_of(made: MadeChart) -> dict[str, Any]:
    """Return the identifiers of a made chart, read from its bundle and not by the code under test."""
    patient, doctor = of_type(made, "Patient")[0], of_type(made, "Practitioner")[0]
    clinic = next(o for o in of_type(made, "Organization") if o["id"] != "payer-1")
    given, family = patient["name"][0]["given"][0], patient["name"][0]["family"]
    digits = re.sub(r"\D", "", patient["telecom"][0]["value"])[1:]
    record, address = patient["identifier"][0]["value"], patient["address"][0]
    member = of_type(made, "Coverage")[0]["subscriberId"]
    surname = doctor["name"][0]["family"]
    return {
        "given": given,
        "family": family,
        "GIVEN": given.upper(),
        "FAMILY": family.upper(),
        "initial": given[0],
        "lower": f"{given} {family}".lower(),
        "born": date.fromisoformat(patient.get("birthDate", "1961-04-09")),
        "phone": patient["telecom"][0]["value"],
        "area": digits[:3],
        "first": digits[3:6],
        "last": digits[6:],
        "record": record,
        "split": f"{record[:3]}-{record[3:]}",
        "line": address["line"][0],
        "LINE": address["line"][0].upper(),
        "city": address["city"],
        "zip": address["postalCode"],
        "member": member,
        "spaced": f"{member[:3]} {member[3:7]} {member[7:]}",
        "memberlower": member.lower(),
        "npi": doctor["identifier"][0]["value"],
        "doctor": surname,
        "DOCTOR": surname.upper(),
        "clinician": f"{doctor['name'][0]['given'][0]} {surname}, MD",
        "clinic": clinic["name"],
        "CLINIC": clinic["name"].upper(),
        "has_birth": "birthDate" in patient,
    }


def survives(template: str, output: str) -> bool:
    """Say whether a word of the output is neither a label nor a word of the template."""
    literal = {w.lower() for w in WORD.findall(re.sub(r"\{[^}]*\}", " ", template))} | {"md", "s"}
    left = {w.lower() for w in WORD.findall(LABEL.sub(" ", output))}
    return bool(left - literal)


def measure_made(show: int) -> dict[str, Any]:
    """Measure leakage and clinical loss on made charts with what their resources tell."""
    leaks = {kind: Counter[str]() for kind in (*MENTIONS, *IN_NOTES)}
    loss = {kind: Counter[str]() for kind in ("terms", "numbers with a unit")}
    lost: set[str] = set()  # phrases that are lost in any chart
    for made, chart in made_charts(CHARTS):
        known = known_identifiers(chart)
        matcher, fields = build_matcher(known), fields_of(made)
        for kind, templates in MENTIONS.items():
            if kind == "birth_date" and not fields["has_birth"]:
                continue
            for template in templates:
                output = deidentify_with(template.format(**fields), matcher).text
                count(leaks[kind], survives(template, output), f"{template} -> {output}", show)
        for document in chart.documents:
            output = deidentify_with(document.text, matcher).text
            for key in ("given", "family", "doctor", "clinic", "record", "phone", "member", "npi"):
                tally(leaks[IN_NOTES[0]], str(fields[key]), document.text, output)
            for text in dates_of(made):
                tally(leaks[IN_NOTES[1]], text, document.text, output)
            for term in terms_of(made):
                tally(loss["terms"], term, document.text, output, lost=True)
            for stated in STATED.findall(document.text):
                count(loss["numbers with a unit"], stated not in output, stated, show)
        lost |= {p for p in CLINICAL if p not in deidentify_with(f"Noted: {p}, as before.", matcher).text}
    loss["clinical phrases"] = Counter(n=len(CLINICAL), bad=len(lost))
    return {
        "charts": CHARTS,
        "leaked": {kind: rate(c["bad"], c["n"]) for kind, c in leaks.items()},
        "lost": {kind: rate(c["bad"], c["n"]) for kind, c in loss.items()},
    }


def measure_wordlike(show: int) -> dict[str, Any]:
    """Measure both sides for patients whose names are eponyms, months or plain words."""
    leaks, loss = Counter[str](), Counter[str]()
    for given, family in WORDLIKE:
        matcher = build_matcher(KnownIdentifiers(people=(KnownPerson(family, (given,)),)))
        fields = {"given": given, "family": family, "FAMILY": family.upper(), "GIVEN": given.upper()}
        fields |= {"lower": f"{given} {family}".lower(), "initial": given[0]}
        for template in MENTIONS["name"]:
            output = deidentify_with(template.format(**fields), matcher).text
            count(leaks, survives(template, output), output, show)
        for phrase in CLINICAL:
            output = deidentify_with(f"Noted: {phrase}, as before.", matcher).text
            count(loss, phrase not in output, output, show)
    return {"leaked": rate(leaks["bad"], leaks["n"]), "lost": rate(loss["bad"], loss["n"])}


def count(counter: Counter[str], bad: bool, text: str, show: int) -> None:
    """Count one case, and show the first bad ones."""
    counter["n"] += 1
    counter["bad"] += bad
    if bad and counter["bad"] <= show:
        print("   ", text.replace("\n", " | "))


def tally(counter: Counter[str], needle: str, before: str, after: str, *, lost: bool = False) -> None:
    """Count the mentions in a text and how many are left, or how many are lost, without regard to case."""
    pattern = re.compile(rf"(?<!\w){re.escape(needle)}(?!\w)", re.IGNORECASE)
    n, left = len(pattern.findall(before)), len(pattern.findall(after))
    counter["n"] += n
    counter["bad"] += n - left if lost else left


def dates_of(made: MadeChart) -> set[str]:
    """Return every day of the bundle in the ways that notes write it."""
    days = {date.fromisoformat(t) for t in re.findall(r"\d{4}-\d\d-\d\d", json.dumps(made.bundle))}
    forms = (
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%m/%d/%y",
        "%d %B %Y",
        "%B %d, %Y",
        "%b %d, %Y",
        "%d %b %Y",
        "%B %Y",
        "%m/%Y",
    )
    short = {f"{d.month}/{d.day}/{d.year}" for d in days} | {f"{d:%B} {d.day}, {d.year}" for d in days}
    return {day.strftime(form) for day in days for form in forms} | short


def terms_of(made: MadeChart) -> set[str]:
    """Return the displays of the chart's diagnoses, drugs, results and procedures."""
    kinds = (
        "Condition",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Procedure",
        "AllergyIntolerance",
    )
    found = re.findall(
        r'"(?:display|text)": "([^"]{3,})"', json.dumps([r for kind in kinds for r in of_type(made, kind)])
    )
    return set(found)


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with long fields."""
    csv.field_size_limit(10**7)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def measure_visits() -> dict[str, Any]:
    """Measure the patients' names in notes and dialogues of public visits, with and without knowing them."""
    result: dict[str, Any] = {}
    nobody = build_matcher(KnownIdentifiers())
    for part in ("note", "dialogue"):
        counts = {"known": Counter[str](), "unknown": Counter[str]()}
        for split in ("train", "valid"):
            names = {r["encounter_id"]: r for r in rows(DATA / "aci_bench" / f"{split}_metadata.csv")}
            for row in rows(DATA / "aci_bench" / f"{split}.csv"):
                given = names[row["encounter_id"]]["patient_firstname"].strip()
                family = names[row["encounter_id"]]["patient_familyname"].strip()
                person = KnownIdentifiers(people=(KnownPerson(family, (given,) if given else ()),))
                for kind, matcher in (("known", build_matcher(person)), ("unknown", nobody)):
                    output = deidentify_with(row[part], matcher).text
                    for name in filter(None, (given, family)):
                        tally(counts[kind], name, row[part], output)
        result[part] = {kind: rate(c["bad"], c["n"]) for kind, c in counts.items()}
    return result


def measure_notes(texts: list[str]) -> dict[str, Any]:
    """Measure how much of real-style notes goes when nothing is known, by kind, and which words go most."""
    matcher = build_matcher(KnownIdentifiers())
    kinds, words = Counter[str](), Counter[str]()
    n = 0
    for text in texts:
        n += len(WORD.findall(text))
        for one in deidentify_with(text, matcher).replaced:
            removed = WORD.findall(text[one.start : one.end])
            kinds[one.kind] += len(removed)
            words.update(w.lower() for w in removed if w.isalpha())
    return {
        "notes": len(texts),
        "words_removed": rate(sum(kinds.values()), n),
        "by_kind": dict(kinds.most_common()),
        "most_removed": [f"{word} {times}" for word, times in words.most_common(30) if times > 2],
    }


def measure_synthetic() -> dict[str, Any]:
    """Measure recall by kind on synthetic sentences about nobody who is known."""
    items = json.loads((DATA / "presidio_synth_pii" / "synth_dataset_v2.json").read_text())
    matcher = build_matcher(KnownIdentifiers())
    found, total = Counter[str](), Counter[str]()
    false, replaced = 0, 0
    for item in items:
        text, gold = item["full_text"], set[int]()
        done = deidentify_with(text, matcher).replaced
        covered = {i for one in done for i in range(one.start, one.end)}
        for span in item["spans"]:
            kind, letters = (
                _kind(span),
                [i for i in range(span["start_position"], span["end_position"]) if text[i].isalnum()],
            )
            gold |= set(range(span["start_position"], span["end_position"]))
            total[kind] += 1
            found[kind] += covered.issuperset(letters)
        replaced += len(done)
        false += sum(gold.isdisjoint(range(one.start, one.end)) for one in done)
    kinds = sorted(total, key=lambda kind: (kind in KEPT_BY_RULE, kind))
    return {
        "items": len(items),
        "recall": {kind: rate(found[kind], total[kind]) for kind in kinds},
        "kept_by_rule": KEPT_BY_RULE,
        "false_alarms": rate(false, replaced),
    }


def _kind(span: Mapping[str, Any]) -> str:
    if span["entity_type"] == "DATE_TIME" and re.fullmatch(r"\d{4}|[A-Z][a-z]+day", span["entity_value"]):
        return "YEAR_OR_WEEKDAY"
    return str(span["entity_type"])


def main() -> None:
    """Measure all parts and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--show", type=int, default=0, help="print so many bad made cases of each kind")
    options = parser.parse_args()
    start = time.perf_counter()
    samples = [row["text"] for row in rows(DATA / "mtsamples_sample" / "test.csv")]
    visits = [
        row["note"] for split in ("train", "valid") for row in rows(DATA / "aci_bench" / f"{split}.csv")
    ]
    reading = time.perf_counter()
    notes = {"mtsamples_sample": measure_notes(samples), "aci_bench": measure_notes(visits)}
    seconds = time.perf_counter() - reading
    size = sum(map(len, samples)) + sum(map(len, visits))
    results = {
        "made_charts": measure_made(options.show),
        "names_that_are_words": measure_wordlike(options.show),
        "visits_names_left": measure_visits(),
        "nothing_known": notes,
        "presidio_synth_pii": measure_synthetic(),
        "speed_mb_per_s": round(size / seconds / 1e6, 2),
        "peak_memory_mb": peak_memory_mb(),
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(results, indent=1, ensure_ascii=False))
    if not options.no_write:
        settings = {"seed": SEED, "charts": CHARTS, "language": "English; Spanish (meddocan) is not covered"}
        write_report("deidentify", results, command="benchmarks/deidentify.py", settings=settings)


if __name__ == "__main__":
    main()
