"""Bundles of every type, payers, labels, versions of a policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.heldout.builders import SNOMED, concept, condition, coverage, patient
from tests.heldout.case import LABEL, Case, of

GAIT = condition("g", concept(SNOMED, "22325002"), onsetDateTime="2023-01-01")


def quiet(name: str, leaf: str, build: Callable[[Path], Path], day: str = "2024-01-10", **over: Any) -> Case:
    return Case(f"quiet: {name}", "ho-quiet", "HCPCS:E0143", day, build, {"gait": leaf}, **over)


BASIC = [patient(), coverage(), GAIT]
CONTAINED = coverage(
    contained=[{"resourceType": "Organization", "id": "org", "name": "Lakeland Health"}],
    payor=[{"reference": "#org"}],
)
LOCKED = [patient(), coverage(), GAIT | {"meta": LABEL}]
QUIET_CASES = [
    *(
        quiet(f"a Bundle of type {kind}{', urn:uuid' if urn else ''}", "met", of(*BASIC, kind=kind, urn=urn))
        for kind in ("collection", "document", "transaction", "batch", "searchset", "history")
        for urn in (False, True)
    ),
    quiet("a payer named by a contained organization", "met", of(patient(), CONTAINED, GAIT)),
    quiet("a payer given", "met", of(patient(), GAIT), options=("--payer", "lakeland health")),
    quiet("restricted", "unknown", of(*LOCKED), unread=1),
    quiet("restricted, included", "met", of(*LOCKED), options=("--include-restricted",)),
    quiet(
        "deceased on the day", "met", of(patient(deceasedDateTime="2024-01-10T08:00:00Z"), coverage(), GAIT)
    ),
    quiet("stale", "met", of(*BASIC), day="2025-06-01"),
    quiet("deceased later", "met", of(patient(deceasedDateTime="2024-01-12"), coverage(), GAIT)),
]


def versions(day: str, version: str) -> Case:
    asthma = condition("as", concept(SNOMED, "195967001"), onsetDateTime="2001")
    return Case(
        f"versions: {day} is version {version}",
        "ho-versions",
        "HCPCS:E0570",
        day,
        of(patient(), coverage(), asthma),
        {"asthma": "met"},
        version=version,
    )


VERSION_CASES = [versions("2018-01-01", "1"), versions("2019-12-31", "1"), versions("2020-01-01", "2")]
