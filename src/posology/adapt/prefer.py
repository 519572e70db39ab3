"""Preference tuning: from a recipe and pairs to a model folder, by DPO with a supervised term."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from posology.adapt.card import UNSCORED, energy_words
from posology.adapt.checkpoint import Checkpoints, Progress, fingerprint_of
from posology.adapt.devices import Devices, find_devices
from posology.adapt.finished import Origin, close_finished, require_place
from posology.adapt.job import Job
from posology.adapt.licences import require_base
from posology.adapt.loop import Training, train
from posology.adapt.network import Network, open_network
from posology.adapt.objective.preferring import MarkedPair, PreferenceObjective, reference_of
from posology.adapt.plan import Asked, Plan, plan_training
from posology.adapt.preference.answering import (
    Checked,
    check_answers,
    checked_rows,
    with_room,
    write_answers,
    written_examples,
)
from posology.adapt.preference.material import PairMaterial, gather_pairs, mark_pairs
from posology.adapt.preference.pairs import length_gap
from posology.adapt.preference.policy import plan_policy, run_policy
from posology.adapt.recipes import render_recipe
from posology.adapt.recipes.prefer import Contrast, PreferRecipe
from posology.adapt.results import Result, write_result
from posology.adapt.screening import preference_text
from posology.adapt.seen import seen_of
from posology.corpus import Example
from posology.errors import ModelError

__all__ = ["plan_prefer", "run_prefer"]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that a run needs before its first step."""

    material: PairMaterial
    network: Network
    tune: Sequence[MarkedPair]
    select: Sequence[MarkedPair]
    asked: Sequence[Example]  # what is answered before and after, to count inventions and omissions


def run_prefer(recipe: PreferRecipe, job: Job) -> Path:
    """Tune a model by preferences and return its folder; goes on from a checkpoint where one is there.

    Ends where faithful answers have become less likely than they were, with the best weights before that;
    raises ModelError where there are none. With ``policy.on`` it learns from its own answers instead.
    """
    if recipe.policy.on:
        return run_policy(recipe, job)
    require_place(recipe, job)
    began = time.monotonic()
    prepared = _prepare(recipe, job)
    training = _training(recipe, prepared, job)
    origin = Origin(recipe, prepared.material.inputs, dict(prepared.network.identity))
    if close_finished(origin, job, training.fingerprint, training.devices):
        return job.out
    if job.restart and training.devices.is_first:
        Checkpoints(job.work, "").discard()
    training.devices.wait()
    before = _written(recipe, prepared, training.devices, job)
    progress = train(training)
    if training.select is not None and progress.best_step is None:
        raise ModelError(
            f"{recipe.name}: no measurement was better than before training ({progress.ended}); lower "
            "optimizer.lr, raise contrast.beta or contrast.supervised"
        )
    if training.devices.is_first:
        written = (before, _written(recipe, prepared, training.devices, job))
        write_result(_result(recipe, prepared, progress, written, time.monotonic() - began, job), job)
    training.devices.wait()
    return job.out


def plan_prefer(recipe: PreferRecipe, job: Job) -> Plan:
    """Say what a recipe needs; opens the model and learns from one piece, unless the speed is stated."""
    if recipe.policy.on:
        return plan_policy(recipe, job)
    prepared = _prepare(recipe, job)
    network, terms, asked = prepared.network, recipe.contrast, len(prepared.asked)

    def objective(pairs: Sequence[MarkedPair]) -> PreferenceObjective:
        start = [(0.0, 0.0)] * len(pairs)  # the reference is computed by the run
        return PreferenceObjective(network, pairs, start, beta=terms.beta, supervised=terms.supervised)

    select = objective(prepared.select) if prepared.select else None
    tune = objective(prepared.tune)
    learned = Asked(network, tune, select, recipe.optimizer, recipe.stop, recipe.seed)
    once = sum(pair.tokens for pair in (*prepared.tune, *prepared.select))
    plan = plan_training(learned, job, whole=network.wrapped is None, beside=(once, "for the reference"))
    unread = (
        f"answers to {asked} prompts of select, written twice, of at most {terms.answer_tokens} "
        "tokens, are not reckoned"
    )
    return replace(plan, notes=(*plan.notes, unread)) if asked else plan


def _prepare(recipe: PreferRecipe, job: Job) -> _Prepared:
    require_base(recipe.base, job, recipe.data.purpose)
    job.tell("Making pairs")
    material = gather_pairs(recipe, job)
    job.tell("Opening the model")
    network = open_network(recipe.base, recipe.lora, job, seed=recipe.seed, keep=True)
    most = min(filter(None, (recipe.data.max_tokens, network.window)))
    tune = mark_pairs(material.tune, network.codec, network.ends, most, material.left_out)
    select = mark_pairs(material.select, network.codec, network.ends, most, {})
    terms = recipe.contrast
    fitting = with_room(network, written_examples(material.select), terms.answer_tokens)
    return _Prepared(material, network, tune, select, list(islice(fitting, terms.written)))


