"""What training makes small: terms with masks of their own, summed and divided by one count of tokens."""

from posology.adapt.objective.answers import AnswerObjective
from posology.adapt.objective.protocol import Losses, Objective

__all__ = ["AnswerObjective", "Losses", "Objective"]
