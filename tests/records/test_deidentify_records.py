"""What a chart knows is collected, and whole JSON records leave without it or not at all."""

import json
from datetime import date
from pathlib import Path

import pytest

from posology.errors import OutputError
from posology.policies.load import load_policies
from posology.records import read_chart
from posology.records.deidentify import (
    Kind,
    KnownIdentifiers,
    KnownPerson,
    KnownValue,
    deidentify,
    deidentify_record,
    known_identifiers,
)
from posology.testing import make_chart, plans_for

NPI = "http://hl7.org/fhir/sid/us-npi"
BUNDLE = [
    {
        "resourceType": "Patient",
        "id": "p-883412",
        "identifier": [
            {"type": {"coding": [{"code": "MR"}]}, "value": "0099881"},
            {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "123-45-6789"},
        ],
        "name": [
            {"use": "official", "family": "Abernethy", "given": ["Maribel", "June"]},
            {"use": "maiden", "family": "Zabriskie"},
        ],
        "birthDate": "1950-03-02",
        "telecom": [
            {"system": "phone", "value": "(555) 234-1234"},
            {"system": "email", "value": "m@x.example"},
        ],
        "address": [{"line": ["12 Elm Street"], "city": "Millbrook", "state": "OH", "postalCode": "44901"}],
        "contact": [
            {"name": {"family": "Pettibone", "given": ["Rolf"]}, "telecom": [{"value": "555-777-1111"}]}
        ],
        "generalPractitioner": [{"reference": "Practitioner/d", "display": "Dr. Ingrid Marchetti"}],
    },
    {
        "resourceType": "RelatedPerson",
        "id": "r",
        "patient": {"reference": "Patient/p-883412"},
        "name": [{"text": "Odette Kimbrough"}],
        "birthDate": "1949-12-31",
    },
    {
        "resourceType": "Practitioner",
        "id": "d",
        "identifier": [{"system": NPI, "value": "1234567893"}],
        "name": [{"family": "Marchetti", "given": ["Ingrid"]}],
    },
    {
        "resourceType": "Organization",
        "id": "o",
        "name": "Harbor Point Medical Group",
        "alias": ["Harbor Point"],
    },
    {"resourceType": "Organization", "id": "pay", "name": "Northfield Health Plan"},
    {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "subscriberId": "ABC12345678",
        "beneficiary": {"reference": "Patient/p-883412"},
        "payor": [{"reference": "Organization/pay"}],
    },
    {
        "resourceType": "Device",
        "id": "v",
        "patient": {"reference": "Patient/p-883412"},
        "serialNumber": "PX-99-1A",
    },
    {
        "resourceType": "Observation",
        "id": "n",
        "status": "final",
        "code": {"text": "BMI"},
        "subject": {"reference": "Patient/p-883412"},
        "note": [{"authorString": "Noreen Stavros, RN", "text": "ok"}],
    },
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> KnownIdentifiers:
    path = Path(tmp_path_factory.mktemp("chart")) / "chart.json"
    path.write_text(json.dumps(BUNDLE))
    return known_identifiers(read_chart(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Abernethy, née Zabriskie", "[NAME], née [NAME]"),
        ("sister Odette Kimbrough and Rolf Pettibone", "sister [NAME] and [NAME]"),
        ("Marchetti and Stavros", "[NAME] and [NAME]"),
        ("0099881, 123456789, p-883412", "[MRN], [SSN], [MRN]"),
        ("5552341234 or 555.777.1111", "[PHONE] or [PHONE]"),
        ("Elm: 12 elm street, MILLBROOK 44901", "Elm: [ADDRESS], [ADDRESS] [ADDRESS]"),
        ("3/2/1950 and 12/31/49", "[BIRTH DATE] and [BIRTH DATE]"),
        ("at Harbor Point", "at [ORGANIZATION]"),
        ("ABC 1234 5678, 123 456 7893, PX991A", "[MEMBER ID], [LICENCE], [DEVICE]"),
        ("m@x.example", "[EMAIL]"),
        ("Northfield Health Plan in Ohio", "Northfield Health Plan in Ohio"),
    ],
)
def test_a_chart_tells_who_its_people_and_places_are(known, text, expected):
    assert deidentify(text, known).text == expected


def test_notes_of_made_charts_keep_no_identifier_and_every_witness_without_a_date(tmp_path):
    policy = load_policies()[0]
    made = make_chart(policy, plan=plans_for(policy)[0], seed=7)
    path = tmp_path / "chart.json"
    path.write_text(json.dumps(made.bundle))
    chart = read_chart(path)
    known = known_identifiers(chart)
    names = {part.lower() for person in known.people for part in (person.family, *person.given)}
    assert len(names) >= 4
    for document in chart.documents:
        text = deidentify(document.text, known).text.lower()
        assert not [name for name in names if name in text]


KNOWN = KnownIdentifiers(
    people=(KnownPerson("Abernethy", ("Maribel",)),),
    births=(date(1950, 3, 2),),
    values=(KnownValue(Kind.RECORD, "1234567"),),
)


def test_every_string_of_a_record_is_read_and_its_shape_kept():
    record = {
        "who": "Maribel Abernethy",
        "when": ["2019-03-04", {"day": "March 4, 2019"}],
        "met": True,
        "score": 0.25,
        "count": 41,
        "none": None,
        "quote": "BMI 41.2 on 3/4/2019",
    }
    assert deidentify_record(record, KNOWN) == {
        "who": "[NAME]",
        "when": ["[DATE 2019]", {"day": "[DATE 2019]"}],
        "met": True,
        "score": 0.25,
        "count": 41,
        "none": None,
        "quote": "BMI 41.2 on [DATE 2019]",
    }


@pytest.mark.parametrize(
    ("value", "expected", "reason"),
    [
        ({"Abernethy": 1}, {"[NAME]": 1}, "keys are text too"),
        ({"mrn": 1234567}, {"mrn": "[MRN]"}, "a number may be an identifier"),
        ({"id": 987654321}, {"id": "[ID]"}, "nine figures number something"),
        ({"age": 93, "age_years": 93.0}, {"age": "[AGE 90+]", "age_years": "[AGE 90+]"}, "an age over 89"),
        ({"age": "93"}, {"age": "[AGE 90+]"}, "an age over 89 in words"),
        ({"age": 89, "dose": 93}, {"age": 89, "dose": 93}, "an age under 90, and a number that is none"),
        ({"data": "QUJD" * 60}, {"data": "[BINARY]"}, "what is encoded cannot be read"),
        (
            {"system": "http://snomed.info/sct", "code": "10939881000119105"},
            {"system": "http://snomed.info/sct", "code": "10939881000119105"},
            "a long code of a terminology is no identifier",
        ),
        (
            {"system": "urn:x", "code": "10939881000119106"},
            {"system": "urn:x", "code": "[ID]"},
            "of no terminology",
        ),
    ],
)
def test_keys_numbers_and_codes_are_read_as_well(value, expected, reason):
    assert deidentify_record(value, KNOWN) == expected, reason


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"day": date(2019, 3, 4)}, "which is not JSON"),
        ({"raw": b"Abernethy"}, "which is not JSON"),
        ([{1: "x"}], "a key that is not a text"),
        ({"Maribel": 1, "Abernethy": 2}, "the same once de-identified"),
    ],
)
def test_what_cannot_be_exported_whole_is_not_exported(value, message):
    with pytest.raises(OutputError, match=message) as caught:
        deidentify_record(value, KNOWN)
    assert "bernethy" not in str(caught.value)
