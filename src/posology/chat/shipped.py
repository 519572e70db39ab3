"""Adapters that ship with Posology: which base each was made for, and the hashes it is checked by."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posology.errors import ModelError
from posology.files import write_atomic

__all__ = ["RECORD", "WEIGHTS", "ShippedAdapter", "describe_adapter", "read_shipped"]

RECORD = "shipped.json"
WEIGHTS = "adapter.safetensors"
FILES = (WEIGHTS, "adapter_config.json")  # all that changes answers
FORM = "adapter/1"
WRITTEN = "q8_0/1"  # another number where the same two files give another model: it is then made anew


@dataclass(frozen=True, slots=True)
class ShippedAdapter:
    """What the folder of a shipped adapter says of itself."""

    folder: Path
    base: str  # a name of the catalogue
    base_source_sha256: str  # of the file that the catalogue names as the base's origin
    files: Mapping[str, str]  # name, SHA-256

    def check(self, base_source_sha256: str) -> None:
        """Raise ModelError where a file is damaged, or the base here is another than it was made for."""
        for name, expected in self.files.items():
            path = self.folder / name
            found = _sha256(path)
            if found != expected:
                raise ModelError(
                    f"{path}: the adapter is damaged or was replaced (SHA-256 begins {found[:12]}, expected "
                    f"{expected[:12]}): {_MEND}"
                )
        if base_source_sha256 != self.base_source_sha256:
            raise ModelError(
                f"{self.folder}: the adapter was made for other weights of {self.base} (SHA-256 begins "
                f"{self.base_source_sha256[:12]}) than the catalogue names ({base_source_sha256[:12]}): "
                f"{_MEND}"
            )

    def made_from(self) -> dict[str, object]:
        """Return what the model it makes is known by: the hashes of base and adapter, how it is written."""
        return {
            "base": {"name": self.base, "source_sha256": self.base_source_sha256},
            "adapter": dict(self.files),
            "written": WRITTEN,
        }


_MEND = "install Posology again"


def read_shipped(folder: Path) -> ShippedAdapter:
    """Read a shipped adapter's record; raise ModelError where it is missing or damaged."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        base, files = record["base"], record["files"]
        if record["posology"] != FORM or set(files) != set(FILES):
            raise ModelError(f"{path}: does not describe an adapter that ships: {_MEND}")
        named = {str(name): str(sha256) for name, sha256 in files.items()}
        return ShippedAdapter(folder, str(base["name"]), str(base["source_sha256"]), named)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ModelError(f"{path}: cannot be read: {_MEND}") from cause


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as cause:
        raise ModelError(f"{path}: cannot be read ({cause.strerror}): {_MEND}") from cause


def describe_adapter(folder: Path, base: str, base_source_sha256: str) -> ShippedAdapter:
    """Write the record of a folder with an adapter and return it."""
    files = {name: _sha256(folder / name) for name in FILES}
    record = {
        "posology": FORM,
        "base": {"name": base, "source_sha256": base_source_sha256},
        "files": files,
    }
    write_atomic(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())
    return ShippedAdapter(folder, base, base_source_sha256, files)
