"""Writing an adapted model: as GGUF, as a transformers folder, as OpenVINO for the embedded engine."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from posology.adapt.merge.folding import fold_change
from posology.chat.matrices.adapters import write_adapter
from posology.chat.matrices.changes import Change
from posology.chat.matrices.tensors import Floats, Precision, write_tensors
from posology.chat.matrices.weights import EMBEDDING, HEAD, Weights
from posology.chat.matrices.writing import changed, require_known, write_gguf
from posology.chat.runtime import import_genai
from posology.errors import ModelError

__all__ = ["GGUF_NAME", "write_folded", "write_openvino", "write_transformers"]

GGUF_NAME = "model.gguf"
_NOT_COPIED = (".safetensors", ".bin", ".pt", ".index.json", ".gguf")


def write_transformers(base: Weights, change: Change, folder: Path, precision: Precision) -> None:
    """Write base and change as a transformers folder; configuration and tokenizer are the base's."""
    if not base.path.is_dir():
        raise ModelError(f"{base.path}: a transformers export starts from a transformers folder")
    require_known(base, change)
    for path in sorted(base.path.iterdir()):
        if path.is_file() and not path.name.endswith(_NOT_COPIED) and path.name != "manifest.json":
            shutil.copyfile(path, folder / path.name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    config["dtype"] = precision
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")

    def values() -> Iterator[tuple[str, Floats]]:
        for name in base.tensors:
            yield name, changed(base, change, name)

    shapes = {name: stored.shape for name, stored in base.tensors.items()}
    write_tensors(folder / "model.safetensors", shapes, values(), precision)


def write_openvino(base: Weights, change: Change, folder: Path) -> None:
    """Write base and change as an OpenVINO folder with 8-bit weights, which the embedded engine loads.

    The graph and the tokenizer are those that the engine itself builds from a Q8_0 file.
    """
    genai = import_genai()
    file = folder / GGUF_NAME
    write_gguf(base, change, file)
    try:
        pipeline = genai.LLMPipeline(str(file), "CPU", enable_save_ov_model=True)
        stops = int(pipeline.get_tokenizer().get_eos_token_id())
    except RuntimeError as cause:
        raise ModelError(
            f"{base.path}: the engine openvino builds no model from this file: an architecture it lacks"
        ) from cause
    finally:
        file.unlink(missing_ok=True)
    if not (folder / "openvino_model.xml").is_file() or not (folder / "openvino_tokenizer.xml").is_file():
        raise ModelError(
            f"{base.path}: the engine openvino wrote no model; its version may not save what it reads"
        )
    shape = base.shape
    window = shape.window if shape else None
    config = {"model_type": shape.architecture if shape else "unknown", "max_position_embeddings": window}
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": stops}), encoding="utf-8")


def write_folded(base: Weights, change: Change, folder: Path, rank: int) -> float:
    """Write a change as one adapter of a rank; return the share of its squared size that is kept."""
    require_known(base, change)
    parts, kept, total = {}, 0.0, 0.0
    for name in change.parts:
        values = change.read(name)
        if values is None or not values.any():
            continue
        if values.ndim != 2 or name in (EMBEDDING, HEAD):
            raise ModelError(
                f"{name}: changes and is no linear layer: an adapter cannot hold it; export whole weights"
            )
        folded = fold_change(values, rank)
        parts[name] = folded.a, folded.b
        kept, total = kept + folded.kept, total + folded.total
    if not parts:
        raise ModelError(f"{base.path}: nothing changes; there is no adapter to write")
    write_adapter(folder, parts)
    return kept / total
