"""Low-rank adapters in peft's form, read without torch; what cannot be merged is refused, never left out."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.chat.matrices.tensors import Floats, Stored, open_tensors, write_tensors
from posology.errors import ModelError

__all__ = ["Adapter", "LowRank", "is_adapter", "open_adapter", "write_adapter"]

CONFIG = "adapter_config.json"
FILES = ("adapter.safetensors", "adapter_model.safetensors")  # ours, peft's
_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])(?:\.default)?\.weight")
_PREPARED = ("pissa", "olora", "loftq", "corda", "lora_ga")  # starts that change the base's weights too


@dataclass(frozen=True, slots=True)
class LowRank:
    """The change of one matrix: ``scale`` times B A, with A (rank, in) and B (out, rank)."""

    a: Stored
    b: Stored
    scale: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the matrix that changes."""
        return self.b.shape[0], self.a.shape[1]

    def read(self) -> Floats:
        """Return the change itself."""
        product: Floats = self.scale * (self.b.read() @ self.a.read())
        return product


@dataclass(frozen=True, slots=True)
class Adapter:
    """A low-rank adapter: what it changes, by the tensor's name in the base."""

    path: Path
    parts: Mapping[str, LowRank]
    base_sha256: str  # of the base it was made for, "" where its manifest does not tell


def is_adapter(path: Path) -> bool:
    """Say whether a folder holds an adapter."""
    return (path / CONFIG).is_file()


def open_adapter(path: Path) -> Adapter:
    """Open an adapter's folder: adapter_config.json with adapter.safetensors or peft's adapter_model."""
    config = _config(path)
    file = next((path / name for name in FILES if (path / name).is_file()), None)
    if file is None:
        raise ModelError(f"{path}: no adapter here ({' or '.join(FILES)})")
    sides: dict[str, dict[str, Stored]] = {}
    for key, tensor in open_tensors(file).items():
        found = _KEY.fullmatch(key)
        if found is None or len(tensor.shape) != 2:
            raise ModelError(
                f"{file}: {key} is no low-rank part of a linear layer; this adapter cannot be merged"
            )
        sides.setdefault(found["module"], {})[found["side"]] = tensor
    parts = {f"{module}.weight": _part(file, module, pair, config) for module, pair in sides.items()}
    if not parts:
        raise ModelError(f"{file}: holds no tensors")
    return Adapter(path, parts, base_of_manifest(path))


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{path / CONFIG}: cannot be read") from cause
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise ModelError(f"{path / CONFIG}: describes no low-rank adapter (peft_type LORA)")
    start = str(config.get("init_lora_weights", "")).lower()
    refused = {
        "use_dora": config.get("use_dora"),
        "fan_in_fan_out": config.get("fan_in_fan_out"),
        "bias": config.get("bias", "none") != "none",
        "modules_to_save": config.get("modules_to_save"),
        "init_lora_weights": start.startswith(_PREPARED),
    }
    named = [key for key, value in refused.items() if value]
    if named:
        raise ModelError(f"{path / CONFIG}: adapters with {', '.join(named)} cannot be merged here")
    return config


def _part(file: Path, module: str, pair: Mapping[str, Stored], config: Mapping[str, Any]) -> LowRank:
    if set(pair) != {"A", "B"} or pair["A"].shape[0] != pair["B"].shape[1]:
        raise ModelError(f"{file}: {module}: its two halves do not fit together")
    rank = pair["A"].shape[0]
    alpha = float(_matching(config.get("alpha_pattern") or {}, module, config.get("lora_alpha", rank)))
    scale = alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
    return LowRank(pair["A"], pair["B"], scale)


def _matching(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """Return what a pattern of peft's says of a module: a whole name, or its end."""
    for pattern, value in patterns.items():
        if re.fullmatch(rf"(?:.*\.)?(?:{pattern})", module):
            return value
    return default


def base_of_manifest(path: Path) -> str:
    """Return the hash of the base that a model folder's manifest names, "" where none does."""
    try:
        models = json.loads((path / "manifest.json").read_text(encoding="utf-8"))["models"]
        return str(models["base"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def write_adapter(folder: Path, parts: Mapping[str, tuple[Floats, Floats]]) -> None:
    """Write an adapter whose changes are B A, without a scale: pairs (A, B) by the tensor's name."""
    rank = max(a.shape[0] for a, _ in parts.values())
    modules = {name.removesuffix(".weight"): pair for name, pair in parts.items()}
    tensors: dict[str, Floats] = {}
    for module, (a, b) in sorted(modules.items()):
        tensors[f"base_model.model.{module}.lora_A.weight"] = a
        tensors[f"base_model.model.{module}.lora_B.weight"] = b
    shapes = {name: values.shape for name, values in tensors.items()}
    write_tensors(folder / FILES[0], shapes, tensors.items(), "float32")
    ranks = {module: a.shape[0] for module, (a, _) in modules.items() if a.shape[0] != rank}
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": rank,
        "rank_pattern": ranks,
        "alpha_pattern": ranks,
        "target_modules": sorted({module.rpartition(".")[2] for module in modules}),
        "bias": "none",
        "inference_mode": True,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
