"""Held-out charts: what each leaf and the conclusion must be, reasoned from the written formats alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.heldout.builders import (
    ICD,
    ME,
    RXNORM,
    SNOMED,
    Resource,
    concept,
    condition,
    coverage,
    encounter,
    note,
    observation,
    order,
    patient,
    pressure,
    procedure,
    quantity,
    statement,
    verified,
    write_bundle,
)

Leaves = dict[str, str]


@dataclass(frozen=True)
class Case:
    """One chart under one policy, and what must come out."""

    name: str
    policy: str
    service: str
    day: str
    build: Callable[[Path], Path]
    leaves: Leaves
    conclusion: str | None = None
    provisional: str | None = None
    gaps: frozenset[tuple[str, str]] = frozenset()
    unread: int = 0  # how many sources at least are listed as unread
    request: dict[str, Any] | None = None
    options: tuple[str, ...] = field(default=())
    version: str | None = None


def of(*resources: Resource, **how: Any) -> Callable[[Path], Path]:
    return lambda folder: write_bundle(folder, *resources, **how)


def swap(base: dict[str, Resource], **changed: Resource | list[Resource] | None) -> list[Resource]:
    """Return the base chart with parts replaced, left out (None) or added."""
    out: list[Resource] = []
    for part in (base | changed).values():
        out += part if isinstance(part, list) else [part] if part is not None else []
    return out


def code_of(system: str, code: str) -> Resource:
    return {"valueCodeableConcept": concept(system, code)}


def measured(value: float, unit: str | None, **over: Any) -> Resource:
    return {"valueQuantity": quantity(value, unit) | over}


# values ------------------------------------------------------------------------------------------------

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

# states ------------------------------------------------------------------------------------------------

E11 = concept(ICD, "E11.9")
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

# counts ------------------------------------------------------------------------------------------------


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

# paths -------------------------------------------------------------------------------------------------

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

# the request itself, statements ------------------------------------------------------------------------

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

# nested, drugs, quiet, versions ------------------------------------------------------------------------

KIN = {
    "resourceType": "FamilyMemberHistory",
    "id": "kin",
    "status": "completed",
    "patient": ME,
    "relationship": concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH"),
    "condition": [{"code": concept(SNOMED, "254837009")}],
}
BREAST = condition("br", concept(ICD, "C50.9"), onsetDateTime="2022-01-01")
OVARY = condition("ov", concept(ICD, "C56.1"), "resolved", onsetDateTime="2020-01-01")


def brca(code: str = "10828004", system: str = SNOMED) -> Resource:
    return observation("brca", "21636-6", "2023-01-01", **code_of(system, code))


def nested(name: str, leaves: Leaves, conclusion: str, *parts: Resource, **who: Any) -> Case:
    return Case(
        f"nested: {name}",
        "ho-nested",
        "HCPCS:S3854",
        "2024-01-10",
        of(patient(**who), coverage(), *parts),
        leaves,
        conclusion,
    )


NESTED_CASES = [
    nested(
        "the first way",
        {
            "breast": "met",
            "tested": "not_met",
            "ovary": "not_met",
            "kin": "unknown",
            "young": "not_met",
            "positive": "unknown",
            "man": "not_met",
            "man-cancer": "met",
        },
        "ready",
        BREAST,
    ),
    nested(
        "the second way",
        {"breast": "unknown", "kin": "met", "young": "met"},
        "ready",
        KIN,
        birthDate="1990-01-01",
    ),
    nested(
        "tested before, positive and young",
        {"tested": "met", "positive": "met", "young": "met"},
        "ready",
        BREAST,
        brca(),
        birthDate="1990-01-01",
    ),
    nested(
        "ovary; of two, one is open",
        {"ovary": "met", "young": "met", "kin": "unknown"},
        "incomplete",
        BREAST,
        OVARY,
        birthDate="1990-01-01",
    ),
    nested(
        "a man without cancer", {"man": "met", "man-cancer": "not_met"}, "not_supported", KIN, gender="male"
    ),
    nested(
        "a negative test", {"positive": "not_met"}, "incomplete", brca("260385009"), birthDate="1990-01-01"
    ),
    nested(
        "a result of another system",
        {"positive": "unknown"},
        "incomplete",
        brca("x", "https://example.org/own"),
        birthDate="1990-01-01",
    ),
]

TB = observation("tb", "71774-4", "2023-06-01", **code_of(SNOMED, "260385009"))


def drugs(name: str, leaves: Leaves, conclusion: str | None, *parts: Resource) -> Case:
    base = {"tb-negative": "met", "tnf": "not_met", "allergy": "not_met"}
    return Case(
        f"drugs: {name}",
        "ho-drugs",
        "RxNorm:327361",
        "2024-01-10",
        of(patient(), coverage(), TB, *parts),
        base | leaves,
        conclusion,
    )


ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "id": "al",
    "patient": ME,
    "code": concept(RXNORM, "214555"),
    "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
}
GIVEN = {
    "resourceType": "MedicationDispense",
    "id": "md",
    "status": "completed",
    "subject": ME,
    "medicationCodeableConcept": concept(RXNORM, "6851"),
    "whenHandedOver": "2023-12-01",
}
DRUG_CASES = [
    drugs("ordered", {"mtx-now": "met"}, "ready", order("mtx", "6851", "2023-01-01")),
    drugs(
        "stated",
        {"mtx-now": "unknown", "mtx-stated": "met"},
        "ready",
        statement("mtx", "6851", "2023-01-01", None),
    ),
    drugs("dispensed", {"mtx-given": "met"}, "ready", GIVEN),
    drugs(
        "dispensed too long ago",
        {"mtx-given": "unknown"},
        "incomplete",
        GIVEN | {"whenHandedOver": "2023-10-11"},
    ),
    drugs(
        "dispensed, by reference: a Medication has a code, no coding of its own",
        {"mtx-given": "unknown"},
        "incomplete",
        {k: v for k, v in GIVEN.items() if k != "medicationCodeableConcept"}
        | {"medicationReference": {"reference": "Medication/mm"}},
        {"resourceType": "Medication", "id": "mm", "code": concept(RXNORM, "6851")},
    ),
    drugs("declined", {"mtx-given": "unknown"}, "incomplete", GIVEN | {"status": "declined"}),
    drugs(
        "another inhibitor",
        {"mtx-now": "met", "tnf": "met"},
        "not_supported",
        order("mtx", "6851", "2023-01-01"),
        order("tnf", "214555", "2023-01-01"),
    ),
    drugs("allergic", {"allergy": "met"}, "not_supported", order("mtx", "6851", "2023-01-01"), ALLERGY),
    drugs(
        "allergy refuted",
        {"allergy": "not_met"},
        "ready",
        order("mtx", "6851", "2023-01-01"),
        ALLERGY
        | {
            "verificationStatus": concept(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "refuted"
            )
        },
    ),
]

GAIT = condition("g", concept(SNOMED, "22325002"), onsetDateTime="2023-01-01")


def quiet(name: str, leaf: str, build: Callable[[Path], Path], day: str = "2024-01-10", **over: Any) -> Case:
    return Case(f"quiet: {name}", "ho-quiet", "HCPCS:E0143", day, build, {"gait": leaf}, **over)


BASIC = [patient(), coverage(), GAIT]
CONTAINED = coverage(
    contained=[{"resourceType": "Organization", "id": "org", "name": "Lakeland Health"}],
    payor=[{"reference": "#org"}],
)
LABEL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
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

CASES = (
    VALUE_CASES
    + STATE_CASES
    + COUNT_CASES
    + PATH_CASES
    + REQUEST_CASES
    + ATTEST_CASES
    + NESTED_CASES
    + DRUG_CASES
    + QUIET_CASES
    + VERSION_CASES
)

# notes -------------------------------------------------------------------------------------------------

SAID = "Chronic low back pain for six months. She does not smoke. Type 2 diabetes is well controlled."
NOTES = {
    "patient": patient(),
    "coverage": coverage(),
    "diabetes": condition("dm", E11, onsetDateTime="2015-01-01"),
    "note": note("n1", SAID, "2024-01-02"),
}
ALL_NOTES = {"back-pain": "met", "no-smoking": "met", "diabetes": "met", "infection": "not_met"}


def notes(
    name: str, leaves: Leaves, conclusion: str | None = None, provisional: str | None = None, **changed: Any
) -> Case:
    build = of(*swap(NOTES, **changed))
    return Case(
        f"notes: {name}",
        "ho-notes",
        "HCPCS:E0748",
        "2024-01-10",
        build,
        ALL_NOTES | leaves,
        conclusion,
        provisional,
    )


SILENT = dict.fromkeys(["back-pain", "no-smoking"], "unknown")
NOTE_CASES = [
    notes("read", {}, "review", "ready"),
    notes(
        "as HTML",
        {},
        "review",
        "ready",
        note=note("n1", f"<p>{SAID.replace('. ', '.</p><p>')}</p>", "2024-01-02", "text/html"),
    ),
    notes("dated after the day", SILENT, "incomplete", note=note("n1", SAID, "2024-01-11")),
    notes(
        "entered in error",
        SILENT,
        "incomplete",
        note=note("n1", SAID, "2024-01-02", status="entered-in-error"),
    ),
    notes("preliminary", SILENT, "incomplete", note=note("n1", SAID, "2024-01-02", docStatus="preliminary")),
    notes("restricted", SILENT, "incomplete", note=note("n1", SAID, "2024-01-02", meta=LABEL)),
    notes(
        "a relative's pain",
        SILENT,
        "incomplete",
        note=note("n1", "Her mother had low back pain. Her father smokes.", "2024-01-02"),
    ),
    notes(
        "a plan",
        {"back-pain": "unknown"},
        "incomplete",
        note=note("n1", "Return if low back pain develops. She does not smoke.", "2024-01-02"),
    ),
    notes(
        "smokes",
        {"no-smoking": "not_met"},
        "review",
        "not_supported",
        note=note("n1", "Chronic low back pain. She smokes a pack a day.", "2024-01-02"),
    ),
    notes(
        "denied",
        {"diabetes": "unknown"},
        "incomplete",
        note=note(
            "n1",
            "Chronic low back pain. She does not smoke. The patient does not have diabetes.",
            "2024-01-02",
        ),
    ),
    notes(
        "infected",
        {"infection": "met"},
        "review",
        "not_supported",
        more=note("n2", "Spinal infection was found at L4.", "2024-01-03"),
    ),
    notes(
        "infection denied",
        {"infection": "not_met"},
        "review",
        "ready",
        more=note("n2", "No spinal infection.", "2024-01-03"),
    ),
    notes(
        "infection perhaps",
        {"infection": "unknown"},
        "incomplete",
        more=note("n2", "Possible spinal infection at L4.", "2024-01-03"),
    ),
]
CASES = [*CASES, *NOTE_CASES]
