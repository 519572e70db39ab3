"""GGUF weights are rewritten once as Q8_0, which the embedded engine reads without loss of quality.

Loaded directly, the engine turns Q4_1's offsets into whole numbers: the perplexity of the shipped model
rises from 78 to 98. Rewritten as Q8_0 it stays at 78.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posology.errors import MissingExtra, ModelError

if TYPE_CHECKING:  # numpy starts threads when it is imported, and a sealed process may have but one
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "OFF_GRID",
    "TIED_TOLERANCE",
    "Edit",
    "GgufFacts",
    "convert_to_q8",
    "import_gguf",
    "open_gguf_file",
    "read_gguf_facts",
    "read_gguf_licence",
]

OFF_GRID = 1.04  # step of a tensor that was edited, as a multiple of Q8_0's usual one
TIED_TOLERANCE = 0.2  # mean difference of two copies of one matrix, as part of its mean size

_LICENCE = "general.license"
_DERIVED = {"general.architecture", "general.file_type", "general.quantization_version"}


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What a GGUF file says of itself."""

    name: str
    architecture: str
    window: int
    parameters: int
    types: tuple[str, ...]  # tensor types, sorted


def read_gguf_facts(path: Path) -> GgufFacts:
    """Read a GGUF file's facts; raise ModelError where it is no complete GGUF file."""
    gguf = import_gguf()
    reader = open_gguf_file(gguf, path)
    fields = reader.fields
    try:
        architecture = str(fields["general.architecture"].contents())
        window = int(fields[f"{architecture}.context_length"].contents())
    except KeyError as cause:
        raise ModelError(f"{path}: the GGUF file does not tell its architecture and window") from cause
    name = fields["general.name"].contents() if "general.name" in fields else path.stem
    parameters = sum(int(tensor.n_elements) for tensor in reader.tensors)
    types = sorted({tensor.tensor_type.name for tensor in reader.tensors})
    return GgufFacts(str(name), architecture, window, parameters, tuple(types))


def read_gguf_licence(path: Path) -> str:
    """Return the licence that a GGUF file tells of its weights, "" where it tells none."""
    told = open_gguf_file(import_gguf(), path).fields.get(_LICENCE)
    return "" if told is None else str(told.contents())


Edit = Callable[[str, Any], Any]
"""From a tensor's name and values, 32-bit floats, to its new values; None leaves it out."""


def convert_to_q8(source: Path, target: Path, edit: Edit | None = None, kind: str = "Q8_0") -> None:
    """Write the weights of a GGUF file as Q8_0 or another type that gguf writes, such as F32.

    One-dimensional tensors, and rows that do not divide into the type's blocks, stay 32-bit floats.

    The values of a Q8_0 file lie on a grid. What an edit adds to them is often less than half a step: rounded
    to the same grid it would be lost, not blurred. So tensors that were edited get steps a little larger. The
    licence that the source tells is not said of an edited model: it may have learned under another.
    """
    gguf = import_gguf()
    reader = open_gguf_file(gguf, source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    array = gguf.GGUFValueType.ARRAY
    left_out = (*_DERIVED, *([] if edit is None else [_LICENCE]))
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in left_out:
            form = field.types[0]
            inner = field.types[-1] if form == array else None
            writer.add_key_value(key, field.contents(), form, sub_type=inner)
    writer.add_file_type(gguf.LlamaFileType["ALL_F32" if kind == "F32" else f"MOSTLY_{kind}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    wanted = gguf.GGMLQuantizationType[kind]
    block = gguf.GGML_QUANT_SIZES[wanted][0]
    for tensor in reader.tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        stored = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(shape)
        values = stored if edit is None else edit(tensor.name, stored)
        if values is None:
            continue
        if values.ndim == 1 or values.shape[-1] % block or kind == "F32":
            writer.add_tensor(tensor.name, values.astype("float32"))
        elif kind == "Q8_0" and (values != stored).any():
            writer.add_tensor(tensor.name, _off_grid(values), raw_dtype=wanted)
        else:
            writer.add_tensor(tensor.name, gguf.quantize(values, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _off_grid(values: "NDArray[np.float32]") -> "NDArray[np.uint8]":
    """Return values as Q8_0 writes them, 32 numbers of 8 bits behind their step, with steps of its own."""
    import numpy as np

    blocks = values.reshape(-1, 32).astype(np.float32)
    steps = (np.abs(blocks).max(-1, keepdims=True) * (OFF_GRID / 127)).astype(np.float16)
    exact = steps.astype(np.float32)
    counts = np.divide(blocks, exact, out=np.zeros_like(blocks), where=exact > 0)
    whole = np.clip(np.rint(counts), -127, 127).astype(np.int8)
    packed = np.concatenate([steps.view(np.uint8), whole.view(np.uint8)], axis=1)
    return packed.reshape(*values.shape[:-1], -1)


def import_gguf() -> Any:
    """Return the module gguf."""
    try:
        import gguf
    except ImportError as cause:
        raise MissingExtra("gguf", "embedded", "Reading and writing GGUF weights") from cause
    return gguf


def open_gguf_file(gguf: Any, path: Path) -> Any:
    """Return a reader of a GGUF file; raise ModelError where it is none or is cut."""
    try:
        return gguf.GGUFReader(path)
    except OSError as cause:
        raise ModelError(f"{path}: the weights cannot be read ({cause.strerror})") from cause
    except (ValueError, KeyError, IndexError, OverflowError, UnicodeDecodeError) as cause:
        raise ModelError(f"{path}: not a complete GGUF file; fetch it again") from cause
