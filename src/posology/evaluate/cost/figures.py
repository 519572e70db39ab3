"""A figure of cost: a value with its unit, and whether it was measured, modelled or cannot be had."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["JOULES_PER_KWH", "Basis", "Figure", "measured", "modelled", "unavailable"]

JOULES_PER_KWH = 3.6e6
_DIGITS = 6  # significant ones, in files


class Basis(StrEnum):
    """What a figure rests on."""

    MEASURED = "measured"
    MODELLED = "modelled"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Figure:
    """A value; ``note`` says how it was measured, the model's arithmetic, or why there is none."""

    value: float | None
    unit: str
    basis: Basis
    note: str = ""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Figure":
        """Return the figure that a file holds; KeyError or ValueError where it is none."""
        value = row["value"]
        if value is not None and not isinstance(value, int | float):
            raise ValueError("a figure that is no number")
        return cls(value, str(row["unit"]), Basis(row["basis"]), str(row["note"]))

    def as_json(self) -> dict[str, Any]:
        """Return the figure for a file."""
        value = None if self.value is None else float(f"{self.value:.{_DIGITS}g}")
        return {"value": value, "unit": self.unit, "basis": str(self.basis), "note": self.note}


def measured(value: float, unit: str, note: str = "") -> Figure:
    """Return a figure that was measured in this run."""
    return Figure(value, unit, Basis.MEASURED, note)


def modelled(value: float, unit: str, note: str) -> Figure:
    """Return a figure that follows from stated assumptions."""
    return Figure(value, unit, Basis.MODELLED, note)


def unavailable(unit: str, note: str) -> Figure:
    """Return the figure that there is none, and why."""
    return Figure(None, unit, Basis.UNAVAILABLE, note)
