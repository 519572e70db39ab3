import pytest

from tests.policies.leaf_charts import bmi, coded, condition, prescription, procedure, status

DIABETES = "find: {resource: Condition, codes: diabetes}"
METFORMIN = "find: {resource: MedicationRequest, codes: metformin}"

CONDITIONS = [
    ({}, "active", "met", "active since before the date of service"),
    ({"clinicalStatus": coded("recurrence")}, "active", "met", "a recurrence is active"),
    ({"clinicalStatus": coded("relapse")}, "active", "met", "a relapse is active"),
    ({"verificationStatus": None}, "active", "met", "the verification status is optional"),
    (
        {"onsetDateTime": None, "recordedDate": "2018-01-01"},
        "active",
        "met",
        "recorded before: it began no later",
    ),
    ({"onsetDateTime": "2019-06-01"}, "active", "met", "the first day counts"),
    ({"onsetDateTime": "2019-06-01T23:30:00-05:00"}, "active", "met", "the record's own calendar day"),
    ({"onsetDateTime": "2019-06-02"}, "active", "unknown", "nothing dated after the date of service counts"),
    (
        {"onsetDateTime": "2019-06-02T01:00:00+09:00"},
        "active",
        "unknown",
        "its own offset says the day after",
    ),
    ({"onsetDateTime": "2019"}, "active", "unknown", "a year that could fall either side"),
    ({"onsetDateTime": "2019-06"}, "active", "unknown", "a month that could fall either side"),
    ({"onsetDateTime": "2019-05"}, "active", "met", "a month wholly before"),
    ({"onsetPeriod": {"start": "2014"}, "onsetDateTime": None}, "active", "met", "the period began before"),
    (
        {"clinicalStatus": coded("resolved"), "abatementDateTime": "2019-07-01"},
        "active",
        "met",
        "ended only later",
    ),
    (
        {"abatementDateTime": "2018-07-01", "clinicalStatus": coded("resolved")},
        "ever",
        "met",
        "it was there once",
    ),
    ({"abatementDateTime": "2018-07-01", "clinicalStatus": coded("resolved")}, "resolved", "met", "it ended"),
    ({"clinicalStatus": coded("resolved")}, "resolved", "met", "resolved, at a day not known"),
    (
        {"clinicalStatus": coded("resolved"), "abatementDateTime": "2019"},
        "resolved",
        "unknown",
        "ended before or after",
    ),
    (
        {"clinicalStatus": coded("resolved"), "abatementDateTime": "2019"},
        "active",
        "unknown",
        "ended before or after",
    ),
    ({"clinicalStatus": None}, "active", "unknown", "the record does not say whether it goes on"),
    ({"verificationStatus": coded("provisional")}, "active", "unknown", "not confirmed"),
    ({"verificationStatus": coded("differential")}, "active", "unknown", "not confirmed"),
    ({"verificationStatus": coded("unconfirmed")}, "active", "unknown", "not confirmed"),
    ({"verificationStatus": coded("refuted")}, "ever", "unknown", "refuted never counts"),
    ({"verificationStatus": coded("entered-in-error")}, "ever", "unknown", "an error never counts"),
]


@pytest.mark.parametrize(("fields", "state", "expected", "reason"), CONDITIONS)
def test_a_condition_is_in_a_state_on_the_date_of_service(fields, state, expected, reason):
    assert status(f"{DIABETES}, state: {state}", condition(**fields)) == expected, reason


PRESCRIPTIONS = [
    ({}, "active", "met", "active"),
    ({"intent": "proposal"}, "ever", "unknown", "a proposal is no order"),
    ({"intent": "option"}, "ever", "unknown", "an option is no order"),
    ({"status": "draft"}, "ever", "unknown", "a draft is no order"),
    ({"status": "cancelled"}, "ever", "unknown", "it never ran"),
    ({"status": "entered-in-error"}, "ever", "unknown", "an error"),
    ({"doNotPerform": True}, "ever", "unknown", "an order not to give it"),
    ({"status": "completed"}, "ever", "met", "it was given once"),
    ({"status": "on-hold"}, "active", "unknown", "held: neither going on nor stopped"),
    ({"status": "unknown"}, "active", "unknown", "the source does not know"),
    ({"authoredOn": "2019-06-02"}, "active", "unknown", "ordered after the date of service"),
    ({"status": "stopped"}, "resolved", "met", "stopped"),
]


@pytest.mark.parametrize(("fields", "state", "expected", "reason"), PRESCRIPTIONS)
def test_a_prescription_is_in_a_state_on_the_date_of_service(fields, state, expected, reason):
    assert status(f"{METFORMIN}, state: {state}", prescription(**fields)) == expected, reason


ENDED = [
    (
        {
            "dosageInstruction": [
                {"timing": {"repeat": {"boundsPeriod": {"start": "2019-01-10", "end": "2019-03-01"}}}}
            ]
        },
        "bounds",
    ),
    ({"status": "stopped"}, "stopped"),
    ({"status": "completed"}, "completed"),
]


@pytest.mark.parametrize(("fields", "reason"), ENDED)
def test_a_prescription_that_ended_is_never_active(fields, reason):
    assert status(METFORMIN, prescription(**fields)) != "met", reason


def test_conditions_and_medications_are_active_unless_the_leaf_says_otherwise():
    assert status(DIABETES, condition(clinicalStatus=coded("resolved"))) != "met"
    assert status(METFORMIN, prescription(status="completed")) != "met"


EVENTS = [
    (bmi(status="preliminary"), "bmi", "Observation"),
    (bmi(status="registered"), "bmi", "Observation"),
    (bmi(status="cancelled"), "bmi", "Observation"),
    (bmi(status="entered-in-error"), "bmi", "Observation"),
    (procedure(status="not-done"), "therapy", "Procedure"),
    (procedure(status="preparation"), "therapy", "Procedure"),
    (procedure(status="stopped"), "therapy", "Procedure"),
    (procedure(status="entered-in-error"), "therapy", "Procedure"),
]


@pytest.mark.parametrize(("body", "codes", "kind"), EVENTS)
def test_what_did_not_happen_never_counts(body, codes, kind):
    assert status(f"find: {{resource: {kind}, codes: {codes}}}", body) == "unknown"
