"""Who asks whom for what: from the chart, the request file and the practice only; the rest is asked for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.config import Practice
from posology.priorauth import parse_request
from posology.priorauth.administrative import FIELDS, person_name, valid_npi
from tests.priorauth.drafted import POLICIES, draft_of, drafted, made, rules, without

NPIS = [
    ("1234567893", True, "the standard's own example"),
    ("1234567890", False, "a wrong check digit"),
    ("123456789", False, "nine digits"),
    ("12345678930", False, "eleven digits"),
    ("123456789X", False, "a letter"),
    (" 1234567893", False, "a space"),
    ("１２３４５６７８９３", False, "digits of another script"),
    (1234567893, False, "a number, not text"),
    (None, False, "nothing"),
    ("", False, "empty"),
]


@pytest.mark.parametrize(("value", "valid", "why"), NPIS, ids=[row[2] for row in NPIS])
def test_an_npi_has_ten_digits_the_last_of_which_checks_the_others(value, valid, why):
    assert valid_npi(value) is valid, why


def _luhn(digits: str) -> int:
    """Sum as ISO/IEC 7812 does, written here anew."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number // 10 + number % 10
    return total % 10


@given(st.text("0123456789", min_size=10, max_size=10))
def test_every_npi_agrees_with_the_check_digit_computed_anew(text):
    assert valid_npi(text) is (_luhn("80840" + text) == 0)


NAMES = [
    ({"name": [{"text": "Dr. Ann Example"}]}, "Dr. Ann Example"),
    ({"name": [{"family": "Example", "given": ["Ann", "B."], "prefix": ["Dr."]}]}, "Dr. Ann B. Example"),
    ({"name": [{"family": "Old"}, {"use": "official", "family": "New"}]}, "New"),
    ({"name": [{"given": ["Cher"]}]}, "Cher"),
    ({"name": [{}]}, None),
    ({"name": []}, None),
    ({}, None),
]


@pytest.mark.parametrize(("body", "name"), NAMES)
def test_a_name_is_the_official_one_as_the_record_has_it(body, name):
    assert person_name(body) == name


def _gaps(record, kind="administrative"):
    return {row["id"]: row["ask"] for row in record["gaps"] if row["kind"] == kind}


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_what_no_source_holds_is_asked_for_never_invented(policy_id):
    bundle = without(
        json.loads(json.dumps(made(policy_id).bundle)),
        "Coverage", "Practitioner", "PractitionerRole", "Organization", "Location", "ServiceRequest",
        "DeviceRequest",
    )  # fmt: skip
    record = draft_of(policy_id, bundle=bundle).record
    gaps = _gaps(record)
    wanted = set(POLICIES[policy_id].administrative)
    held = {name for name in wanted if FIELDS[name][0](record["administrative"])}
    assert set(gaps) == wanted - held
    assert {"member-id", "npi"} & wanted <= set(gaps)
    assert record["patient"]["member_id"] is None
    assert record["administrative"]["provider"] == {}
    assert record["conclusion"] != "ready"


def test_every_field_that_a_shipped_policy_asks_for_is_known():
    assert {name for policy in POLICIES.values() for name in policy.administrative} <= set(FIELDS)


def test_the_request_file_outranks_the_chart_and_names_are_never_mixed():
    details = parse_request({"provider": {"name": "Dr. Other"}, "member_id": "M-77"}, "request")
    record = draft_of("cms-ncd-240.4", details=details).record
    assert record["administrative"]["provider"]["name"] == "Dr. Other"
    assert "npi" not in record["administrative"]["provider"]
    assert record["administrative"]["member_id"] == "M-77"
    assert record["patient"]["member_id"] == "M-77"


def test_the_practice_supplies_the_npi_where_nobody_is_named():
    bundle = without(made("cms-ncd-240.4").bundle, "Practitioner", "PractitionerRole")
    settings = rules()
    practice = Practice(name="Clinic", npi="1234567893")
    from dataclasses import replace

    record = draft_of("cms-ncd-240.4", bundle=bundle, settings=replace(settings, practice=practice)).record
    assert record["administrative"]["provider"]["npi"] == "1234567893"


def test_an_npi_of_a_wrong_check_digit_is_asked_for():
    details = parse_request({"provider": {"name": "Dr. Other", "npi": "1234567890"}}, "request")
    policy_id = next(p for p in sorted(POLICIES) if {"npi", "provider-npi"} & set(POLICIES[p].administrative))
    gaps = _gaps(draft_of(policy_id, details=details).record)
    assert {"npi", "provider-npi"} & set(gaps)


