"""Artefact manifests: what went into a folder, which models and versions made it, on what machine.

A manifest names files by name, never by content, and holds no patient text, user or host name.
"""

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from posology.errors import InternalError, UserError

__all__ = [
    "Input",
    "build_manifest",
    "hash_bytes",
    "hash_file",
    "machine",
    "package_versions",
    "render_manifest",
]

PACKAGES = (
    "posology",
    "pydantic",
    "numpy",
    "fhirpathpy",
    "bm25s",
    "tokenizers",
    "safetensors",
    "typst",
    "pypdfium2",
    "httpx",
    "rapidfuzz",
    "pint",
    "openvino",
    "openvino-genai",
    "gguf",
)


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a stage: its part in it, its file name and its hash."""

    role: str  # such as "chart", "request", "policy", "settings"
    name: str
    sha256: str
    size_bytes: int | None = None  # None where the caller knows the hash only


def hash_bytes(role: str, name: str, data: bytes) -> Input:
    """Return the input record of bytes that came from a file or standard input of this name."""
    return Input(role, Path(name).name, hashlib.sha256(data).hexdigest(), len(data))


def hash_file(role: str, path: Path) -> Input:
    """Return the input record of a file, read in pieces."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause
    return Input(role, path.name, digest.hexdigest(), size)


def build_manifest(
    inputs: Sequence[Input],
    models: Mapping[str, Mapping[str, str]],
    settings: Mapping[str, Any],
    *,
    seed: int,
    timings_s: Mapping[str, float],
    seal: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the manifest of an artefact folder as JSON-ready values.

    ``models`` maps a part (writer, validator, embedder) to its identity; timings are seconds of wall time.
    ``seal`` says how the process was kept from the network; without it the manifest has no such key.
    """
    manifest: dict[str, Any] = {
        "posology": "manifest/1",
        "inputs": [
            {key: value for key, value in asdict(entry).items() if value is not None}
            for entry in sorted(inputs, key=lambda entry: (entry.role, entry.name, entry.sha256))
        ],
        "models": {part: dict(models[part]) for part in sorted(models)},
        "settings": dict(settings),
        "versions": package_versions(),
        "seed": seed,
        "timings_s": {stage: round(timings_s[stage], 3) for stage in timings_s},
        "machine": machine(),
    }
    if seal is not None:
        manifest["seal"] = dict(seal)
    render_manifest(manifest)
    return manifest


def render_manifest(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as UTF-8 JSON: keys sorted, so equal manifests are equal bytes."""
    try:
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode()
    except (TypeError, ValueError) as cause:
        raise InternalError("a manifest holds a value that is no JSON") from cause


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter, "absent" where not installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def machine() -> dict[str, Any]:
    """Return the machine in words: system, processor, cores, memory; never its name."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": memory_bytes(),
    }


def memory_bytes() -> int | None:
    """Return the memory this process may use: physical memory, or its control group's limit if smaller."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")
