"""What an answer costs: tokens, operations, time, memory, energy, carbon, money."""

from posology.evaluate.cost.account import Cost, CostMeter, CostSettings
from posology.evaluate.cost.carbon import Grid, find_grid, load_grids
from posology.evaluate.cost.energy import EnergyMeter, PowerModel, default_power, stated_power
from posology.evaluate.cost.figures import Basis, Figure
from posology.evaluate.cost.money import Money, Premises, Workload, arithmetic, read_money
from posology.evaluate.cost.prices import Price, find_price, load_prices
from posology.evaluate.cost.tokens import flops_of

__all__ = [
    "Basis",
    "Cost",
    "CostMeter",
    "CostSettings",
    "EnergyMeter",
    "Figure",
    "Grid",
    "Money",
    "PowerModel",
    "Premises",
    "Price",
    "Workload",
    "arithmetic",
    "default_power",
    "find_grid",
    "find_price",
    "flops_of",
    "load_grids",
    "load_prices",
    "read_money",
    "stated_power",
]