def test_an_expedited_request_without_a_reason_asks_for_it():
    for more, asked in ({}, True), ({"urgency_reason": "Worsening."}, False):
        details = parse_request({"urgency": "expedited", **more}, "request")
        assert ("urgency-reason" in _gaps(draft_of("cms-ncd-240.4", details=details).record)) is asked


def test_a_patient_without_name_or_birth_date_is_asked_for():
    bundle = json.loads(json.dumps(made("cms-ncd-240.4").bundle))
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    for key in ("name", "birthDate"):
        patient.pop(key, None)
    record = draft_of("cms-ncd-240.4", bundle=bundle).record
    assert {"patient-name", "birth-date"} <= set(_gaps(record))
    assert (record["patient"]["name"], record["patient"]["birth_date"]) == (None, None)


def _coverage(name: str, payer: str, member: str, **more):
    return {
        "resourceType": "Coverage",
        "id": name,
        "status": "active",
        "beneficiary": {"reference": "Patient/PATIENT"},
        "payor": [{"display": payer}],
        "subscriberId": member,
    } | more


COVERAGES = [
    ("one", [_coverage("a", "Medicare", "M-1")], "M-1", "Medicare"),
    (
        "the policy's payer among two",
        [_coverage("a", "Blue Shield", "B-2"), _coverage("b", "Medicare", "M-1")],
        "M-1",
        "Medicare",
    ),
    (
        "one that is over",
        [_coverage("a", "Medicare", "M-0", period={"end": "2001-01-01"}), _coverage("b", "CMS", "M-1")],
        "M-1",
        "CMS",
    ),
    (
        "one that was cancelled",
        [_coverage("a", "Medicare", "M-0", status="cancelled"), _coverage("b", "CMS", "M-1")],
        "M-1",
        "CMS",
    ),
    ("two of other payers", [_coverage(x, f"Plan {x}", f"{x}-2") for x in "ab"], None, "CMS"),
    ("none", [], None, "CMS"),
]


@pytest.mark.parametrize(
    ("coverages", "member", "payer"), [row[1:] for row in COVERAGES], ids=[row[0] for row in COVERAGES]
)
def test_the_member_id_and_the_name_are_those_of_the_payer_who_is_asked(coverages, member, payer):
    bundle = without(made("cms-ncd-240.4").bundle, "Coverage")
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    text = json.dumps(coverages).replace("PATIENT", patient["id"])
    bundle["entry"] += [{"resource": body} for body in json.loads(text)]
    one = draft_of("cms-ncd-240.4", bundle=bundle, payer="CMS")
    assert one.record["patient"]["member_id"] == member
    assert one.record["administrative"]["payer"]["name"] == payer


DIAGNOSES = [
    ("the chart's, with their places", {}, None),
    (
        "the request file's alone",
        {"diagnoses": [{"code": "Z99.9"}]},
        [{"code": "Z99.9", "system": "ICD-10-CM", "display": None, "source": "request"}],
    ),
]


@pytest.mark.parametrize(
    ("request_file", "expected"), [row[1:] for row in DIAGNOSES], ids=[r[0] for r in DIAGNOSES]
)
def test_diagnoses_are_taken_and_never_made_up(request_file, expected):
    one = draft_of("cms-ncd-100.1", details=parse_request(request_file, "request"))
    found = one.record["administrative"]["diagnoses"]
    if expected is not None:
        assert [{key: row[key] for key in row if key != "evidence"} for row in found] == expected
        return
    assert found
    bodies = {
        f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in one.bundle["entry"]
    }
    for row in found:
        codings = bodies[row["source"]]["code"]["coding"]
        assert (row["code"], row["display"]) in [(c.get("code"), c.get("display")) for c in codings]


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_what_is_unknown_is_always_asked_for_and_what_is_met_never(policy_id):
    for plan in ("meet", "mixed"):
        record = drafted(policy_id, plan).record
        asked = set(_gaps(record, "criterion"))
        by_status: dict[str, set[str]] = {}
        for row in record["criteria"]:
            by_status.setdefault(row["status"], set()).add(row["id"])
        assert by_status.get("unknown", set()) <= asked
        assert not by_status.get("met", set()) & asked
        assert all(ask.endswith(".") for ask in _gaps(record, "criterion").values())


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_every_lacking_leaf_is_asked_for(policy_id):
    from posology.testing import plans_for

    for plan in plans_for(POLICIES[policy_id]):
        if not plan.name.startswith("lack-"):
            continue
        one = drafted(policy_id, plan.name)
        row = next(row for row in one.record["criteria"] if row["id"] == plan.focus)
        unwanted = row["path"].startswith("exclusions") or "none[" in row["path"]
        if one.truth["leaves"][plan.focus]["status"] == "unknown" and not unwanted:
            assert row["status"] != "met", plan.name
            assert plan.focus in _gaps(one.record, "criterion"), plan.name
