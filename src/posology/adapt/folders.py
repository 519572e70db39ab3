"""Model folders: weights, recipe, report, card, log and manifest, written whole or not at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posology.adapt.recipe import Recipe
from posology.adapt.recipes import render_recipe
from posology.adapt.screening import screening_told
from posology.files import staged_folder
from posology.manifest import Input, build_manifest, render_manifest

__all__ = ["Made", "model_folder", "write_papers"]


@dataclass(frozen=True, slots=True)
class Made:
    """What is written beside the weights of a model."""

    recipe: Recipe
    report: Mapping[str, Any]  # report.json: what was measured
    card: str  # card.md: for a reader
    log: Sequence[Mapping[str, Any]]  # log.jsonl: a line a step
    inputs: Sequence[Input]
    models: Mapping[str, Mapping[str, str]]  # "base" and others: name, sha256, licence, ...
    timings_s: Mapping[str, float] = field(default_factory=dict)


@contextmanager
def model_folder(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a folder for the weights and ``write_papers``; it becomes ``out`` whole or not at all."""
    with staged_folder(out, overwrite=overwrite) as staging:
        yield staging


def write_papers(folder: Path, made: Made) -> None:
    """Write recipe.toml, report.json, card.md, log.jsonl and manifest.json into a model folder."""
    (folder / "recipe.toml").write_text(render_recipe(made.recipe), encoding="utf-8")
    (folder / "report.json").write_text(_json(made.report, indent=1) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(_card(made), encoding="utf-8")
    lines = "".join(_json(entry) + "\n" for entry in made.log)
    (folder / "log.jsonl").write_text(lines, encoding="utf-8")
    settings = {"recipe": made.recipe.model_dump(mode="json")}
    manifest = build_manifest(
        made.inputs, made.models, settings, seed=made.recipe.seed, timings_s=made.timings_s
    )
    (folder / "manifest.json").write_bytes(render_manifest(manifest))


def _card(made: Made) -> str:
    tests = made.report.get("tests")
    return made.card if tests is None else f"{made.card.rstrip()}\n\n{screening_told(tests)}\n"


def _json(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
