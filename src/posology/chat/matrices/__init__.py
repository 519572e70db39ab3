"""A model's matrices without torch: read from its files, changed by an adapter, written as GGUF."""

from posology.chat.matrices.adapters import Adapter, is_adapter, open_adapter
from posology.chat.matrices.changes import Change, change_of
from posology.chat.matrices.weights import Weights, open_weights
from posology.chat.matrices.writing import write_gguf

__all__ = [
    "Adapter",
    "Change",
    "Weights",
    "change_of",
    "is_adapter",
    "open_adapter",
    "open_weights",
    "write_gguf",
]
