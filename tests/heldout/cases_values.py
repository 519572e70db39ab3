"""Values: comparisons, units, windows, what is picked."""

from typing import Any

from tests.heldout.builders import SNOMED, Resource, coverage, observation, patient, pressure
from tests.heldout.case import Case, Leaves, code_of, measured, of, swap

VALUES = {
    "patient": patient(),
    "coverage": coverage(),
    "bp": pressure("bp", "2024-03-01", 150),
    "a1c": observation("a1c", "4548-4", "2024-02-01", **measured(8.1, "%")),
    "height": observation("height", "8302-2", "2001-01-01", **measured(64, "[in_i]")),
    "weight": observation("weight", "29463-7", "2024-01-01", **measured(250, "[lb_av]")),
    "smoking": observation("smoking", "72166-2", "2024-01-01", **code_of(SNOMED, "266919005")),
    "phq": observation("phq", "44261-6", "2024-01-01", valueInteger=5),
}
ALL_VALUES = dict.fromkeys(["systolic", "a1c", "height", "weight", "never-smoked", "phq"], "met")


def values(name: str, leaves: Leaves, **changed: Any) -> Case:
    return Case(
        f"values: {name}",
        "ho-values",
        "ICD-10-PCS:0DB64Z3",
        "2024-06-15",
        of(*swap(VALUES, **changed)),
        ALL_VALUES | leaves,
    )


def weight(
    when: str | None, value: float = 130, unit: str | None = "kg", key: str = "w2", **over: Any
) -> Resource:
    return observation(key, "29463-7", when, **measured(value, unit, **over))


def a1c(when: str, value: float, unit: str | None = "%", key: str = "a2") -> Resource:
    return observation(key, "4548-4", when, **measured(value, unit))


def tall(key: str, when: str, value: float, **over: Any) -> Resource:
    return observation(key, "8302-2", when, **measured(value, "cm")) | over


VALUE_CASES = [
    values("all met", {}),
    values("the window's first day counts", {}, bp=pressure("bp", "2023-12-15", 140)),
    values(
        "the day before the window does not", {"systolic": "unknown"}, bp=pressure("bp", "2023-12-14", 150)
    ),
    values("a month that straddles the window", {"systolic": "unknown"}, bp=pressure("bp", "2023-12", 150)),
    values("a month within the window", {}, bp=pressure("bp", "2024-01", 150)),
    values("kilopascals", {}, bp=pressure("bp", "2024-03-01", 20, "kPa")),
    values(
        "the other component is not looked at", {"systolic": "not_met"}, bp=pressure("bp", "2024-03-01", 139)
    ),
    values(
        "any of two pressures",
        {},
        bp=[pressure("b1", "2024-03-01", 150), pressure("b2", "2024-05-01", 120)],
    ),
    values(
        "any: one of another dimension decides nothing",
        {"systolic": "unknown"},
        bp=[pressure("b1", "2024-03-01", 150, "kg"), pressure("b2", "2024-05-01", 120)],
    ),
    values(
        "preliminary", {"systolic": "unknown"}, bp=pressure("bp", "2024-03-01", 150, status="preliminary")
    ),
    values("all: one too high", {"a1c": "not_met"}, more=a1c("2024-03-01", 9.5)),
    values("all: one without unit", {"a1c": "unknown"}, more=a1c("2024-03-01", 8, None)),
    values(
        "all: one too high beside one without unit",
        {"a1c": "not_met"},
        more=[a1c("2024-03-01", 8, None), a1c("2024-04-01", 9.5, key="a3")],
    ),
    values("all: too high but before the window", {}, more=a1c("2023-06-14", 9.5)),
    values("mmol/mol is no per cent", {"a1c": "unknown"}, a1c=a1c("2024-03-01", 65, "mmol/mol")),
    values(
        "the earliest height",
        {"height": "not_met"},
        height=[tall("h1", "1980-01-01", 149), tall("h2", "2000-01-01", 160)],
    ),
    values(
        "which height is the earliest is open",
        {"height": "unknown"},
        height=[tall("h1", "1980", 149), tall("h2", "1980-06-01", 160)],
    ),
    values(
        "an error is never the earliest",
        {},
        height=[tall("h1", "1970-01-01", 149, status="entered-in-error"), tall("h2", "2000-01-01", 160)],
    ),
    values(
        "half an hour before midnight, own offset",
        {"weight": "not_met"},
        more=weight("2024-06-15T23:30:00-05:00"),
    ),
    values("ten minutes after midnight, own offset", {}, more=weight("2024-06-16T00:10:00+02:00")),
    values(
        "the latest without value", {"weight": "unknown"}, more=observation("w2", "29463-7", "2024-05-01")
    ),
    values("an undated one may be the latest", {"weight": "unknown"}, more=weight(None)),
    values("an undated one alone", {"weight": "not_met"}, weight=weight(None)),
    values(
        "a comparator that leaves it open",
        {"weight": "unknown"},
        weight=weight("2024-01-01", 130, comparator="<"),
    ),
    values("a comparator that settles it", {}, weight=weight("2024-01-01", 115, comparator="<")),
    values("just under in pounds", {}, weight=weight("2024-01-01", 264.5, "[lb_av]")),
    values("just over in pounds", {"weight": "not_met"}, weight=weight("2024-01-01", 265, "[lb_av]")),
    values("grams", {}, weight=weight("2024-01-01", 119500, "g")),
    values(
        "former smoker",
        {"never-smoked": "not_met"},
        smoking=observation("s", "72166-2", "2024-01-01", **code_of(SNOMED, "8517006")),
    ),
    values(
        "smoking as words",
        {"never-smoked": "unknown"},
        smoking=observation("s", "72166-2", "2024-01-01", valueString="never"),
    ),
    values("a score", {}, phq=observation("p", "44261-6", "2024-01-01", **measured(5, "{score}"))),
    values("a bare quantity", {}, phq=observation("p", "44261-6", "2024-01-01", **measured(5, None))),
    values(
        "ten is not under ten",
        {"phq": "not_met"},
        phq=observation("p", "44261-6", "2024-01-01", valueInteger=10),
    ),
    values("no score at all", {"phq": "unknown"}, phq=None),
]
