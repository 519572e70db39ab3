"""The request itself, and what a person states."""

from typing import Any

from tests.heldout.builders import ICD, ME, Resource, concept, condition, coverage, note, patient
from tests.heldout.case import Case, Leaves, of

ORDER = note("doc", "Order for a brace.", "2024-05-01", description="Order")
ASKED = {"quantity": {"value": 2}, "side": "left", "kind": "initial"}
ALL_ASKED = dict.fromkeys(["quantity", "quantity-test", "side", "first", "braced", "born"], "met")


def asked(name: str, leaves: Leaves, request: Any = ASKED, service: str = "HCPCS:L1833", **over: Any) -> Case:
    build = of(patient(**over), ORDER)
    payer = ("--payer", "Kråkerøy Helse")
    return Case(
        f"request: {name}",
        "ho-request",
        service,
        "2024-05-05",
        build,
        ALL_ASKED | leaves,
        request=request,
        options=payer,
    )


REQUEST_CASES = [
    asked("all met", {}),
    asked("a bare number", {}, ASKED | {"quantity": 2}),
    asked("three", {"quantity": "not_met"}, ASKED | {"quantity": {"value": 3}}),
    asked("both sides", {"side": "not_met"}, ASKED | {"side": "bilateral"}),
    asked("a continuation", {"first": "not_met"}, ASKED | {"kind": "continuation"}),
    asked("another code", {"braced": "not_met"}, service="https://example.org/own:12E4"),
    asked("nothing told", dict.fromkeys(["quantity", "quantity-test", "side", "first"], "unknown"), None),
    asked("born in the year", {"born": "unknown"}, birthDate="2000"),
    asked("no birth date", {"born": "unknown"}, birthDate=None),
]

STROKE = condition("st", concept(ICD, "I63.9"), "resolved", onsetDateTime="2019")
STATED = [
    {
        "criterion": "discussed",
        "answer": "yes",
        "statement": "Risks were discussed.",
        "by": "Dr. Roe",
        "date": "2024-01-02",
    }
]


def attested(
    name: str,
    leaves: Leaves,
    *parts: Resource,
    conclusion: str | None = None,
    gaps: set[tuple[str, str]] | None = None,
    request: Any = None,
) -> Case:
    build = of(patient(), coverage(), *parts)
    base = {"stroke": "met", "discussed": "unknown"}
    return Case(
        f"attest: {name}",
        "ho-attest",
        "HCPCS:E0170",
        "2024-01-10",
        build,
        base | leaves,
        conclusion,
        gaps=frozenset(gaps or set()),
        request=request,
    )


PLAN = {"resourceType": "CarePlan", "id": "cp", "status": "active", "intent": "plan", "subject": ME}
ATTEST_CASES = [
    attested(
        "nobody stated it",
        {},
        STROKE,
        conclusion="incomplete",
        gaps={("criterion", "discussed"), ("document", "plan")},
    ),
    attested(
        "no stroke; only a person can say that there was none",
        {"stroke": "unknown", "no-other": "unknown"},
        PLAN,
    ),
    attested("stated", {"discussed": "met"}, STROKE, PLAN, request={"attestations": STATED}),
    attested(
        "denied",
        {"discussed": "not_met"},
        STROKE,
        PLAN,
        request={"attestations": [STATED[0] | {"answer": "no"}]},
        conclusion="not_supported",
    ),
]
