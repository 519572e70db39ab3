"""What licence a base has: of the catalogue, or as what stands beside weights at a path tells it."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from posology.adapt.job import Job
from posology.adapt.recipes.tune import Distillation
from posology.chat.catalogue import find_entry
from posology.chat.convert import read_gguf_licence
from posology.chat.torch_adapter import find_adapter
from posology.corpus.licences import may_ship
from posology.errors import ModelError, UserError
from posology.files import parse_yaml, read_utf8

__all__ = [
    "NOT_STATED",
    "base_licences",
    "own_licences",
    "path_licences",
    "require_base",
    "require_teacher",
    "teacher_told",
]

NOT_STATED = "not stated"
_CARD = "README.md"
_MANIFEST = "manifest.json"
_HEAD = re.compile(r"---[ \t]*\r?\n(.*?)^---", re.DOTALL | re.MULTILINE)


class _Named(Protocol):
    @property
    def model(self) -> str: ...

    @property
    def path(self) -> str: ...


def base_licences(base: _Named, job: Job) -> tuple[str, ...]:
    """Return the licences of a recipe's base: all of them bind who gives away what is made from it."""
    return (find_entry(base.model).licence,) if base.model else path_licences(job.place(base.path), job.home)


def path_licences(path: Path, home: Path | None = None) -> tuple[str, ...]:
    """Return the licences of weights at a path, ``not stated`` where nothing there tells one.

    What tells it: of a model made here its manifest and report (its base's licence, and those of all that it
    learned from); the manifest of an export, or of a model of the catalogue; ``license`` in the head of
    ``README.md``; ``general.license`` of a GGUF file. An adapter made elsewhere has its base's licences too.
    """
    found = own_licences(path)
    adapter = None if path.is_file() or _of_papers(path) else find_adapter(path)
    return found if adapter is None else (*found, *path_licences(adapter.base_path(home), home))


def own_licences(path: Path) -> tuple[str, ...]:
    """Return the licences of weights at a path, of an adapter made elsewhere without its base's."""
    if path.is_file():
        papers = _of_export(path.parent, path.name) or _of_manifest(path.parent, path.name)
        return papers or _known((read_gguf_licence(path),))
    return _of_papers(path) or _known((*_of_manifest(path), *_of_card(path)))


def require_base(base: _Named, job: Job, purpose: str, key: str = "data.purpose") -> None:
    """Raise UserError where what is made from a base is to be given away and its licence does not allow it.

    A licence that is not known allows nothing. ``key``: of the recipe, where the purpose stands. Raises
    ModelError where there is nothing at the base's path.
    """
    if purpose != "ship" or not (base.model or base.path):
        return
    if not base.model and not job.place(base.path).exists():
        raise ModelError(f"base.path: {job.place(base.path)}: the weights are not there; correct the path")
    where = f"base.model: {base.model}" if base.model else f"base.path: {base.path}"
    _require(base_licences(base, job), f"{key}: ship: {where}")


def teacher_told(told: Distillation, job: Job) -> dict[str, str]:
    """Return name and licence of a recipe's teacher: of a cache that is there, of whom it was made by."""
    papers = job.place(told.cache) / _MANIFEST
    if told.cache and papers.is_file():
        made = _table(_read(papers), "teacher")
        return {key: str(made.get(key) or NOT_STATED) for key in ("name", "licence")}
    found = path_licences(job.place(told.teacher), job.home) if told.teacher else (NOT_STATED,)
    return {"name": told.teacher or "not named", "licence": "; ".join(found)}


def require_teacher(told: Distillation, job: Job, purpose: str) -> None:
    """Raise UserError where a student is to be given away and its teacher's licence does not allow it."""
    if told.on and purpose == "ship":
        found = teacher_told(told, job)
        _require((found["licence"],), f"data.purpose: ship: objective.distill.teacher: {found['name']}")


def _require(licences: Iterable[str], what: str) -> None:
    barred = sorted({one for one in licences if not may_ship(one)})
    if barred:
        raise UserError(
            f"{what}: the licence of these weights forbids it or is not known: {'; '.join(barred)}; take a "
            "model of the catalogue (posology models list), or weights that tell a licence that allows it "
            f"(license: in the head of the folder's {_CARD}, general.license in a GGUF file), or set "
            'purpose = "study", whose weights stay here'
        )


def _known(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in found if one.strip()) or (NOT_STATED,)


def _of_papers(folder: Path) -> tuple[str, ...]:
    return _of_run(folder) or _of_export(folder)


def _of_run(folder: Path) -> tuple[str, ...]:
    """Return the licences that the papers of a model made here name, none where it was not made here."""
    papers = _read(folder / _MANIFEST)
    models = _table(papers, "models")
    if "licence" not in _table(models, "base"):
        return ()
    told = [one for name in models for one in _parts(_table(models, name).get("licence"))]
    learned = list(_table(_read(folder / "report.json"), "licences"))
    objective = _table(_table(_table(papers, "settings"), "recipe"), "objective")
    distilled = _table(objective, "distill").get("on") is True
    lacking = not learned or (distilled and "teacher" not in models)
    return tuple(dict.fromkeys((*told, *learned, *([NOT_STATED] * lacking))))


def _of_export(folder: Path, file: str = "") -> tuple[str, ...]:
    """Return the licences that the manifest of an export names, none where it is of none, or not of a file.

    What an export copies from its base, a file's ``general.license`` or a card, tells of the base alone.
    """
    models = _table(_read(folder / _MANIFEST), "models")
    files = _table(models, "export")
    if not files or (file and file not in files):
        return ()
    return _parts(_table(models, "sources").get("licence"))


def _parts(told: object) -> tuple[str, ...]:
    """Return the licences of a list with semicolons, ``not stated`` where one is empty."""
    return tuple(dict.fromkeys(one.strip() or NOT_STATED for one in str(told or "").split(";")))


def _of_manifest(folder: Path, file: str = "") -> tuple[str, ...]:
    """Return what the manifest of a folder tells; of a file, only where the manifest is of that file."""
    papers = _read(folder / _MANIFEST)
    if file and file not in _table(papers, "files"):
        return ()
    return tuple(str(papers[key]) for key in ("licence", "license") if papers.get(key))


def _of_card(folder: Path) -> tuple[str, ...]:
    """Return ``license`` of the YAML between two lines of dashes with which a model's card begins."""
    if not (folder / _CARD).is_file():
        return ()
    try:
        head = _HEAD.match(read_utf8(folder / _CARD))
        told = parse_yaml(head[1], _CARD) if head else {}
    except UserError:
        return (f"{NOT_STATED}: {_CARD} cannot be read",)
    found = told.get("license") if isinstance(told, dict) else None
    return tuple(map(str, found)) if isinstance(found, list) else (str(found or ""),)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _table(papers: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = papers.get(key)
    return found if isinstance(found, dict) else {}
