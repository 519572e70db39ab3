"""Preferences on policy: the model's own answers, rewarded by the deterministic checks, through TRL's GRPO.

Each step draws several answers to a prompt. This is a thin adapter: the network, the reward and the learning
rate are ours, everything else is TRL's.
"""

import copy
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from posology.adapt.job import silent
from posology.adapt.loop import learning_rate
from posology.adapt.network import Network
from posology.adapt.preference.reward import fact_reward
from posology.adapt.recipe import Optimizer
from posology.adapt.recipes.prefer import Policy
from posology.chat.neutral import neutral_messages
from posology.chat.runtime import import_transformers, import_trl
from posology.corpus import Example
from posology.errors import ModelError, UserError

__all__ = ["PURPOSE", "Drawing", "Drawn", "at_once", "reward_of_answers", "rows_of", "run_grpo"]

PURPOSE = "Preference tuning on policy"


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a run on policy goes; what stands not here is TRL's default."""

    policy: Policy
    optimizer: Optimizer
    steps: int
    at_once: int  # answers that go through the model together while it learns
    seed: int = 0
    tell: Callable[..., None] = silent


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a run did. ``log``: a line a step, with TRL's names."""

    steps: int
    tokens: int  # of prompts and answers, as TRL counts them
    log: tuple[dict[str, Any], ...] = field(repr=False, default=())


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
            "prompt": neutral_messages(example.messages),
            "source": example.source_text,
            "reference": example.answer,
        }
        for example in examples
    ]


def at_once(answers: int, longest: int, most_tokens: int) -> int:
    """Return how many of a step's answers go through the model together: a divisor of them, at least one.

    >>> at_once(64, 500, 4096)
    8
    """
    return max(
        n for n in range(1, answers + 1) if answers % n == 0 and (n == 1 or n * longest <= most_tokens)
    )


def run_grpo(network: Network, examples: Sequence[Example], drawing: Drawing) -> Drawn:
    """Tune a network on its own answers, in place.

    Raises UserError where a step asks for more prompts than there are, or the model has no chat template;
    ModelError where a weight is no number afterwards.
    """
    rows = rows_of(examples)
    if len(rows) < drawing.optimizer.batch:
        raise UserError(
            f"optimizer.batch: a step draws answers to {drawing.optimizer.batch} prompts, and there are "
            f"{len(rows)}: lower it"
        )
    if not network.codec.templated:
        raise UserError("policy.on: TRL asks a model through its chat template, and the base has none")
    trl = import_trl(PURPOSE)
    from datasets import Dataset  # comes with trl

    kept = copy.deepcopy(network.core.generation_config), network.core.config.get_text_config().pad_token_id
    network.core.generation_config.eos_token_id = sorted(network.ends)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trl.GRPOTrainer(
            model=network.core if network.wrapped is None else network.wrapped,
            reward_funcs=[_reward(drawing)],
            args=trl.GRPOConfig(**_settings(network, drawing), output_dir=folder),
            train_dataset=Dataset.from_list(rows),
            processing_class=copy.deepcopy(network.tokenizer),
            optimizers=_optimizers(network, drawing),
        )
        trainer.remove_callback(import_transformers().PrinterCallback)  # the library prints nothing
        trainer.train()
    network.core.generation_config, network.core.config.get_text_config().pad_token_id = kept
    if network.wrapped is not None and "ref" in network.wrapped.peft_config:
        network.wrapped.delete_adapter("ref")  # TRL's copy of the start
    if not all(bool(network.torch.isfinite(one).all()) for one in network.trained.values()):
        raise ModelError(
            "on policy: a weight is no number any more; lower optimizer.lr, or set base.dtype to float32"
        )
    state = trainer.state
    return Drawn(int(state.global_step), int(state.num_input_tokens_seen), _log(state.log_history))


def _reward(drawing: Drawing) -> Callable[..., list[float]]:
    """Return the reward as TRL calls it: with whatever columns and state it has, by name."""

    def reward(completions: Sequence[Any], columns: Mapping[str, Any]) -> list[float]:
        drawing.tell("Tuning on policy", int(columns["trainer_state"].global_step), drawing.steps)
        return reward_of_answers(completions, columns["source"], columns["reference"])

    return lambda completions, **columns: reward(completions, columns)


def _settings(network: Network, drawing: Drawing) -> dict[str, Any]:
    """Return what TRL is told; it knows no other course of the rate than ours, and writes nothing."""
    policy, optimizer = drawing.policy, drawing.optimizer
    return {
        "max_steps": drawing.steps,
        "learning_rate": optimizer.lr,
        "max_grad_norm": optimizer.clip,
        "num_generations": policy.answers,
        "per_device_train_batch_size": drawing.at_once,
        "gradient_accumulation_steps": optimizer.batch * policy.answers // drawing.at_once,
        "max_completion_length": policy.answer_tokens,
        "chat_template_kwargs": {"enable_thinking": False},  # as every prompt here is sent
        "temperature": policy.temperature,
        "beta": policy.beta,
        "seed": drawing.seed,
        "bf16": network.half,
        "use_cpu": network.device.type == "cpu",
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 1,
        "disable_tqdm": True,
    }


def _optimizers(network: Network, drawing: Drawing) -> tuple[Any, Any]:
    """Return AdamW over what learns, and the recipe's course of the learning rate."""
    optimizer, optim = drawing.optimizer, network.torch.optim
    adam = optim.AdamW(list(network.trained.values()), lr=optimizer.lr, weight_decay=optimizer.weight_decay)

    def share(done: int) -> float:
        at = learning_rate(optimizer, min(done + 1, drawing.steps), drawing.steps)
        return at / optimizer.lr if optimizer.lr else 0.0

    return adam, optim.lr_scheduler.LambdaLR(adam, share)


def _log(entries: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the lines of the steps, without what is no number."""
    return tuple(
        {
            name: value if isinstance(value, int) else float(f"{value:.7g}")
            for name, value in entry.items()
            if isinstance(value, int | float) and math.isfinite(value)
        }
        for entry in entries
        if "loss" in entry
    )
