"""What came of the arms of a titration, read back from their folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posology.errors import UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost import Basis, Figure
from posology.evaluate.evaluation import Ask
from posology.evaluate.items import Item, Outcome
from posology.evaluate.results import read_manifest, read_outcomes, read_summary

__all__ = ["ArmResult", "Fallen", "read_arm"]

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
class Fallen:
    """An arm without a result, and why."""

    task: str
    arm: str
    reason: str


def read_arm(ask: Ask, folder: Path, items: Mapping[str, Item]) -> ArmResult:
    """Read a finished arm; raise UserError where it is not finished or not this arm's."""
    summary = read_summary(folder)
    settings = read_manifest(folder)["settings"]
    try:
        named = {key: value for key, value in summary["arm"].items() if key != "name"}
        identity = ArmIdentity(**named)
        cost = {name: _figure(row) for name, row in summary["cost"].items() if isinstance(row, dict)}
    except (KeyError, TypeError, AttributeError, ValueError) as cause:
        raise UserError(f"{folder}: summary.json is not one of posology evaluate") from cause
    if summary.get("task") != ask.task.name or identity.name != ask.name:
        raise UserError(f"{folder}: holds the results of another arm; name another folder")
    outcomes = tuple(read_outcomes(folder, ask.task, items))
    return ArmResult(ask.task.name, ask.spec.kind, identity, outcomes, cost, str(settings["fingerprint"]))


def _figure(row: Mapping[str, object]) -> Figure:
    value = row["value"]
    if value is not None and not isinstance(value, int | float):
        raise ValueError("a figure that is no number")
    return Figure(value, str(row["unit"]), Basis(str(row["basis"])), str(row["note"]))
