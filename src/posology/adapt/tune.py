"""Tuning: from a recipe, examples and a base to a model folder, by adapters or whole."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posology.adapt.card import tuning_card
from posology.adapt.checkpoint import Checkpoints, Progress, fingerprint_of
from posology.adapt.devices import find_devices
from posology.adapt.distill import open_teacher
from posology.adapt.finished import Origin, close_finished, require_place
from posology.adapt.job import Job
from posology.adapt.licences import require_base, require_teacher, teacher_told
from posology.adapt.loop import Training, train
from posology.adapt.masks import Marked, Marker
from posology.adapt.material import Material, gather_material, mark_material
from posology.adapt.network import Network, open_network
from posology.adapt.objective.answers import AnswerObjective
from posology.adapt.plan import Asked, Plan, Room, disk_needed, peak_memory, plan_training, require_room
from posology.adapt.recipes import render_recipe
from posology.adapt.recipes.tune import Distillation, Objective, TuneRecipe
from posology.adapt.results import Result, write_result
from posology.adapt.screening import example_text
from posology.adapt.seen import seen_of

__all__ = ["Prepared", "peak_memory", "plan_tune", "prepare", "run_tune"]

_TEACHER = "the teacher's own memory and time come on top and are not reckoned"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that a run needs before its first step."""

    material: Material
    network: Network
    tune: Sequence[Marked]
    select: Sequence[Marked]

    @property
    def supervised(self) -> int:
        """Return how many tokens of answers one epoch learns from."""
        return sum(sum(one.learn) for one in self.tune)


def run_tune(recipe: TuneRecipe, job: Job) -> Path:
    """Tune a model as a recipe says and return its folder; goes on from a checkpoint where one is there.

    What is left by a run that was killed, that came to a full disk or to a loss that is no number lies in
    ``OUT.work``; the same command goes on from there.
    """
    require_place(recipe, job)
    began = time.monotonic()
    prepared = prepare(recipe, job)
    origin = Origin(recipe, prepared.material.inputs, dict(prepared.network.identity))
    if close_finished(origin, job, _fingerprint(recipe, prepared), find_devices()):
        return job.out
    require_room(job.out, _disk(prepared).size)
    training = _training(recipe, prepared, job)
    if job.restart and training.devices.is_first:
        Checkpoints(job.work, "").discard()
    training.devices.wait()
    progress = train(training)
    if training.devices.is_first:
        made = _result(recipe, prepared, progress, job.energy_wh(progress.seconds), time.monotonic() - began)
        distill = recipe.objective.distill
        write_result(replace(made, beside={"teacher": teacher_told(distill, job)} if distill.on else {}), job)
    training.devices.wait()
    return job.out


def plan_tune(recipe: TuneRecipe, job: Job) -> Plan:
    """Say what a recipe needs; opens the model and learns from one piece, unless the speed is stated."""
    prepared = prepare(recipe, job)
    network, terms = prepared.network, recipe.objective.model_copy(update={"distill": Distillation()})
    if not (terms.answer.on or terms.ground.on):
        terms = Objective()
    objective = AnswerObjective(network, prepared.tune, terms)
    select = AnswerObjective(network, prepared.select, terms) if prepared.select else None
    lengths = [one.tokens + len(one.bare) + len(one.answer) * bool(one.bare) for one in prepared.tune]
    asked = Asked(network, objective, select, recipe.optimizer, recipe.stop, recipe.seed, lengths)
    plan = plan_training(asked, job, whole=network.wrapped is None)
    return plan if not recipe.objective.distill.on else replace(plan, notes=(*plan.notes, _TEACHER))


def _disk(prepared: Prepared) -> Room:
    network = prepared.network
    trained = sum(int(one.numel()) for one in network.trained.values())
    return disk_needed(trained, network.parameters, whole=network.wrapped is None, half=network.half)


def prepare(recipe: TuneRecipe, job: Job) -> Prepared:
    """Gather the examples, open the model and mark what each term counts."""
    require_base(recipe.base, job, recipe.data.purpose)
    require_teacher(recipe.objective.distill, job, recipe.data.purpose)
    job.tell("Reading examples")
    material = gather_material(recipe.data, job, recipe.tests)
    job.tell("Opening the model")
    network = open_network(recipe.base, recipe.lora, job, seed=recipe.seed, keep=True)
    ground = recipe.objective.ground
    marker = Marker(
        network.codec,
        network.ends,
        ground=ground.on,
        contrast=ground.on and ground.contrast > 0,
        turns=recipe.data.learn == "turns",
    )
    most = min(filter(None, (recipe.data.max_tokens, network.window)))
    tune = mark_material(material.tune, marker, most, material.left_out)
    select = mark_material(material.select, marker, most, {}) if material.select else []
    return Prepared(material, network, tune, select)


def _training(recipe: TuneRecipe, prepared: Prepared, job: Job) -> Training:
    network, terms = prepared.network, recipe.objective
    teacher = None
    if terms.distill.on:
        asked = [*prepared.tune, *prepared.select]
        teacher = open_teacher(terms.distill, network, recipe.base, asked, job)
    objective = AnswerObjective(network, prepared.tune, terms, teacher)
    select = AnswerObjective(network, prepared.select, terms, teacher) if prepared.select else None
    return Training(
        network=network,
        objective=objective,
        select=select,
        optimizer=recipe.optimizer,
        stop=recipe.stop,
        seed=recipe.seed,
        work=job.work,
        fingerprint=_fingerprint(recipe, prepared),
        devices=find_devices(),
        tell=job.tell,
        take_last=recipe.stop.take == "last",
    )


def _fingerprint(recipe: TuneRecipe, prepared: Prepared) -> str:
    return fingerprint_of(render_recipe(recipe), prepared.material.inputs, prepared.network.identity)


def _result(
    recipe: TuneRecipe, prepared: Prepared, progress: Progress, energy_wh: float | None, seconds: float
) -> Result:
    network, inputs = prepared.network, prepared.material.inputs
    report = _report(prepared, progress, energy_wh, last=recipe.stop.take == "last")
    card = tuning_card(recipe, report, dict(network.identity))
    material = prepared.material
    seen = seen_of(map(example_text, material.tune), map(example_text, material.select))
    return Result(recipe, network, progress, inputs, report, card, seconds, seen)


def _report(prepared: Prepared, progress: Progress, energy_wh: float | None, *, last: bool) -> dict[str, Any]:
    network, material = prepared.network, prepared.material
    measured = [entry["select"]["answer"] for entry in progress.log if "select" in entry]
    kept = (
        (progress.step, measured[-1] if measured else None)
        if last
        else (progress.best_step, progress.best_loss)
    )
    return {
        "posology": "tuning/1",
        "examples": len(prepared.tune),
        "select_examples": len(prepared.select),
        "left_out": material.left_out,
        "tests": material.tests,
        "licences": material.licences,
        "sources": material.sources,
        "steps": progress.step,
        "tokens": progress.tokens,
        "supervised": round(progress.supervised, 1),
        "seconds": round(progress.seconds, 3),
        "ended": progress.ended,
        "best_step": progress.best_step,
        "kept_step": kept[0],
        "select_before": measured[0] if measured else None,
        "select_after": kept[1],
        "parameters": network.parameters,
        "trained_parameters": sum(int(one.numel()) for one in network.trained.values()),
        "device": network.device.type,
        "arithmetic": "bfloat16" if network.half else "float32",
        "peak_memory_bytes": peak_memory(network),
        "energy_wh": energy_wh,
    }
