"""Carbon: energy by the intensity of the grid it came from."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evaluate.cost.figures import JOULES_PER_KWH, Basis, Figure, modelled, unavailable

__all__ = ["Grid", "carbon_figure", "find_grid", "load_grids"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Grams of carbon dioxide equivalent per kilowatt hour of a region's electricity in a year."""

    region: str
    name: str
    grams_per_kwh: float
    year: int
    source: str


@cache
def load_grids() -> dict[str, Grid]:
    """Return the grids of the table, by region."""
    text = files("posology.evaluate.cost").joinpath("grids.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {
        region: Grid(region, row["name"], row["grams_per_kwh"], row["year"], table["source"])
        for region, row in table["grid"].items()
    }


def find_grid(region: str) -> Grid:
    """Return a region's grid; raise UserError with the nearest name where the table has none."""
    grids = load_grids()
    if region.upper() not in grids:
        raise UserError(f"grid {region}: not in the table{nearest_words(region.upper(), grids)}")
    return grids[region.upper()]


def carbon_figure(energy: Figure, region: str, pue: float = 1.0) -> Figure:
    """Return the grams per item of a figure in joules per item; ``pue`` is the site's power overhead."""
    unit = "g CO2e per item"
    if not region:
        return unavailable(unit, "no grid is named")
    if energy.value is None or energy.basis is Basis.UNAVAILABLE:
        return unavailable(unit, "no energy to multiply")
    grid = find_grid(region)
    note = (
        f"energy ({energy.basis}) x PUE {pue:g} x {grid.grams_per_kwh:g} g/kWh, {grid.name} {grid.year}; "
        f"{grid.source}"
    )
    return modelled(energy.value / JOULES_PER_KWH * pue * grid.grams_per_kwh, unit, note)
