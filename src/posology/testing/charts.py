"""Making a chart from a policy: resources, notes, and the truth about each leaf."""

import random
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from posology.policies.policy import Leaf, Policy, ValueSetEntry
from posology.quotes import Status
from posology.testing.decoys import make_decoys
from posology.testing.distractors import Distractor, pick_distractors
from posology.testing.expressions import parse_test
from posology.testing.facts import Fact, Setting, eligible, leaf_status
from posology.testing.notes import (
    NOTE_STYLES,
    Encoding,
    Note,
    NoteStyle,
    Piece,
    Scene,
    encode_note,
    write_note,
)
from posology.testing.orders import make_order, make_reports, service_entries
from posology.testing.people import Cast, make_cast, visit
from posology.testing.phrases import Phrases, load_phrases
from posology.testing.plans import Aim, Plan, all_leaves
from posology.testing.resources import Json, build_resource, concept, instant
from posology.testing.scenarios import add_older, choose_facts, entries_of, group_leaves
from posology.testing.statements import Statement, choose_statement, split_aims
from posology.testing.terms import LOINC
from posology.testing.truth import LeafTruth, conclude, merge

__all__ = ["MadeChart", "Style", "make_chart"]

BASE = "https://clinic.example.org/fhir/"
FEMALE_ONLY = frozenset({"Z33.1", "Z34.90", "O09.90", "77386006", "C50.911"})
MALE_ONLY = frozenset({"C61"})


@dataclass(frozen=True)
class Style:
    """How the chart is written; every default is the common case.

    ``note`` fixes the style of the notes (a mix otherwise); ``encodings`` are drawn from with equal
    chance; ``decoys`` adds ineligible twins and a relative with the same disease; ``distractors`` is
    the number of unrelated problems, drugs and results; ``partial_dates`` writes the onset of some old
    unrelated problems as a year; ``typos`` misspells sentences that decide nothing.
    """

    note: NoteStyle | None = None
    encodings: tuple[Encoding, ...] = ("plain", "plain", "plain", "html", "rtf")
    decoys: bool = True
    distractors: int = 4
    partial_dates: bool = False
    typos: bool = False


@dataclass(frozen=True)
class MadeChart:
    """A FHIR R4 Bundle and the truth beside it."""

    bundle: Json
    truth: Json

    def __repr__(self) -> str:
        """Show the number of entries only."""
        return f"MadeChart({len(self.bundle['entry'])} entries)"


@dataclass
class _Draft:
    """The chart while it is being made."""

    policy: Policy
    plan: Plan
    style: Style
    rng: random.Random
    setting: Setting
    cast: Cast
    choices: Mapping[str, tuple[tuple[str, str], ...]]
    facts: list[Fact] = field(default_factory=list)
    decoys: list[Fact] = field(default_factory=list)
    references: dict[Fact, str] = field(default_factory=dict)
    resources: list[Json] = field(default_factory=list)


def make_chart(policy: Policy, *, plan: Plan, seed: int, style: Style | None = None) -> MadeChart:
    """Make a chart whose leaves are met, fail or lack evidence as the plan says.

    The same policy, plan, seed and style give the same bytes. Where aims contradict each other (one value
    cannot be both below and above a limit), most of them hold, the focus of the plan first; the truth says
    what was made, not what was asked.
    """
    rng = random.Random(f"chart:{policy.id}:{policy.version}:{plan.name}:{seed}")
    style = style or Style()
    draft = _start(policy, plan, style, rng)
    leaves = {leaf.id: leaf for leaf in all_leaves(policy)}
    finding, asking = _aims(leaves, plan, rng)
    _make_facts(draft, leaves, finding)
    phrases = load_phrases(policy)
    statements = {
        leaf_id: choose_statement(leaves[leaf_id], aim, phrases[leaf_id], rng)
        for leaf_id, aim in asking.items()
    }
    service = _choose_service(draft, leaves, finding)
    _add_resources(draft, service, leaves)
    distractors = pick_distractors(style.distractors, _avoided(draft, phrases), rng)
    draft.resources += [_distract(draft, one, n) for n, one in enumerate(distractors, 1)]
    marks = _add_notes(draft, statements, distractors, leaves)
    truth = _truth(draft, leaves, statements, marks, service)
    truth |= {"seed": seed, "documents": _documents(draft)}
    return MadeChart(_bundle(draft), truth)


