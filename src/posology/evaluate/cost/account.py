"""What a run's answers cost: every figure with its basis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost.carbon import carbon_figure
from posology.evaluate.cost.energy import EnergyMeter, PowerModel
from posology.evaluate.cost.figures import Figure, unavailable
from posology.evaluate.cost.memory import MemoryMeter
from posology.evaluate.cost.tokens import flops_figure, latency_figure, rate_figure, token_figure
from posology.evaluate.items import Outcome

__all__ = ["Cost", "CostMeter", "CostSettings"]

# engines whose work this process does not do: energy and memory counted here would be those of asking
_ELSEWHERE = ("openai", "vllm", "llama.cpp", "ollama", "recorded")


@dataclass(frozen=True, slots=True)
class CostSettings:
    """What the modelled figures rest on. ``grid``: a region of the table of grids, "" where none is named."""

    power: PowerModel | None = None
    grid: str = ""
    pue: float = 1.0  # power usage effectiveness: all the site's power over the machine's


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an answer; ``cached``: completions that came out of a cache in the last run."""

    prompt_tokens: Figure
    output_tokens: Figure
    flops: Figure
    latency_p50: Figure
    latency_p95: Figure
    items_per_s: Figure
    tokens_per_s: Figure
    peak_memory: Figure
    energy: Figure
    carbon: Figure
    cached: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the figures for a file."""
        named = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "cached"}
        return {name: figure.as_json() for name, figure in named.items()} | {"cached": self.cached}


class CostMeter:
    """Watches a run from its making on."""

    def __init__(self, arm: ArmIdentity, settings: CostSettings) -> None:
        """Begin to count."""
        self._arm = arm
        self._settings = settings
        self._here = not arm.engine.startswith(_ELSEWHERE) and arm.family != "recorded"
        self._energy, self._memory = EnergyMeter(settings.power), MemoryMeter()

    def sample(self) -> None:
        """Read the counters, which wrap if nobody looks."""
        self._energy.sample()

    def cost(
        self, outcomes: Sequence[Outcome], *, kept: int, cached: int, earlier: Mapping[str, Any]
    ) -> Cost:
        """Return the figures of all outcomes; energy and memory are of those answered in this run.

        ``earlier``: what a finished run of the folder said; it holds where nothing was answered since.
        """
        responses = [one.response for one in outcomes]
        fresh = responses[kept:]
        tokens = sum(one.prompt_tokens + one.output_tokens for one in responses)
        energy = self._energy_of(fresh, cached, earlier)
        note = (
            f"; {cached} completions came from a cache and count with the time they once took"
            if cached
            else ""
        )
        return Cost(
            prompt_tokens=token_figure([one.prompt_tokens for one in responses]),
            output_tokens=token_figure([one.output_tokens for one in responses]),
            flops=flops_figure(self._arm.parameters, responses),
            latency_p50=latency_figure(responses, 0.5, note),
            latency_p95=latency_figure(responses, 0.95, note),
            items_per_s=rate_figure(len(responses), responses, "items per s"),
            tokens_per_s=rate_figure(tokens, responses, "tokens per s"),
            peak_memory=self._memory_of(fresh, cached, earlier),
            energy=energy,
            carbon=carbon_figure(energy, self._settings.grid, self._settings.pue),
            cached=cached,
        )

    def _energy_of(self, fresh: Sequence[Any], cached: int, earlier: Mapping[str, Any]) -> Figure:
        if not self._here:
            return unavailable("J per item", "another machine answers")
        if not fresh and earlier:
            return Figure.from_json(earlier["energy"])
        seconds = sum(one.seconds for one in fresh)
        return self._energy.per_item(len(fresh), seconds, cached=cached > 0)

    def _memory_of(self, fresh: Sequence[Any], cached: int, earlier: Mapping[str, Any]) -> Figure:
        if not self._here:
            return unavailable("bytes", "another machine answers")
        if not fresh and earlier:
            return Figure.from_json(earlier["peak_memory"])
        if cached:
            return unavailable("bytes", "answers came from a cache, which takes less memory than answering")
        return self._memory.peak()
