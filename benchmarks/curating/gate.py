"""What the gate leaves of identifiers and takes of other words: made charts, visits, two labelled sets."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from common import DATA, rate
from deidentify import CLINICAL, STATED, fields_of, made_charts, rows, tally, terms_of
from posology.corpus import Gate
from posology.records.deidentify import KnownIdentifiers, KnownPerson, known_identifiers

__all__ = ["KEY", "measure_gate"]

KEY = bytes(range(32))
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


def measure_gate() -> dict[str, Any]:
    """Measure the gate on everything that has labels or names."""
    spanish = list(spanish_documents())
    return {
        "made_charts": measure_made(),
        "aci_bench": measure_visits(),
        "meddocan_seen": measure_labelled(spanish[::2], "es", KEPT_ES),
        "meddocan_unseen": measure_labelled(spanish[1::2], "es", KEPT_ES),
        "presidio_synth_pii": measure_labelled(english_sentences(), "en", KEPT_EN),
    }


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