def _start(policy: Policy, plan: Plan, style: Style, rng: random.Random) -> _Draft:
    first = max(policy.effective_from, date(2023, 6, 1)) + timedelta(days=rng.randint(30, 700))
    day = min(first, policy.effective_until) if policy.effective_until else first
    age = _choose_age(policy, plan, rng)
    asked = [leaf.id for leaf in all_leaves(policy) if leaf.find and leaf.find.resource == "Patient"]
    known = not asked or any(plan.aims.get(leaf_id) != "missing" for leaf_id in asked)
    born = date(day.year - age, 1, 1) + timedelta(days=rng.randint(0, max(0, day.timetuple().tm_yday - 2)))
    sex = _choose_sex(policy, plan, rng)
    cast = make_cast(
        policy.payer, sex, born if known else None, day - timedelta(days=rng.randint(400, 2000)), rng
    )
    barred = MALE_ONLY if cast.sex == "female" else FEMALE_ONLY
    choices = {
        name: tuple(entry for entry in entries_of(_rows(rows)) if entry[1] not in barred)
        for name, rows in policy.codes.items()
    }
    setting = Setting(
        day, age if known else None, _full_sets(policy, choices), {x.id: x for x in all_leaves(policy)}
    )
    return _Draft(policy, plan, style, rng, setting, cast, choices)


def _rows(rows: Sequence[ValueSetEntry]) -> list[tuple[str, str, str]]:
    return [(row.system, row.code or "", row.prefix or "") for row in rows]


def _full_sets(
    policy: Policy, choices: Mapping[str, tuple[tuple[str, str], ...]]
) -> dict[str, frozenset[tuple[str, str]]]:
    """Return what each value set accepts of all codes that the chart may hold, branches included."""
    held = {entry for entries in choices.values() for entry in entries}
    held |= {entry for service in policy.services for entry in service_entries(service.system, service.code)}
    return {
        name: frozenset(choices[name])
        | {e for e in held for r in rows if r.prefix and e[0] == r.system and e[1].startswith(r.prefix)}
        for name, rows in policy.codes.items()
    }


def _choose_sex(policy: Policy, plan: Plan, rng: random.Random) -> str:
    """Return a sex under which the codes that are to be met can occur."""
    for leaf in all_leaves(policy):
        if leaf.find is None or leaf.find.codes is None or plan.aims.get(leaf.id) != "met":
            continue
        rows = policy.codes[leaf.find.codes]
        codes = {code for _, code in entries_of(_rows(rows))}
        if codes <= FEMALE_ONLY:
            return "female"
        if codes <= MALE_ONLY:
            return "male"
    return rng.choice(("female", "male"))


def _choose_age(policy: Policy, plan: Plan, rng: random.Random) -> int:
    """Return an age under which most tests of the patient come out as planned."""
    tests = [
        (leaf, test)
        for leaf in all_leaves(policy)
        if leaf.find and leaf.find.resource == "Patient" and (test := parse_test(leaf.test or ""))
    ]
    limits = {int(bound.number) for _, test in tests for bound in test.bounds}
    near = {limit + step for limit in limits for step in (-3, -1, 0, 1, 6)}
    ages = [age for age in sorted(near | set(range(24, 84, 3))) if 1 <= age <= 95]
    adults = [age for age in ages if age >= 21] if not tests else ages
    scores = {
        age: sum(test.holds_for_age(age) == (plan.aims[leaf.id] != "not_met") for leaf, test in tests)
        for age in adults
    }
    return rng.choice([age for age in adults if scores[age] == max(scores.values())])