def _training(recipe: PreferRecipe, prepared: _Prepared, job: Job) -> Training:
    network, optimizer = prepared.network, recipe.optimizer

    def objective(pairs: Sequence[MarkedPair]) -> PreferenceObjective:
        reference = reference_of(network, pairs, optimizer.micro_tokens)
        terms = recipe.contrast
        return PreferenceObjective(network, pairs, reference, beta=terms.beta, supervised=terms.supervised)

    job.tell("Computing the reference")
    return Training(
        network=network,
        objective=objective(prepared.tune),
        select=objective(prepared.select) if prepared.select else None,
        optimizer=optimizer,
        stop=recipe.stop,
        seed=recipe.seed,
        work=job.work,
        fingerprint=fingerprint_of(
            render_recipe(_learned(recipe)), prepared.material.inputs, prepared.network.identity
        ),
        devices=find_devices(),
        tell=job.tell,
        halt=_halt(recipe.contrast),
    )


def _learned(recipe: PreferRecipe) -> PreferRecipe:
    """Return a recipe with what only measures as it is by default: nothing that is learned hangs on it."""
    plain = Contrast()
    measures = {"written": plain.written, "answer_tokens": plain.answer_tokens}
    return recipe.model_copy(update={"contrast": recipe.contrast.model_copy(update=measures)})


def _halt(terms: Contrast) -> Callable[[Mapping[str, float]], str]:
    def halt(measured: Mapping[str, float]) -> str:
        if measured["chosen"] >= -terms.fall:
            return ""
        return f"faithful answers became less likely, by {-measured['chosen']:.3f} nats a token"

    return halt


def _written(recipe: PreferRecipe, prepared: _Prepared, devices: Devices, job: Job) -> Checked | None:
    """Return what the checks find in answers to prompts of select; None where none are written."""
    if not prepared.asked or not devices.is_first:
        return None
    job.tell("Measuring answers")
    tokens, most = recipe.contrast.answer_tokens, recipe.optimizer.micro_tokens
    return check_answers(prepared.asked, write_answers(prepared.network, prepared.asked, tokens, most))


def _result(
    recipe: PreferRecipe,
    prepared: _Prepared,
    progress: Progress,
    written: tuple[Checked | None, Checked | None],
    seconds: float,
    job: Job,
) -> Result:
    network, inputs = prepared.network, prepared.material.inputs
    report = _report(prepared, progress, written, job.energy_wh(progress.seconds))
    card = _card(recipe, report, dict(network.identity))
    material = prepared.material
    seen = seen_of(map(preference_text, material.tune), map(preference_text, material.select))
    return Result(recipe, network, progress, inputs, report, card, seconds, seen)


def _report(
    prepared: _Prepared,
    progress: Progress,
    written: tuple[Checked | None, Checked | None],
    energy_wh: float | None,
) -> dict[str, Any]:
    material = prepared.material
    measured = [entry["select"] for entry in progress.log if "select" in entry]
    best = [
        entry["select"] for entry in progress.log if "select" in entry and entry["step"] == progress.best_step
    ]
    before, after = (None if one is None else one.record() for one in written)
    return {
        "posology": "preferring/1",
        "pairs": len(prepared.tune),
        "select_pairs": len(prepared.select),
        "faults": dict(sorted(Counter(pair.fault for pair in material.tune).items())),
        "length_gap_characters": length_gap(material.tune),
        "licences": dict(sorted(Counter(pair.provenance.licence for pair in material.tune).items())),
        "left_out": material.left_out,
        "tests": material.tests,
        "steps": progress.step,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 3),
        "ended": progress.ended,
        "best_step": progress.best_step,
        "select_before": measured[0] if measured else None,
        "select_after": best[-1] if best else None,
        "written_before": before,
        "written_after": after,
        "energy_wh": energy_wh,
    }


def _card(recipe: PreferRecipe, report: Mapping[str, Any], base: Mapping[str, str]) -> str:
    faults = ", ".join(f"{name} {n}" for name, n in report["faults"].items())
    after = report["select_after"]
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "No description.",
        "",
        f"Made from {base.get('name', 'unknown')} (licence: {base.get('licence', 'unknown')}; SHA-256 "
        f"{base.get('sha256', '')[:16]}) by DPO with a supervised term.",
        "",
        f"- {report['pairs']} pairs learned from, {report['select_pairs']} select; faults: {faults}",
        f"- rejected answers are longer by {report['length_gap_characters']:+.1f} characters in the mean",
        f"- {report['steps']} steps, {report['tokens']:,} tokens, {report['seconds']:.0f} s; ended: "
        f"{report['ended']}",
        f"- energy: {energy_words(report['energy_wh'])}",
        f"- licences: {', '.join(f'{name} {n}' for name, n in report['licences'].items())}",
    ]
    if after is not None:
        lines.append(
            f"- on select: {after['right']:.1%} of pairs moved the right way; faithful answers "
            f"{after['chosen']:+.3f} nats a token against the start, faulty ones {after['rejected']:+.3f}"
        )
    lines += [
        "",
        *_written_told(report["written_before"], report["written_after"]),
        "The pairs' own shares say that faults of these kinds became less likely, not that documents have "
        f"fewer: {UNSCORED}, and count inventions and omissions in generated documents.",
        "",
    ]
    return "\n".join(lines)


def _written_told(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """Return inventions and omissions of the answers that were written to prompts of select."""
    if before is None or after is None:
        return ["No answers were written: what it invents and leaves out was not measured.", ""]
    told = (
        "Answers written to prompts of select, likeliest token after token, as the fact checks read them, "
        "held against prompt and preferred answer; one that is cut short leaves out what it did not reach:"
    )
    return [told, "", *checked_rows(before, after), ""]
