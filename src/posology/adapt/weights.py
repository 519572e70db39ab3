"""Writing what was learned: an adapter in the form of peft, or a whole model as a folder of transformers."""

import json
from pathlib import Path
from typing import Any

from posology.adapt.network import Network
from posology.errors import MissingExtra, OutputError

__all__ = ["ADAPTER", "ADAPTER_CONFIG", "save_weights"]

ADAPTER = "adapter.safetensors"
ADAPTER_CONFIG = "adapter_config.json"


def save_weights(folder: Path, network: Network, base: str) -> None:
    """Write the weights that learned; ``base`` is what an adapter calls its base: a name or a path."""
    from safetensors import SafetensorError

    try:
        if network.wrapped is None:
            _save_whole(folder, network)
        else:
            _save_adapter(folder, network, base)
    except SafetensorError as cause:
        raise OutputError(f"{folder.name}: the weights cannot be written: the disk may be full") from cause


def _save_adapter(folder: Path, network: Network, base: str) -> None:
    try:
        from peft import get_peft_model_state_dict
    except ImportError as cause:
        raise MissingExtra("peft", "adapt", "Tuning with adapters") from cause
    from safetensors.torch import save_file

    found: dict[str, Any] = get_peft_model_state_dict(network.wrapped)
    tensors = {name: one.detach().cpu().float().contiguous() for name, one in sorted(found.items())}
    save_file(tensors, str(folder / ADAPTER), metadata={"format": "pt"})
    config = network.wrapped.peft_config["default"].to_dict()
    config["base_model_name_or_path"] = base
    config["inference_mode"] = True
    (folder / ADAPTER_CONFIG).write_text(json.dumps(_plain(config), indent=1, sort_keys=True), "utf-8")


def _save_whole(folder: Path, network: Network) -> None:
    """Write the model in bfloat16 where it was computed so, with its tokenizer."""
    dtype = network.torch.bfloat16 if network.half else network.torch.float32
    network.core.config.use_cache = True
    network.core.to(dtype).save_pretrained(str(folder))
    network.tokenizer.save_pretrained(str(folder))


def _plain(value: Any) -> Any:
    """Return a configuration as JSON-ready values; sets become sorted lists."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
