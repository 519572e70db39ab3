"""What adaptation changed in a base: from an adapter, or from a tuned model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from posology.chat.matrices.adapters import Adapter, is_adapter, open_adapter
from posology.chat.matrices.tensors import Floats
from posology.chat.matrices.weights import EMBEDDING, HEAD, Weights, open_weights
from posology.errors import ModelError

__all__ = ["Change", "bound", "change_of", "require_base"]


@dataclass(frozen=True, slots=True)
class Change:
    """Differences to a base by the tensor's name; each is computed when it is asked for."""

    parts: Mapping[str, Callable[[], Floats]]
    about: str  # where it comes from, for people

    def read(self, name: str) -> Floats | None:
        """Return the difference of a tensor, None where it does not change."""
        return self.parts[name]() if name in self.parts else None


def change_of(path: Path, base: Weights, base_sha256: str = "") -> Change:
    """Return what an adapter or a tuned model (folder or GGUF file) changes in a base.

    Raises ModelError where it was made for another base, as far as hashes and shapes tell.
    """
    if path.is_dir() and is_adapter(path):
        return _of_adapter(open_adapter(path), base, base_sha256)
    tuned = open_weights(path)
    require_base(tuned, base)

    def difference(name: str) -> Floats:
        result: Floats = tuned.read(name) - base.read(name)
        return result

    names = [name for name in base.tensors if name in tuned.tensors]
    return Change({name: bound(difference, name) for name in names}, path.name)


def bound(function: Callable[[str], Floats], name: str) -> Callable[[], Floats]:
    """Return the function of one name, to be called when its values are needed."""
    return lambda: function(name)


def _of_adapter(adapter: Adapter, base: Weights, base_sha256: str) -> Change:
    if adapter.base_sha256 and base_sha256 and adapter.base_sha256 != base_sha256:
        raise ModelError(
            f"{adapter.path}: was made for another base (SHA-256 begins {adapter.base_sha256[:12]}, "
            f"this one's {base_sha256[:12]}); name the base it was tuned from"
        )
    for name, part in adapter.parts.items():
        where = EMBEDDING if name == HEAD and base.tied else name
        if where == EMBEDDING:
            raise ModelError(
                f"{adapter.path}: changes {name}; adapters of embedding or head are not merged here"
            )
        if name not in base.tensors or base.tensors[name].shape != part.shape:
            raise ModelError(
                f"{adapter.path}: changes {name} with {part.shape}, which the base does not have"
            )
    return Change({name: part.read for name, part in adapter.parts.items()}, adapter.path.name)


def require_base(tuned: Weights, base: Weights) -> None:
    """Raise ModelError unless two models have the same tensors of the same shapes."""
    mine = {name: stored.shape for name, stored in tuned.tensors.items()}
    theirs = {name: stored.shape for name, stored in base.tensors.items()}
    if mine != theirs:
        differ = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        raise ModelError(
            f"{tuned.path}: is no tuned form of {base.path}: {len(differ)} tensors differ in name or shape "
            f"(the first: {differ[0]})"
        )
