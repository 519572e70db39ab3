"""What an evaluation would take, said before anything is asked: items, tokens, time, energy, money."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from posology.evaluate.cost import Figure, default_power, flops_of, load_prices
from posology.evaluate.cost.figures import JOULES_PER_KWH, modelled, unavailable
from posology.evaluate.evaluation import Ask, Bench
from posology.evaluate.items import Item
from posology.evaluate.systems import plan_asking

__all__ = ["Forecast", "forecast_of", "repeated"]

_SAMPLE = 200  # items whose prompts are written to estimate all
_BYTES_PER_TOKEN = 4.0  # of English; other languages take more tokens
_PER_MESSAGE = 8  # tokens that a chat template adds
_EFFICIENCY = 0.5  # of the machine's matrix product that a model reaches


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one arm would take. Tokens are None for a system that is not asked in words."""

    task: str
    arm: str
    items: int
    prompt_tokens: int | None
    output_tokens: int | None  # at most
    counted: str  # "estimated", or "" where there are none
    seconds: Figure
    energy_kwh: Figure
    cloud: str  # cheapest and dearest list price of the table for these tokens
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the forecast for machines."""
        return {
            "task": self.task,
            "arm": self.arm,
            "items": self.items,
            "prompt_tokens": self.prompt_tokens,
            "output_tokens_at_most": self.output_tokens,
            "tokens_are": self.counted,
            "seconds": self.seconds.as_json(),
            "energy_kwh": self.energy_kwh.as_json(),
            "cloud_list_price_usd": self.cloud,
        }


def repeated(one: Forecast, kinds: int) -> Forecast:
    """Return what the same items take in so many changed forms."""
    return replace(
        one,
        arm=f"{one.arm}, changed in {kinds} ways",
        items=one.items * kinds,
        prompt_tokens=None if one.prompt_tokens is None else one.prompt_tokens * kinds,
        output_tokens=None if one.output_tokens is None else one.output_tokens * kinds,
        seconds=_times(one.seconds, kinds),
        energy_kwh=_times(one.energy_kwh, kinds),
        cloud=one.cloud
        if one.prompt_tokens is None or one.output_tokens is None
        else _cloud(one.prompt_tokens * kinds, one.output_tokens * kinds),
    )


def _times(figure: Figure, kinds: int) -> Figure:
    return figure if figure.value is None else replace(figure, value=figure.value * kinds)


def forecast_of(ask: Ask, bench: Bench) -> Forecast:
    """Return what an arm would take; nothing is opened or asked."""
    items = bench.items(ask.task)
    if ask.strategy is None:
        none = unavailable("s", "not asked in words; such systems take seconds")
        return Forecast(ask.task.name, ask.name, len(items), None, None, "", none, none, "-", ())
    votes = ask.strategy.votes
    prompt = round(_prompt_tokens(ask, bench, items) * votes)
    output = ask.task.form.max_tokens * len(items) * votes
    seconds = _seconds(ask, prompt, output)
    power = bench.plan.cost.power or default_power()
    energy = (
        modelled(seconds.value * power.watts / JOULES_PER_KWH, "kWh", f"seconds x {power.source}")
        if seconds.value is not None and power is not None
        else unavailable("kWh", "no time or no power to multiply")
    )
    notes = (
        f"Tokens are estimated from characters ({_BYTES_PER_TOKEN:g} bytes a token); time: {seconds.note}.",
        *_reasoning(ask),
    )
    cloud = _cloud(prompt, output)
    return Forecast(
        ask.task.name, ask.name, len(items), prompt, output, "estimated", seconds, energy, cloud, notes
    )


def _reasoning(ask: Ask) -> tuple[str, ...]:
    if ask.strategy is None or not ask.strategy.reason:
        return ()
    return (f"{ask.name}: the tokens of its reasoning come on top, up to 256 an answer.",)


def _prompt_tokens(ask: Ask, bench: Bench, items: Sequence[Item]) -> float:
    if ask.strategy is None:
        return 0.0
    asking = plan_asking(ask.task, ask.strategy, bench.learning(ask.task))
    sample = items[:_SAMPLE]
    tokens = 0.0
    for item in sample:
        messages = asking.messages(item)
        size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in messages)
        tokens += size / _BYTES_PER_TOKEN + _PER_MESSAGE * len(messages)
    return tokens / len(sample) * len(items)


def _seconds(ask: Ask, prompt: int, output: int) -> Figure:
    parameters = ask.spec.parameters
    if ask.spec.engine == "openai":
        return unavailable("s", "unavailable: a server answers")
    if parameters is None:
        return unavailable("s", "unavailable: the number of the model's parameters is not known")
    rate = _matrix_rate()
    note = (
        f"modelled, 2 x {parameters:,} parameters x tokens / ({rate / 1e9:,.0f} GFLOP/s of this machine's "
        f"matrix product x {_EFFICIENCY:g}), answers at their longest; writing token by token takes longer, "
        "shared beginnings and short answers less"
    )
    return modelled(flops_of(parameters, prompt + output) / (rate * _EFFICIENCY), "s", note)


@cache
def _matrix_rate() -> float:
    """Return the operations a second of this machine's matrix product in single precision."""
    size, best = 1024, float("inf")
    left = np.full((size, size), 0.5, dtype=np.float32)
    for _ in range(4):
        began = time.perf_counter()
        left @ left
        best = min(best, time.perf_counter() - began)
    return 2.0 * size**3 / best


def _cloud(prompt: int, output: int) -> str:
    costs = {
        price.model: (prompt * price.input + output * price.output) / 1e6 for price in load_prices().values()
    }
    low, high = min(costs, key=lambda one: costs[one]), max(costs, key=lambda one: costs[one])
    return f"{costs[low]:.2f} ({low}) to {costs[high]:.2f} ({high})"
