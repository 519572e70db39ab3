"""States on the date of service, drugs by reference, exclusions."""

from typing import Any

from tests.heldout.builders import (
    ICD,
    RXNORM,
    SNOMED,
    Resource,
    concept,
    condition,
    coverage,
    order,
    patient,
    procedure,
    statement,
    verified,
)
from tests.heldout.case import E11, Case, Leaves, of, swap

STATES = {
    "patient": patient(),
    "coverage": coverage("LAKELAND HEALTH"),
    "diabetes": condition("dm", E11, onsetDateTime="2010-01-01"),
    "metformin": order("met", "6809", "2019-06-01"),
    "cancer": condition(
        "ca", concept(ICD, "C50.911"), "resolved", onsetDateTime="2005", abatementDateTime="2006"
    ),
    "pneumonia": condition(
        "pn",
        concept(SNOMED, "233604007"),
        "resolved",
        onsetDateTime="2018-05-01",
        abatementDateTime="2018-06-01",
    ),
}
ALL_STATES = {
    "diabetes": "met",
    "metformin": "met",
    "insulin": "not_met",
    "cancer-ever": "met",
    "pneumonia-over": "met",
    "dialysis": "not_met",
    "pregnancy": "not_met",
}


def states(
    name: str, leaves: Leaves, conclusion: str | None = None, day: str = "2020-02-29", **changed: Any
) -> Case:
    build = of(*swap(STATES, **changed))
    return Case(f"states: {name}", "ho-states", "HCPCS:E0607", day, build, ALL_STATES | leaves, conclusion)


def insulin(start: str, end: str | None, status: str = "active") -> Resource:
    return statement("ins", "5856", start, end, status)


def dialysis(when: str, status: str = "completed") -> Resource:
    return procedure("dia", "265764009", when, status)


MEDICATION = {"resourceType": "Medication", "id": "m1", "code": concept(RXNORM, "860975")}
PREGNANT = concept(SNOMED, "77386006")


def ordered(reference: str, **over: Any) -> Resource:
    one = order("met", "6809", "2019-06-01", medicationReference={"reference": reference}, **over)
    del one["medicationCodeableConcept"]
    return one


STATE_CASES = [
    states("on the policy's last day", {}),
    states("ended yesterday", {}, insulin=insulin("2019-01-01", "2020-02-28", "completed")),
    states("ends today", {"insulin": "met"}, insulin=insulin("2019-01-01", "2020-02-29")),
    states(
        "a stopped order is not active",
        {"metformin": "unknown"},
        "incomplete",
        metformin=order("met", "6809", "2019-06-01", "stopped"),
    ),
    states(
        "a proposal is no order",
        {"metformin": "unknown"},
        metformin=order("met", "6809", "2019-06-01", intent="proposal"),
    ),
    states(
        "do not perform",
        {"metformin": "unknown"},
        metformin=order("met", "6809", "2019-06-01", doNotPerform=True),
    ),
    states("ordered after the day", {"metformin": "unknown"}, metformin=order("met", "6809", "2020-03-05")),
    states(
        "two of three suffice",
        {"diabetes": "unknown", "insulin": "met"},
        diabetes=None,
        insulin=insulin("2019-01-01", None),
    ),
    states(
        "an onset in the year of service",
        {"diabetes": "unknown"},
        diabetes=condition("dm", E11, onsetDateTime="2020"),
    ),
    states("an onset in the month of service", {}, diabetes=condition("dm", E11, onsetDateTime="2020-02")),
    states(
        "refuted",
        {"diabetes": "unknown"},
        diabetes=condition("dm", E11, verificationStatus=verified("refuted")),
    ),
    states(
        "in error",
        {"diabetes": "unknown"},
        diabetes=condition("dm", E11, verificationStatus=verified("entered-in-error")),
    ),
    states(
        "provisional",
        {"diabetes": "unknown"},
        diabetes=condition("dm", E11, verificationStatus=verified("provisional")),
    ),
    states(
        "inactive", {"diabetes": "unknown"}, diabetes=condition("dm", E11, "inactive", onsetDateTime="2010")
    ),
    states("a code without its dot", {}, cancer=condition("ca", concept(ICD, "C509"), "resolved")),
    states(
        "a neighbouring branch",
        {"cancer-ever": "unknown"},
        cancer=condition("ca", concept(ICD, "D05.1"), "resolved"),
    ),
    states(
        "the same code of another system",
        {"diabetes": "unknown"},
        diabetes=condition("dm", concept(SNOMED, "E11.9")),
    ),
    states(
        "pneumonia still active",
        {"pneumonia-over": "unknown"},
        pneumonia=condition("pn", concept(SNOMED, "233604007"), onsetDateTime="2020-02-01"),
    ),
    states(
        "dialysis on the window's first day",
        {"dialysis": "met"},
        "not_supported",
        dialysis=dialysis("2019-11-29"),
    ),
    states("dialysis a day too early", {}, dialysis=dialysis("2019-11-28")),
    states("dialysis not done", {}, dialysis=dialysis("2020-01-10", "not-done")),
    states(
        "dialysis in a month that straddles",
        {"dialysis": "unknown"},
        "incomplete",
        dialysis=dialysis("2019-11"),
    ),
    states(
        "pregnant",
        {"pregnancy": "met"},
        "not_supported",
        pregnancy=condition("pr", PREGNANT, onsetDateTime="2019-12-24"),
    ),
    states("pregnant later", {}, pregnancy=condition("pr", PREGNANT, onsetDateTime="2020-03-01")),
    states(
        "pregnancy over",
        {},
        pregnancy=condition(
            "pr", PREGNANT, "resolved", onsetDateTime="2018-01-01", abatementDateTime="2018-09-01"
        ),
    ),
    states(
        "pregnancy perhaps",
        {"pregnancy": "unknown"},
        "incomplete",
        pregnancy=condition("pr", PREGNANT, verificationStatus=verified("unconfirmed")),
    ),
    states("a referenced drug", {}, metformin=[ordered("Medication/m1"), MEDICATION]),
    states("a contained drug", {}, metformin=ordered("#m1", contained=[MEDICATION])),
    states("a drug that is not there", {"metformin": "unknown"}, metformin=ordered("Medication/gone")),
    states(
        "the policy's first day", dict.fromkeys(["metformin", "pneumonia-over"], "unknown"), day="2015-02-28"
    ),
]
