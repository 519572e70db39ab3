"""One fact of a sentence is changed, and nothing else; pairs of it give no answer away by its length."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.preference import FAULTS, build_pairs, corrupt_sentence, fact_reward, length_gap
from posology.adapt.support import find_support
from posology.chat import Message
from posology.corpus import Example, Provenance

SENTENCE = "On 2024-03-05 she took metformin 500 mg for 6 weeks, and denies pain in the left knee."
SOURCE = "Visit 2024-03-05. Metformin 500 mg for 6 weeks. Denies pain in the left knee."


def _example(number: int = 1, answer: str = SENTENCE, source: str = SOURCE) -> Example:
    asked = (Message("user", f"Retell:\n{source}"),)
    return Example(
        f"e{number}", asked, answer, Provenance("notes", "made here", group=f"p{number}"), "", source
    )


@pytest.mark.parametrize(
    ("fault", "sentence", "pattern", "why"),
    [
        ("number", "BMI 41.2 today.", r"BMI (?!41\.2)\d\d\.\d today\.", "a number of the same look"),
        ("number", "Weight 8 kg.", r"Weight (?!8 )\d+ kg\.", "the unit stays"),
        ("unit", "Takes 500 mg daily.", r"Takes 500 (mcg|g) daily\.", "the number stays"),
        ("unit", "For 6 weeks.", r"For 6 (days|months)\.", "times have units too"),
        ("date", "Seen 2024-03-05.", r"Seen (?!2024-03-05)\d{4}-\d\d-\d\d\.", "a date of the same form"),
        ("date", "Seen in March 2019.", r"Seen in March (?!2019)20\d\d\.", "a year"),
        ("drug", "Takes metformin 500 mg.", r"Takes (?!metformin)[a-z]+ 500 mg\.", "the dose stays"),
        ("drug", "Metformin failed.", r"(?!Metformin)[A-Z][a-z]+ failed\.", "capitals stay"),
        ("negation", "She denies chest pain.", r"She reports chest pain\.", "a denial is dropped"),
        ("negation", "There is no fracture.", r"There is marked fracture\.", "a denial is dropped"),
        ("negation", "The wound was clean.", r"The wound was not clean\.", "a denial is made"),
        ("laterality", "Left knee pain.", r"Right knee pain\.", "the other side"),
        ("finding", "She has knee pain at night.", r"She has knee pain at night and [a-z ]+\.", "more"),
        ("omission", "Knee pain at night, and stiffness after rest.", r"Knee pain at night\.", "less"),
    ],
)
def test_a_fault_is_of_its_kind_and_leaves_the_rest(
    fault: str, sentence: str, pattern: str, why: str
) -> None:
    for seed in range(5):
        found = corrupt_sentence(fault, sentence, sentence, random.Random(seed))
        assert found is not None, why
        assert re.fullmatch(pattern, found), (found, why)


@pytest.mark.parametrize(
    ("fault", "sentence", "source", "why"),
    [
        ("number", "She is well.", "", "no number"),
        ("unit", "She took 3 of them.", "", "no unit"),
        ("date", "Seen today.", "", "no date"),
        ("drug", "She took the tablet.", "", "no drug"),
        ("laterality", "Left knee pain.", "Left and right knee.", "the other side stands in the source"),
        ("finding", "She denies fever and cough.", "", "added to a denial, a finding is denied"),
        ("omission", "Knee pain.", "", "nothing would be left"),
    ],
)
def test_a_kind_without_a_place_is_not_forced(fault: str, sentence: str, source: str, why: str) -> None:
    assert corrupt_sentence(fault, sentence, source, random.Random(0)) is None, why


@pytest.mark.parametrize("fault", ["number", "unit", "drug"])
@given(st.integers(0, 9999))
@settings(max_examples=15)
def test_the_checks_see_what_was_changed(fault: str, seed: int) -> None:
    found = corrupt_sentence(fault, SENTENCE, SOURCE, random.Random(seed))
    assert found is not None
    assert find_support(found, SOURCE).unsupported
    assert not find_support(SENTENCE, SOURCE).unsupported


def test_pairs_come_in_all_kinds_and_no_length_gives_them_away() -> None:
    examples = [_example(number) for number in range(60)]
    made = build_pairs(examples, each=2, most_gap=0.5, seed=3)
    assert set(made.faults) == set(FAULTS) - {"finding"}  # the sentence denies: nothing can be added
    assert made.faults["omission"] == 1  # and nothing is taken away where nothing is added
    plain = "On 2024-03-05 she was on metformin 500 mg, and walked for 6 weeks with pain in the left knee."
    source = "2024-03-05 metformin 500 mg; walked for 6 weeks with pain in the left knee."
    made = build_pairs([_example(n, plain, source) for n in range(60)], each=2, most_gap=0.35, seed=3)
    assert set(made.faults) == set(FAULTS)
    assert abs(made.faults["finding"] - made.faults["omission"]) <= 1
    gap = length_gap(made.pairs)
    assert gap is not None
    assert abs(gap) < 2  # characters, of 90


def test_pairs_are_fixed_by_the_seed_and_differ_in_one_sentence() -> None:
    answer = f"{SENTENCE} She lives alone."
    example = _example(1, answer, f"{SOURCE} Lives alone.")
    one, again = (build_pairs([example], each=3, seed=7) for _ in range(2))
    assert one == again
    assert len({pair.rejected for pair in one.pairs}) == 3
    for pair in one.pairs:
        assert pair.chosen == answer
        assert pair.rejected != answer
        assert abs(len(pair.rejected) - len(answer)) <= 0.25 * len(answer)


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (_example(source=""), "no source text: what is faithful is not known"),
        (_example(answer=" "), "no answer"),
        (_example(answer="BMI 55."), "the answer has a fact that the source does not bear out"),
        (_example(answer="Well.", source="Well."), "no fact that could be changed"),
    ],
)
def test_an_example_that_gives_no_pair_is_counted_with_its_reason(example: Example, reason: str) -> None:
    made = build_pairs([example])
    assert not made.pairs
    assert made.rejected == (("e1", reason),)


def test_no_pairs_have_no_length() -> None:
    assert length_gap(()) is None


@pytest.mark.parametrize(
    ("answer", "value", "why"),
    [
        (SENTENCE, 1.0, "all facts, none invented"),
        ("", 0.0, "silence is no safety"),
        ("She took warfarin 3 mg.", -1.0, "all invented"),
    ],
)
def test_a_reward_is_for_facts_that_are_borne_out(answer: str, value: float, why: str) -> None:
    assert fact_reward(answer, SOURCE, SENTENCE).value == pytest.approx(value), why


def test_an_omission_and_an_invention_both_cost() -> None:
    whole = fact_reward(SENTENCE, SOURCE, SENTENCE).value
    less = fact_reward("She took metformin 500 mg.", SOURCE, SENTENCE)
    more = fact_reward(f"{SENTENCE} She weighs 71 kg.", SOURCE, SENTENCE)
    assert less.omitted > 0
    assert less.invented == 0
    assert more.invented == 1
    assert less.value < whole
    assert more.value < whole
    assert fact_reward("Nothing is known.", "Well.", "Well.").value == 1.0
