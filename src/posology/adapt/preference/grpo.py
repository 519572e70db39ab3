"""Preferences on policy: the model's own answers, rewarded by the deterministic checks, through TRL's GRPO.

For machines with a GPU: each step draws several answers to a prompt. This is a thin adapter; the reward is
ours, everything else is TRL's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.adapt.preference.reward import fact_reward
from posology.corpus import Example
from posology.errors import MissingExtra, UserError

__all__ = ["GrpoSettings", "reward_of_answers", "rows_of", "run_grpo"]


@dataclass(frozen=True, slots=True)
class GrpoSettings:
    """How the on-policy run goes; what stands not here is TRL's default."""

    steps: int = 200
    lr: float = 1e-6
    answers: int = 8  # drawn of each prompt
    batch: int = 8  # answers a step on a device; a multiple of ``answers``
    most_tokens: int = 256  # of an answer
    beta: float = 0.02  # weight of the divergence from the start
    seed: int = 0


Reward = Callable[..., list[float]]
"""TRL's form of a reward: answers and the columns of the data set by name."""


def reward_of_answers(
    completions: Sequence[Any], source: Sequence[str], reference: Sequence[str]
) -> list[float]:
    """Return the reward of each drawn answer: a text, or the turns of a conversation that end with it.

    >>> reward_of_answers(["BMI 41.2.", "BMI 50."], ["BMI 41.2."] * 2, ["BMI 41.2."] * 2)
    [1.0, -1.0]
    """
    return [
        fact_reward(_text(answer), text, wanted).value
        for answer, text, wanted in zip(completions, source, reference, strict=True)
    ]


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else str(answer[-1]["content"])


def rows_of(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Return the rows of TRL's data set; raise UserError where an example has nothing to be judged by."""
    bare = [example.id for example in examples if not example.source_text.strip()]
    if bare or not examples:
        raise UserError(f"{len(bare)} of {len(examples)} examples have no source_text: nothing to reward by")
    return [
        {
            "prompt": [{"role": turn.role, "content": turn.content} for turn in example.messages],
            "source": example.source_text,
            "reference": example.answer,
        }
        for example in examples
    ]


def _reward_of(completions: Sequence[Any], columns: Mapping[str, Any]) -> list[float]:
    return reward_of_answers(completions, columns["source"], columns["reference"])


def run_grpo(model: Path, examples: Sequence[Example], out: Path, settings: GrpoSettings) -> None:
    """Tune a transformers folder on its own answers and write the model to ``out``; made for a GPU."""
    rows = rows_of(examples)
    try:
        from datasets import Dataset
        from trl import GRPOConfig, GRPOTrainer
    except ImportError as cause:
        raise MissingExtra("trl", "adapt", "Preference tuning on policy") from cause

    config = GRPOConfig(
        output_dir=str(out),
        max_steps=settings.steps,
        learning_rate=settings.lr,
        num_generations=settings.answers,
        per_device_train_batch_size=settings.batch,
        max_completion_length=settings.most_tokens,
        beta=settings.beta,
        seed=settings.seed,
        report_to="none",
        logging_steps=1,
    )
    # TRL calls it with whatever columns and state it has, by name
    reward = [lambda completions, **columns: _reward_of(completions, columns)]
    trainer = GRPOTrainer(
        model=str(model), reward_funcs=reward, args=config, train_dataset=Dataset.from_list(rows)
    )
    trainer.train()
    trainer.save_model(str(out))
