"""Dates, periods and the patient's facts, each with the path of its element."""

from datetime import date

import pytest

from posology.records import (
    birth_date,
    coverages_on,
    date_of,
    deceased_date,
    member_id,
    newest_date,
    patient_identifiers,
    patient_name,
    payer_name,
    period_of,
    sex,
)

from .charts import PATIENT, note, read, read_with, resource

DATES = [
    (resource("Observation", effectiveDateTime="2019-03-02T10:00:00Z"), "2019-03-02", "effectiveDateTime"),
    (resource("Observation", effectivePeriod={"start": "2019"}), "2019", "effectivePeriod.start"),
    (resource("Condition", onsetDateTime="2018-05"), "2018-05", "onsetDateTime"),
    (
        resource("Condition", onsetDateTime="2018-02-31", recordedDate="2018-03-01"),
        "2018-03-01",
        "recordedDate",
    ),
    (resource("Procedure", performedPeriod={"start": "2017-01-01"}), "2017-01-01", "performedPeriod.start"),
    (resource("MedicationRequest", authoredOn="2019-01-01"), "2019-01-01", "authoredOn"),
    (resource("Immunization", occurrenceDateTime="2019-01-01"), "2019-01-01", "occurrenceDateTime"),
    (resource("Encounter", period={"start": "2019-01-01"}), "2019-01-01", "period.start"),
    (
        resource(
            "DocumentReference", date="2019-02-02T00:00:00Z", context={"period": {"start": "2019-01-01"}}
        ),
        "2019-01-01",
        "context.period.start",
    ),
    (resource("FamilyMemberHistory", date="2019"), "2019", "date"),
    (resource("Observation"), None, None),
    (resource("Organization", date="2019"), None, None),
]


@pytest.mark.parametrize(("body", "text", "path"), DATES)
def test_a_resource_has_one_clinically_relevant_date(tmp_path, body, text, path):
    found = date_of(read_with(tmp_path, body).resources[1])
    assert (found.text if found else None, found.path if found else None) == (text, path)


PERIODS = [
    (resource("Condition", onsetDateTime="2018", abatementDateTime="2019"), "2018", "2019"),
    (resource("Condition", onsetDateTime="2018"), "2018", None),
    (resource("Procedure", performedDateTime="2018-01-02"), "2018-01-02", "2018-01-02"),
    (resource("MedicationStatement", effectivePeriod={"start": "2018", "end": "2019"}), "2018", "2019"),
    (resource("MedicationStatement", effectiveDateTime="2018"), "2018", None),
    (resource("Encounter", period={"start": "2018-01-02"}), "2018-01-02", None),
    (
        resource(
            "MedicationRequest",
            authoredOn="2018-01-01",
            dosageInstruction=[
                {"timing": {"repeat": {"boundsPeriod": {"start": "2018-02", "end": "2018-08"}}}}
            ],
        ),
        "2018-02",
        "2018-08",
    ),
]


@pytest.mark.parametrize(("body", "start", "end"), PERIODS)
def test_a_resource_has_a_period(tmp_path, body, start, end):
    found = period_of(read_with(tmp_path, body).resources[1])
    assert [day.text if day else None for day in found] == [start, end]


def test_a_date_knows_what_was_written_and_where(tmp_path):
    found = date_of(read_with(tmp_path, DATES[0][0]).resources[1])
    assert (found.written, found.path, found.exact) == ("2019-03-02T10:00:00Z", "effectiveDateTime", True)


def test_the_newest_date_counts_care_and_not_coverage(tmp_path):
    chart = read_with(
        tmp_path,
        resource("Observation", effectiveDateTime="2018-05-05"),
        resource("Coverage", period={"start": "2022-01-01"}),
        resource("Encounter", period={"start": "2030-01-01"}),
    )
    assert newest_date(chart) == date(2030, 1, 1)
    assert newest_date(chart, until=date(2020, 1, 1)) == date(2018, 5, 5)
    assert newest_date(read(tmp_path, PATIENT)) is None
    assert newest_date(read_with(tmp_path, note("text"))) is None


