"""Talking to a model: messages, engines, constrained answers, the self-test and the catalogue."""

from posology.chat.build import open_generator
from posology.chat.catalogue import CATALOGUE, CatalogueEntry, ModelRow, family_of, models_home
from posology.chat.constrained import Answer, ask
from posology.chat.generator import (
    Choice,
    Completion,
    Constraint,
    Copy,
    Generator,
    JsonShape,
    Message,
    ModelIdentity,
    OptionScore,
    Pattern,
    Prompt,
    Sampling,
    Scorer,
)
from posology.chat.scripted import ScriptedGenerator, ScriptedScorer
from posology.chat.selftest import CanaryResult, require_sound, run_canaries
from posology.chat.weights import Weights, find_weights, get_model, list_models, weights_at

__all__ = [
    "CATALOGUE",
    "Answer",
    "CanaryResult",
    "CatalogueEntry",
    "Choice",
    "Completion",
    "Constraint",
    "Copy",
    "Generator",
    "JsonShape",
    "Message",
    "ModelIdentity",
    "ModelRow",
    "OptionScore",
    "Pattern",
    "Prompt",
    "Sampling",
    "Scorer",
    "ScriptedGenerator",
    "ScriptedScorer",
    "Weights",
    "ask",
    "family_of",
    "find_weights",
    "get_model",
    "list_models",
    "models_home",
    "open_generator",
    "require_sound",
    "run_canaries",
    "weights_at",
]
