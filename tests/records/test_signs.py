"""Charts of one patient are taken together, however they name them; those of others are not."""

import json

import pytest

from posology.records import read_chart_files
from posology.records.signs import first_charts, patient_names, signs_of

MRN = {"system": "urn:hospital", "value": "MRN-48213"}
BARE = {"value": "MRN-48213"}


def signs(names=(), born=None, numbers=(), patient_id="patient"):
    """Return what a chart tells its patient by; a name is written as a person is."""
    patient = {"resourceType": "Patient", "id": patient_id, "identifier": list(numbers)}
    patient["name"] = [{"text": name} if isinstance(name, str) else name for name in names]
    if born:
        patient["birthDate"] = born
    return signs_of(read_chart_files((("patient.json", json.dumps(patient).encode()),)))


def ann(*names, born="1961-04-23", **more):
    return signs(names or ("Ann B. Leeford",), born, **more)


PARTED = {"given": ["Ann", "Beth"], "family": "Leeford"}

SAME = {
    "the same files twice": (ann(), ann()),
    "a number of the hospital, whatever the names": (
        ann(numbers=[MRN]),
        ann("A. L.", born=None, numbers=[MRN]),
    ),
    "a number whose system one of them does not name, and the birth date": (
        ann(numbers=[MRN]),
        ann("A. L.", numbers=[BARE]),
    ),
    "a number whose system one of them does not name, and the whole name": (
        ann(numbers=[BARE], born="1961-04-24"),  # a slip of the pen
        ann(numbers=[MRN]),
    ),
    "the id under which the server has them": (
        ann(patient_id="a4f2-9913"),
        signs(patient_id="a4f2-9913"),
    ),
    "the name in parts, and as one text": (ann(), ann(PARTED)),
    "the name in the other order": (ann(), ann("LEEFORD, Ann")),
    "accents left out": (ann("José Núñez"), ann("Jose Nunez")),
    "a name from before a marriage": (ann(), ann("Ann Vandermolen")),
    "a chart without a birth date has the whole name": (ann(), ann(PARTED, "Ann Leeford", born=None)),
    "a chart with the year only has the whole name": (ann(), ann(born="1961")),
    "names of one letter in their script": (ann({"family": "李", "given": ["明"]}), ann("李")),
}
OTHERS = {
    "another birth date": (ann(), ann(born="1961-04-24")),
    "the same birth date and no word in common": (ann(), ann("Bob Brook")),
    "a title and an initial in common": (ann("Dr. A. Leeford"), ann("Dr. A. Brook")),
    "half of the name, and no birth date": (ann(), ann("Ann", born=None)),
    "an id that counts the entries of a file": (ann(), ann("Bob Brook", born="1970-01-31")),
    "the same number of two hospitals": (
        ann(numbers=[MRN]),
        ann("Bob Brook", born="1970-01-31", numbers=[MRN | {"system": "urn:other"}]),
    ),
    "a number whose system one of them does not name, and half of the name": (
        ann(numbers=[MRN]),
        ann("Bea Leeford", born="1990-01-31", numbers=[BARE]),  # insured together
    ),
    "a number whose system one of them does not name, and nothing else": (
        signs(numbers=[MRN]),
        signs(numbers=[BARE]),
    ),
    "the same number of two hospitals, and the birth date": (
        ann(numbers=[MRN]),
        ann("Bob Brook", numbers=[MRN | {"system": "urn:other"}]),
    ),
    "a number that is a filler": (
        ann(numbers=[{"value": "0000"}]),
        ann("Bob Brook", numbers=[{"value": "0000"}]),
    ),
    "nothing is known of either": (signs(), signs()),
}


@pytest.mark.parametrize("charts", SAME.values(), ids=SAME)
def test_charts_of_one_patient_are_taken_together(charts):
    assert first_charts(charts) == [0, 0]


@pytest.mark.parametrize("charts", OTHERS.values(), ids=OTHERS)
def test_charts_of_two_patients_are_not(charts):
    assert first_charts(charts) == [0, 1]


def test_two_of_one_whole_name_are_apart_while_every_chart_has_a_birth_date():
    one, other = ann(), ann(born="1999-12-31")
    assert first_charts([one, other]) == [0, 1]
    assert first_charts([one, other, ann(born=None)]) == [0, 0, 0]  # whose it is cannot be told


def test_a_third_chart_joins_two_and_the_first_stands_for_all():
    by_number, by_name = signs(("A. L.",), numbers=[MRN]), ann()
    both = ann(numbers=[MRN])
    assert first_charts([by_number, by_name]) == [0, 1]
    assert first_charts([ann("Bob Brook"), by_number, by_name, both]) == [0, 1, 1, 1]
    assert first_charts([both, ann("Bob Brook"), by_name, by_number]) == [0, 1, 0, 0]


def test_a_number_without_system_joins_those_that_could_be_its_own():
    ours, theirs = ann(numbers=[MRN]), ann("Bob Brook", numbers=[MRN | {"system": "urn:other"}])
    assert first_charts([ours, theirs, ann("A. L.", numbers=[BARE])]) == [
        0,
        0,
        0,
    ]  # whose it is cannot be told
    assert first_charts([ours, theirs, ann("A. L.", born="1999-12-31", numbers=[BARE])]) == [0, 1, 2]


def test_a_patient_is_named_by_what_changes_least():
    by_number, by_name = ann("A. L.", born=None, numbers=[MRN, BARE]), ann(patient_id="a4f2-9913")
    assert patient_names([by_number]) == ["urn:hospital|MRN-48213"]
    assert patient_names([by_name]) == ["id|a4f2-9913"]
    assert patient_names([ann()]) == ["ann|leeford|1961-04-23"]
    assert patient_names([signs(born="1961-04-23")]) == [""]
    joined = [by_name, by_number, ann(numbers=[MRN])]
    assert patient_names(joined) == ["urn:hospital|MRN-48213"] * 3


def test_signs_show_counts_only():
    assert repr(ann(numbers=[MRN])) == "Signs(1 numbers, 1 names)"
