"""Identifiers leave a text, clinical words stay."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.records.deidentify import Kind, KnownIdentifiers, KnownPerson, KnownValue, deidentify

NOBODY = KnownIdentifiers()
KNOWN = KnownIdentifiers(
    people=(KnownPerson("Abernethy", ("Maribel", "June")), KnownPerson("De la Cruz-Okonjo", ("José",))),
    births=(date(1950, 3, 2),),
    values=(
        KnownValue(Kind.RECORD, "1234567"),
        KnownValue(Kind.PHONE, "+1-555-234-1234"),
        KnownValue(Kind.MEMBER, "ABC12345678"),
        KnownValue(Kind.PLACE, "12 Elm Street"),
        KnownValue(Kind.PLACE, "Millbrook"),
        KnownValue(Kind.ORGANIZATION, "Harbor Point Medical Group"),
        KnownValue(Kind.EMAIL, "may.abernethy@example.org"),
    ),
)


def plain(text, known=NOBODY):
    return deidentify(text, known).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maribel Abernethy, born 3/2/50", "[NAME], born [BIRTH DATE]"),
        ("ABERNETHY, MARIBEL J. (MRN 123-4567)", "[NAME] (MRN [MRN])"),
        ("abernethy's phone is (555) 234 1234", "[NAME]'s phone is [PHONE]"),
        ("call 234-1234 at home", "call [PHONE] at home"),
        ("M. Abernethy was seen on 4 May 2019", "[NAME] was seen on [DATE 2019]"),
        ("Abernethy M. and M.J. Abernethy", "[NAME] and [NAME]"),
        ("initials M.A. and M.J.A. on file", "initials [NAME] and [NAME] on file"),
        ("Maribel\n   Abernethy", "[NAME]"),
        ("maribel was here", "[NAME] was here"),
        ("file abernethy_maribel.pdf", "file [NAME]_[NAME].pdf"),
        ("Jose De La Cruz Okonjo", "[NAME]"),
        ("Jos\u0065\u0301 came", "[NAME] came"),
        ("DE LA CRUZ - OKONJO", "[NAME]"),
        (
            "March 2, 1950; 2 Mar 1950; 1950/03/02; 02.03.1950",
            "[BIRTH DATE]; [BIRTH DATE]; [BIRTH DATE]; [BIRTH DATE]",
        ),
        ("19500302 and 03021950", "[BIRTH DATE] and [BIRTH DATE]"),
        ("birthDate 1950-03-02T00:00:00Z", "birthDate [BIRTH DATE]"),
        ("abc 1234 5678", "[MEMBER ID]"),
        ("12 ELM ST., Millbrook", "[ADDRESS], [ADDRESS]"),
        ("harbor point  medical group", "[ORGANIZATION]"),
        ("May.Abernethy@example.org", "[EMAIL]"),
    ],
)
def test_what_is_known_goes_in_every_form(text, expected):
    assert plain(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Maribelle and Abernethyson", "longer words are other words"),
        ("12345678 platelets", "a longer number is another number"),
        ("1234.567", "a decimal is a value"),
        ("an elm in the street", "words of an address are not the address"),
    ],
)
def test_what_only_resembles_the_known_stays(text, reason):
    known = KnownIdentifiers(people=KNOWN.people, values=(KnownValue(Kind.PLACE, "12 Elm Street"),))
    assert plain(text, known) == text, reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seen 3/4/2019 and 2019-03-04", "seen [DATE 2019] and [DATE 2019]"),
        ("on 2019-03-04T10:15:00+01:00", "on [DATE 2019]"),
        (
            "March 4th, 2019; 4 March 2019; March 2019; 03/2019",
            "[DATE 2019]; [DATE 2019]; [DATE 2019]; [DATE 2019]",
        ),
        ("Tuesday, March 4", "[DATE]"),
        ("on 3/4 she fell; since 12/24", "on [DATE] she fell; since [DATE]"),
        ("3/4-3/9/2019", "[DATE]-[DATE 2019]"),
        ("04/05/12 and 04/05/98", "[DATE 2012] and [DATE 1998]"),
        ("04/05/37", "[DATE]"),
        ("20190304101500", "[DATE 2019]"),
        ("in October; last May; over Thanksgiving", "in [DATE]; last [DATE]; over [DATE]"),
        ("born in 1931, DOB 4/5/1967", "born in [DATE], DOB [DATE]"),
        ("married 3 June 1938", "married [DATE]"),
        ("a 93-year-old man, 90 y/o, aged 101", "a [AGE 90+]-year-old man, [AGE 90+] y/o, aged [AGE 90+]"),
        ("ninety-two years old, in her nineties", "[AGE 90+] years old, in her [AGE 90+]"),
        ("(617) 555-0199 x12, 617.555.0199, +44 20 7946 0958", "[PHONE], [PHONE], [PHONE]"),
        ("fax: 617-555-0188; pager 555 0144", "fax: [FAX]; pager [PHONE]"),
        ("ann.lee@example.org", "[EMAIL]"),
        ("see https://clinic.example.org/p?id=7. And portal.example.com/x", "see [URL]. And [URL]"),
        ("from 10.1.2.3 and fe80::1ff:fe23:4567:890a", "from [IP] and [IP]"),
        ("SSN 123-45-6789; social security number: 123456789", "SSN [SSN]; social security number: [SSN]"),
        ("MRN: 00-12345; medical record no. A123456", "MRN: [MRN]; medical record no. [MRN]"),
        (
            "Member ID: XYZ-998877, Medicaid number 1234567",
            "Member ID: [MEMBER ID], Medicaid number [MEMBER ID]",
        ),
        ("account # 556677; claim number CL-20199", "account # [ACCOUNT]; claim number [ACCOUNT]"),
        ("card 4111 1111 1111 1111", "card [ACCOUNT]"),
        ("GB82 WEST 1234 5698 7654 32", "[ACCOUNT]"),
        (
            "NPI 1234567893, DEA AB1234563, license no. MD-44556",
            "NPI [LICENCE], DEA [LICENCE], license no. [LICENCE]",
        ),
        ("VIN 1HGCM82633A004352; license plate 7ABC1234", "VIN [VEHICLE]; license plate [VEHICLE]"),
        (
            "pacemaker serial number PX-9912-1; 00:1B:44:11:3A:B7",
            "pacemaker serial number [DEVICE]; [DEVICE]",
        ),
        ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "id [ID]"),
        ("order 987654321012", "order [ID]"),
        ("44 West Main Street, Apt. 3B", "[ADDRESS]"),
        ("P.O. Box 88", "[ADDRESS]"),
        ("Cedar Falls, IA 50613", "[ADDRESS], IA [ZIP]"),
        ("zip code 01431", "zip code [ZIP]"),
        ("lives in Santa Cruz. He", "lives in [ADDRESS]. He"),
        ("Dr. Gregory House agrees", "Dr. [NAME] agrees"),
        ("Mrs. van der Berg's gait", "Mrs. [NAME]'s gait"),
        ("DR. SMITH RECOMMENDED REST", "DR. [NAME] RECOMMENDED REST"),
        ("Electronically signed by: Susan Q. Jones, RN", "Electronically signed by: [NAME], RN"),
        ("Patient name: Doe, Jane A.", "Patient name: [NAME]."),
        ("his wife Mary drove", "his wife [NAME] drove"),
        ("Thomas Okafor is a 50-year-old", "[NAME] is a 50-year-old"),
        ("at Mercy General Hospital", "at [ORGANIZATION]"),
    ],
)
def test_identifiers_of_every_kind_go_without_being_known(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    """Parkinson's disease; Crohn's; Hodgkin lymphoma; Bell's palsy; Wolff-Parkinson-White; Foley catheter
    strength 3/4; strength 5/5 on the right; BP 120/80; pain 7/10; Apgar 8/9; 2/6 systolic murmur
    vision 20/40
    hydrocodone 5/325 mg; insulin 70/30; BMI 41.2; HbA1c 8.1%; WBC 12.5; platelets 150,000; sodium 135-145
    CA-125 35 U/mL; L4-L5; C5-6; T12; S1; 1:2000; grade 2-3; stage IIIB; GFR 59; x 10 days; Q 8 h
    3-4 times daily
    an 83-year-old woman; 89 years old; since 2015; 2019; may repeat; a march fracture; he may take 5 mg
    MRI 3/4 inch; MR angiography; CT, PA and lateral; Ohio; MD; St. John's wort; Christmas disease
    ICD-10 M54.16; LOINC 39156-5; http://loinc.org; http://hl7.org/fhir/sid/icd-10-cm; 10:30:15; version 1.2.3
    Mother: Diabetes mellitus; CC: Chest pain; Surgeon: None; dr said; partial hospitalization; 100-1000
    pulses 2+; +1 edema
    ejection fraction 55-60%; room air 98%; 12 mg/dL on 2 of 3 days; methotrexate on Mondays""".replace(
        "\n", ";"
    ).split(";"),
)
def test_clinical_words_and_numbers_stay(text):
    assert plain(text.strip()) == text.strip()
    assert plain(f"Noted {text.strip()}, as before.", KNOWN) == f"Noted {text.strip()}, as before."


@pytest.mark.parametrize(
    ("family", "text", "expected"),
    [
        ("Parkinson", "Mr. Parkinson has Parkinson's disease", "Mr. [NAME] has Parkinson's disease"),
        ("Parkinson", "John Parkinson; PARKINSON, JOHN", "[NAME]; [NAME]"),
        ("Parkinson", "Parkinson denies tremor", "[NAME] denies tremor"),
        ("Parkinson", "stage 2 Parkinson disease", "stage 2 Parkinson disease"),
        (
            "Bell",
            "Discussed with Bell. Bell's palsy is stable",
            "Discussed with [NAME]. Bell's palsy is stable",
        ),
        ("Young", "a young man; Young reports pain", "a young man; [NAME] reports pain"),
        ("Young", "seen with Young today; YOUNG ADULTS", "seen with [NAME] today; YOUNG ADULTS"),
        ("May", "May repeat; May reports pain; may rest", "May repeat; [NAME] reports pain; may rest"),
        ("Li", "Li level 0.8; Ms. Li agrees", "Li level 0.8; Ms. [NAME] agrees"),
        ("Head", "Head circumference; patient Head agrees", "Head circumference; patient [NAME] agrees"),
    ],
)
def test_a_name_that_is_a_word_goes_where_it_is_a_name(family, text, expected):
    assert plain(text, KnownIdentifiers(people=(KnownPerson(family, ("John",)),))) == expected


def test_replacements_tell_where_they_stood():
    text = "Ann Lee, 3/4/2019"
    found = deidentify(text, KnownIdentifiers(people=(KnownPerson("Lee", ("Ann",)),)))
    assert [(text[r.start : r.end], r.kind, r.label) for r in found.replaced] == [
        ("Ann Lee", Kind.NAME, "[NAME]"),
        ("3/4/2019", Kind.DATE, "[DATE 2019]"),
    ]


def test_nothing_known_shows_in_a_representation():
    for shown in (repr(KNOWN), repr(KNOWN.people), repr(KNOWN.values), repr(deidentify("Abernethy", KNOWN))):
        assert "bernethy" not in shown
        assert "1234" not in shown


pieces = st.sampled_from(
    [
        "Maribel",
        "Abernethy",
        "ABERNETHY,",
        "3/2/1950",
        "1950",
        "MRN",
        "1234567",
        "Dr.",
        "of",
        "BP",
        "120/80",
        "\n",
        "(555)",
        "234-1234",
        "Mr.",
        "denies",
        "12",
        "Elm",
        "Street",
        "Tel",
        "a@b.org",
        "ABC12345678",
        "—",
        "é",
    ]
)


@settings(max_examples=60)
@given(st.lists(pieces, max_size=14).map(" ".join))
def test_replacements_are_in_order_apart_and_rebuild_the_text(text):
    found = deidentify(text, KNOWN)
    rebuilt, place = "", 0
    for one in found.replaced:
        assert place <= one.start < one.end <= len(text)
        rebuilt += text[place : one.start] + one.label
        place = one.end
    assert rebuilt + text[place:] == found.text
    assert "abernethy" not in found.text.lower()
    assert "1234567" not in found.text


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_is_read(text):
    assert deidentify(text, KNOWN).text is not None


@settings(max_examples=30)
@given(
    st.text("abcdefghijklmnopqrstuvwxyzé", min_size=4, max_size=9),
    st.sampled_from([str.upper, str.title, str.lower]),
)
def test_any_long_name_goes_in_any_case(name, case):
    family = f"{name}qx"
    known = KnownIdentifiers(people=(KnownPerson(family, ("Zorblax",)),))
    assert (
        plain(f"We saw {case(family)} and {case('zorblax')} there.", known)
        == "We saw [NAME] and [NAME] there."
    )
