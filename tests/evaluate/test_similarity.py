"""Copies of a text share a group, also where a word was changed; texts of one kind do not."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from posology.evaluate.similarity import similar_groups

WORDS = [f"word{number}" for number in range(400)]


def a_text(seed: int, words: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), place=st.integers(0, 59))
def test_a_copy_with_one_word_changed_shares_the_group(seed: int, place: int) -> None:
    words = a_text(seed).split()
    words[place] = "another"
    first, copy, other = similar_groups([a_text(seed), " ".join(words), a_text(seed + 1)])
    assert first == copy != other


def test_a_copy_that_goes_on_or_is_cut_shares_the_group() -> None:
    text = a_text(1)
    assert len(set(similar_groups([text, f"{text} {a_text(2, 20)}", " ".join(text.split()[8:])]))) == 1


def test_copies_are_linked_by_way_of_a_third() -> None:
    words = a_text(3, 100).split()
    early, late, between = (" ".join(words[start : start + 70]) for start in (0, 30, 15))
    assert len(set(similar_groups([early, late]))) == 2
    assert len(set(similar_groups([early, late, between]))) == 1


def test_short_texts_are_copies_only_word_for_word() -> None:
    texts = [
        "All of these are true of A except",
        "All of these are true of B except",
        "all of these are true of A, except:",
    ]
    first, second, third = similar_groups(texts)
    assert first == third != second


def test_a_turn_of_phrase_makes_no_copies() -> None:
    texts = [
        f"which of the following is the most likely diagnosis of this {a_text(seed, 30)}"
        for seed in range(60)
    ]
    assert len(set(similar_groups(texts))) == 60


def test_groups_do_not_depend_on_what_else_is_there_nor_hold_words() -> None:
    texts = [a_text(seed) for seed in range(30)]
    assert similar_groups(texts[:10]) == similar_groups(texts)[:10]
    assert all(len(group) == 16 and "word" not in group for group in similar_groups(texts))


def test_no_texts_have_no_groups() -> None:
    assert similar_groups([]) == []


def test_sixty_copies_are_one_group_however_many_share_their_phrases() -> None:
    words = "a woman comes to the clinic with a dull pain in the left knee that is worse at night and number"
    assert len(set(similar_groups([f"{words} {number} is told today" for number in range(60)]))) == 1
