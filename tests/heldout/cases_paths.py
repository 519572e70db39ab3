"""FHIRPath in find, where and test."""

from typing import Any

from tests.heldout.builders import Resource, coverage, observation, patient, procedure
from tests.heldout.case import Case, Leaves, measured, of, swap

PATHS = {
    "patient": patient(),
    "coverage": coverage(),
    "low": observation("low", "59408-5", "2023-01-01", **measured(87, "%")),
    "high": observation("high", "59408-5", "2023-02-01", **measured(95, "%")),
    "fev1": observation("fev1", "20150-9", "2023-01-01", **measured(1.2, "L")),
    "colonoscopy": procedure("col", "73761001", "2016-01-01"),
}
ALL_PATHS = dict.fromkeys(
    ["adult", "female", "saturation", "final-fev1", "recent", "at-age", "in-time"], "met"
) | {"dead": "not_met"}


def paths(name: str, leaves: Leaves, conclusion: str | None = None, **changed: Any) -> Case:
    build = of(*swap(PATHS, **changed))
    return Case(
        f"paths: {name}", "ho-paths", "HCPCS:E1390", "2023-05-10", build, ALL_PATHS | leaves, conclusion
    )


def col(*days: str) -> list[Resource]:
    return [procedure(f"col{place}", "73761001", day) for place, day in enumerate(days)]


NO_COL = dict.fromkeys(["recent", "at-age", "in-time"], "unknown")
YOUNG = {"at-age": "not_met"}
PATH_CASES = [
    paths("all met", {}),
    paths("high only", {"saturation": "not_met"}, low=None),
    paths(
        "no value beside a high one",
        {"saturation": "unknown"},
        low=observation("low", "59408-5", "2023-01-01"),
    ),
    paths("forty today", YOUNG, patient=patient(birthDate="1983-05-10")),
    paths("forty tomorrow", YOUNG | {"adult": "not_met"}, patient=patient(birthDate="1983-05-11")),
    paths(
        "born in a year that leaves it open", YOUNG | {"adult": "unknown"}, patient=patient(birthDate="1983")
    ),
    paths("born in a year that does not", YOUNG, patient=patient(birthDate="1982")),
    paths("no sex", {"female": "unknown"}, patient=patient(gender=None)),
    paths("a man", {"female": "not_met"}, "not_supported", patient=patient(gender="male")),
    paths("preliminary", {"final-fev1": "unknown"}, fev1=PATHS["fev1"] | {"status": "preliminary"}),
    paths("amended", {"final-fev1": "unknown"}, fev1=PATHS["fev1"] | {"status": "amended"}),
    paths("too long ago", {"recent": "not_met", "at-age": "met"}, colonoscopy=col("2014-12")),
    paths("a year that suffices", {}, colonoscopy=col("2015")),
    paths("the first at 49", {"at-age": "not_met"}, colonoscopy=col("2010-02-28", "2016-01-01")),
    paths("the first on the fiftieth birthday", {}, colonoscopy=col("2010-03-01", "2016-01-01")),
    paths("the first in the year of fifty", {"at-age": "unknown"}, colonoscopy=col("2010", "2016-01-01")),
    paths("after the day", NO_COL, colonoscopy=col("2023-05-11")),
    paths("on the day in its own offset", {}, colonoscopy=col("2023-05-10T23:59:00-10:00")),
    paths("not dead", {}, patient=patient(deceasedBoolean=False)),
]
