"""Adapters for the transformers engine: a folder with low-rank weights in the form of peft, and its base.

The adapter is added to the base's weights in 32-bit floats when the model is opened, so that an adapted
model answers as fast as its base; peft is not needed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.chat.catalogue import known_models
from posology.chat.weights import check_sha256, find_weights
from posology.errors import ModelError

__all__ = ["CONFIG", "Adapter", "add_adapter", "find_adapter"]

CONFIG = "adapter_config.json"
FILES = ("adapter.safetensors", "adapter_model.safetensors")  # ours, and peft's own name
_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True)
class Adapter:
    """A folder with an adapter."""

    folder: Path
    file: Path
    base: str  # a name of the catalogue, or a path
    base_sha256: str  # of the weights that it was made for, "" where the folder does not tell
    rank: int
    alpha: float

    def base_path(self, home: Path | None = None) -> Path:
        """Return where the base's weights are; raise ModelError where they are not on this machine."""
        if self.base in known_models():
            return find_weights(self.base, home).path
        path = self.folder / self.base  # an absolute path stays one
        if not path.exists():
            raise ModelError(
                f"{self.folder}: its base {self.base} is not there; name the base as `path` and this "
                "folder as `adapter`"
            )
        return path

    def combined_sha256(self, base: str) -> str:
        """Return the hash of base and adapter together; raise ModelError where the base is another one."""
        if self.base_sha256 and base != self.base_sha256:
            raise ModelError(
                f"{self.folder}: the adapter was made for other weights (SHA-256 begins "
                f"{self.base_sha256[:12]}) than those of its base here ({base[:12]})"
            )
        return hashlib.sha256(f"{base} {check_sha256(self.file, '')}".encode()).hexdigest()

    def answers_sha256(self, base: str) -> str:
        """Return the hash of all that changes answers: of the base, and the adapter with its scale."""
        told = f"{base} {check_sha256(self.file, '')} {self.rank} {self.alpha:g}"
        return hashlib.sha256(told.encode()).hexdigest()


def find_adapter(folder: Path) -> Adapter | None:
    """Return the adapter of a folder, None where it holds none; raise ModelError for one of another kind."""
    if not (folder / CONFIG).is_file():
        return None
    file = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if file is None:
        raise ModelError(f"{folder}: holds {CONFIG} but no {FILES[0]}: the adapter is not whole")
    config = _read(folder / CONFIG)
    _require_plain(config, folder)
    try:
        rank, alpha, base = (
            int(config["r"]),
            float(config["lora_alpha"]),
            str(config["base_model_name_or_path"]),
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise ModelError(
            f"{folder / CONFIG}: does not tell r, lora_alpha and base_model_name_or_path"
        ) from cause
    return Adapter(folder, file, base, _base_hash(folder), rank, alpha)


def _require_plain(config: Mapping[str, Any], folder: Path) -> None:
    odd = [
        key
        for key in (
            "use_dora",
            "use_rslora",
            "fan_in_fan_out",
            "rank_pattern",
            "alpha_pattern",
            "modules_to_save",
        )
        if config.get(key)
    ]
    if config.get("peft_type") != "LORA" or config.get("bias", "none") != "none" or odd:
        what = ", ".join(odd) or f"{config.get('peft_type')}, bias {config.get('bias')}"
        raise ModelError(
            f"{folder}: the engine transformers opens plain LoRA adapters only (this one: {what}); merge it "
            "into its base first"
        )


def _base_hash(folder: Path) -> str:
    models = _read(folder / "manifest.json").get("models")
    base = models.get("base") if isinstance(models, dict) else None
    return str(base.get("sha256", "")) if isinstance(base, dict) else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def add_adapter(torch: Any, model: Any, adapter: Adapter) -> None:
    """Add an adapter to a model's weights; raise ModelError where it does not fit."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(str(adapter.file))
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"{adapter.file}: cannot be read or is damaged; make the adapter again") from cause
    lowering = {name.removesuffix(".lora_A.weight"): one for name, one in tensors.items() if "lora_A" in name}
    if 2 * len(lowering) != len(tensors) or not lowering:
        raise ModelError(f"{adapter.file}: holds tensors beside lora_A and lora_B, or none")
    with torch.no_grad():
        for name, down in lowering.items():
            up = tensors.get(f"{name}.lora_B.weight")
            weight = _weight(model, name, adapter)
            if up is None or (up.shape[0], down.shape[1]) != tuple(weight.shape):
                raise ModelError(f"{adapter.file}: {name}: does not fit the base's weights")
            change = (up.float() @ down.float()) * (adapter.alpha / adapter.rank)
            weight.copy_((weight.float() + change.to(weight.device)).to(weight.dtype))


def _weight(model: Any, name: str, adapter: Adapter) -> Any:
    try:
        return model.get_submodule(name.removeprefix(_PREFIX)).weight
    except AttributeError as cause:
        raise ModelError(f"{adapter.file}: {name}: the base has no such layer") from cause
