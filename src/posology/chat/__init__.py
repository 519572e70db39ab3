"""Talking to a model: messages, engines, constrained answers, the self-test and the catalogue."""

from posology.chat.build import open_generator
from posology.chat.catalogue import (
    CATALOGUE,
    CatalogueEntry,
    ModelRow,
    Reads,
    family_of,
    find_entry,
    known_models,
    models_home,
    read_card,
    reads_of,
)
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
    "Reads",
    "Sampling",
    "Scorer",
    "ScriptedGenerator",
    "ScriptedScorer",
    "Weights",
    "ask",
    "family_of",
    "find_entry",
    "find_weights",
    "get_model",
    "known_models",
    "list_models",
    "models_home",
    "open_generator",
    "read_card",
    "reads_of",
    "require_sound",
    "run_canaries",
    "weights_at",
]
