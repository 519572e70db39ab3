"""Made charts with their truth, for tests, benchmarks and training."""

from posology.chat.scripted import ScriptedGenerator
from posology.testing.charts import MadeChart, make_chart
from posology.testing.drafts import Style
from posology.testing.plans import Plan, plans_for, random_plan
from posology.testing.removal import remove_witnesses
from posology.testing.writing import write_charts

__all__ = [
    "MadeChart",
    "Plan",
    "ScriptedGenerator",
    "Style",
    "make_chart",
    "plans_for",
    "random_plan",
    "remove_witnesses",
    "write_charts",
]
