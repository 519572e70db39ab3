"""Filters, copies, test texts and parts: each leaves out what it should and nothing else."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.corpus import (
    ProtectedText,
    build_protected,
    join_protected,
    load_protected,
    part_of,
    save_protected,
)
from posology.corpus.duplicates import Signatures, find_copies, jaccard
from posology.corpus.quality import Measured, find_fault
from posology.corpus.shingles import RUN, Hashes, Shingler, normal_words, runs_of
from posology.corpus.spec import FilterRules, Parts
from posology.errors import UserError
from tests.corpus.made import NOTE, OTHER

RULES = FilterRules(min_words=5, max_words=200)
SPANISH = (
    "El paciente acude por dolor en la rodilla que se inició hace dos semanas y no ha mejorado con reposo; "
    "en la exploración se observa una tumefacción de la articulación con dolor a la palpación y sin fiebre."
)


def fault(text: str, language: str = "en", rules: FilterRules = RULES) -> str:
    words = normal_words(text)
    runs = runs_of(Shingler().words(words), RUN)
    return find_fault(Measured(text, language, words, 1 - len(np.unique(runs)) / max(1, len(runs))), rules)


BAD = [
    ("Too short.", "shorter than 5 words"),
    ("word " * 201, "longer than 200 words"),
    ("The pati\ufffdnt was s\ufffd\ufffdn today in the clinic.", "lost in a conversion"),
    ("Na 140 | K 4.1 | Cl 101 | 23 | 9.4 | 12 | 88 | 7.5 | 0.9 | 55", "few letters"),
    (f"The attachment is {'QUJD' * 60} and nothing else is here.", "over 200 characters"),
    ("The patient was seen in clinic today. " * 9, "repeats itself"),
    (SPANISH, "reads as es, not en"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_a_text_that_is_left_out_has_a_reason(text: str, reason: str) -> None:
    assert reason in fault(text)


@pytest.mark.parametrize("text", [NOTE, OTHER, "BP 120/80, HR 72. Lungs clear. No edema. Review in 6 weeks."])
def test_a_clinical_note_is_kept(text: str) -> None:
    assert fault(text) == ""
    assert fault(SPANISH, "es") == ""


def test_every_filter_can_be_set_aside() -> None:
    loose = FilterRules(
        min_words=1, max_words=10**6, min_letters=0, max_repeated=1, max_damaged=1, check_language=False
    )
    assert {reason for text, _ in BAD if (reason := fault(text, rules=loose))} == {
        "holds a word of over 200 characters (encoded data?)"
    }


def runs(text: str) -> Hashes:
    return np.unique(runs_of(Shingler().words(normal_words(text)), RUN))


def copies_of(texts: list[str], threshold: float = 0.8) -> dict[int, int]:
    signatures, found = Signatures(), [runs(text) for text in texts]
    for one in found:
        signatures.add(one)
    return find_copies(signatures.bands(), lambda number: found[number], threshold).of


def test_near_copies_are_those_of_all_pairs() -> None:
    dice = random.Random(3)
    words = [f"w{number}" for number in range(400)]
    texts = [" ".join(dice.choices(words, k=120)) for _ in range(30)]
    for number in range(24):
        changed = texts[number].split()
        for place in range(0, 10 * (number % 6), 10):
            changed[place] = "other"
        texts.append(" ".join(changed))
    sets = [runs(text) for text in texts]
    expected = {
        later for later in range(len(sets)) if any(jaccard(sets[later], one) >= 0.8 for one in sets[:later])
    }
    assert 12 <= len(expected) < 24
    assert set(copies_of(texts)) == expected


def test_of_copies_the_first_stays_and_a_copy_of_a_copy_names_it() -> None:
    assert copies_of([NOTE, OTHER, NOTE.upper(), NOTE + " Thank you."]) == {2: 0, 3: 0}
    assert copies_of([NOTE, OTHER]) == copies_of([]) == copies_of([NOTE]) == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.lists(st.sampled_from("abcdef"), max_size=30))
def test_the_similarity_is_that_of_the_sets_of_runs(one: list[str], other: list[str]) -> None:
    def plain(words: list[str]) -> set[tuple[str, ...]]:
        size = min(RUN, len(words))
        return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)} if words else set()

    first, second = plain(one), plain(other)
    expected = len(first & second) / len(first | second) if first | second else 1.0
    assert jaccard(runs(" ".join(one)), runs(" ".join(other))) == pytest.approx(expected)


QUESTION = "Which of these drugs is the first choice for a patient with stable angina and asthma today?"
FOUND = [
    (f"Before. {QUESTION} After.", "within another text"),
    (QUESTION.upper().replace(" ", "  ").replace("?", " !"), "other case and punctuation"),
    (" ".join(QUESTION.split()[:14]), "thirteen words of it"),
    ("It said: beta blocker, verapamil, nitrate, ivabradine, ranolazine - choose.", "its options"),
    ("Take two aspirin now and rest", "a short one within another"),
    ("Aspirin.", "a very short one as the whole"),
]
TESTS = [
    ProtectedText("angina", QUESTION),
    ProtectedText("angina", "beta blocker\nverapamil\nnitrate\nivabradine\nranolazine"),
    ProtectedText("short", "take two aspirin now and"),
    ProtectedText("word", "aspirin"),
]
NOT_FOUND = [
    (" ".join(QUESTION.split()[:12]), "twelve words of it"),
    (" ".join(reversed(QUESTION.split())), "its words in another order"),
    ("The patient takes aspirin every day.", "a word of one within a sentence"),
    ("", "nothing"),
]


@pytest.mark.parametrize(("text", "reason"), FOUND, ids=[reason for _, reason in FOUND])
def test_a_test_text_is_found(text: str, reason: str) -> None:
    assert build_protected(TESTS).find_in(text) in ("angina", "short", "word")


@pytest.mark.parametrize(("text", "reason"), NOT_FOUND, ids=[reason for _, reason in NOT_FOUND])
def test_another_text_is_not_found(text: str, reason: str) -> None:
    assert build_protected(TESTS).find_in(text) == ""


def test_saved_test_texts_find_the_same_and_tell_no_word(tmp_path: Path) -> None:
    save_protected(build_protected(TESTS[:2]), tmp_path / "one.npz")
    save_protected(build_protected(TESTS[2:]), tmp_path / "two.npz")
    both = load_protected([tmp_path / "one.npz", tmp_path / "two.npz"])
    whole = build_protected(TESTS)
    for text, _ in [*FOUND, *NOT_FOUND]:
        assert both.find_in(text) == whole.find_in(text) == join_protected([whole]).find_in(text)
    assert both.texts == 4
    assert b"aspirin" not in (tmp_path / "two.npz").read_bytes()
    assert "aspirin" not in repr(both) + repr(TESTS)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"PK no zip")
    np.savez(tmp_path / "y.npz", head=np.zeros(2))
    for name in ("x.npz", "y.npz", "none.npz"):
        with pytest.raises(UserError, match=name.replace(".", r"\.")):
            load_protected([tmp_path / name])


def test_a_group_is_in_one_part_whatever_else_is_in_the_corpus() -> None:
    shares = Parts(select=0.2, report=0.3)
    found = [part_of("corpus", f"patient-{number}", shares) for number in range(2_000)]
    assert found == [part_of("corpus", f"patient-{number}", shares) for number in range(2_000)]
    assert found.count("select") == pytest.approx(400, abs=60)
    assert found.count("report") == pytest.approx(600, abs=60)
