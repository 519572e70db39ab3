"""The gate: what identifies a person is replaced, the same each time, and what is clinical stays."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.chat import Message
from posology.corpus import Example, Gate, Passed, Preference, Provenance, passed_example, passed_preference
from posology.corpus.gate.days import shifted
from posology.errors import UserError
from posology.records.deidentify import Kind, KnownIdentifiers, KnownPerson, KnownValue
from tests.corpus.made import NOTE

KEY = bytes(range(32))
KNOWN = KnownIdentifiers(
    people=(KnownPerson("Abernethy", ("Maribel",)), KnownPerson("Okafor", ("Ruth",))),
    births=(date(1958, 7, 12),),
    values=(KnownValue(Kind.RECORD, "4471829"), KnownValue(Kind.ORGANIZATION, "Lakeshore Spine Clinic")),
)


def passed(text: str, known: KnownIdentifiers = KNOWN, **options: Any) -> str:
    done = Gate(key=KEY, **options).patient("p", known).passed(text)
    assert isinstance(done, Passed)
    return done.text


def test_no_identifier_is_left_and_every_finding_stays() -> None:
    text = passed(f"{NOTE} Dr. Okafor of the Lakeshore Spine Clinic agrees. DOB 7/12/1958.")
    assert not re.search("abernethy|maribel|okafor|ruth|4471829|lakeshore|3/4/2019|7/12/1958", text, re.I)
    for kept in (
        "eight weeks",
        "naproxen 500 mg twice daily",
        "4/5 in dorsiflexion",
        "twelve sessions",
        "Mrs. ",
    ):
        assert kept in text


def test_one_name_has_one_stand_in_in_every_form_and_text() -> None:
    patient = Gate(key=KEY).patient("p", KNOWN)
    texts = [
        patient.passed(text) for text in ("Maribel Abernethy came.", "ABERNETHY, M. came.", "abernethy came")
    ]
    first, second, third = (one.text for one in texts if isinstance(one, Passed))
    given, family = first.split()[:2]
    assert second == f"{family.upper()}, {given[0]}. came."
    assert third == f"{family.lower()} came"


def test_another_patient_and_another_key_have_other_stand_ins() -> None:
    text = "MRN 4471829, seen 2019-03-04"
    same = Gate(key=KEY).patient("p", KNOWN).passed(text)
    assert same == Gate(key=KEY).patient("p", KNOWN).passed(text)
    assert same != Gate(key=KEY).patient("q", KNOWN).passed(text)
    assert same != Gate(key=bytes(32)).patient("p", KNOWN).passed(text)


def test_days_between_dates_stay_and_so_does_the_day_of_the_week() -> None:
    words = passed("Monday 2019-03-04, then 2019-04-15.")
    first, second = (date.fromisoformat(found) for found in re.findall(r"\d{4}-\d\d-\d\d", words))
    assert (second - first).days == 42
    assert first != date(2019, 3, 4)
    assert first.weekday() == 0


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2029, 12, 31)), st.integers(1, 104))
def test_a_date_is_shifted_in_the_form_it_is_written_in(day: date, weeks: int) -> None:
    from datetime import timedelta

    moved = day - timedelta(weeks=weeks)
    for form in (
        "{0:%Y-%m-%d}",
        "{0.month}/{0.day}/{0.year}",
        "{0:%B} {0.day}, {0.year}",
        "{0:%Y%m%d}T09:30",
    ):
        assert shifted(form.format(day), -7 * weeks) == form.format(moved)


def test_day_and_month_stand_in_the_order_of_the_language() -> None:
    assert shifted("3/4/2019", -7) == "2/25/2019"
    assert shifted("3/4/2019", -7, day_first=True) == "27/3/2019"
    assert shifted("25/2/2019", 7) == "4/3/2019"


@pytest.mark.parametrize(
    "text", ["Easter", "1931-02-03", "13/14/2019", "last spring", "", "99", "2019-02-31"]
)
def test_what_is_no_date_that_may_be_shown_is_not_shifted(text: str) -> None:
    assert shifted(text, -7) == ""
    assert "1931" not in passed("Born 2/3/1931, seen at Easter.")


def test_a_name_told_once_is_found_wherever_it_stands() -> None:
    text = passed("Seen with Mr. Vandermolen. Vandermolen walks. Parkinson's disease.", KnownIdentifiers())
    assert "Vandermolen" not in text
    assert "Parkinson's disease" in text


def test_labels_instead_of_surrogates() -> None:
    assert passed("Maribel Abernethy, 3/4/2019", style="labels") == "[NAME], [DATE 2019]"


def test_stand_ins_look_like_what_they_stand_for_and_belong_to_nobody() -> None:
    text = passed("Call 217-555-7788 or mail ann@clinic.com, SSN 219-09-9999.")
    assert re.search(r"Call \d{3}-555-01\d\d or mail person\d{6}@example\.org, SSN \d{3}-\d\d-\d{4}\.", text)


@pytest.mark.parametrize(("language", "word"), [("ja", "ja"), ("it", "it")])
def test_a_language_without_rules_does_not_pass(language: str, word: str) -> None:
    assert (
        Gate(key=KEY).patient("p").passed("x", language) == f"the gate has no rules for the language {word}"
    )


def test_spanish_names_numbers_and_places_are_found() -> None:
    text = (
        "Nombre: Ernesto.\nApellidos: Rivera Bueno.\nNHC: 368503.\nDomicilio: Av. Miguel Benitez 90, 2º B.\n"
        "El Sr. Rivera, varón de 70 años, PSA de 1.16 ng/ml, visto el 12/12/2016.\n"
        "Remitido por: Ignacio Navarro Cuéllar c/ del Abedul 5-7 28036 Madrid. E-mail: nnavcu@hotmail.com."
    )
    done = Gate("labels", KEY).patient("p").passed(text, "es")
    assert isinstance(done, Passed)
    assert not re.search("ernesto|rivera|368503|benitez|navarro|abedul|madrid|nnavcu|2016", done.text, re.I)
    assert "varón de 70 años, PSA de 1.16 ng/ml" in done.text


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(UserError, match="32 random"):
        Gate(key=b"secret")


def test_nothing_that_is_shown_tells_a_name_or_the_key() -> None:
    gate = Gate(key=KEY)
    shown = repr(gate) + repr(gate.patient("p", KNOWN).passed(NOTE))
    assert not re.search("abernethy|maribel|\\\\x0", shown, re.I)


def test_every_text_of_an_example_passes_with_the_same_stand_ins() -> None:
    home = Provenance("review", "made here", "agreement", "p")
    patient = Gate(key=KEY).patient("p", KnownIdentifiers())
    example = Example(
        "e", (Message("user", "Mrs. Vandermolen walks."),), "Vandermolen walks 50 m.", home, "", "Vandermolen"
    )
    done = passed_example(example, patient)
    assert isinstance(done, Example)
    name = done.source_text
    assert name != "Vandermolen"
    assert (done.messages[0].content, done.answer) == (f"Mrs. {name} walks.", f"{name} walks 50 m.")
    preference = Preference("x", example.messages, "Vandermolen walks.", "Vandermolen runs.", home, "deed")
    edit = passed_preference(preference, patient)
    assert isinstance(edit, Preference)
    assert (edit.chosen, edit.rejected) == (f"{name} walks.", f"{name} runs.")
    assert isinstance(passed_example(example, patient, "ja"), str)
    assert isinstance(passed_preference(preference, patient, "ja"), str)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_known_number_is_left_in_no_text(before: str, after: str) -> None:
    done = Gate("labels", KEY).patient("p", KNOWN).passed(f"{before} 4471829 {after}")
    assert isinstance(done, str) or "4471829" not in done.text
