"""List prices of models in the cloud, each with its date and source."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from posology.declarations import nearest_words
from posology.errors import UserError

__all__ = ["Price", "find_price", "load_prices"]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens. ``cached_input`` is None where the table has no such price."""

    model: str
    input: float
    output: float
    as_of: str
    source: str
    cached_input: float | None = None
    note: str = ""


@cache
def load_prices() -> dict[str, Price]:
    """Return the table, by model."""
    text = files("posology.evaluate.cost").joinpath("prices.toml").read_text(encoding="utf-8")
    return {model: Price(model, **row) for model, row in tomllib.loads(text)["price"].items()}


def find_price(model: str) -> Price:
    """Return a model's prices; raise UserError with the nearest name where the table has none."""
    prices = load_prices()
    if model not in prices:
        raise UserError(f"price of {model}: not in the table{nearest_words(model, prices)}")
    return prices[model]
