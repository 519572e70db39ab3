"""Runs of recipes of kind encode; the parts are in ``encoders/``."""

from posology.adapt.encoders.run import run_encode

__all__ = ["run_encode"]
