"""Checkpoints: everything that training needs to go on as if it had never stopped, hashed and whole.

In the work folder lie ``checkpoint/step-000050/`` (the last two), ``best/step-000050.safetensors`` (as long
as a checkpoint names it) and ``log.jsonl``. Nothing is pickled.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from posology.adapt.unwritten import advice_on, reason_of
from posology.errors import ModelError, OutputError
from posology.files import staged_folder, write_atomic
from posology.manifest import Input

__all__ = ["Checkpoints", "Progress", "fingerprint_of"]

KEPT = 2
STATE = "state.json"


@dataclass
class Progress:
    """How far a run is."""

    step: int = 0
    tokens: int = 0  # that went through the model so far, padding included
    supervised: float = 0.0  # tokens of answers, weighted
    seconds: float = 0.0
    best_step: int | None = None
    best_loss: float | None = None
    worse: int = 0  # measurements since the best
    ended: str = ""  # why training ended, "" while it goes on
    log: list[dict[str, Any]] = field(default_factory=list, repr=False)


def fingerprint_of(recipe: str, inputs: Iterable[Input], weights: object) -> str:
    """Return the hash of what a checkpoint belongs to: the recipe's text, its inputs, JSON-ready weights."""
    about = [recipe, [(one.role, one.sha256) for one in inputs], weights]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


