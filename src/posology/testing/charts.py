"""Making a chart from a policy: resources, notes, and the truth about each leaf."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from posology.policies.policy import Leaf, Policy
from posology.quotes import Status
from posology.testing.decoys import make_decoys
from posology.testing.distractors import Distractor, pick_distractors
from posology.testing.documents import add_notes
from posology.testing.drafts import Draft, Style, start_draft
from posology.testing.facts import Fact, eligible, leaf_status
from posology.testing.orders import make_order, make_reports, service_entries
from posology.testing.phrases import Phrases, load_phrases
from posology.testing.plans import Aim, Plan, all_leaves
from posology.testing.resources import Json, build_resource, concept, instant
from posology.testing.scenarios import add_older, choose_facts, group_leaves
from posology.testing.statements import Statement, choose_statement, split_aims
from posology.testing.truth import LeafTruth, conclude, merge

__all__ = ["MadeChart", "make_chart"]

BASE = "https://clinic.example.org/fhir/"


@dataclass(frozen=True)
class MadeChart:
    """A FHIR R4 Bundle and the truth beside it."""

    bundle: Json
    truth: Json

    def __repr__(self) -> str:
        """Show the number of entries only."""
        return f"MadeChart({len(self.bundle['entry'])} entries)"


def make_chart(policy: Policy, *, plan: Plan, seed: int, style: Style | None = None) -> MadeChart:
    """Make a chart whose leaves are met, fail or lack evidence as the plan says.

    The same policy, plan, seed and style give the same bytes. Where aims contradict each other (one value
    cannot be both below and above a limit), most of them hold, the focus of the plan first; the truth says
    what was made, not what was asked.
    """
    rng = random.Random(f"chart:{policy.id}:{policy.version}:{plan.name}:{seed}")
    style = style or Style()
    draft = start_draft(policy, plan, style, rng)
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
    marks = add_notes(draft, statements, distractors, leaves)
    truth = _truth(draft, leaves, statements, marks, service)
    truth |= {"seed": seed, "documents": _documents(draft)}
    return MadeChart(_bundle(draft), truth)


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


def _make_facts(draft: Draft, leaves: Mapping[str, Leaf], finding: Mapping[str, Aim]) -> None:
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


def _choose_service(draft: Draft, leaves: Mapping[str, Leaf], finding: Mapping[str, Aim]) -> tuple[str, str]:
    """Return a service of the policy under which leaves about the request itself come out as planned."""
    asked = [leaf for leaf in leaves.values() if leaf.find is not None and leaf.find.resource == "Request"]
    best = [
        (service.system, service.code)
        for service in draft.policy.services
        if all(_requests(draft, leaf, service.code) == (finding[leaf.id] == "met") for leaf in asked)
    ]
    return draft.rng.choice(best or [(s.system, s.code) for s in draft.policy.services])


def _requests(draft: Draft, leaf: Leaf, code: str) -> bool:
    name = leaf.find.codes if leaf.find is not None else None
    return name is None or any(code == entry[1] for entry in draft.setting.sets[name])


def _add_resources(draft: Draft, service: tuple[str, str], leaves: Mapping[str, Leaf]) -> None:
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


def _set_name(draft: Draft, entry: tuple[str, str]) -> str:
    names = sorted(name for name, entries in draft.setting.sets.items() if entry in entries)
    return names[0].replace("-", " ").capitalize() if names else ""


def _relatives(draft: Draft) -> list[Json]:
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


def _avoided(draft: Draft, phrases: Mapping[str, Phrases]) -> set[str]:
    codes = {entry[1] for entries in draft.setting.sets.values() for entry in entries}
    return codes | {word for one in phrases.values() for word in one.avoid}


def _distract(draft: Draft, one: Distractor, number: int) -> Json:
    start = draft.setting.day - timedelta(days=draft.rng.randint(20, 2500))
    fact = Fact(one.resource, one.entry, start, value=one.value, unit=one.unit)
    identifier = f"{one.resource.lower()}-other-{number}"
    resource = build_resource(fact, identifier, draft.cast.patient, draft.cast.practitioner, one.name)
    if draft.style.partial_dates and one.resource == "Condition":
        resource["onsetDateTime"] = str(start.year)
    return resource


def _documents(draft: Draft) -> Json:
    kinds = {resource["resourceType"] for resource in draft.resources}
    return {
        document.id: document.find is None or document.find.resource in kinds
        for document in draft.policy.documents
    }


def _truth(
    draft: Draft,
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


def _structured(draft: Draft, leaf: Leaf, service: tuple[str, str]) -> tuple[Status | None, list[Json]]:
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


def _bundle(draft: Draft) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(draft.setting.day, 8),
        "entry": [
            {"fullUrl": f"{BASE}{resource['resourceType']}/{resource['id']}", "resource": resource}
            for resource in draft.resources
        ],
    }
