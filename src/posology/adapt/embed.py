"""Runs of recipes of kind embed: pairs tune an embedder, which is measured against what is there already."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posology.adapt.checkpoint import Checkpoints, fingerprint_of
from posology.adapt.devices import Devices
from posology.adapt.embedding.contrast import Contrast
from posology.adapt.embedding.dealing import deal_batches
from posology.adapt.embedding.gathering import PairMaterial, gather_pairs
from posology.adapt.embedding.measure import find_ranks
from posology.adapt.embedding.reporting import embedding_card, embedding_report
from posology.adapt.embedding.static import distil_table, read_table, save_static
from posology.adapt.embedding.towers import Tower, TowerEmbedder, open_encoder_tower, static_tower
from posology.adapt.finished import Origin, close_finished, require_place
from posology.adapt.folders import Made, model_folder, write_papers
from posology.adapt.job import Job
from posology.adapt.licences import path_licences, require_base
from posology.adapt.loop import Training, train
from posology.adapt.network import Network
from posology.adapt.plan import Asked, Plan, plan_training
from posology.adapt.recipe import Optimizer
from posology.adapt.recipes import render_recipe
from posology.adapt.recipes.embed import EmbedRecipe
from posology.chat.catalogue import find_entry
from posology.chat.runtime import import_torch
from posology.chat.weights import check_sha256, find_weights
from posology.errors import UserError
from posology.evidence import Embedder, open_embedder
from posology.manifest import hash_file

__all__ = ["plan_embed", "run_embed"]

_NO_PROMPTS: Any = None  # an embedder is asked nothing, so it needs no codec of prompts


@dataclass(frozen=True, slots=True)
class _Start:
    """What a run begins with."""

    tower: Tower
    identity: dict[str, str]
    folder: Path


def run_embed(recipe: EmbedRecipe, job: Job) -> Path:
    """Tune an embedder as a recipe says and return its folder; goes on where a run was stopped."""
    require_place(recipe, job)
    began = time.monotonic()
    material = gather_pairs(recipe, job)
    start = _open(recipe, job)
    training = _training(recipe, material, start, job)
    if close_finished(
        Origin(recipe, material.inputs, start.identity), job, training.fingerprint, training.devices
    ):
        return job.out
    if job.restart:
        Checkpoints(job.work, "").discard()
    before = find_ranks(material.report, TowerEmbedder(start.tower, "before")) if material.report else {}
    progress = train(training)
    with model_folder(job.out, overwrite=job.overwrite) as folder:
        extra = _save(folder, recipe, start)
        embedder = _embedder(folder, recipe, start, extra)
        report = embedding_report(material, progress, before, embedder, job.energy_wh(progress.seconds))
        card = embedding_card(recipe, report, start.identity)
        made = Made(
            recipe,
            report,
            card,
            progress.log,
            material.inputs,
            {"base": start.identity},
            {"training": progress.seconds, "whole run": time.monotonic() - began},
        )
        write_papers(folder, made)
        _extend_manifest(folder, extra)
    Checkpoints(job.work, "").discard()
    return job.out


def plan_embed(recipe: EmbedRecipe, job: Job) -> Plan:
    """Say what a recipe needs; opens the base and learns from one batch, unless the speed is stated."""
    material = gather_pairs(recipe, job)
    start = _open(recipe, job)
    training = _training(recipe, material, start, job)
    asked = Asked(
        training.network,
        training.objective,
        training.select,
        training.optimizer,
        training.stop,
        training.seed,
    )
    texts = [text for pair in material.report for text in (pair.query, pair.passage, *pair.negatives)]
    twice = 2 * sum(map(len, start.tower.ids(texts)))
    plan = plan_training(asked, job, whole=True, beside=(twice, "scored, before and after"))
    told = f"{len(material.tune):,} pairs, {len(training.objective.lengths):,} batches of all epochs"
    lines = tuple(
        replace(line, value=len(material.tune), how=told) if line.what == "examples" else line
        for line in plan.lines
    )
    unread = "a search by words over the report's passages, and distilling a table, are not reckoned"
    return replace(plan, examples=len(material.tune), lines=lines, notes=(*plan.notes, unread))


def _open(recipe: EmbedRecipe, job: Job) -> _Start:
    """Open what is tuned: the static embedder that ships, one by path, or an encoder, distilled if wanted."""
    base, pieces = recipe.base, recipe.pairs.pieces
    require_base(base, job, recipe.pairs.purpose, "pairs.purpose")
    torch = import_torch()
    if base.threads:
        torch.set_num_threads(base.threads)
    torch.manual_seed(recipe.seed)
    if base.model:
        entry = find_entry(base.model)
        found = find_weights(entry.name, job.home).path
        folder, name, licence = found if found.is_dir() else found.parent, entry.name, entry.licence
    elif base.path:
        folder, name = job.place(base.path), base.path
        licence = "; ".join(path_licences(folder, job.home))
    else:
        folder, name, licence = _shipped(), "static-minilm-256", "Apache-2.0"
    told = {
        "name": name,
        "licence": licence,
        "sha256": check_sha256(folder / "model.safetensors", base.sha256),
        "tokenizer_sha256": hash_file("tokenizer", folder / "tokenizer.json").sha256,
    }
    if not (folder / "config.json").is_file():
        if not recipe.form.static:
            raise UserError(f"{name}: a static table cannot become an encoder; set form.static = true")
        return _Start(static_tower(*read_table(folder), pieces), told, folder)
    encoder = open_encoder_tower(folder, pieces)
    if not recipe.form.static:
        return _Start(encoder, told, folder)
    job.tell("Distilling the table")
    table = distil_table(encoder, recipe.form.dimensions)
    return _Start(static_tower(table, encoder.tokenizer, pieces), told, folder)


def _shipped() -> Path:
    import posology.evidence

    return Path(posology.evidence.__file__).parent / "models" / "static-minilm-256"


def _training(recipe: EmbedRecipe, material: PairMaterial, start: _Start, job: Job) -> Training:
    tower, optimizer = start.tower, recipe.optimizer
    batches = deal_batches(material.tune, optimizer.batch, optimizer.epochs, recipe.seed)
    if not batches:
        raise UserError("pairs.tune: no batch can be made: every pair is of one group and has no negative")
    objective = Contrast(tower, material.tune, batches, recipe.form.scale, recipe.pairs.negatives)
    chosen = deal_batches(material.select, optimizer.batch, 1, recipe.seed)
    select = None
    if chosen:
        select = Contrast(tower, material.select, chosen, recipe.form.scale, recipe.pairs.negatives)
    steps = optimizer.steps or len(batches)
    network = Network(
        tower.torch,
        tower.core,
        None,
        tower.torch.device("cpu"),
        False,
        _NO_PROMPTS,
        frozenset(),
        tower.pieces,
    )
    return Training(
        network=network,
        objective=objective.anchored(recipe.form.anchor),
        select=select,
        optimizer=Optimizer(**{**optimizer.model_dump(), "batch": 1, "epochs": 1.0, "steps": steps}),
        stop=recipe.stop,
        seed=recipe.seed,
        work=job.work,
        fingerprint=fingerprint_of(render_recipe(recipe), material.inputs, start.identity),
        devices=Devices(),
        tell=job.tell,
    )


def _save(folder: Path, recipe: EmbedRecipe, start: _Start) -> dict[str, Any]:
    """Write the weights; return what the manifest must say beside."""
    tower = start.tower
    if recipe.form.static:
        table = tower.core.weight.detach().numpy()
        about = {"name": recipe.name, "license": "see card.md", "base": start.identity}
        return save_static(folder, table, tower.tokenizer, about)
    tower.core.save_pretrained(str(folder))
    (folder / "tokenizer.json").write_text(tower.tokenizer.to_str(), encoding="utf-8")
    files = {name: hash_file("", folder / name).sha256 for name in ("model.safetensors", "tokenizer.json")}
    return {"name": recipe.name, "family": "bert", "base": start.identity, "files": files}


def _embedder(folder: Path, recipe: EmbedRecipe, start: _Start, extra: dict[str, Any]) -> Embedder:
    """Open what was written, as the evidence search will: rounding and all."""
    if not recipe.form.static:
        return TowerEmbedder(open_encoder_tower(folder, start.tower.pieces), recipe.name)
    (folder / "manifest.json").write_text(json.dumps(extra), encoding="utf-8")
    return open_embedder(folder)


def _extend_manifest(folder: Path, extra: dict[str, Any]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, **extra}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