def _aims(
    leaves: Mapping[str, Leaf], plan: Plan, rng: random.Random
) -> tuple[dict[str, Aim], dict[str, Aim]]:
    finding: dict[str, Aim] = {}
    asking: dict[str, Aim] = {}
    for leaf_id, leaf in leaves.items():
        aim = plan.aims.get(leaf_id, "missing")
        if leaf.find is not None and leaf.question is not None:
            halves = split_aims(leaf, aim, rng)
            finding[leaf_id], asking[leaf_id] = halves["find"], halves["question"]
        elif leaf.find is not None:
            finding[leaf_id] = aim
        elif leaf.question is not None:
            asking[leaf_id] = aim
    return finding, asking


def _make_facts(draft: _Draft, leaves: Mapping[str, Leaf], finding: Mapping[str, Aim]) -> None:
    asked = Plan(draft.plan.name, finding, draft.plan.focus)
    for group in group_leaves([leaves[leaf_id] for leaf_id in finding], draft.choices):
        chosen = choose_facts(group, asked, draft.facts, draft.setting, draft.rng)
        anchors = {leaf.near.leaf for leaf in leaves.values() if leaf.near is not None}
        if draft.rng.random() < 0.5 and not anchors & {leaf.id for leaf in group.leaves}:
            chosen += add_older(group, chosen, draft.facts, draft.setting, draft.rng)
        draft.facts += chosen
        if (
            draft.style.decoys
            and draft.rng.random() < 0.6
            and not anchors & {leaf.id for leaf in group.leaves}
        ):
            met = Plan("met", {leaf.id: "met" for leaf in group.leaves})
            twins = choose_facts(group, met, draft.facts, draft.setting, draft.rng)
            draft.decoys += make_decoys(group, twins, draft.setting, draft.rng)


def _choose_service(draft: _Draft, leaves: Mapping[str, Leaf], finding: Mapping[str, Aim]) -> tuple[str, str]:
    """Return a service of the policy under which leaves about the request itself come out as planned."""
    asked = [leaf for leaf in leaves.values() if leaf.find is not None and leaf.find.resource == "Request"]
    best = [
        (service.system, service.code)
        for service in draft.policy.services
        if all(_requests(draft, leaf, service.code) == (finding[leaf.id] == "met") for leaf in asked)
    ]
    return draft.rng.choice(best or [(s.system, s.code) for s in draft.policy.services])


def _requests(draft: _Draft, leaf: Leaf, code: str) -> bool:
    name = leaf.find.codes if leaf.find is not None else None
    return name is None or any(code == entry[1] for entry in draft.setting.sets[name])


def _add_resources(draft: _Draft, service: tuple[str, str], leaves: Mapping[str, Leaf]) -> None:
    draft.resources += draft.cast.resources
    counters: dict[str, int] = {}
    for fact in sorted(
        [*draft.facts, *draft.decoys], key=lambda f: (f.resource, f.start, f.entry, f.ineligible)
    ):
        counters[fact.resource] = counters.get(fact.resource, 0) + 1
        identifier = f"{fact.resource.lower()}-{counters[fact.resource]}"
        if fact.entry[1] or fact.resource == "Encounter":
            name = _set_name(draft, fact.entry)
            draft.resources.append(
                build_resource(fact, identifier, draft.cast.patient, draft.cast.practitioner, name)
            )
            draft.references[fact] = f"{fact.resource}/{identifier}"
    order = make_order(draft.policy, service, draft.setting.day, draft.cast, draft.rng)
    if order is not None:
        draft.resources.append(order)
    missing = {
        leaf.find.codes
        for leaf in leaves.values()
        if leaf.find is not None and draft.plan.aims.get(leaf.id) == "missing"
    }
    draft.resources += make_reports(draft.policy, draft.setting, draft.cast, missing, draft.rng)
    if draft.style.decoys:
        draft.resources += _relatives(draft)


def _set_name(draft: _Draft, entry: tuple[str, str]) -> str:
    names = sorted(name for name, entries in draft.setting.sets.items() if entry in entries)
    return names[0].replace("-", " ").capitalize() if names else ""


