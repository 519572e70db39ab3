"""Identifiers leave a text, clinical words stay."""

from datetime import date

import pytest

from posology.records.deidentify import Kind, KnownIdentifiers, KnownPerson, KnownValue, deidentify

KNOWN = KnownIdentifiers(
    people=(KnownPerson("Abernethy", ("Maribel", "June")),),
    births=(date(1950, 3, 2),),
    values=(KnownValue(Kind.RECORD, "1234567"), KnownValue(Kind.PHONE, "+1-555-234-1234")),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maribel Abernethy, born 3/2/50", "[NAME], born [BIRTH DATE]"),
        ("ABERNETHY, MARIBEL J. (MRN 123-4567)", "[NAME] (MRN [MRN])"),
        ("abernethy's phone is (555) 234 1234", "[NAME]'s phone is [PHONE]"),
        ("M. Abernethy was seen on 4 May 2019", "[NAME] was seen on [DATE 2019]"),
    ],
)
def test_what_is_known_goes_in_every_form(text, expected):
    assert deidentify(text, KNOWN).text == expected
