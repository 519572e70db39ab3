"""Recipes of kind prefer on policy: from examples to a model that the deterministic checks rewarded."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from posology.adapt.card import UNSCORED
from posology.adapt.devices import require_alone
from posology.adapt.encoders.saving import write_seen
from posology.adapt.folders import Made, model_folder, write_papers
from posology.adapt.job import Job
from posology.adapt.licences import require_base
from posology.adapt.loop import total_steps
from posology.adapt.material import Material, gather_material
from posology.adapt.network import Network, find_base, open_network, require_whole
from posology.adapt.plan import Line, Plan, energy_line, peak_memory, require_room
from posology.adapt.preference.answering import Checked, check_answers, checked_rows, write_answers
from posology.adapt.preference.grpo import PURPOSE, Drawing, Drawn, at_once, run_grpo
from posology.adapt.preference.material import split_by_group
from posology.adapt.recipe import Data
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.screening import example_text
from posology.adapt.seen import seen_of
from posology.adapt.weights import save_weights
from posology.chat import Prompt
from posology.chat.runtime import import_torch
from posology.corpus import Example
from posology.errors import MissingExtra, ModelError, UserError
from posology.files import require_free

__all__ = ["plan_policy", "require_gpu", "run_policy"]

_RESERVE = 64_000_000  # bytes of log, card and file system
_UNSOURCED = "no source text: what is faithful is not known"
_UNREAD = "answers are drawn at every step, which was not tried: only a run on a GPU tells"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that a run needs before its first step."""

    material: Material
    network: Network
    tune: Sequence[Example]
    select: Sequence[Example]
    drawing: Drawing
    left_out: Mapping[str, int]
    prompt_tokens: int  # of all prompts to learn from

    @property
    def drawn(self) -> int:
        """Return how many answers all steps draw."""
        return self.drawing.steps * self.drawing.optimizer.batch * self.drawing.policy.answers

    @property
    def room(self) -> Line:
        """Return the bytes that are written at most."""
        network = self.network
        learned = sum(int(one.numel()) for one in network.trained.values())
        weights = network.parameters if network.wrapped is None else learned
        width = 2 if network.wrapped is None and network.half else 4
        how = f"{width} bytes x {weights:,} weights written + {_RESERVE / 1e6:.0f} MB"
        return Line("disk", width * weights + _RESERVE, "bytes", "modelled", how)


def require_gpu(recipe: PreferRecipe) -> None:
    """Raise ModelError where this machine cannot draw answers at every step, MissingExtra without TRL."""
    torch = import_torch()
    where = 'there also TRL: pip install "posology[adapt]"; leave [policy] out to learn from pairs'
    if recipe.base.device == "cpu":
        raise ModelError(f"policy.on: needs an NVIDIA GPU, and base.device says cpu ({where})")
    if not torch.cuda.is_available():
        raise ModelError(f"policy.on: needs an NVIDIA GPU, and torch has none here ({where})")
    if torch.cuda.device_count() > 1:
        raise ModelError("policy.on: runs on one GPU: set CUDA_VISIBLE_DEVICES to the number of one")
    if find_spec("trl") is None:
        raise MissingExtra("trl", "adapt", PURPOSE)


def run_policy(recipe: PreferRecipe, job: Job, *, allow_cpu: bool = False) -> Path:
    """Tune a model on its own answers and return its folder; a run that was stopped begins anew.

    ``allow_cpu``: for a model so small that a processor draws its answers.
    """
    if not allow_cpu:
        require_gpu(recipe)
    require_alone(f"{recipe.name}: preferences on policy")
    require_free(job.out, overwrite=job.overwrite)
    began = time.monotonic()
    prepared = _prepare(recipe, job)
    require_room(job.out, int(prepared.room.value or 0))
    before = _measured(prepared, job)
    started = time.monotonic()
    drawn = run_grpo(prepared.network, prepared.tune, prepared.drawing)
    seconds = time.monotonic() - started
    after = _measured(prepared, job)
    report = _report(prepared, drawn, (before, after), seconds, job.energy_wh(seconds))
    made = Made(
        recipe=recipe,
        report=report,
        card=_card(recipe, report, dict(prepared.network.identity)),
        log=_log(drawn, before, after),
        inputs=prepared.material.inputs,
        models={"base": dict(prepared.network.identity)},
        timings_s={"training": seconds, "whole run": time.monotonic() - began},
    )
    with model_folder(job.out, overwrite=job.overwrite) as folder:
        save_weights(
            folder, prepared.network, recipe.base.model or str(job.place(recipe.base.path).resolve())
        )
        write_seen(folder, seen_of(map(example_text, prepared.tune), map(example_text, prepared.select)))
        write_papers(folder, made)
    return job.out


