"""What TRL's GRPO is given: rows and a reward in its form."""

import pytest

from posology.adapt.preference.grpo import at_once, reward_of_answers, rows_of
from posology.chat import Message
from posology.corpus import Example, Provenance
from posology.errors import UserError

NOTE = "BMI 41.2, on metformin 500 mg."


def _example(source: str = NOTE) -> Example:
    return Example("e", (Message("user", "Retell."),), NOTE, Provenance("n", "made here"), "", source)


def test_rows_have_the_prompt_and_what_the_reward_needs() -> None:
    assert rows_of([_example()]) == [
        {"prompt": [{"role": "user", "content": "Retell."}], "source": NOTE, "reference": NOTE}
    ]


@pytest.mark.parametrize("examples", [[], [_example(" ")]])
def test_examples_that_nothing_judges_are_refused(examples: list[Example]) -> None:
    with pytest.raises(UserError, match="nothing to reward by"):
        rows_of(examples)


def test_answers_are_judged_as_texts_and_as_turns() -> None:
    turns = [{"role": "assistant", "content": "BMI 50, on warfarin."}]
    faithful, invented = reward_of_answers([NOTE, turns], [NOTE] * 2, [NOTE] * 2)
    assert faithful == 1.0
    assert invented == -1.0


@pytest.mark.parametrize(
    ("answers", "longest", "most", "together", "why"),
    [
        (64, 500, 4096, 8, "eight of 500 tokens are 4,000"),
        (64, 5000, 4096, 1, "one at least"),
        (6, 100, 450, 3, "four would fit and do not divide six"),
        (4, 10, 4096, 4, "all"),
    ],
)
def test_as_many_answers_go_together_as_fit_and_divide(
    answers: int, longest: int, most: int, together: int, why: str
) -> None:
    assert at_once(answers, longest, most) == together, why