def _relatives(draft: _Draft) -> list[Json]:
    """Return a relative's history of a disease that some leaf asks of the patient."""
    conditions = [fact for fact in [*draft.facts, *draft.decoys] if fact.resource == "Condition"]
    if not conditions:
        return []
    fact = draft.rng.choice(conditions)
    code, name = draft.rng.choice((("MTH", "mother"), ("FTH", "father"), ("BRO", "brother")))
    relation = concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", code, name)
    return [
        {
            "resourceType": "FamilyMemberHistory",
            "id": "familymemberhistory-1",
            "status": "completed",
            "patient": {"reference": draft.cast.patient},
            "relationship": relation,
            "condition": [{"code": concept(*fact.entry, _set_name(draft, fact.entry))}],
        }
    ]


def _avoided(draft: _Draft, phrases: Mapping[str, Phrases]) -> set[str]:
    codes = {entry[1] for entries in draft.setting.sets.values() for entry in entries}
    return codes | {word for one in phrases.values() for word in one.avoid}


def _distract(draft: _Draft, one: Distractor, number: int) -> Json:
    start = draft.setting.day - timedelta(days=draft.rng.randint(20, 2500))
    fact = Fact(one.resource, one.entry, start, value=one.value, unit=one.unit)
    identifier = f"{one.resource.lower()}-other-{number}"
    resource = build_resource(fact, identifier, draft.cast.patient, draft.cast.practitioner, one.name)
    if draft.style.partial_dates and one.resource == "Condition":
        resource["onsetDateTime"] = str(start.year)
    return resource


def _documents(draft: _Draft) -> Json:
    kinds = {resource["resourceType"] for resource in draft.resources}
    return {
        document.id: document.find is None or document.find.resource in kinds
        for document in draft.policy.documents
    }


def _add_notes(
    draft: _Draft,
    statements: Mapping[str, Statement],
    distractors: Sequence[Distractor],
    leaves: Mapping[str, Leaf],
) -> dict[str, list[Json]]:
    """Write the notes and return, for each leaf, the places of its decisive sentences."""
    recent, older = _split(draft, statements)
    day = draft.setting.day
    dates = [day - timedelta(days=draft.rng.randint(4, 20))]
    if older or draft.rng.random() < 0.6:
        dates.append(day - timedelta(days=draft.rng.randint(70, 160)))
    marks: dict[str, list[Json]] = {}
    visits = not any(leaf.find is not None and leaf.find.resource == "Encounter" for leaf in leaves.values())
    problems = tuple(one.name for one in distractors if one.resource == "Condition")
    for number, (when, pieces) in enumerate(zip(dates, (recent, older), strict=False), 1):
        scene = Scene(
            when, draft.cast.name, draft.cast.clinician, draft.cast.clinic, problems, draft.style.typos
        )
        kind: NoteStyle = draft.rng.choice(NOTE_STYLES) if draft.style.note is None else draft.style.note
        draft.rng.shuffle(pieces)
        note = write_note(kind, pieces, scene, draft.rng)
        encoding = draft.rng.choice(draft.style.encodings)
        resource = _document(draft, note, encoding, when, number)
        draft.resources.append(resource)
        if visits:
            meeting = visit(f"encounter-note-{number}", when, draft.cast)
            draft.resources.append(meeting)
            resource["context"] = {"encounter": [{"reference": f"Encounter/{meeting['id']}"}]}
        for mark in note.marks:
            place = _place(note, mark.start, mark.end, f"DocumentReference/{resource['id']}", encoding)
            marks.setdefault(mark.leaf, []).append(place | {"answer": mark.answer, "date": when.isoformat()})
    return marks


def _split(draft: _Draft, statements: Mapping[str, Statement]) -> tuple[list[Piece], list[Piece]]:
    """Divide the sentences over a recent and an older note; what has a window stays in the recent one."""
    recent: list[Piece] = []
    older: list[Piece] = []
    for statement in statements.values():
        home = older if statement.leaf.within is None and draft.rng.random() < 0.3 else recent
        home += statement.pieces
    return recent, older


def _place(note: Note, start: int, end: int, source: str, encoding: Encoding) -> Json:
    place: Json = {"source": source, "quote": note.text[start:end], "style": note.style}
    if encoding == "plain":
        place |= {"start": start, "end": end}
    return place


