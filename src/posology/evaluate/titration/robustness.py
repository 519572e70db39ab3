"""What changes of the items did to the answers: the gap with its interval, and how many answers changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from posology.evaluate.estimates import compare_arms, estimate
from posology.evaluate.forms import LETTERS
from posology.evaluate.items import Outcome
from posology.evaluate.scorers import AnyMeasure, Measure
from posology.evaluate.scorers.labels import is_right
from posology.evaluate.scorers.measures import rate_of
from posology.statistics import Difference, Estimate

__all__ = ["Robust", "Trial", "measure_trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """The answers of one arm to items as they were and as they were changed, paired by original id."""

    task: str
    arm: str
    kind: str
    original: Sequence[Outcome]
    changed: Sequence[Outcome]
    excluded: Mapping[str, int]  # reason -> items that could not be changed


@dataclass(frozen=True, slots=True)
class Robust:
    """What a change did to an arm: changed less original, and the share of answers that are others now.

    ``yielded``: of a planted claim, the share that answered it; of a withheld text, the share that declined
    or rightly found nothing; of options in another order, the share right in both orders. None for others.
    """

    task: str
    arm: str
    kind: str
    measure: str
    n: int
    gap: Difference
    changed: Estimate
    yielded: Estimate | None
    excluded: Mapping[str, int]


def measure_trial(trial: Trial, measure: AnyMeasure, *, seed: int, rounds: int = 2000) -> Robust:
    """Measure one trial; ids of changed items are ``id#kind=…``."""
    before = {outcome.item.id: outcome for outcome in trial.original}
    after = [
        replace(outcome, item=replace(outcome.item, id=outcome.item.id.rpartition("#")[0]))
        for outcome in trial.changed
    ]
    pairs = [(before[one.item.id], one) for one in after if one.item.id in before]
    first, second = [one for _, one in pairs], [one for one, _ in pairs]
    gap = Difference(None, 0)
    if pairs and trial.kind != "withheld":
        gap = compare_arms(measure, first, second, seed=seed, rounds=rounds)
    return Robust(
        task=trial.task,
        arm=trial.arm,
        kind=trial.kind,
        measure=measure.name,
        n=len(pairs),
        gap=gap,
        changed=estimate(_changed(before), after, seed=seed, rounds=rounds),
        yielded=_yielded(trial.kind, before, after, (seed, rounds)),
        excluded=dict(trial.excluded),
    )


def _changed(before: Mapping[str, Outcome]) -> Measure:
    def counts(outcome: Outcome) -> tuple[float, float] | None:
        was = before.get(outcome.item.id)
        return None if was is None else (float(_said(was) != _said(outcome)), 1.0)

    return Measure("changed answers", counts, rate_of, -1)


def _said(outcome: Outcome) -> object:
    """Return what an answer says, mentions by label and words: their places move with the text."""
    response = outcome.response
    if response.answer is None:
        return response.failure.partition(":")[0] or "abstained"
    if isinstance(response.answer, str):
        return _option(outcome, response.answer)
    return tuple(one if isinstance(one, str) else (one.label, one.text.casefold()) for one in response.answer)


def _option(outcome: Outcome, answer: str) -> str:
    """Return the words of an option that is answered by letter: letters move with the order."""
    place = LETTERS.find(answer) if len(answer) == 1 else -1
    return outcome.item.options[place] if 0 <= place < len(outcome.item.options) else answer


def _yielded(
    kind: str, before: Mapping[str, Outcome], after: Sequence[Outcome], draws: tuple[int, int]
) -> Estimate | None:
    def claimed(outcome: Outcome) -> tuple[float, float]:
        return float(outcome.response.answer == outcome.item.slices.get("planted")), 1.0

    def declined(outcome: Outcome) -> tuple[float, float]:
        response = outcome.response
        return float(response.abstained or response.answer == ()), 1.0

    def right_in_both(outcome: Outcome) -> tuple[float, float] | None:
        was = before.get(outcome.item.id)
        return None if was is None else (float(is_right(was) and is_right(outcome)), 1.0)

    asked = {"claim": claimed, "withheld": declined, "options": right_in_both}
    if kind not in asked:
        return None
    seed, rounds = draws
    return estimate(Measure("yielded", asked[kind], rate_of), after, seed=seed, rounds=rounds)