class Checkpoints:
    """The checkpoints of one run. ``fingerprint`` is of recipe and data: another run's are refused."""

    def __init__(self, work: Path, fingerprint: str) -> None:
        """Take the work folder, which need not be there yet."""
        self._work = work
        self._fingerprint = fingerprint

    def save(self, progress: Progress, tensors: Mapping[str, Any]) -> None:
        """Write a checkpoint whole or not at all, then let go of the ones before the last two."""
        target = self._folder(progress.step)
        shutil.rmtree(target, ignore_errors=True)  # a damaged one that stands there
        with staged_folder(target) as folder:
            digest = _save(folder / "tensors.safetensors", tensors)
            state = {key: value for key, value in asdict(progress).items() if key != "log"}
            record = {
                "posology": "checkpoint/1",
                "fingerprint": self._fingerprint,
                "progress": state,
                "sha256": {"tensors.safetensors": digest},
            }
            (folder / STATE).write_text(json.dumps(record, indent=1), encoding="utf-8")
        self._let_go()

    def save_best(self, step: int, tensors: Mapping[str, Any]) -> None:
        """Write the weights of a measurement that was the best so far."""
        path = self._best(step)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise _unwritten(self._work, cause) from cause
        _save(path, tensors)
        self._let_go_of_best({step})

    def load_best(self, step: int) -> dict[str, Any]:
        """Return the weights of the best measurement."""
        return _load(self._best(step), self._again)

    def load(self) -> tuple[Progress, dict[str, Any]] | None:
        """Return the last checkpoint, None where there is none; raise ModelError where it is damaged."""
        folders = self._folders()
        if not folders:
            return None
        last = folders[-1]
        record = self._record(last)
        if record["fingerprint"] != self._fingerprint:
            raise ModelError(
                f"{self._work}: holds the checkpoint of another recipe, other data, other weights or another "
                "version; pass --restart to begin anew, or name another --out"
            )
        tensors = last / "tensors.safetensors"
        if _digest(tensors) != record["sha256"]["tensors.safetensors"]:
            raise ModelError(f"{tensors}: the checkpoint is damaged; {self._earlier(last)}")
        progress = Progress(**record["progress"])
        progress.log = self.read_log(progress.step)
        return progress, _load(tensors, self._earlier(last))

    def steps(self) -> list[int]:
        """Return the steps of which there are checkpoints."""
        return [int(folder.name.removeprefix("step-")) for folder in self._folders()]

    def append(self, entry: Mapping[str, Any]) -> None:
        """Append a line to the log."""
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            with (self._work / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(line)
        except OSError as cause:
            raise _unwritten(self._work, cause) from cause

    def read_log(self, step: int) -> list[dict[str, Any]]:
        """Return the log's lines up to a step, and cut the file there: what followed is done again."""
        path = self._work / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        kept = [entry for line in lines if (entry := _entry(line)) is not None and entry["step"] <= step]
        if len(kept) < len(lines):
            told = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept)
            write_atomic(path, told.encode())  # a kill or a full disk leaves the log as it was
        return kept

    def is_over(self) -> bool:
        """Say whether training had ended where the last checkpoint is this run's; also where none is left."""
        folders = [one for one in self._folders() if (one / STATE).is_file()]  # ``discard`` takes it last
        if not folders:
            return True
        record = self._record(folders[-1])
        return record["fingerprint"] == self._fingerprint and bool(record["progress"]["ended"])

    def discard(self) -> None:
        """Remove the work folder: the model is done, or is begun anew.

        The last checkpoint's state goes last: up to then a kill leaves what says that the run is over.
        """
        *earlier, last = [self._work / "best", *self._folders()]
        for folder in earlier:
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            (last / "tensors.safetensors").unlink()
        shutil.rmtree(self._work, ignore_errors=True)

    def _folder(self, step: int) -> Path:
        return self._work / "checkpoint" / f"step-{step:06d}"

    def _best(self, step: int) -> Path:
        return self._work / "best" / f"step-{step:06d}.safetensors"

    def _folders(self) -> list[Path]:
        return sorted(path for path in (self._work / "checkpoint").glob("step-*") if path.is_dir())

    def _record(self, folder: Path) -> dict[str, Any]:
        try:
            record = json.loads((folder / STATE).read_text(encoding="utf-8"))
            if record["posology"] != "checkpoint/1":
                raise ValueError
            Progress(**record["progress"])
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(
                f"{folder / STATE}: the checkpoint is damaged; {self._earlier(folder)}"
            ) from cause
        return dict(record)

    def _earlier(self, folder: Path) -> str:
        before = [one for one in self._folders() if one < folder]
        if before:
            return f"remove the folder {folder.name} to go on from {before[-1].name}"
        return self._again

    @property
    def _again(self) -> str:
        return "there is none before it: pass --restart to begin anew"

    def _let_go(self) -> None:
        folders = self._folders()
        for folder in folders[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
        self._let_go_of_best(set())

    def _let_go_of_best(self, kept: set[int]) -> None:
        """Remove the best weights that no checkpoint names, but for ``kept``."""
        named = {self._record(folder)["progress"]["best_step"] for folder in self._folders()}
        keep = {self._best(step) for step in named | kept if step is not None}
        for path in (self._work / "best").glob("step-*.safetensors"):
            if path not in keep:
                path.unlink(missing_ok=True)


def _unwritten(path: Path, cause: Exception) -> OutputError:
    return OutputError(
        f"{path}: cannot be written ({reason_of(cause)}); {advice_on(cause)}: it goes on from the last "
        "checkpoint"
    )


def _entry(line: str) -> dict[str, Any] | None:
    """Return a line of the log, None for one that a kill cut short."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("step"), int) else None


def _save(path: Path, tensors: Mapping[str, Any]) -> str:
    """Write tensors so that the file appears whole or not at all; return its hash."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    part = path.with_name(f".{path.name}.part")
    try:
        save_file({name: one.detach().cpu().contiguous() for name, one in tensors.items()}, str(part))
        digest = _digest(part)
        part.replace(path)
    except (OSError, SafetensorError) as cause:
        raise _unwritten(path, cause) from cause
    finally:
        part.unlink(missing_ok=True)
    return digest


def _load(path: Path, again: str) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(str(path)))
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"{path}: cannot be read or is damaged; {again}") from cause


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as cause:
        raise ModelError(f"{path}: cannot be read ({cause.strerror})") from cause
    return digest.hexdigest()