def plan_policy(recipe: PreferRecipe, job: Job) -> Plan:
    """Say what is counted of a run on policy; its time and memory are unknown, for nothing is drawn."""
    prepared = _prepare(recipe, job)
    drawing = prepared.drawing
    mean = prepared.prompt_tokens / len(prepared.tune)
    tokens = round(prepared.drawn * (mean + drawing.policy.answer_tokens))
    how = f"{prepared.drawn:,} answers x ({mean:,.0f} of a prompt + {drawing.policy.answer_tokens}), at most"
    lines = (
        Line("examples", len(prepared.tune), "", "counted", "after gates and limits"),
        Line("steps", drawing.steps, "", "counted", "as the recipe's epochs and batch, or its steps, say"),
        Line(
            "answers drawn",
            prepared.drawn,
            "",
            "counted",
            f"{drawing.steps:,} steps x {drawing.optimizer.batch} prompts x {drawing.policy.answers}",
        ),
        Line("tokens", tokens, "", "modelled", how),
        Line("time", None, "seconds", "unknown", _UNREAD),
        Line("memory", None, "bytes", "unknown", _UNREAD),
        prepared.room,
        energy_line(None, job.watts),
    )
    notes = (_cannot(recipe), "a run that is stopped begins anew: there are no checkpoints")
    return Plan(
        examples=len(prepared.tune),
        tokens=tokens,
        steps=drawing.steps,
        memory_bytes=None,
        seconds=None,
        disk_bytes=int(prepared.room.value or 0),
        energy_wh=None,
        lines=lines,
        notes=tuple(filter(None, notes)),
    )


def _cannot(recipe: PreferRecipe) -> str:
    """Return why it cannot run here, nothing where it can."""
    try:
        require_gpu(recipe)
    except (ModelError, MissingExtra) as cause:
        return f"cannot be measured or run here: {cause}"
    return ""


def _prepare(recipe: PreferRecipe, job: Job) -> _Prepared:
    require_base(recipe.base, job, recipe.data.purpose)
    job.tell("Reading examples")
    plain = Data.model_validate(recipe.data.model_dump(include=set(Data.model_fields)))
    material = gather_material(plain, job, recipe.tests)
    examples, select = list(material.tune), list(material.select)
    if not select and recipe.data.select_share:
        examples, select = split_by_group(examples, recipe.data.select_share)
    job.tell("Opening the model")
    weights, told = find_base(recipe.base, job)
    require_whole(
        weights, told["name"]
    )  # TRL reads the start that it holds a run near from the base's own folder
    network = open_network(recipe.base, recipe.lora, job, seed=recipe.seed)
    left_out = Counter(material.left_out)
    tune, lengths = _usable(examples, recipe, network, left_out)
    if not tune:
        raise UserError(
            f"data: no example can be learned from: each needs a source_text, and room for an answer of "
            f"{recipe.policy.answer_tokens} tokens (data.max_tokens, policy.answer_tokens)"
        )
    policy, optimizer = recipe.policy, recipe.optimizer
    drawing = Drawing(
        policy=policy,
        optimizer=optimizer,
        steps=total_steps(optimizer, len(tune)),
        at_once=at_once(
            optimizer.batch * policy.answers, max(lengths) + policy.answer_tokens, optimizer.micro_tokens
        ),
        seed=recipe.seed,
        tell=job.tell,
    )
    not_measured: Counter[str] = Counter()
    held, _ = _usable(select, recipe, network, not_measured)
    left_out.update({f"select: {reason}": number for reason, number in not_measured.items()})
    return _Prepared(material, network, tune, held, drawing, dict(sorted(left_out.items())), sum(lengths))