def _document(draft: _Draft, note: Note, encoding: Encoding, day: date, number: int) -> Json:
    kind, data = encode_note(note.text, encoding)
    code = "11488-4" if note.style == "consult" else "11506-3"
    resource: Json = {
        "resourceType": "DocumentReference",
        "id": f"note-{number}",
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, code, note.title),
        "category": [
            {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                        "code": "clinical-note",
                    }
                ]
            }
        ],
        "subject": {"reference": draft.cast.patient},
        "date": instant(day, 16),
        "author": [{"reference": draft.cast.practitioner}],
        "content": [
            {
                "attachment": {
                    "contentType": kind,
                    "data": b64encode(data).decode("ascii"),
                    "title": note.title,
                    "creation": instant(day, 16),
                }
            }
        ],
    }
    return resource


def _truth(
    draft: _Draft,
    leaves: Mapping[str, Leaf],
    statements: Mapping[str, Statement],
    marks: Mapping[str, list[Json]],
    service: tuple[str, str],
) -> Json:
    table: dict[str, LeafTruth] = {}
    rows: Json = {}
    for leaf_id, leaf in leaves.items():
        structured, witnesses = _structured(draft, leaf, service)
        text = statements[leaf_id].status if leaf_id in statements else None
        table[leaf_id] = merge(leaf, structured, text, found=bool(witnesses))
        if leaf_id in statements and statements[leaf_id].contradicts:
            table[leaf_id] = replace(table[leaf_id], basis="conflict")
        truth = table[leaf_id]
        rows[leaf_id] = {
            "aim": draft.plan.aims.get(leaf_id, "missing"),
            "structured": truth.structured and str(truth.structured),
            "text": truth.text and str(truth.text),
            "status": str(truth.status),
            "basis": truth.basis,
            "witnesses": [*witnesses, *marks.get(leaf_id, [])],
            "distractors": list(statements[leaf_id].distractors) if leaf_id in statements else [],
        }
    outcome = conclude(draft.policy, table)
    return {
        "posology": "chart-truth/1",
        "policy": {"id": draft.policy.id, "version": draft.policy.version},
        "plan": draft.plan.name,
        "date": draft.setting.day.isoformat(),
        "service": {"system": service[0], "code": service[1]},
        "payer": draft.policy.payer,
        "leaves": rows,
        "root": str(outcome.root),
        "exclusions": [str(status) for status in outcome.exclusions],
        "conclusion": {"expected": outcome.conclusion, "provisional": outcome.provisional},
        "decoys": [
            {"source": draft.references[fact], "why": fact.ineligible}
            for fact in draft.decoys
            if fact in draft.references
        ],
    }


def _structured(draft: _Draft, leaf: Leaf, service: tuple[str, str]) -> tuple[Status | None, list[Json]]:
    """Return the status that structured data gives the leaf, and every resource it could rest on."""
    if leaf.find is None:
        return None, []
    if leaf.find.resource == "Request":
        found = leaf.find.codes is None or any(
            entry in draft.setting.sets[leaf.find.codes] for entry in service_entries(*service)
        )
        absent = Status.NOT_MET if leaf.when_absent == "not_met" else Status.UNKNOWN
        return (Status.MET if found else absent), []
    status, decisive = leaf_status(leaf, draft.facts, draft.setting)
    if leaf.find.resource == "Patient":
        if draft.setting.age_years is None:
            return status, []
        return status, [{"source": draft.cast.patient, "path": "birthDate", "decisive": True}]
    return status, [
        {"source": draft.references[fact], "decisive": fact in decisive, "date": fact.start.isoformat()}
        for fact in eligible(leaf, draft.facts, draft.setting)
        if fact in draft.references
    ]


def _bundle(draft: _Draft) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(draft.setting.day, 8),
        "entry": [
            {"fullUrl": f"{BASE}{resource['resourceType']}/{resource['id']}", "resource": resource}
            for resource in draft.resources
        ],
    }


def with_plan(plan: Plan, leaf_id: str, aim: Aim) -> Plan:
    """Return the plan with another aim for one leaf, which becomes its focus."""
    return replace(plan, name=f"{plan.name}-{leaf_id}-{aim}", aims={**plan.aims, leaf_id: aim}, focus=leaf_id)
