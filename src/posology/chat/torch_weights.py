"""Weights for the transformers engine: a folder with safetensors, or a GGUF file converted once.

The values of a GGUF file are its quantised ones, written out in bfloat16: no better than the file. Where a
file stores embedding and head as two copies of one matrix, quantised apart, the head's copy (the better
one) serves as both again, as in the original model.
"""

import hashlib
import io
import json
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from posology.chat.catalogue import models_home
from posology.chat.companions import TRANSFORMERS_FILES, answers_sha256
from posology.chat.convert import TIED_TOLERANCE, GgufFacts, read_gguf_facts
from posology.chat.runtime import import_torch, import_transformers
from posology.chat.torch_adapter import find_adapter
from posology.chat.weights import MANIFEST, Weights, check_sha256
from posology.errors import MissingExtra, ModelError
from posology.files import staged_folder

__all__ = ["GgufSource", "read_source", "transformers_folder", "transformers_weights"]

FORM = "transformers-model/1"


@dataclass(frozen=True, slots=True)
class GgufSource:
    """The GGUF file a converted folder was made from."""

    name: str  # general.name of the file
    architecture: str
    types: tuple[str, ...]  # tensor types, sorted
    sha256: str
    retied: bool  # embedding and head were two copies and are one again
    precision: str  # such as "bf16 of Q4_K, Q6_K, F32"


def transformers_folder(path: Path, home: Path | None = None) -> Path:
    """Return a folder that the transformers engine loads; a GGUF file is converted once and kept.

    The folder appears whole or not at all, under ``transformers/`` in the folder that holds models, by the
    file's hash; a second call finds it in less than a second.
    """
    if path.is_dir():
        if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
            raise ModelError(f"{path}: no transformers model here (config.json and *.safetensors)")
        return path
    if not path.is_file():
        raise ModelError(f"{path}: the weights are not there; correct `path` in the profile")
    store = models_home(home) / "transformers"
    known = _remembered(store, path)
    if known is not None:
        return known
    digest = check_sha256(path, "")
    folder = store / digest[:16]
    if _source(folder) is None:
        facts = read_gguf_facts(path)
        with staged_folder(folder, overwrite=True) as staging:
            retied = _convert(path, staging)
            _write_manifest(staging, facts, digest, retied=retied)
    _remember(store, path, folder)
    return folder


def transformers_weights(
    path: Path, sha256: str = "", home: Path | None = None, *, adapter: Path | None = None
) -> Weights:
    """Return weights for the transformers engine by path, compared with ``sha256`` where given.

    The hash is the GGUF file's; of a folder, that of its safetensors; of an adapter, that of base and
    adapter together. ``answers`` is of a folder's tokenizer, chat template and configuration too, and of an
    adapter's scale. A folder that holds an adapter is opened with the base that it names; ``adapter`` is a
    folder whose adapter is added to the weights at ``path``.
    """
    added = find_adapter(adapter or path)
    if adapter is not None and added is None:
        raise ModelError(f"{adapter}: no adapter here (adapter_config.json and adapter.safetensors)")
    folder = transformers_folder(path if added is None or adapter else added.base_path(home), home)
    source = read_source(folder)
    digest = source.sha256 if source else _folder_hash(folder)
    answers = "" if source else answers_sha256(digest, folder, TRANSFORMERS_FILES)
    if added is not None:
        answers = added.answers_sha256(answers or digest)
        digest = added.combined_sha256(digest)
    if sha256 and digest != sha256.lower():
        raise ModelError(
            f"{path}: these are not the weights expected (SHA-256 begins {digest[:12]}, expected "
            f"{sha256[:12]})"
        )
    config = _read_json(folder / "config.json")
    text = config.get("text_config", config)
    told = text.get("max_position_embeddings")
    window = told if isinstance(told, int) else None
    where = added.folder if added else None
    return Weights(folder, digest, window, str(config.get("model_type")), where, answers)


def read_source(folder: Path) -> GgufSource | None:
    """Return what a folder was converted from, None where it was not converted here."""
    return _source(folder)


def _source(folder: Path) -> GgufSource | None:
    record = _read_json(folder / MANIFEST)
    if record.get("posology") != FORM:
        return None
    if any(not (folder / name).is_file() for name in record.get("files", [])):
        return None
    told = record["source"]
    return GgufSource(
        str(told["name"]),
        str(told["architecture"]),
        tuple(told["types"]),
        str(told["sha256"]),
        bool(told["retied"]),
        str(told["precision"]),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _folder_hash(folder: Path) -> str:
    parts = sorted(folder.glob("*.safetensors"))
    if len(parts) == 1:
        return check_sha256(parts[0], "")
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part.name} {check_sha256(part, '')}\n".encode())
    return digest.hexdigest()


def _stamp(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}"


def _note(store: Path, path: Path) -> Path:
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    return store / f".{place}-{_stamp(path)}"


def _remembered(store: Path, path: Path) -> Path | None:
    """Return the folder of a file that was hashed before and has not changed since."""
    note = _note(store, path)
    if not note.is_file():
        return None
    folder = store / note.read_text(encoding="utf-8").strip()
    return folder if _source(folder) is not None else None


def _remember(store: Path, path: Path, folder: Path) -> None:
    _note(store, path).write_text(folder.name, encoding="utf-8")


def _convert(path: Path, folder: Path) -> bool:
    """Write a GGUF file as safetensors in bfloat16; say whether embedding and head were tied again."""
    torch, transformers = import_torch(), import_transformers()
    if find_spec("accelerate") is None:  # transformers wants it to read GGUF
        raise MissingExtra("accelerate", "torch", "Reading GGUF weights with transformers")
    where = {"gguf_file": path.name, "local_files_only": True}
    try:
        with redirect_stderr(io.StringIO()):  # bars of progress
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(path.parent), **where)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                str(path.parent),
                dtype=torch.bfloat16,
                quantization_config=transformers.GgufConfig(dequantize=True),
                **where,
            )
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError) as cause:
        raise ModelError(
            f"{path}: transformers cannot read this GGUF file (damaged, or an architecture it does not know)"
        ) from cause
    retied = _tie_again(model)
    with redirect_stderr(io.StringIO()):
        model.save_pretrained(str(folder))
        tokenizer.save_pretrained(str(folder))
    return retied


def _tie_again(model: Any) -> bool:
    """Let the head serve as embedding too where both are copies of one matrix; say whether they were two."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    if embedding.weight is head.weight or embedding.weight.shape != head.weight.shape:
        return False
    one, other = embedding.weight.detach(), head.weight.detach()
    total = size = 0.0
    for begin in range(0, one.shape[0], 8192):  # a piece at a time: the difference needs 32-bit floats
        part = other[begin : begin + 8192].float()
        total += float((one[begin : begin + 8192].float() - part).abs().sum())
        size += float(part.abs().sum())
    if total > TIED_TOLERANCE * size:
        return False
    embedding.weight = head.weight
    model.config.tie_word_embeddings = True
    model.tie_weights()
    return True


def _write_manifest(folder: Path, facts: GgufFacts, digest: str, *, retied: bool) -> None:
    record = {
        "posology": FORM,
        "source": {
            "name": facts.name,
            "architecture": facts.architecture,
            "types": list(facts.types),
            "sha256": digest,
            "retied": retied,
            "precision": f"bf16 of {', '.join(facts.types)}",
        },
        "window": facts.window,
        "files": sorted(path.name for path in folder.iterdir()),
    }
    (folder / MANIFEST).write_text(json.dumps(record, indent=1), encoding="utf-8")
