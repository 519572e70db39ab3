"""What came of the arms of a titration, read back from their folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost import Basis, Figure
from posology.evaluate.cost.figures import modelled, unavailable
from posology.evaluate.evaluation import Ask
from posology.evaluate.items import Item, Outcome
from posology.evaluate.results import read_manifest, read_outcomes, read_summary
from posology.evaluate.runner import hash_items
from posology.evaluate.titration.robustness import Robust

__all__ = ["ArmResult", "Fallen", "Results", "read_arm"]

_MONEY = "USD per 1,000 answers"
_NONE = Figure(None, "", Basis.UNAVAILABLE, "this run did not record it")


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm about one task. ``kind`` is the system's, such as "tf-idf" or "generator"."""

    task: str
    kind: str
    identity: ArmIdentity
    outcomes: tuple[Outcome, ...]
    cost: Mapping[str, Figure]
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """Return the name that tables show."""
        return self.identity.name

    def figure(self, name: str) -> Figure:
        """Return what an answer costs in one respect; unavailable where nothing was recorded."""
        return self.cost.get(name, _NONE)


@dataclass(frozen=True, slots=True)
class Results:
    """All that the folder of a titration holds; ``plans``: hashes of the plans it was run with, in order."""

    arms: tuple[ArmResult, ...]
    fallen: tuple["Fallen", ...] = ()
    robust: tuple[Robust, ...] = ()
    plans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fallen:
    """An arm without a result, and why; or every arm of a task."""

    task: str
    arm: str
    reason: str
    ruled_out: bool = False  # the arm cannot be on this task at all


def read_arm(
    ask: Ask, folder: Path, items: Mapping[str, Item], *, usd_per_hour: float | None = None
) -> ArmResult:
    """Read a finished arm; raise UserError where it is not finished or not this arm's."""
    summary = read_summary(folder)
    settings = read_manifest(folder)["settings"]
    try:
        named = {key: value for key, value in summary["arm"].items() if key != "name"}
        identity = ArmIdentity(**named)
        cost = {name: Figure.from_json(row) for name, row in summary["cost"].items() if isinstance(row, dict)}
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise UserError(f"{folder}: summary.json is not one of posology evaluate") from cause
    if summary.get("task") != ask.task.name or identity.name != ask.name:
        raise UserError(f"{folder}: holds the results of another arm; name another folder")
    if settings.get("items_sha256") != hash_items(list(items.values())):
        raise UserError(f"{folder}: holds answers to other items than the plan asks; name another folder")
    outcomes = tuple(read_outcomes(folder, ask.task, items))
    if usd_per_hour is not None:
        cost["money"] = _money(outcomes, usd_per_hour)
    return ArmResult(ask.task.name, ask.spec.kind, identity, outcomes, cost, str(settings["fingerprint"]))


def _money(outcomes: tuple[Outcome, ...], usd_per_hour: float) -> Figure:
    """Return the dollars of a thousand answers, one at a time on a machine with a price an hour."""
    seconds = sum(outcome.response.seconds for outcome in outcomes) / max(1, len(outcomes))
    if not seconds:
        return unavailable(_MONEY, "the system tells no time to multiply the price by")
    note = f"{seconds:.4g} s x {usd_per_hour:g} USD an hour / 3600 x 1000"
    return modelled(seconds * usd_per_hour / 3.6, _MONEY, note)
