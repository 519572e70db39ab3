"""Thousands of sentences made with a known answer: what the rules read otherwise stays within a bound."""

from collections import Counter
from functools import cache
from itertools import islice

import pytest

from posology.adapt.teacher.grammar import make_judged
from posology.evidence import Hit, Passage, judge_by_rules
from posology.spans import Span


@cache
def readings() -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for one in islice(make_judged(11), 4000):
        text = one.sentence
        hit = Hit(Passage("n", 0, len(text), text, (Span(0, len(text)),)), 1.0, 1, None)
        found[one.answer, judge_by_rules(one.question, [hit]).answer] += 1
    return found


@pytest.mark.parametrize("truth", ["no", "not stated"])
def test_at_most_three_in_a_thousand_are_read_as_a_yes_that_they_are_not(truth: str) -> None:
    told = sum(n for (answer, _), n in readings().items() if answer == truth)
    assert told > 1000
    assert readings()[truth, "yes"] <= 0.003 * told


@pytest.mark.parametrize("truth", ["yes", "not stated"])
def test_at_most_three_in_a_thousand_are_read_as_a_no_that_they_are_not(truth: str) -> None:
    told = sum(n for (answer, _), n in readings().items() if answer == truth)
    assert readings()[truth, "no"] <= 0.003 * told


def test_a_third_of_the_true_answers_is_read_at_all() -> None:
    for truth in ("yes", "no"):
        told = sum(n for (answer, _), n in readings().items() if answer == truth)
        assert readings()[truth, truth] > told / 3
