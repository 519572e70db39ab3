"""Rules that hold for any sentence: its own words never fail it, rounding is allowed, changes are not."""

import datetime
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from posology.evidence.facts import ChartFacts, Source, check_facts

PHRASES = """
She denies|reports|has had|no|not|without|pain of the|left|right|knee|hip|and|or|but|41.2 kg/m2|BMI|was|is
metformin 1000 mg|twice daily|BID|for 8 months|on 2019-03-02|March 2019|L4-L5|E11.65|type 2 diabetes|mother
possible|if|failed|effective|at least 35|%|A1c 8.1|Dr. Patel|61-year-old|woman|surgery|,|.|;|(555) 201-9999
lisinopril|every 12 hours|120/80 mmHg|from|to|5 ft 4 in|normal|never"""
WORDS = st.sampled_from(re.split(r"[|\n]", PHRASES.strip()))
SENTENCES = st.lists(WORDS, min_size=1, max_size=18).map(" ".join)


def failures(sentence, *sources):
    results = check_facts(sentence, sources, facts=ChartFacts())
    return [result for result in results if not result.ok]


@settings(max_examples=150)
@given(SENTENCES)
def test_a_sentence_equal_to_its_source_never_fails(sentence):
    ignored = "runs backwards"  # a sentence that contradicts itself is at fault whatever it cites
    assert [r for r in failures(sentence, Source(sentence)) if ignored not in r.why] == []


@settings(max_examples=60)
@given(SENTENCES, SENTENCES)
def test_a_span_lies_within_the_sentence(sentence, other):
    for result in failures(sentence, Source(other)):
        assert result.span is None or result.span.end <= len(sentence)
        assert result.why.startswith(result.check + ": ")


@settings(max_examples=100)
@given(st.integers(min_value=200, max_value=990))
def test_a_measurement_may_be_rounded_to_whole_units(tenths):
    value = tenths / 10
    source = Source(f"{value:.1f} kg/m2", label="Body mass index")
    assert failures(f"Her BMI was {round(value)} kg/m2.", source) == []


@settings(max_examples=100)
@given(st.integers(min_value=200, max_value=990), st.integers(min_value=10, max_value=300))
def test_a_measurement_off_by_one_or_more_fails(tenths, off):
    source = Source(f"{tenths / 10:.1f} kg/m2", label="Body mass index")
    assert any(
        r.check == "numbers" for r in failures(f"Her BMI was {(tenths + off) / 10:.1f} kg/m2.", source)
    )


@settings(max_examples=60)
@given(st.dates(min_value=datetime.date(1990, 1, 1), max_value=datetime.date(2030, 1, 1)))
def test_a_day_is_the_same_in_any_english_form(day):
    source = Source("seen", date=day.isoformat())
    forms = (
        f"{day:%B} {day.day}, {day.year}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day.day} {day:%b} {day.year}",
    )
    for form in forms:
        assert failures(f"She was seen on {form}.", source) == []


def test_the_order_of_the_results_is_that_of_the_checks_and_ok_results_say_nothing():
    results = check_facts("She was seen.", [Source("seen")], facts=ChartFacts())
    assert [r.check for r in results] == [
        "numbers",
        "dates",
        "drugs",
        "assertion",
        "laterality",
        "codes",
        "identity",
    ]
    assert all(r.ok and r.why == "" for r in results)


def test_no_repr_shows_what_a_source_says():
    shown = repr(Source("secret 41", "more secret", label="secret")) + repr(ChartFacts(("Secret Name",)))
    assert not re.search("secret|41", shown, re.IGNORECASE)
