"""Measure curation: speed and memory by size, copies and test texts found, what the gate leaks and loses.

python benchmarks/curate.py                       # everything, up to 1,000,000 made notes (an hour or so)
python benchmarks/curate.py --sizes 1000 10000    # smaller
python benchmarks/curate.py --no-write            # the numbers, nothing written
"""

import argparse
import json
import random
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import DATA, ROOT, peak_memory_mb, rate, write_report
from deidentify import CLINICAL, STATED, fields_of, made_charts, rows, tally, terms_of
from posology.corpus import (
    Curation,
    Gate,
    ProtectedText,
    Provenance,
    Record,
    Spec,
    build_protected,
    curate,
    line_of,
)
from posology.records.deidentify import KnownIdentifiers, KnownPerson, known_identifiers

SEED = 20261121
SIZES = (1_000, 10_000, 100_000, 1_000_000)
KEY = bytes(range(32))
SPEC = """posology = "corpus/1"
name = "made"
[[source]]
name = "made"
kind = "jsonl"
path = "made.jsonl"
licence = "made here"
without_gate = "made here of no patient"
"""
SENTENCES = tuple(
    line.strip()
    for line in """
    The patient is a {age}-year-old {sex} who presents with {symptom} of the {site} for {n} {unit}.
    Pain is rated {score} out of 10 and is worse with {act}.
    There is no history of {disease} but {disease} runs in the family.
    Past medical history is notable for {disease} and {disease}.
    Current medications are {drug} {dose} mg daily and {drug} {dose} mg twice daily.
    A trial of {drug} for {n} {unit} gave {result}.
    {n} sessions of {therapy} were completed over {n} {unit} with {result}.
    Allergies: {drug} causes {symptom}.
    Blood pressure was {bp} mmHg, pulse {pulse} per minute, weight {weight} kg.
    On examination there is tenderness over the {site} and strength of {score} over 5.
    Range of motion of the {site} is limited to {pulse} degrees.
    Imaging of the {site} on the {n}th visit shows {finding}.
    Laboratory values include a haemoglobin of {lab} and a creatinine of {lab}.
    The assessment is {disease} with {symptom}, {course}.
    We discussed {therapy}, {drug} and the option of surgery on the {site}.
    The plan is to start {drug} at {dose} mg and to review after {n} {unit}.
    The patient was advised to avoid {act} and to return if {symptom} gets worse.
    Sleep is disturbed by {symptom} on {n} nights a week.
    The patient works at a desk and reports that {act} brings on {symptom}.
    Previous records from {n} {unit} ago describe {finding} of the {site}.
    An injection into the {site} {n} {unit} ago was followed by {result}.
    The functional score fell from {pulse} to {weight} on the last visit.
    Family members help with {act} since the {symptom} began.
    A second opinion recommended {therapy} before any procedure on the {site}.
    """.strip().splitlines()
)
WORDS = {
    "sex": ["man", "woman"],
    "symptom": [
        "pain",
        "numbness",
        "swelling",
        "stiffness",
        "weakness",
        "cramps",
        "burning",
        "itching",
        "fatigue",
        "nausea",
    ],
    "site": [
        "left knee",
        "right knee",
        "lower back",
        "neck",
        "left hip",
        "right shoulder",
        "ankle",
        "wrist",
        "elbow",
        "foot",
    ],
    "unit": ["days", "weeks", "months", "years"],
    "act": ["walking", "standing", "lifting", "climbing stairs", "sitting", "running", "bending", "driving"],
    "disease": [
        "hypertension",
        "type 2 diabetes",
        "asthma",
        "osteoarthritis",
        "hypothyroidism",
        "depression",
        "migraine",
        "psoriasis",
        "coronary disease",
        "sleep apnoea",
        "gout",
        "anaemia",
    ],
    "drug": [
        "naproxen",
        "ibuprofen",
        "metformin",
        "lisinopril",
        "atorvastatin",
        "gabapentin",
        "sertraline",
        "omeprazole",
        "amlodipine",
        "prednisone",
        "duloxetine",
        "celecoxib",
    ],
    "result": ["no relief", "partial relief", "good relief for a while", "side effects", "clear improvement"],
    "therapy": [
        "physical therapy",
        "exercise at home",
        "acupuncture",
        "cognitive therapy",
        "bracing",
        "aquatic therapy",
    ],
    "finding": [
        "degenerative change",
        "a small effusion",
        "no fracture",
        "disc bulging",
        "mild stenosis",
        "a tear",
    ],
    "course": ["stable", "improving", "worsening", "unchanged since last time", "recurrent"],
}
_SLOT = re.compile(r"\{(\w+)\}")
# Kinds of the Spanish set that Safe Harbor lets stay in a text.
KEPT_ES = {
    "EDAD_SUJETO_ASISTENCIA": "an age under 90",
    "SEXO_SUJETO_ASISTENCIA": "sex",
    "PAIS": "a country",
    "FAMILIARES_SUJETO_ASISTENCIA": "a relative's role, such as mother",
    "PROFESION": "a profession",
    "OTROS_SUJETO_ASISTENCIA": "other descriptions",
}
KEPT_EN = {"AGE": "under 90", "TITLE": "a form of address", "NRP": "nationality, religion"}
WORD = re.compile(r"\w+")


