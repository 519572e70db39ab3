"""Counts, lengths of time, and what is near what."""

from typing import Any

from tests.heldout.builders import (
    ME,
    RXNORM,
    Resource,
    concept,
    coverage,
    encounter,
    observation,
    patient,
    procedure,
    statement,
)
from tests.heldout.case import Case, Leaves, of, swap


def visits(*days: str, code: str = "390906007", key: str = "v", **over: Any) -> list[Resource]:
    return [encounter(f"{key}{place}", code, day, **over) for place, day in enumerate(days)]


def er(*days: str, **over: Any) -> list[Resource]:
    return visits(*days, code="50849002", key="er", **over)


def naproxen(*periods: tuple[str, str], status: str = "completed") -> list[Resource]:
    return [statement(f"n{place}", "7258", *period, status) for place, period in enumerate(periods)]


def antibiotic(when: str) -> Resource:
    base = {"resourceType": "MedicationAdministration", "id": "ab", "status": "completed", "subject": ME}
    return base | {"medicationCodeableConcept": concept(RXNORM, "723"), "effectiveDateTime": when}


def culture(when: str) -> Resource:
    return observation("cu", "600-7", when, valueString="no growth")


COUNTS = {
    "patient": patient(),
    "coverage": coverage(),
    "visits": visits("2024-04-01", "2024-05-01", "2024-06-01"),
    "er": er("2023-09-01", "2024-01-01"),
    "naproxen": naproxen(("2023-01-01", "2023-02-28"), ("2023-02-15", "2023-03-31")),
    "surgery": procedure("op", "80146002", "2024-06-01"),
    "culture": culture("2024-05-20"),
    "antibiotic": antibiotic("2024-06-02"),
}
ALL_COUNTS = dict.fromkeys(["visits", "er", "naproxen", "surgery", "culture", "antibiotic"], "met")


def counts(name: str, leaves: Leaves, **changed: Any) -> Case:
    build = of(*swap(COUNTS, **changed))
    return Case(f"counts: {name}", "ho-counts", "HCPCS:12E4", "2024-06-30", build, ALL_COUNTS | leaves)


COUNT_CASES = [
    counts("all met", {}),
    counts(
        "two on one day",
        {"visits": "not_met"},
        visits=visits("2024-04-01", "2024-05-01T08:00:00Z", "2024-05-01T19:00:00Z"),
    ),
    counts("spread too far", {"visits": "not_met"}, visits=visits("2024-01-01", "2024-04-15", "2024-06-29")),
    counts(
        "within 89 days of many",
        {},
        visits=visits("2023-08-01", "2024-02-01", "2024-04-02", "2024-06-30")[:1]
        + visits("2024-04-02", "2024-05-02", "2024-06-30", key="u"),
    ),
    counts(
        "the third is only planned",
        {"visits": "not_met"},
        visits=visits("2024-04-01", "2024-05-01") + visits("2024-06-01", key="u", status="planned"),
    ),
    counts("the third in a month", {}, visits=visits("2024-04-01", "2024-05-01", "2024-06")),
    counts(
        "two months may not be two days",
        {"visits": "unknown"},
        visits=visits("2024-05-01", "2024-06", "2024-06-15"),
    ),
    counts("none", {"visits": "unknown"}, visits=None),
    counts("three emergencies", {"er": "not_met"}, er=er("2023-09-01", "2024-01-01", "2024-02-02")),
    counts("no emergency is what the policy says", {"er": "not_met"}, er=None),
    counts("a third before the year", {}, er=er("2023-06-29", "2024-01-01", "2024-02-02")),
    counts("a third perhaps in the year", {"er": "unknown"}, er=er("2023-06", "2024-01-01", "2024-02-02")),
    counts(
        "a third that was cancelled",
        {},
        more=visits("2024-03-01", code="50849002", key="x", status="cancelled"),
    ),
    counts(
        "a union is not a sum",
        {"naproxen": "not_met"},
        naproxen=naproxen(("2023-01-01", "2023-02-28"), ("2023-01-15", "2023-03-01")),
    ),
    counts("before the window", {"naproxen": "unknown"}, naproxen=naproxen(("2020-01-01", "2020-12-31"))),
    counts(
        "not taken",
        {"naproxen": "unknown"},
        naproxen=naproxen(("2023-01-01", "2023-12-31"), status="not-taken"),
    ),
    counts("partial ends that suffice", {}, naproxen=naproxen(("2023-01", "2023-05"))),
    counts(
        "partial ends that may not suffice",
        {"naproxen": "unknown"},
        naproxen=naproxen(("2023-01", "2023-03")),
    ),
    counts("a culture afterwards", {"culture": "unknown"}, culture=culture("2024-06-05")),
    counts("a culture 14 days before", {}, culture=culture("2024-05-18")),
    counts("a culture 15 days before", {"culture": "unknown"}, culture=culture("2024-05-17")),
    counts("no surgery", dict.fromkeys(["surgery", "culture", "antibiotic"], "unknown"), surgery=None),
    counts(
        "surgery in a month",
        dict.fromkeys(["culture", "antibiotic"], "unknown"),
        surgery=procedure("op", "80146002", "2024-06"),
    ),
    counts("an antibiotic before", {"antibiotic": "unknown"}, antibiotic=antibiotic("2024-05-31")),
]
