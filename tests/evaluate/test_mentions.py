"""Mentions and codes as they are written, read back and found in the text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.chat.copies import find_copy_fault
from posology.evaluate.forms import CodesForm, MentionsForm, locate_mentions
from posology.evaluate.icd10cm import ICD_10_CM
from posology.evaluate.items import Item, Mention

ONE = MentionsForm({"Disease": "disease"})
TWO = MentionsForm({"Chemical": "chemical", "Disease": "disease"})
MANY = MentionsForm({name: name for name in ("age", "cancer", "treatment", "pregnancy")})
CODES = CodesForm(ICD_10_CM, max_items=5)


def item(text: str, *gold: Mention) -> Item:
    return Item("1", "1", text, gold)


def found(text: str, *words: str) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in locate_mentions(text, [("Disease", word) for word in words])]


@pytest.mark.parametrize(
    ("text", "words", "places", "why"),
    [
        ("Asthma and gout.", ("gout", "Asthma"), [(0, 6), (11, 15)], "in the order of the text"),
        ("DM, later DM.", ("DM", "DM"), [(0, 2), (10, 12)], "named twice: two places"),
        ("DM, later DM.", ("DM",), [(0, 2)], "named once: the first place"),
        ("One DM.", ("DM", "DM", "DM"), [(4, 6)], "named more often than it stands there"),
        ("Gout, then gout.", ("gout", "gout"), [(0, 4), (11, 15)], "the second is written otherwise"),
        ("Gout, then gout.", ("gout",), [(11, 15)], "the one written alike comes first"),
        ("breast cancer or cancer", ("breast cancer", "cancer"), [(0, 13), (17, 23)], "not within another"),
        ("breast cancer or cancer", ("cancer", "breast cancer"), [(0, 13), (17, 23)], "whatever the order"),
        (
            "breast cancer",
            ("breast cancer", "cancer"),
            [(0, 13), (7, 13)],
            "within another where no other is",
        ),
        ("arthritis, not an itis", ("itis",), [(18, 22)], "whole words first"),
        ("hyperkalaemia", ("kalaemia",), [(5, 13)], "a part of a word where there is no whole one"),
        ("heart\nfailure", ("heart failure",), [(0, 13)], "white space is white space"),
        ("ASTHMA", ("asthma",), [(0, 6)], "without regard to case"),
        ("Asthma.", ("`asthma`.",), [(0, 6)], "without the marks around it"),
        ("(22q11) deletion.", ("(22q11) deletion",), [(0, 16)], "with marks that the text has too"),
        ("Gout.", ("lupus",), [(-1, -1)], "an invention"),
        ("Gout.", ("lupus", "lupus"), [(-1, -1)], "an invention counts once"),
        ("Gout.", ("...",), [(-1, -1)], "no word at all"),
    ],
)
def test_words_are_found_in_the_text(text, words, places, why):
    assert found(text, *words) == places, why


def test_an_invention_keeps_its_words_and_a_place_those_of_the_text():
    one, two = locate_mentions("ACUTE gout", [("Disease", "Acute gout"), ("Disease", "the  plague")])
    assert (one.text, two.text) == ("the plague", "ACUTE gout")


def test_the_same_words_may_carry_two_labels():
    places = locate_mentions("lead", [("Chemical", "lead"), ("Disease", "lead")])
    assert [(one.start, one.label) for one in places] == [(0, "Chemical"), (0, "Disease")]


@pytest.mark.parametrize(
    ("answer", "words", "why"),
    [
        ("gout", ["gout"], "one a line"),
        ("- gout\n* 5-FU toxicity", ["gout", "5-FU toxicity"], "list markers are none of the words"),
        ("1. gout\n2) 5-FU toxicity", ["gout", "5-FU toxicity"], "nor are numbers of a list"),
        ("22q deletion", ["22q deletion"], "a number that begins the name stays"),
        ("4. rib fracture", ["4. rib fracture"], "and so does one that the text has"),
        ("\n gout \n\n", ["gout"], "blank lines are nothing"),
        ("none", [], "the word for none"),
        (" None.\n", [], "however it is written"),
    ],
)
def test_an_answer_of_one_label_is_read_line_by_line(answer, words, why):
    text = "After gout: 5-FU toxicity, a 22q deletion, a 4. rib fracture."
    assert sorted(one.text for one in ONE.read(answer, item(text))) == sorted(words), why


@pytest.mark.parametrize(
    ("form", "answer", "why"),
    [
        (ONE, "", "an empty answer says nothing"),
        (ONE, " \n-\n", "nor does a marker alone"),
        (ONE, "none\ngout", "there is none, and there is one"),
        (TWO, "gout", "no label"),
        (TWO, "drug: lead", "a label of another task"),
        (TWO, "disease:", "a label without words"),
        (TWO, "disease: gout\nthat is all", "a line of talk"),
    ],
)
def test_an_answer_of_another_form_is_not_guessed_at(form, answer, why):
    with pytest.raises(ValueError, match=r"answer|label"):
        form.read(answer, item("gout by lead"))


def test_labels_are_read_whatever_their_case():
    read = TWO.read("Disease: gout\nCHEMICAL : lead", item("gout by lead"))
    assert [(one.label, one.text) for one in read] == [("Disease", "gout"), ("Chemical", "lead")]


def test_instructions_name_the_labels_and_the_word_for_none():
    assert ONE.instruction(item("x")).endswith("one per line. If there is none, answer `none`.")
    assert "`chemical: words` or `disease: words`" in TWO.instruction(item("x"))
    assert "`type: words`. The types are: age, cancer, treatment, pregnancy." in MANY.instruction(item("x"))


_WORD = st.sampled_from(
    ["gout", "5-FU", "acute", "Acute", "heart", "failure", "(DM)", "22q11.2", "è", "d'oro"]
)


@st.composite
def tagged(draw):
    """A text of words and mentions in it that do not overlap, all places of the same words being mentions."""
    words = draw(st.lists(_WORD, min_size=1, max_size=12))
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), min_size=1, max_size=6)))
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words) + 1)]
    text = " ".join(words)
    spans = [(starts[one], starts[other] - 1) for one, other in pairwise(cuts)]
    gold = [
        Mention(*span, draw(st.sampled_from(["Chemical", "Disease"])), text[slice(*span)]) for span in spans
    ]
    return item(text, *gold)


@settings(max_examples=150, deadline=None)
@given(tagged())
def test_what_is_written_is_read_back_with_the_same_labels_and_words(one):
    written = TWO.write(one, one.gold)
    read = TWO.read(written, one)
    assert sorted((m.label, m.text) for m in read) == sorted((m.label, m.text) for m in one.gold)
    assert all(one.text[m.start : m.end] == m.text for m in read)
    assert not find_copy_fault(written, TWO.constraint(one))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=6))
def test_every_place_holds_the_words_that_were_named(text, words):
    for one in locate_mentions(text, [("Disease", word) for word in words]):
        if one.start >= 0:
            assert one.text == text[one.start : one.end]
            assert any(_alike(one.text, word) for word in words)
        else:
            assert (one.start, one.end) == (-1, -1)


def _alike(found, named):
    """The oracle: the words without case, white space and the marks around them."""
    plain = [re.sub(r"\s+", " ", text).strip(" \"'`*.,;:()[]").casefold() for text in (found, named)]
    return plain[0] == plain[1] or re.fullmatch(re.escape(plain[1]), plain[0], re.IGNORECASE) is not None


@pytest.mark.parametrize(
    ("answer", "codes", "why"),
    [
        ("N44.8\nR60.9", ("N44.8", "R60.9"), "one a line"),
        ("r60.9, n44.8", ("N44.8", "R60.9"), "in any order, in small letters"),
        ("- N44.8 (torsion)\n- N44.8", ("N44.8",), "words around, twice"),
        ("The code is I10.", ("I10",), "the end of a sentence is none of the code"),
        ("O9A.21\nC7A.1", ("C7A.1", "O9A.21"), "a letter in the third place"),
        ("I10\nN44.89999", ("I10", "N44.89999"), "a malformed code is an answer, not its category"),
        ("I10\n44.8", ("44.8", "I10"), "so is a number"),
        ("I10\nno more than 3", ("I10",), "a line of talk is none"),
    ],
)
def test_codes_are_read(answer, codes, why):
    assert CODES.read(answer, item("x")) == codes, why


@pytest.mark.parametrize("answer", ["", "none", "no codes apply", "44.8", "N44.89999", "XI10 and AI10B"])
def test_an_answer_without_a_code_is_none(answer):
    with pytest.raises(ValueError, match="no code"):
        CODES.read(answer, item("x"))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.from_regex(re.compile(ICD_10_CM, re.ASCII), fullmatch=True), min_size=1, max_size=5))
def test_codes_written_are_read_back_and_allowed(codes):
    written = CODES.write(item("x"), tuple(sorted(codes)))
    assert CODES.read(written, item("x")) == tuple(sorted(codes))
    assert re.fullmatch(CODES.constraint(item("x")).regex, written)
