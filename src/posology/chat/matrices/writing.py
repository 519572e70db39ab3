"""Writing a base with a change as one GGUF file, without torch."""

from pathlib import Path
from typing import Any

from posology.chat.convert import convert_to_q8
from posology.chat.matrices.changes import Change
from posology.chat.matrices.network import plain_name, to_gguf_rows
from posology.chat.matrices.tensors import Floats
from posology.chat.matrices.weights import HEAD, Weights
from posology.errors import ModelError

__all__ = ["changed", "require_known", "write_gguf"]


def write_gguf(base: Weights, change: Change, target: Path, kind: str = "Q8_0") -> None:
    """Write base and change as one GGUF file; every field of the base's file is kept, no torch is used."""
    if base.path.is_dir() or base.shape is None:
        raise ModelError(
            f"{base.path}: a GGUF export starts from a GGUF file of the base; name that as the base"
        )
    shape = base.shape
    require_known(base, change)

    def edited(name: str, values: Any) -> Any:
        plain = plain_name(name)
        if plain == HEAD and base.tied:
            return None  # it was a copy: the embedding, now with the head's values, serves as both
        if plain is None or plain not in base.tensors:
            return values
        return to_gguf_rows(plain, changed(base, change, plain), shape)

    convert_to_q8(base.path, target, edited, kind)


def require_known(base: Weights, change: Change) -> None:
    """Raise ModelError where a change is of a tensor that the base does not have."""
    lost = sorted(set(change.parts) - set(base.tensors))
    if lost:
        raise ModelError(
            f"{base.path}: has no {lost[0]}, which {change.about} changes: the change would be lost"
        )


def changed(base: Weights, change: Change, name: str) -> Floats:
    """Return the values of a tensor with its change."""
    values, more = base.read(name), change.read(name)
    return values if more is None else values + more
