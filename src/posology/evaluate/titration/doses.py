"""The smallest effective dose of a task and of a plan, in one sentence with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posology.evaluate.systems import BASELINES
from posology.evaluate.titration.arms import ArmResult
from posology.evaluate.titration.judging import Demand, Judgement, order_of, score_words
from posology.statistics import Estimate

__all__ = ["Dose", "PlanDose", "find_dose", "find_plan_dose", "size_words"]


@dataclass(frozen=True, slots=True)
class Dose:
    """The smallest effective dose of one task, None where none is; all names are of arms.

    ``without_model``: the cheapest effective arm without a language model. ``model``: the smallest effective
    model. ``runner_up``: the next effective arm of another system. ``closest``: of those not effective, the
    one whose interval ends highest from below. ``missing``: arms of the plan without a result, which may
    change what is said. ``undecided``: the reference is among them, so nothing can be said.
    """

    task: str
    without_model: str | None
    model: str | None
    runner_up: str | None
    closest: str | None
    effective: tuple[str, ...]
    sentence: str
    missing: int = 0
    undecided: bool = False

    @property
    def smallest(self) -> str | None:
        """Return the smallest effective dose; no model is the smallest."""
        return self.without_model or self.model


@dataclass(frozen=True, slots=True)
class PlanDose:
    """The smallest arm that is effective on every task; ``met``: arm -> tasks it is effective on."""

    smallest: str | None
    runner_up: str | None
    met: Mapping[str, tuple[str, ...]]
    sentence: str


def find_dose(
    task: str,
    arms: Sequence[ArmResult],
    estimates: Mapping[str, Estimate],
    judgements: Mapping[str, Judgement],
    demand: Demand,
    missing: int = 0,
) -> Dose:
    """Find the smallest effective dose of a task among its arms; ``missing`` arms have no result yet."""
    ordered = sorted(arms, key=order_of)
    good = [arm for arm in ordered if judgements[arm.name].effective]
    plain = next((arm for arm in good if arm.kind in BASELINES), None)
    model = next((arm for arm in good if arm.kind not in BASELINES), None)
    first = plain or model
    second = next((arm for arm in good if first and arm.identity.system != first.identity.system), None)
    rest = [arm for arm in ordered if not judgements[arm.name].effective]
    closest = max(rest, key=lambda arm: _end(estimates[arm.name], demand), default=None)
    any_model = any(arm.kind not in BASELINES for arm in arms)
    undecided = bool(demand.reference) and all(arm.name != demand.reference for arm in arms)
    words = _Words(task, estimates, judgements, demand, any_model)
    sentence = words.undecided() if undecided else words.say(plain, model, second, closest)
    names = [arm.name if arm else None for arm in (plain, model, second, closest)]
    return Dose(
        task, names[0], names[1], names[2], names[3], tuple(arm.name for arm in good),
        sentence + _missing_words(missing), missing, undecided,
    )  # fmt: skip


def _missing_words(missing: int) -> str:
    if not missing:
        return ""
    arms = "1 arm of the plan has" if missing == 1 else f"{missing} arms of the plan have"
    return f" {arms} no result, which may change this."


def _end(found: Estimate, demand: Demand) -> float:
    end = found.low if demand.better >= 0 else found.high
    end = found.value if end is None else end
    return float("-inf") if end is None else end * (demand.better or 1)


@dataclass(frozen=True, slots=True)
class _Words:
    task: str
    estimates: Mapping[str, Estimate]
    judgements: Mapping[str, Judgement]
    demand: Demand
    any_model: bool

    def say(
        self,
        plain: ArmResult | None,
        model: ArmResult | None,
        second: ArmResult | None,
        closest: ArmResult | None,
    ) -> str:
        """Return the sentence."""
        if not self.demand.words:
            return f"The plan requires nothing of {self.task}, so no dose is called effective."
        if plain is None and model is None:
            return self._none(closest)
        if plain is not None:
            said = f"{self._opening()}no language model is needed: {self._evidence(plain)} is effective"
            if model:
                said += f"; the smallest effective model is {self._evidence(model)}"
            elif self.any_model:
                said += "; no model of the ladder is"
            return f"{said}. Required: {self.demand.words}."
        if model is None:
            return ""
        if model.name == self.demand.reference:
            said = f"{self._opening()}no dose smaller than the reference itself, {self._evidence(model)},"
            return f"{said} is shown to be effective. Required: {self.demand.words}."
        said = f"{self._opening()}the smallest effective dose is {self._evidence(model)}"
        said += f", the runner-up {self._evidence(second)}" if second else "; no other system is effective"
        return f"{said}. Required: {self.demand.words}."

    def undecided(self) -> str:
        """Say that the reference is missing."""
        said = f"On {self.task} no dose can be judged: the reference, {self.demand.reference}, has no result"
        return f"{said}. Required: {self.demand.words}."

    def _opening(self) -> str:
        """Begin with where not being worse than the reference says little, because it is not good."""
        name = self.demand.not_above
        if not name or not self.demand.reference:
            return f"On {self.task} "
        ours, other = (self._score(one) for one in (self.demand.reference, name))
        return (
            f"On {self.task} the reference, {ours}, is itself not shown to be better than {other}, so not "
            "being worse than it says little. By it alone, "
        )

    def _score(self, name: str) -> str:
        return f"{name} ({score_words(self.demand.measure, self.estimates[name])})"

    def _none(self, closest: ArmResult | None) -> str:
        said = f"On {self.task} no dose of the ladder is effective (required: {self.demand.words})"
        if closest is None:
            return f"{said}: no arm has a result."
        reasons = "; ".join(self.judgements[closest.name].reasons)
        return f"{said}; closest came {closest.name}, {size_words(closest)}: {reasons}."

    def _evidence(self, arm: ArmResult) -> str:
        return f"{arm.name} ({size_words(arm)}; {score_words(self.demand.measure, self.estimates[arm.name])})"


def size_words(arm: ArmResult) -> str:
    """Say the dose of an arm."""
    size = arm.identity.parameters
    if arm.kind in BASELINES:
        return "no language model"
    if not size:
        return "size unknown"
    return f"{size / 1e9:.3g}B parameters" if size >= 999_500_000 else f"{size / 1e6:.3g}M parameters"


def find_plan_dose(
    doses: Sequence[Dose],
    arms: Mapping[str, Mapping[str, ArmResult]],
    planned: int,
    *,
    reference: str = "",
    weak: int = 0,
) -> PlanDose:
    """Find the smallest arm effective on every planned task; ``arms``: task -> arm -> what stands for it.

    ``reference``: the arm that none may be worse than; ``weak``: tasks on which it is not shown to be better
    than the best system without a model.
    """
    met: dict[str, tuple[str, ...]] = {}
    first: dict[str, ArmResult] = {}
    for dose in doses:
        for name, arm in arms[dose.task].items():
            if name not in first or arm.name == name:
                first[name] = arm
            met.setdefault(name, ())
            if arm.name in dose.effective:
                met[name] = (*met[name], dose.task)
    ordered = sorted(first, key=lambda name: order_of(first[name]))
    good = [name for name in ordered if len(met[name]) == planned]
    smallest = good[0] if good else None
    others = [
        name for name in good if smallest and first[name].identity.system != first[smallest].identity.system
    ]
    said = _say_plan([*good[:1], *others[:1]], ordered, (first, met), planned)
    if smallest and smallest == reference:
        said = (
            f"No dose smaller than the reference itself, {reference} ({size_words(first[reference])}), is "
            f"shown to be effective on {_every(planned)}."
        )
    said += _weak_words(weak, planned)
    if undecided := [dose.task for dose in doses if dose.undecided]:
        said = _say_undecided(undecided, planned)
    said += _missing_words(sum(dose.missing for dose in doses)) + _untouched(planned - len(doses))
    return PlanDose(smallest, others[0] if others else None, met, said)


def _say_undecided(tasks: Sequence[str], planned: int) -> str:
    where = ", ".join(tasks) if len(tasks) < planned else f"all {planned} tasks" if planned > 1 else tasks[0]
    return f"No dose can be judged for the whole plan: the reference has no result on {where}."


def _untouched(tasks: int) -> str:
    if not tasks:
        return ""
    return f" {tasks} {'task has' if tasks == 1 else 'tasks have'} no result at all."


def _weak_words(weak: int, planned: int) -> str:
    if not weak:
        return ""
    where = f"On {weak} of the {planned} tasks the" if planned > 1 else "The"
    return (
        f" {where} reference is not shown to be better than the best system without a model: not being worse "
        "than it says little there."
    )


def _every(tasks: int) -> str:
    return "the one task" if tasks == 1 else f"every one of the {tasks} tasks"


def _say_plan(
    good: Sequence[str],
    ordered: Sequence[str],
    found: tuple[Mapping[str, ArmResult], Mapping[str, tuple[str, ...]]],
    tasks: int,
) -> str:
    first, met = found
    every = _every(tasks)
    if good:
        said = f"The smallest dose that is effective on {every} is {good[0]} ({size_words(first[good[0]])})"
        if len(good) == 1:
            return f"{said}; no other system is."
        return f"{said}, the runner-up {good[1]} ({size_words(first[good[1]])})."
    most = max((len(names) for names in met.values()), default=0)
    said = f"No dose of the ladder is effective on {every}"
    if not most:
        return f"{said}, nor on any of them." if tasks > 1 else f"{said}."
    name = next(name for name in ordered if len(met[name]) == most)
    said += f"; the smallest of those that are on most is {name} ({size_words(first[name])})"
    return f"{said}, on {most}: {', '.join(met[name])}."
