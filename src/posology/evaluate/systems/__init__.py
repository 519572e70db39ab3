"""The systems on the ladder: trivial ones, rules, linear models, trees, recorded answers, generators."""

from posology.evaluate.systems.asking import Asking, plan_asking
from posology.evaluate.systems.fitness import why_not, why_not_learnt
from posology.evaluate.systems.function_arm import FunctionArm
from posology.evaluate.systems.generator import GeneratorArm
from posology.evaluate.systems.opening import System, open_arm, open_system
from posology.evaluate.systems.spec import (
    BASELINES,
    ENGINES,
    KINDS,
    SystemKind,
    SystemSpec,
    parse_system,
)

__all__ = [
    "BASELINES",
    "ENGINES",
    "KINDS",
    "Asking",
    "FunctionArm",
    "GeneratorArm",
    "System",
    "SystemKind",
    "SystemSpec",
    "open_arm",
    "open_system",
    "parse_system",
    "plan_asking",
    "why_not",
    "why_not_learnt",
]
