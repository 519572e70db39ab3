"""Changes of items that must not change the answer, and what they do to it."""

from posology.evaluate.perturb.kinds import KINDS, Perturbation

__all__ = ["KINDS", "Perturbation"]
