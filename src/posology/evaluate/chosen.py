"""Systems as a person names them on the command line."""

from pathlib import Path

from posology.chat.catalogue import find_entry, known_models
from posology.chat.weights import find_weights
from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evaluate.systems import BASELINES, SystemSpec, parse_system
from posology.evidence.heads.shipped import shipped_heads

__all__ = ["holds_heads", "model_spec", "recorded_spec", "system_spec", "with_weights"]


def system_spec(name: str) -> SystemSpec:
    """Return a system that needs no weights; raise UserError with the nearest name where it is none."""
    if name not in BASELINES:
        raise UserError(f"--system {name}: there is no such system{nearest_words(name, BASELINES)}")
    return parse_system({"name": name, "kind": name}, f"--system {name}")


def model_spec(name: str, engine: str, base_url: str = "", window: int = 0) -> SystemSpec:
    """Return a trained head or a generator: by its path, as what ships, of the catalogue or of a server.

    ``window``: its tokens, 0 where engine or server tell.
    """
    path = shipped_heads().get(name, Path(name).expanduser())
    if holds_heads(path):
        head = {"name": path.resolve().name, "kind": "encoder", "path": str(path.resolve())}
        return parse_system(head, f"--model {name}")
    table: dict[str, object] = {"kind": "generator", "engine": engine, "window_tokens": window}
    if engine == "openai":
        table |= {"name": name, "model": name, "base_url": base_url}
    elif path.exists():
        table |= {"name": path.resolve().stem or name, "path": str(path.resolve())}
    elif "/" in name or path.suffix:
        raise UserError(f"--model {name}: there is no such file or folder")
    else:
        entry = find_entry(name)
        table |= {"name": entry.name, "model": entry.name}
    known = known_models().get(str(table["name"]))
    if known is not None:
        table |= {"family": known.family, "parameters": known.parameters}
    return parse_system(table, f"--model {name}")


def holds_heads(path: Path) -> bool:
    """Tell whether a path is a trained head's folder, or a folder with one for each task."""
    from posology.evidence.heads.card import CARD_FILE

    return (path / CARD_FILE).is_file() or any(path.glob(f"*/{CARD_FILE}"))


def recorded_spec(path: Path) -> SystemSpec:
    """Return the recorded answers of a file as a system that is called by the file's name."""
    table = {"name": path.stem, "kind": "recorded", "file": str(path.resolve())}
    return parse_system(table, f"--answers {path}")


def with_weights(spec: SystemSpec) -> SystemSpec:
    """Return the spec with the path of its weights where its engine wants one and the catalogue knows it."""
    if spec.engine != "transformers" or spec.path:
        return spec
    return spec.model_copy(update={"path": str(find_weights(spec.model).path)})