def _usable(
    examples: Sequence[Example], recipe: PreferRecipe, network: Network, left_out: "Counter[str]"
) -> tuple[list[Example], list[int]]:
    """Return the examples that can be judged and fit, and their prompts' tokens; count the others."""
    most = min(filter(None, (recipe.data.max_tokens, network.window)))
    kept, lengths = [], []
    for one in examples:
        length = len(network.codec.context(Prompt(one.messages)).tokens)
        if not one.source_text.strip():
            left_out[_UNSOURCED] += 1
        elif length + recipe.policy.answer_tokens > most:
            left_out[f"longer than {most} tokens with policy.answer_tokens"] += 1
        else:
            kept.append(one)
            lengths.append(length)
    return kept, lengths


def _measured(prepared: _Prepared, job: Job) -> Checked | None:
    """Return what the checks find in the answers to select, likeliest token after token."""
    job.tell("Measuring answers")
    drawing, select = prepared.drawing, prepared.select
    tokens, most = drawing.policy.answer_tokens, drawing.optimizer.micro_tokens
    return check_answers(select, write_answers(prepared.network, select, tokens, most))


def _log(drawn: Drawn, before: Checked | None, after: Checked | None) -> list[dict[str, Any]]:
    def line(step: int, found: Checked | None) -> list[dict[str, Any]]:
        return [] if found is None else [{"step": step, "select": found.record()}]

    return [*line(0, before), *drawn.log, *line(drawn.steps, after)]


def _report(
    prepared: _Prepared,
    drawn: Drawn,
    measured: tuple[Checked | None, Checked | None],
    seconds: float,
    energy_wh: float | None,
) -> dict[str, Any]:
    network, material = prepared.network, prepared.material
    before, after = measured
    return {
        "posology": "preferring on policy/1",
        "examples": len(prepared.tune),
        "select_examples": len(prepared.select),
        "left_out": prepared.left_out,
        "tests": material.tests,
        "licences": material.licences,
        "sources": material.sources,
        "steps": drawn.steps,
        "answers_drawn": prepared.drawn,
        "answers_at_once": prepared.drawing.at_once,
        "tokens": drawn.tokens,
        "seconds": round(seconds, 3),
        "ended": "all steps are done",
        "select_before": None if before is None else before.record(),
        "select_after": None if after is None else after.record(),
        "parameters": network.parameters,
        "trained_parameters": sum(int(one.numel()) for one in network.trained.values()),
        "device": network.device.type,
        "arithmetic": "bfloat16" if network.half else "float32",
        "peak_memory_bytes": peak_memory(network),
        "energy_wh": energy_wh,
    }


def _card(recipe: PreferRecipe, report: Mapping[str, Any], base: Mapping[str, str]) -> str:
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "No description.",
        "",
        f"Made from {base.get('name', 'unknown')} (licence: {base.get('licence', 'unknown')}; SHA-256 "
        f"{base.get('sha256', '')[:16]}) on policy: by its own answers, rewarded by the deterministic checks "
        "(TRL's GRPO).",
        "",
        f"- {report['examples']} prompts learned from, {report['select_examples']} select",
        f"- {report['steps']} steps, {report['answers_drawn']:,} answers drawn, {report['seconds']:.0f} s on "
        f"{report['device']}; ended: {report['ended']}",
        f"- licences: {', '.join(f'{name} {n}' for name, n in report['licences'].items())}",
        *[f"- left out: {number:,} examples, {reason}" for reason, number in report["left_out"].items()],
        "",
        *_table(report["select_before"], report["select_after"]),
        "",
        "The reward is an F1 of the facts that the checks read: numbers, dates, drugs and codes. What they "
        "do not read was not rewarded, and a model may learn to say less of it: read its answers. How good "
        f"the model is, it does not say: {UNSCORED}.",
        "",
    ]
    return "\n".join(lines)


def _table(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    if before is None or after is None:
        return ["Nothing was measured: no example selects."]
    lines = ["On select, by the likeliest answer:", "", *checked_rows(before, after)]
    better = after["reward"] > before["reward"]
    return lines if better else [*lines, "", "**No better than before by its own reward.**"]
