"""Runs and plans of recipes of kind encode; the parts are in ``encoders/``."""

from posology.adapt.encoders.planning import plan_encode
from posology.adapt.encoders.run import run_encode

__all__ = ["plan_encode", "run_encode"]
