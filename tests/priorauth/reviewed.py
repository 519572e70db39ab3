"""Desks for drafts of made charts, persons, and what any record must hold after any act."""

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from posology.policies import Code
from posology.priorauth import Desk, Person, Request, RequestFile, Revision, parse_act, revise
from posology.priorauth.following import parts_of, templates_of
from posology.priorauth.letter import Signature, build_view, render_html, render_markdown
from posology.priorauth.retelling import place_of, place_of_row
from posology.priorauth.sheet import open_sheet
from tests.heldout import invariants
from tests.priorauth.drafted import Drafted, raw_bodies, rules

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CLINICIAN = Person("Dana Reyes", "dana", "clinician", "1234567893")
OTHER = Person("Sam Ortiz", "sam", "clinician")
SIGNATURE = Signature("Dana Reyes", "1234567893", "2026-11-21")


def desk_of(one: Drafted, details: RequestFile | None = None) -> Desk:
    """Return the desk on which a draft lies."""
    asked = one.record["request"]
    day = date.fromisoformat(asked["date"])
    request = Request(Code(**asked["service"]), day, details or RequestFile())
    return Desk(one.chart, one.policy, request, None, rules().practice.model_dump())


def acted(
    record: dict[str, Any], desk: Desk, act: str, *, person: Person = CLINICIAN, **keys: Any
) -> Revision:
    """Apply an act given by its keys, as the web does."""
    return revise(record, parse_act({"act": act, **keys}), person, AT, desk)


def criterion_of(record: dict[str, Any], key: str) -> dict[str, Any]:
    return next(row for row in record["criteria"] if row["id"] == key)


def sentences_of(record: dict[str, Any], key: str) -> list[str]:
    return [row["sentence"] for row in record["narrative"] if row["criterion"] == key]


def gaps_of(record: dict[str, Any]) -> set[tuple[str, str]]:
    return {(gap["kind"], gap["id"]) for gap in record["gaps"]}


def problems_of(record: dict[str, Any], one: Drafted, desk: Desk) -> list[str]:
    """List what is wrong with a record after an act; the letter must render, as draft and signed."""
    resources = raw_bodies(one.bundle)
    policy = Path(one.policy.file).read_text(encoding="utf-8")
    texts = {document.source: document.text for document in desk.whole_chart.documents}
    evidence = {row["id"]: row for row in record["evidence"]}
    found = [] if len(evidence) == len(record["evidence"]) else ["evidence ids repeat"]
    for row in evidence.values():
        found += invariants.evidence_problems(row, evidence, resources, texts.__getitem__, policy)
    found += invariants.criterion_problems(record, evidence)
    found += invariants.narrative_problems(record, evidence)
    found += invariants.conclusion_problems(record)
    found += id_problems(record, evidence)
    found += untold(record, desk)
    if json.loads(json.dumps(record)) != record:
        found.append("not JSON")
    view = build_view(record)
    if not (render_markdown(view) and render_html(view)):
        found.append("letter")
    if record["conclusion"] != "not_supported":
        signed = render_markdown(build_view(record, signature=SIGNATURE))
        found += [] if "electronically" in signed and "DRAFT" not in signed else ["signed letter"]
    return found


def untold(record: dict[str, Any], desk: Desk) -> list[str]:
    """List what the story tells and the letter does not, where no check and no person took it out."""
    sheet = open_sheet(record, desk.policy)
    rows = (*sheet.narrative, *sheet.withheld, *(row for row in sheet.withdrawn if row["by"]))
    places = {place_of_row(row, sheet.table) for row in rows}
    templates = templates_of(parts_of(sheet, desk))
    found = [f"not told: {one.text}" for one in templates if place_of(one) not in places]
    told = {place_of(one) for one in templates}
    extra = [row for row in sheet.narrative if place_of_row(row, sheet.table) not in told]
    return found + [f"told of no finding: {row['sentence']}" for row in extra]


def id_problems(record: dict[str, Any], evidence: dict[str, Any]) -> list[str]:
    """List ids that repeat, and ids of evidence that nothing has."""
    rows = [*record["narrative"], *record["withheld"]]
    ids = [row["id"] for row in rows]
    found = [] if len(set(ids)) == len(ids) else ["sentence ids repeat"]
    cited = [
        key for row in rows for name in ("cites", "must_hold", "stands_for") for key in row.get(name, [])
    ]
    cited += [key for row in record["criteria"] for key in row.get("rejected", [])]
    return found + [f"no evidence {key}" for key in cited if key not in evidence]


_ANSWERS = [
    {"field": "quantity", "value": 2},
    {"field": "quantity", "value": {"value": 30, "unit": "tablets"}},
    {"field": "npi", "value": "1234567893"},
    {"field": "side", "value": "left"},
    {"field": "diagnosis", "value": "E66.01"},
    {"field": "provider-name", "value": "Dr. Ines Roth"},
    {"field": "side", "value": "inside"},
]


def possible_act(record: dict[str, Any], desk: Desk, rng: random.Random) -> dict[str, Any]:
    """Choose an act of a person who clicks about: it may make sense or not."""
    criterion = rng.choice(record["criteria"])["id"]
    sentence = rng.choice(record["narrative"])["id"] if record["narrative"] else "s1"
    withheld = rng.choice([*record["withheld"], *record.get("withdrawn", [])] or [{"id": "w1"}])["id"]
    to_confirm = rng.choice(record["findings_to_confirm"] or [criterion])
    gap = rng.choice(record["gaps"] or [{"id": criterion, "kind": "criterion"}])
    day = desk.request.day
    text = rng.choice([row["sentence"] for row in record["narrative"]] or ["The patient was seen."])
    wrong = "The body mass index was 77 kg/m2 and the patient never took metformin."
    return rng.choice(
        [
            {"act": "confirm", "criterion": to_confirm},
            {"act": "reject", "criterion": rng.choice([criterion, to_confirm]), "reason": "Another patient."},
            {
                "act": "override",
                "criterion": criterion,
                "status": rng.choice(["met", "not_met", "unknown"]),
                "reason": "I examined the patient.",
            },
            {
                "act": "state",
                "criterion": criterion,
                "answer": rng.choice(["yes", "no"]),
                "statement": "I have treated the patient for years and state this.",
                "date": day.isoformat(),
            },
            {
                "act": "attach",
                **({"gap": gap["id"]} if gap["kind"] == "document" else {"criterion": gap["id"]}),
                "title": "Letter of another clinic",
                "text": "Seen today.\nDenies fever. Has tried diet and exercise without success.",
                "date": day.isoformat(),
            },
            {"act": "answer", **rng.choice(_ANSWERS)},
            {
                "act": "edit",
                "sentence": sentence,
                "text": rng.choice([text, wrong, "The record shows this."]),
            },
            {"act": "drop", "sentence": sentence, "reason": "Not needed."},
            {"act": "offer", "withheld": withheld, **rng.choice([{}, {"text": text}])},
        ]
    )
