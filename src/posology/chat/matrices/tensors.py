"""Tensors in safetensors files, read and written with numpy alone, bfloat16 too."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from posology.errors import ModelError, OutputError

__all__ = ["Floats", "Precision", "Stored", "open_tensors", "to_bfloat16", "write_tensors"]

Floats = NDArray[np.float32]
Precision = Literal["float32", "bfloat16"]
_HEADER_BYTES = 100_000_000  # what the format allows
_TYPES: Mapping[str, tuple[str, int]] = {
    "F64": ("<f8", 8),
    "F32": ("<f4", 4),
    "F16": ("<f2", 2),
    "BF16": ("<u2", 2),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a file: its shape, and how its values are read."""

    shape: tuple[int, ...]
    read: Callable[[], Floats]


def open_tensors(path: Path) -> dict[str, Stored]:
    """Return the tensors of a safetensors file by name; values are read when they are asked for.

    Raises ModelError where the file is cut, damaged, or holds weights that are no floating point numbers.
    """
    try:
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            if not 2 <= size <= _HEADER_BYTES:
                raise ModelError(f"{path}: not a safetensors file")
            header = json.loads(stream.read(size).decode())
        data = np.memmap(path, np.uint8, mode="r", offset=8 + size)
    except OSError as cause:
        raise ModelError(f"{path}: the weights cannot be read ({cause.strerror})") from cause
    except ValueError as cause:
        raise ModelError(f"{path}: not a complete safetensors file; write or fetch it again") from cause
    if not isinstance(header, dict):
        raise ModelError(f"{path}: not a safetensors file")
    return {
        name: _stored(path, name, entry, data) for name, entry in header.items() if name != "__metadata__"
    }


def _stored(path: Path, name: str, entry: Any, data: NDArray[np.uint8]) -> Stored:
    try:
        kind, shape = str(entry["dtype"]), tuple(int(size) for size in entry["shape"])
        begin, end = (int(place) for place in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as cause:
        raise ModelError(f"{path}: {name}: the file's header is damaged") from cause
    if kind not in _TYPES:
        raise ModelError(f"{path}: {name}: values of type {kind}; only {', '.join(_TYPES)} are read here")
    form, width = _TYPES[kind]
    if end - begin != math.prod(shape) * width or begin < 0 or end > data.size:
        raise ModelError(f"{path}: {name}: the file is cut or damaged; write or fetch it again")

    def read() -> Floats:
        values = data[begin:end].view(form).reshape(shape)
        if kind == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32)

    return Stored(shape, read)


def to_bfloat16(values: Floats) -> NDArray[np.uint16]:
    """Return the upper halves of 32-bit floats, rounded to the nearest, ties to even."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded: NDArray[np.uint16] = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> 16).astype(
        np.uint16
    )
    return rounded


def write_tensors(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    values: Iterable[tuple[str, Floats]],
    precision: Precision,
) -> None:
    """Write tensors one after the other, so that one at a time is in memory.

    ``values`` come in the order of ``shapes``. Raises ModelError where one is not finite.
    """
    width = 2 if precision == "bfloat16" else 4
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, shape in shapes.items():
        size = math.prod(shape) * width
        kind = "BF16" if precision == "bfloat16" else "F32"
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    try:
        with path.open("wb") as stream:
            stream.write(len(text).to_bytes(8, "little") + text)
            for piece in _pieces(shapes, values, precision):
                stream.write(piece)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause


def _pieces(
    shapes: Mapping[str, tuple[int, ...]], values: Iterable[tuple[str, Floats]], precision: Precision
) -> Iterator[bytes]:
    for (name, array), (wanted, shape) in zip(values, shapes.items(), strict=True):
        if name != wanted or array.shape != shape:
            raise ModelError(f"{name}: has the shape {array.shape}; {wanted} with {shape} was expected")
        if not np.isfinite(array).all():
            raise ModelError(f"{name}: holds values that are not finite: the model is broken")
        plain = np.ascontiguousarray(array, np.float32)
        yield (to_bfloat16(plain) if precision == "bfloat16" else plain).tobytes()
