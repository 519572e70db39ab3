"""Changes of items that must not change the answer: the person, the writing, the surroundings."""

from posology.evaluate.perturb.changing import Perturbed, perturb
from posology.evaluate.perturb.kinds import KINDS, Perturbation

__all__ = ["KINDS", "Perturbation", "Perturbed", "perturb"]