def test_the_patients_facts_are_quoted_from_their_elements(tmp_path):
    chart = read(tmp_path, PATIENT)
    listed = [patient_name(chart), birth_date(chart), sex(chart), *patient_identifiers(chart)]
    assert [(e.quote, e.path) for e in listed] == [
        ("Ann B. Example", "name[0]"),
        ("1970-05-04", "birthDate"),
        ("female", "gender"),
        ("M-1", "identifier[0].value"),
    ]
    assert deceased_date(chart) is None


def test_the_official_name_comes_before_a_nickname(tmp_path):
    names = [{"use": "nickname", "text": "Annie"}, {"use": "official", "text": "Ann Example"}]
    found = patient_name(read(tmp_path, {**PATIENT, "name": names}))
    assert (found.quote, found.path) == ("Ann Example", "name[1]")


def test_death_is_a_date_or_a_bare_yes(tmp_path):
    assert deceased_date(read(tmp_path, {**PATIENT, "deceasedDateTime": "2019-03-02"})).date == "2019-03-02"
    assert deceased_date(read(tmp_path, {**PATIENT, "deceasedBoolean": True})).quote == "true"
    assert deceased_date(read(tmp_path, {**PATIENT, "deceasedBoolean": False})) is None


def test_a_birth_date_that_does_not_exist_is_none_and_listed(tmp_path):
    chart = read(tmp_path, {**PATIENT, "birthDate": "1970-02-30"})
    assert birth_date(chart) is None
    assert chart.unread[0].why == "birthDate: expected a date on the calendar; it counts as no date"


def test_coverages_in_force_come_first_with_member_id_and_payer(tmp_path):
    def coverage(identifier, /, **fields):
        return resource("Coverage", identifier, beneficiary={"reference": "Patient/p1"}, **fields)

    chart = read_with(
        tmp_path,
        coverage("old", period={"end": "2018-12-31"}),
        coverage("off", status="cancelled"),
        coverage("open", subscriberId="S-2", payor=[{"display": "Acme"}]),
        coverage(
            "now",
            period={"start": "2019-01-01"},
            identifier=[{"type": {"coding": [{"code": "MB"}]}, "value": "W-1"}],
            payor=[{"reference": "Organization/o1"}],
        ),
        resource("Organization", "o1", name="Lakes Health Plan"),
    )
    first, second = coverages_on(chart, date(2019, 6, 1))
    assert (first.reference, second.reference) == ("Coverage/now", "Coverage/open")
    assert (member_id(first).quote, member_id(first).path) == ("W-1", "identifier[0].value")
    assert (payer_name(first).quote, payer_name(first).source) == ("Lakes Health Plan", "Organization/o1")
    assert (member_id(second).quote, payer_name(second).quote) == ("S-2", "Acme")
    assert payer_name(second).path == "payor[0].display"


def _phase(start, end):
    bounds = {"start": start} | ({"end": end} if end else {})
    return {"timing": {"repeat": {"boundsPeriod": bounds}}}


@pytest.mark.parametrize(
    ("phases", "end"),
    [
        ((("2024-01-01", "2024-01-28"), ("2024-01-29", "2024-06-30")), "2024-06-30"),
        ((("2024-01-29", "2024-06-30"), ("2024-01-01", "2024-01-28")), "2024-06-30"),  # in any order
        ((("2024-01-01", "2024-01-28"), ("2024-01-29", None)), None),  # the last dose is kept up
    ],
)
def test_an_order_of_several_dosages_lasts_from_the_first_to_the_last(tmp_path, phases, end):
    order = resource("MedicationRequest", "m1", dosageInstruction=[_phase(*phase) for phase in phases])
    found = period_of(read_with(tmp_path, order).by_reference["MedicationRequest/m1"])
    assert (found[0].text, found[1].text if found[1] else None) == ("2024-01-01", end)
