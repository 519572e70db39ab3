"""Scores of parts of the items: by what the task says of them, by length, by how rare their answers are."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from posology.evaluate.estimates import estimate
from posology.evaluate.items import Item, Mention, Outcome
from posology.evaluate.scorers import AnyMeasure, Measure
from posology.evaluate.scorers.entities import answered_mentions
from posology.evaluate.scorers.measures import rate_of
from posology.evaluate.task import Kind, Task
from posology.evaluate.titration.arms import ArmResult
from posology.statistics import Estimate

__all__ = ["FEWEST", "Slice", "slice_scores"]

FEWEST = 10  # items from which on a slice is scored
_THIRDS = ("shortest third", "middle third", "longest third")


@dataclass(frozen=True, slots=True)
class Slice:
    """The score of an arm on the items of one slice, such as sex: female."""

    by: str
    value: str
    measure: str
    arm: str
    found: Estimate


def slice_scores(
    task: Task, measure: AnyMeasure, arms: Sequence[ArmResult], *, seed: int, rounds: int
) -> tuple[Slice, ...]:
    """Score arms on every slice with ten items or more; a dimension with one value is no slice."""
    if not arms:
        return ()
    items = [outcome.item for outcome in arms[0].outcomes]
    found = []
    for by, value, ids in _parts(items):
        for arm in arms:
            own = [outcome for outcome in arm.outcomes if outcome.item.id in ids]
            score = estimate(measure, own, seed=seed, rounds=rounds)
            found.append(Slice(by, value, measure.name, arm.name, score))
    for rare, value in ((True, "rare answers"), (False, "common answers")):
        recall = _recall(task, items, rare)
        for arm in arms if recall else ():
            score = estimate(recall, arm.outcomes, seed=seed, rounds=rounds) if recall else Estimate(None, 0)
            if score.n >= FEWEST:
                found.append(Slice("frequency", value, "recall", arm.name, score))
    return tuple(found)


def _parts(items: Sequence[Item]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield dimension, value and the ids of its items."""
    named = sorted({key for item in items for key in item.slices})
    dimensions: dict[str, Callable[[Item], str]] = {key: _named(key) for key in named}
    if "length" not in dimensions and len({len(item.text) for item in items}) > 2:
        lengths = sorted(len(item.text) for item in items)
        cuts = lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]
        dimensions["length"] = lambda item: _THIRDS[sum(len(item.text) >= cut for cut in cuts)]
    for by, of in dimensions.items():
        members: dict[str, set[str]] = {}
        for item in items:
            members.setdefault(of(item), set()).add(item.id)
        if len(members) > 1:
            for value in sorted(members):
                if len(members[value]) >= FEWEST:
                    yield by, value, frozenset(members[value])


def _named(key: str) -> Callable[[Item], str]:
    return lambda item: item.slices.get(key, "unknown")


def _recall(task: Task, items: Sequence[Item], rare: bool) -> Measure | None:
    """Return the share found of rare or of common gold answers; None where no answer can be rare.

    A label is rare with less than half of an even share of the items; a code or mention if it is the gold
    answer of one item only.
    """
    if task.form.kind is Kind.TEXT or (task.form.kind is Kind.CHOICE and not task.labels):
        return None
    counts = Counter(atom for item in items for atom in {_word(one) for one in _atoms(item.gold)})
    limit = len(items) / len(task.labels) / 2 if task.labels else 2

    def hits(outcome: Outcome) -> tuple[float, float] | None:
        asked = {one for one in _atoms(outcome.item.gold) if (counts[_word(one)] < limit) is rare}
        return (float(len(asked & _answered(task, outcome))), float(len(asked))) if asked else None

    return Measure("recall", hits, rate_of)


_Atom = str | tuple[int, int, str, str]


def _atoms(answer: object) -> set[_Atom]:
    if isinstance(answer, str):
        return {answer} if answer else set()
    if not isinstance(answer, tuple):
        return set()
    return {
        (one.start, one.end, one.label, one.text.casefold()) if isinstance(one, Mention) else str(one)
        for one in answer
    }


def _answered(task: Task, outcome: Outcome) -> set[_Atom]:
    """Return what was answered; mentions where strict F1 takes them to be."""
    entities = task.form.kind is Kind.ENTITIES
    return _atoms(answered_mentions(outcome) if entities else outcome.response.answer)


def _word(atom: _Atom) -> str:
    return atom if isinstance(atom, str) else f"{atom[2]} {atom[3]}"
