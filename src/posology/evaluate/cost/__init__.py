"""What an answer costs: tokens, operations, time, memory, energy, carbon, money."""

from posology.evaluate.cost.account import Cost, CostMeter, CostSettings
from posology.evaluate.cost.carbon import Grid, find_grid, load_grids
from posology.evaluate.cost.energy import EnergyMeter, PowerModel, default_power, stated_power
from posology.evaluate.cost.figures import Basis, Figure
from posology.evaluate.cost.tokens import flops_of

__all__ = [
    "Basis",
    "Cost",
    "CostMeter",
    "CostSettings",
    "EnergyMeter",
    "Figure",
    "Grid",
    "PowerModel",
    "default_power",
    "find_grid",
    "flops_of",
    "load_grids",
    "stated_power",
]
