"""The logits of what was exported, each as its own engine computes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from posology.adapt.export.decoder import decoder_logits, is_computed
from posology.chat.matrices.changes import Change
from posology.chat.matrices.tensors import Floats
from posology.chat.matrices.weights import Weights
from posology.chat.runtime import import_openvino, import_torch, import_transformers
from posology.errors import ModelError

__all__ = ["logits_of", "openvino_logits", "torch_logits"]


def logits_of(
    weights: Weights, texts: Sequence[Sequence[int]], change: Change | None = None
) -> Iterator[Floats]:
    """Return the logits of each text: without torch where the architecture is computed here."""
    if is_computed(weights):
        return decoder_logits(weights, texts, change)
    return torch_logits(weights.path, texts, change)


def openvino_logits(folder: Path, texts: Sequence[Sequence[int]]) -> Iterator[Floats]:
    """Yield the logits of each text as OpenVINO computes them from a folder, in its accurate mode."""
    openvino = import_openvino("Comparing an OpenVINO export")
    core = openvino.Core()
    try:
        model = core.compile_model(
            str(folder / "openvino_model.xml"), "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"}
        )
    except RuntimeError as cause:
        raise ModelError(f"{folder}: OpenVINO does not load what was written") from cause
    request = model.create_infer_request()
    for ids in texts:
        request.reset_state()
        size = len(ids)
        inputs = {
            "input_ids": np.asarray([ids], np.int64),
            "attention_mask": np.ones((1, size), np.int64),
            "position_ids": np.arange(size, dtype=np.int64)[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        request.infer(inputs)
        yield np.array(request.get_tensor("logits").data[0], np.float32)


def torch_logits(
    folder: Path, texts: Sequence[Sequence[int]], change: Change | None = None
) -> Iterator[Floats]:
    """Yield the logits of each text as transformers computes them from a folder, in 32-bit floats."""
    torch, transformers = import_torch(), import_transformers()
    if not folder.is_dir():
        raise ModelError(f"{folder}: this architecture is compared as a transformers folder only")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, local_files_only=True
    )
    model.eval()
    with torch.no_grad():
        for name in change.parts if change else ():
            more = change.read(name) if change else None
            if more is not None:
                model.get_parameter(name).add_(torch.from_numpy(more))
        for ids in texts:
            logits: Floats = model(torch.tensor([list(ids)])).logits[0].numpy()
            yield logits
