"""What TRL's GRPO is given: rows and a reward in its form."""

import pytest

from posology.adapt.preference.grpo import reward_of_answers, rows_of, run_grpo
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


def test_the_settings_are_ones_that_trl_knows() -> None:
    config = pytest.importorskip("trl").GRPOConfig
    asked = {"num_generations", "max_completion_length", "beta", "max_steps", "per_device_train_batch_size"}
    assert asked <= set(config.__dataclass_fields__)
    assert callable(run_grpo)
