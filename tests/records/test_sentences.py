"""Sentences and sections with exact offsets."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.records import (
    SectionKind,
    assertion_of,
    find_sections,
    section_at,
    section_spans,
    sentence_spans,
)
from posology.spans import Span
from tests.quick import least_seconds

TABLE = [
    ("BMI is 41.2. She walks.", ["BMI is 41.2.", "She walks."], "a decimal point"),
    ("Seen by Dr. Lee today. Doing well.", ["Seen by Dr. Lee today.", "Doing well."], "a title"),
    ("Takes 500 mg. b.i.d. with food.", ["Takes 500 mg. b.i.d. with food."], "doses"),
    ("Metformin 500 mg q.d. for diabetes.", ["Metformin 500 mg q.d. for diabetes."], "q.d."),
    ("Metformin 500 mg. She feels well.", ["Metformin 500 mg.", "She feels well."], "a unit at the end"),
    ("See e.g. Table 2. Done.", ["See e.g. Table 2.", "Done."], "e.g."),
    ("J. Smith came. He left.", ["J. Smith came.", "He left."], "an initial"),
    ("Any pain? No! Good.", ["Any pain?", "No!", "Good."], "questions"),
    ("- diet\n- exercise", ["- diet", "- exercise"], "bullets"),
    ("1. Diet\n2. Exercise", ["1. Diet", "2. Exercise"], "numbers are no sentences"),
    ("there is no evidence of\nactive disease.", ["there is no evidence of\nactive disease."], "wrapped"),
    ("HPI\nPain for weeks.", ["HPI", "Pain for weeks."], "a heading"),
    ("BP: 120/80\nPulse: 70", ["BP: 120/80", "Pulse: 70"], "labels"),
    ("One line\n\nanother", ["One line", "another"], "a blank line"),
    ("page one\fpage two", ["page one", "page two"], "a new page"),
    ("One.\r\nTwo.", ["One.", "Two."], "carriage returns"),
    ('He said "stop." Then left.', ['He said "stop."', "Then left."], "a closing quote"),
    ("Wait... then go.", ["Wait...", "then go."], "dots"),
    ("", [], "nothing"),
    (" \n ", [], "white space"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), TABLE, ids=[row[2] for row in TABLE])
def test_text_is_cut_into_sentences(text, expected, reason):
    assert [span.of(text) for span in sentence_spans(text)] == expected, reason


@settings(max_examples=60)
@given(st.text(alphabet="aB1 .\n\r\t-:?,()\f", max_size=80))
def test_sentences_hold_every_character_that_is_not_white_space_once(text):
    spans = sentence_spans(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert "".join("".join(s.of(text).split()) for s in spans) == "".join(text.split())


NOTE = """Clinic letter
CC: back pain
HISTORY OF PRESENT ILLNESS:
Pain for six weeks.
## Past Medical History
Hypertension
**Family History:** mother with diabetes
Social History - smokes
Medications
1. metformin
A/P: 54 yo with obesity.
Plan:
Start diet. History of asthma: mild.
"""


def test_headings_in_several_styles_are_found():
    assert [section.kind for section in find_sections(NOTE)] == [
        SectionKind.CHIEF_COMPLAINT,
        SectionKind.PRESENT_ILLNESS,
        SectionKind.PAST_HISTORY,
        SectionKind.FAMILY_HISTORY,
        SectionKind.SOCIAL_HISTORY,
        SectionKind.MEDICATIONS,
        SectionKind.ASSESSMENT,
        SectionKind.PLAN,
    ]


def test_a_section_holds_the_text_below_its_heading():
    sections = find_sections(NOTE)
    found = section_at(sections, NOTE.index("mother"))
    assert found.kind is SectionKind.FAMILY_HISTORY
    assert found.body.of(NOTE).strip() == "mother with diabetes"
    assert section_at(sections, 3) is None


def test_named_stretches_cover_the_text():
    stretches = section_spans(NOTE)
    assert "".join(span.of(NOTE) for _, span in stretches) == NOTE
    assert stretches[0][0] == ""
    assert section_spans("") == []


@pytest.mark.parametrize(
    "line", ["plan", "Allergic to penicillin: rash", "a: small letter", "She has a plan: surgery", "data"]
)
def test_lines_that_are_no_headings(line):
    assert find_sections(line) == []


ODD = [
    " " * 60_000,
    "A." * 30_000,
    "no a, " * 10_000,
    "x a.b. " * 10_000,
    "short line\n" * 6_000,
    " \n" * 30_000,
]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_take_no_time_beyond_their_length(text):
    def read():
        sentence_spans(text)
        find_sections(text)
        assertion_of(text, Span(30_000, 30_003))

    assert least_seconds(read, under=5) < 5
