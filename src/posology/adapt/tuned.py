"""A model that was made here, as its folder tells, and the base that it was made from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.adapt.encoders.saving import SEEN_FILE, Seen, read_seen
from posology.adapt.recipes import read_recipe
from posology.adapt.recipes.encode import EncodeRecipe
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.adapt.recipes.tune import TuneRecipe
from posology.chat.torch_adapter import CONFIG, find_adapter
from posology.chat.torch_weights import transformers_weights
from posology.chat.weights import find_weights
from posology.errors import ModelError, UserError
from posology.evidence.heads import read_head_card
from posology.files import read_utf8

__all__ = ["TunedModel", "find_tuned_base", "read_tuned"]

_SHOWN = 12  # characters of a hash
_NAME_IT = "name it with --base"


@dataclass(frozen=True, slots=True)
class TunedModel:
    """A model folder with its papers."""

    folder: Path
    recipe: TuneRecipe | PreferRecipe | PretrainRecipe | EncodeRecipe
    report: Mapping[str, Any]
    base: Mapping[str, str]  # name, sha256, ... of what it was made from
    inputs: frozenset[str]  # hashes of the files that it learned from
    seen: Seen | None = None  # hashes of their lines; None: the run did not keep them

    @property
    def is_adapter(self) -> bool:
        """Say whether the folder holds an adapter, not whole weights."""
        return (self.folder / CONFIG).is_file()

    @property
    def is_head(self) -> bool:
        """Return whether it is a head: it labels and writes nothing."""
        return isinstance(self.recipe, EncodeRecipe)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the names of the tasks that it learned."""
        return () if isinstance(self.recipe, PretrainRecipe) else self.recipe.data.tasks

    def may_score(self, task: str, part: str) -> bool:
        """Say whether the recipe allows scores on a part: its texts were not left out of the search."""
        told = self._tests().get("not_scored") or ()
        return task not in told and f"{task}/{part}" not in told

    def has_screened(self, task: str, part: str) -> bool:
        """Say whether what it learned was held against the texts of a part of a task that ships."""
        return f"{task}, {part}" in (self._tests().get("of") or ())

    def _tests(self) -> Mapping[str, Any]:
        found = self.report.get("tests")
        return found if isinstance(found, dict) else {}


def read_tuned(folder: Path) -> TunedModel:
    """Read the papers of a model of the kinds tune, prefer, pretrain and encode; refuse another folder."""
    folder = folder.expanduser().resolve()
    if not (folder / "recipe.toml").is_file():
        raise UserError(f"{folder}: no model of posology adapt run here (no recipe.toml)")
    recipe = read_recipe(folder / "recipe.toml")
    if not isinstance(recipe, TuneRecipe | PreferRecipe | PretrainRecipe | EncodeRecipe):
        raise UserError(
            f"{folder}: a model of the kind {recipe.kind}: scored are the kinds tune, prefer, pretrain and "
            "encode"
        )
    try:
        papers = json.loads(read_utf8(folder / "manifest.json"))
        report = json.loads(read_utf8(folder / "report.json"))
        inputs = frozenset(str(one["sha256"]) for one in papers["inputs"])
        base = _base_of_head(folder) if isinstance(recipe, EncodeRecipe) else papers["models"]["base"]
        base = {str(key): str(value) for key, value in base.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise UserError(
            f"{folder}: manifest.json and report.json are not those of a model of posology adapt run"
        ) from cause
    if not base.get("sha256") or not isinstance(report, dict):
        raise UserError(f"{folder}: manifest.json does not tell the hash of the base")
    seen = read_seen(folder) if (folder / SEEN_FILE).is_file() else None
    return TunedModel(folder, recipe, report, base, inputs, seen)


def _base_of_head(folder: Path) -> dict[str, str]:
    """Return what a head stands on, as its card says; a manifest in int8 names the head that it is of."""
    card = read_head_card(folder)
    return {"name": card.base, "sha256": card.base_sha256}


def find_tuned_base(tuned: TunedModel, named: str = "") -> Path:
    """Return the weights that a model was made from: those ``named``, or as its papers tell.

    Raises UserError where they are not there, or are others than those of its manifest.
    """
    path = _named(named) if named else _told(tuned)
    found = transformers_weights(path)
    wanted = tuned.base["sha256"]
    if found.sha256 != wanted:
        raise UserError(
            f"{path}: these are not the weights that {tuned.folder.name} was made from (SHA-256 begins "
            f"{found.sha256[:_SHOWN]}, its manifest says {wanted[:_SHOWN]}); name its base with --base"
        )
    if found.identity_sha256 != tuned.base.get("answers", found.identity_sha256):
        raise UserError(
            f"{path}: tokenizer, chat template or configuration have changed since {tuned.folder.name} was "
            "made from these weights; name the base as it was with --base"
        )
    return path


def _named(named: str) -> Path:
    path = Path(named).expanduser()
    return path.resolve() if path.exists() else find_weights(named).path


def _told(tuned: TunedModel) -> Path:
    """Return the base that a model's papers name; of a path its recipe's own folder is not known."""
    base = tuned.recipe.base
    if base.model:
        return find_weights(base.model).path
    adapter = find_adapter(tuned.folder)
    if adapter is not None:
        try:
            return adapter.base_path()
        except ModelError as cause:
            raise UserError(f"{tuned.folder}: its base is not at {adapter.base}; {_NAME_IT}") from cause
    for folder in (tuned.folder, tuned.folder.parent, Path.cwd()):
        if (folder / Path(base.path).expanduser()).exists():
            return (folder / Path(base.path).expanduser()).resolve()
    raise UserError(f"{tuned.folder}: its base is called {base.path} and is not there; {_NAME_IT}")
