"""Judgements of sentences that speak of quite another matter: none answers what is asked."""

import re
from itertools import islice

import pytest

from posology.adapt.teacher.elsewhere import load_routine, make_elsewhere
from posology.adapt.teacher.lessons import make_lessons
from posology.testing.notes import EXAM, OPENERS, PLAN, STALE

ROWS = list(islice(make_elsewhere(2), 600))


def test_the_same_seed_gives_the_same_and_more_begin_with_fewer():
    assert list(islice(make_elsewhere(2), 80))[:50] == ROWS[:50]
    assert list(islice(make_elsewhere(3), 50)) != ROWS[:50]


def test_nothing_is_stated_and_none_comes_twice():
    assert {(one.answer, one.trap) for one in ROWS} == {("not stated", "elsewhere")}
    assert len({(one.question, one.sentence) for one in ROWS}) == len(ROWS)


def test_question_and_sentence_share_no_word_that_tells_a_matter():
    for one in ROWS:
        asked, said = (
            {word[:5] for word in re.findall(r"[a-z]{5,}", text.lower())}
            for text in (one.question, one.sentence)
        )
        common = {"patie", "there", "their", "which", "thera", "treat", "least", "under", "after", "befor"}
        common |= {"witho", "histo", "docum", "curre", "recen"}
        assert not (asked & said) - common, one


def test_half_are_what_any_note_says_besides():
    known = {re.sub(r"\{\w+\}", "", row).lower()[:8] for rows in load_routine() for row in rows}
    routine = sum(one.sentence.lower()[:8] in known for one in ROWS)
    assert 0.3 * len(ROWS) < routine < 0.7 * len(ROWS)


@pytest.mark.parametrize("filler", [*OPENERS, *EXAM, *PLAN, *STALE])
def test_no_sentence_that_made_charts_are_filled_with_is_among_them(filler):
    def plain(text):
        return " ".join(re.findall(r"[a-z]+", text.lower()))

    assert plain(filler) not in {plain(row) for rows in load_routine() for row in rows}


def test_every_slot_of_a_routine_sentence_is_filled():
    assert not any("{" in one.sentence or "}" in one.sentence for one in ROWS)


def test_lessons_ask_as_a_draft_asks():
    first = make_lessons("elsewhere", 3, seed=1)
    assert [one.id for one in first] == ["elsewhere-1-0", "elsewhere-1-1", "elsewhere-1-2"]
    assert {one.answer for one in first} == {"not stated"}
    assert all(one.messages[-1].content.startswith("Sentence: ") for one in first)
    assert all(one.provenance.group.startswith("matter:") for one in first)