def made_note(dice: random.Random) -> str:
    """Make a note of about 200 words; two notes share few runs of five words."""
    chosen = dice.sample(SENTENCES, 16)
    return " ".join(_SLOT.sub(lambda match: _filled(match[1], dice), sentence) for sentence in chosen)


def _filled(slot: str, dice: random.Random) -> str:
    if slot in WORDS:
        return dice.choice(WORDS[slot])
    low, high = {"age": (18, 89), "score": (0, 10), "n": (1, 24), "dose": (1, 900), "pulse": (20, 180)}.get(
        slot, (40, 160)
    )
    number = dice.randint(low, high)
    return {"bp": f"{number + 40}/{number}", "lab": f"{number / 10:.1f}"}.get(slot, str(number))


def planted(text: str, number: int, dice: random.Random) -> str:
    """Return a copy: every other one with other case and punctuation, the rest with a few other words."""
    if number % 2:
        return text.upper().replace(".", " .")
    words = text.split(" ")
    for place in dice.sample(range(len(words)), 3):
        words[place] = "altogether"
    return " ".join(words)


def write_notes(path: Path, size: int) -> int:
    """Write made notes, one in a hundred a copy of an earlier one; return how many copies there are."""
    dice, copies = random.Random(SEED), 0
    recent: list[str] = []
    with path.open("w", encoding="utf-8") as stream:
        for number in range(size):
            text = made_note(dice)
            if number % 100 == 99:
                text, copies = planted(dice.choice(recent), number // 100, dice), copies + 1
            elif number % 7 == 0:
                recent = [*recent[-50:], text]
            home = Provenance("made", "made here", "", f"patient-{number // 3}")
            stream.write(line_of(Record(f"n{number}", text, home)) + "\n")
    return copies


def measure_size(size: int) -> dict[str, Any]:
    """Curate so many made notes in this process: filters, exact and near copies, test texts; no gate."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        copies = write_notes(folder / "made.jsonl", size)
        before = peak_memory_mb()
        spec = Spec.model_validate(tomllib.loads(SPEC))
        tests = build_protected([ProtectedText("phrases", " ".join(CLINICAL))])
        start, clock = time.perf_counter(), time.process_time()
        counts = curate(Curation(spec, folder, key=KEY, protected=tests), folder / "out")
        seconds, cpu = time.perf_counter() - start, time.process_time() - clock
    left_out = Counter({reason.split(":")[0]: n for (_, reason), n in counts.rejected.items()})
    return {
        "notes": size,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "notes_per_s": round(size / seconds),
        "notes_per_cpu_s": round(size / cpu),
        "stages_s": {stage: round(value, 1) for stage, value in counts.timings_s.items()},
        "peak_memory_mb": peak_memory_mb(),
        "memory_before_mb": before,
        "pairs_compared": counts.compared,
        "compared_in_part": counts.cut_short,
        "planted_copies": copies,
        "left_out": dict(left_out),
    }


def measure_copies() -> dict[str, Any]:
    """Compare near duplicates with the truth of all pairs: 1,000 notes, copies with ever more other words."""
    import numpy as np

    from posology.corpus.duplicates import Signatures, find_copies, jaccard
    from posology.corpus.shingles import Shingler, normal_words, runs_of

    dice, shingler = random.Random(SEED), Shingler()
    texts = [made_note(dice) for _ in range(700)]
    for number in range(300):
        words = texts[number].split(" ")
        for place in dice.sample(range(len(words)), number % 10):
            words[place] = "altogether"
        texts.append(" ".join(words))
    runs = [np.unique(runs_of(shingler.words(normal_words(text)), 5)) for text in texts]
    signatures = Signatures()
    for one in runs:
        signatures.add(one)
    found = find_copies(signatures.bands(), lambda number: runs[number], 0.8)
    truth = {
        later for later in range(len(runs)) if any(jaccard(runs[later], one) >= 0.8 for one in runs[:later])
    }
    return {
        "found": rate(len(truth & set(found.of)), len(truth)),
        "wrongly_found": rate(len(set(found.of) - truth), len(found.of)),
        "pairs": len(texts) * (len(texts) - 1) // 2,
        "pairs_compared": found.compared,
    }


def measure_tests() -> dict[str, Any]:
    """Plant 20 words of public visit notes in others, with other case and punctuation, and look for them."""
    dice = random.Random(SEED)
    tests = [row["note"] for split in ("train", "valid") for row in rows(DATA / "aci_bench" / f"{split}.csv")]
    protected = build_protected(ProtectedText("aci_bench", text) for text in tests)
    others = [made_note(dice) for _ in range(2_000)]
    others += [row["text"] for row in rows(DATA / "mtsamples_sample" / "test.csv")]
    hidden = 0
    for number, test in enumerate(tests):
        words = test.split()
        start = dice.randrange(len(words) - 20)
        piece = " ".join(words[start : start + 20]).upper().replace(",", " ;")
        hidden += bool(protected.find_in(f"{others[number]} {piece} {others[-number - 1]}"))
    false = sum(bool(protected.find_in(text)) for text in others)
    return {"found": rate(hidden, len(tests)), "found_in_other_notes": rate(false, len(others))}


def spanish_documents() -> Iterator[tuple[int, str, list[tuple[str, int, int]]]]:
    """Yield the documents of meddocan with their labelled identifiers."""
    for number, path in enumerate(sorted((DATA / "meddocan" / "train").glob("*.txt"))):
        lines = path.with_suffix(".ann").read_text(encoding="utf-8").splitlines()
        cells = [line.split("\t")[1].split() for line in lines if line.startswith("T")]
        yield (
            number,
            path.read_text(encoding="utf-8"),
            [(kind, int(start), int(end)) for kind, start, end in cells],
        )


def english_sentences() -> Iterator[tuple[int, str, list[tuple[str, int, int]]]]:
    """Yield the synthetic sentences of presidio with their labelled identifiers."""
    items = json.loads((DATA / "presidio_synth_pii" / "synth_dataset_v2.json").read_text())
    for number, item in enumerate(items):
        text = item["full_text"]
        yield (
            number,
            text,
            [(_kind(span), span["start_position"], span["end_position"]) for span in item["spans"]],
        )


def _kind(span: dict[str, Any]) -> str:
    bare = re.fullmatch(r"(?:\w+ )?(?:19|20)\d\d|[A-Z][a-z]+day", span["entity_value"])
    return "YEAR_OR_WEEKDAY" if span["entity_type"] == "DATE_TIME" and bare else str(span["entity_type"])


def measure_labelled(documents: Any, language: str, kept: dict[str, str]) -> dict[str, Any]:
    """Measure what of the labelled identifiers the gate leaves, and how many other words it takes."""
    gate = Gate("labels", KEY)
    n, left = Counter[str](), Counter[str]()
    words = lost = 0
    texts = 0
    for number, text, spans in documents:
        texts += 1
        replaced = gate.patient(str(number)).find(text, language)
        covered = {place for one in replaced for place in range(one.start, one.end)}
        gold: set[int] = set()
        for kind, start, end in spans:
            year = language == "es" and kind == "FECHAS" and re.fullmatch(r"\D*\d{4}\D*", text[start:end])
            name = "YEAR" if year else kind
            gold |= set(range(start, end))
            n[name] += 1
            left[name] += not covered.issuperset(i for i in range(start, end) if text[i].isalnum())
        outside = [match.start() for match in WORD.finditer(text) if match.start() not in gold]
        words, lost = words + len(outside), lost + sum(place in covered for place in outside)
    counted = [kind for kind in n if kind not in {*kept, "YEAR", "YEAR_OR_WEEKDAY"}]
    return {
        "texts": texts,
        "leaked": rate(sum(left[kind] for kind in counted), sum(n[kind] for kind in counted)),
        "leaked_by_kind": {kind: rate(left[kind], n[kind]) for kind in sorted(counted)},
        "may_stay_by_rule": {
            **kept,
            "YEAR": "a bare year",
            "YEAR_OR_WEEKDAY": "a bare year, a day of the week",
        },
        "other_words_taken": rate(lost, words),
    }


def measure_made() -> dict[str, Any]:
    """Measure made English charts with surrogates: identifiers that are left, clinical words lost."""
    gate, leaks, loss = Gate(key=KEY), Counter[str](), Counter[str]()
    refused = texts = 0
    phrases: set[str] = set()
    seconds = 0.0
    for number, (made, chart) in enumerate(made_charts(60)):
        fields, patient = fields_of(made), gate.patient(str(number), known_identifiers(chart))
        start = time.perf_counter()
        outputs = [(one.text, patient.passed(one.text)) for one in chart.documents]
        seconds += time.perf_counter() - start
        for text, passed in outputs:
            texts += 1
            if isinstance(passed, str):
                refused += 1
                continue
            for key in ("given", "family", "doctor", "clinic", "record", "phone", "member", "npi"):
                tally(leaks, str(fields[key]), text, passed.text)
            for term in terms_of(made):
                tally(loss, term, text, passed.text, lost=True)
            for stated in STATED.findall(text):
                loss["n"] += 1
                loss["bad"] += stated not in passed.text
        phrases |= {
            phrase
            for phrase in CLINICAL
            if isinstance(done := patient.passed(f"Noted: {phrase}, as before."), str)
            or phrase not in done.text
        }
    return {
        "texts": texts,
        "refused": refused,
        "leaked": rate(leaks["bad"], leaks["n"]),
        "terms_and_numbers_lost": rate(loss["bad"], loss["n"]),
        "clinical_phrases_lost": rate(len(phrases), len(CLINICAL)),
        "texts_per_s": round(texts / seconds),
    }


def measure_visits() -> dict[str, Any]:
    """Measure patients' names that are left in public visit notes, with and without knowing them."""
    gate, counts = Gate("labels", KEY), {"known": Counter[str](), "unknown": Counter[str]()}
    for split in ("train", "valid"):
        names = {row["encounter_id"]: row for row in rows(DATA / "aci_bench" / f"{split}_metadata.csv")}
        for row in rows(DATA / "aci_bench" / f"{split}.csv"):
            given = names[row["encounter_id"]]["patient_firstname"].strip()
            family = names[row["encounter_id"]]["patient_familyname"].strip()
            person = KnownIdentifiers(people=(KnownPerson(family, (given,) if given else ()),))
            for kind, known in (("known", person), ("unknown", KnownIdentifiers())):
                passed = gate.patient(f"{row['encounter_id']} {kind}", known).passed(row["note"])
                for name in filter(None, (given, family)):
                    if not isinstance(passed, str):
                        tally(counts[kind], name, row["note"], passed.text)
    return {f"names_left_{kind}": rate(found["bad"], found["n"]) for kind, found in counts.items()}


def in_own_process(size: int) -> dict[str, Any]:
    """Measure a size in a process of its own: peak memory is a process's."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    """Measure all parts and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--one", type=int, help="measure one size in this process and print it")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure_size(options.one)))
        return
    spanish = list(spanish_documents())
    results = {
        "speed": [in_own_process(size) for size in options.sizes],
        "copies": measure_copies(),
        "test_texts": measure_tests(),
        "gate": {
            "made_charts": measure_made(),
            "aci_bench": measure_visits(),
            "meddocan_seen": measure_labelled(spanish[::2], "es", KEPT_ES),
            "meddocan_unseen": measure_labelled(spanish[1::2], "es", KEPT_ES),
            "presidio_synth_pii": measure_labelled(english_sentences(), "en", KEPT_EN),
        },
    }
    print(json.dumps(results, indent=1, ensure_ascii=False))
    if not options.no_write:
        settings = {"seed": SEED, "sizes": options.sizes, "near": 0.8, "gate": "off for speed"}
        write_report("curate", results, command="benchmarks/curate.py", settings=settings)


if __name__ == "__main__":
    main()
