"""Whether a dose is effective: the requirement met with the interval's end, within the budget."""

import math
from dataclasses import dataclass

from posology.evaluate.estimates import non_inferior
from posology.evaluate.systems import BASELINES
from posology.evaluate.titration.arms import ArmResult
from posology.evaluate.titration.plan import Budget
from posology.statistics import Difference, Estimate

__all__ = ["Demand", "Judgement", "budget_words", "judge", "order_of", "score_words"]

_FIGURES = {
    "latency_p95_s": ("latency_p95", "seconds, 95th percentile"),
    "energy_j": ("energy", "joules an answer"),
    "cost_per_1000": ("money", "money a thousand answers"),
    "memory_bytes": ("peak_memory", "bytes of memory"),
}


@dataclass(frozen=True, slots=True)
class Demand:
    """What is required of one task: a score, or to be no worse than a reference by more than a margin."""

    measure: str
    better: int = 1
    score: float | None = None
    reference: str = ""
    margin: float | None = None
    not_above: str = ""  # the arm without a model that the reference is not shown to be better than

    @property
    def words(self) -> str:
        """Say what is required, "" where nothing is."""
        worse, least = ("below", "at least") if self.better >= 0 else ("above", "at most")
        if self.reference:
            return f"{self.measure} less than {self.margin:g} {worse} that of {self.reference}"
        return "" if self.score is None else f"{self.measure} of {least} {self.score:g}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an arm meets the requirement and stays within the budget; ``reasons`` say why not."""

    meets: bool
    within: bool
    reasons: tuple[str, ...] = ()

    @property
    def effective(self) -> bool:
        """Say whether this is an effective dose."""
        return self.meets and self.within


def judge(
    arm: ArmResult, found: Estimate, against: Difference | None, demand: Demand, budget: Budget
) -> Judgement:
    """Judge an arm by its estimate, or its difference from the reference of a non-inferiority demand."""
    why = _short_of(arm, found, against, demand)
    beyond = _beyond(arm, budget)
    return Judgement(not why, not beyond, tuple([why] if why else []) + beyond)


def _short_of(arm: ArmResult, found: Estimate, against: Difference | None, demand: Demand) -> str:
    if demand.reference:
        return _nothing(found, demand) or _inferior(arm, against, demand)
    if demand.score is None:
        return "the plan requires no score"
    end = found.low if demand.better >= 0 else found.high
    if end is None:
        return f"{score_words(demand.measure, found)}: without an interval nothing is shown"
    if (end >= demand.score) if demand.better >= 0 else (end <= demand.score):
        return ""
    side = "lower" if demand.better >= 0 else "upper"
    return f"{score_words(demand.measure, found)}: the {side} end does not reach {demand.score:g}"


def _nothing(found: Estimate, demand: Demand) -> str:
    """Return why an arm that does nothing of the task is no dose, however little the reference does."""
    if demand.better < 0 or found.value is None or found.value > 0:
        return ""
    return f"{score_words(demand.measure, found)}: it does nothing of the task"


def _inferior(arm: ArmResult, against: Difference | None, demand: Demand) -> str:
    if arm.name == demand.reference:
        return ""
    if against is None or against.low is None or demand.margin is None:
        return f"no difference from {demand.reference} could be estimated"
    if non_inferior(against, demand.margin, better=demand.better or 1) == "non-inferior":
        return ""
    worst = against.low if demand.better >= 0 else against.high
    return f"the difference from {demand.reference} may be {worst:+.3f}, beyond the margin {demand.margin:g}"


def _beyond(arm: ArmResult, budget: Budget) -> tuple[str, ...]:
    reasons = []
    for key, (name, words) in _FIGURES.items():
        limit = getattr(budget, key)
        value = arm.figure(name).value
        if limit is None or (value is not None and value <= limit):
            continue
        shown = f"{value:.4g}, above" if value is not None else "not known, so not within"
        reasons.append(f"{words}: {shown} {limit:g}")
    size = arm.identity.parameters
    if (
        budget.parameters is not None
        and arm.kind not in BASELINES
        and not (size and size <= budget.parameters)
    ):
        shown = f"{size:,} are above" if size else "not known, so not within"
        reasons.append(f"parameters: {shown} {budget.parameters:,.0f}")
    return tuple(reasons)


def budget_words(budget: Budget) -> str:
    """Say what an answer may cost at most, "" where nothing is said."""
    limits = [(words, getattr(budget, key)) for key, (_, words) in _FIGURES.items()]
    limits.append(("parameters", budget.parameters))
    return "; ".join(f"{words}: at most {limit:,g}" for words, limit in limits if limit is not None)


def order_of(arm: ArmResult) -> tuple[float, float, float, float, float, str]:
    """Return the place of an arm among doses: by parameters, then by what an answer takes.

    Operations come before money, energy and time, which differ with what else the machine did.
    """
    size = arm.identity.parameters
    dose = 0.0 if arm.kind in BASELINES else float(size) if size else math.inf
    costs = [arm.figure(name).value for name in ("flops", "money", "energy", "latency_p50")]
    flops, money, energy, seconds = (math.inf if value is None else value for value in costs)
    return dose, flops, money, energy, seconds, arm.name


def score_words(measure: str, found: Estimate) -> str:
    """Say an estimate with its interval and n."""
    if found.value is None:
        return f"{measure} without a value (n = {found.n})"
    if found.low is None or found.high is None:
        return f"{measure} {found.value:.3f}, no interval, n = {found.n}"
    return f"{measure} {found.value:.3f}, 95 % interval {found.low:.3f} to {found.high:.3f}, n = {found.n}"
