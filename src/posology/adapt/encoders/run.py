"""From a recipe of kind encode to its model folder: gather, train, calibrate, write, compare at run time."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from posology.adapt.checkpoint import Checkpoints, Progress
from posology.adapt.encoders.bases import EncoderBase, find_encoder
from posology.adapt.encoders.cards import head_card_text
from posology.adapt.encoders.export import Limits, copy_papers, export_head
from posology.adapt.encoders.frozen import least_cosine
from posology.adapt.encoders.gathering import Gathered, fingerprints, gather, require_unseen
from posology.adapt.encoders.labelled import Labelled, render_labelled
from posology.adapt.encoders.measuring import Calibrated, calibrate, logits_of, measure, metric_of
from posology.adapt.encoders.network import (
    EncoderNetwork,
    frozen_weights,
    learned_weights,
    open_encoder,
    peak_memory,
)
from posology.adapt.encoders.prepared import Counted, prepare
from posology.adapt.encoders.saving import Seen, head_logits, largest_difference, write_head, write_seen
from posology.adapt.encoders.training import Lesson, train_head
from posology.adapt.finished import Origin, close_finished, require_place
from posology.adapt.folders import Made, model_folder, write_papers
from posology.adapt.job import Job
from posology.adapt.recipes.encode import EncodeRecipe
from posology.errors import MissingExtra, ModelError
from posology.evidence.heads import HeadCard, open_head
from posology.evidence.heads.card import TRUNK
from posology.evidence.heads.changes import apply_changes
from posology.evidence.heads.weights import own_weights
from posology.evidence.heads.windows import Cutter
from posology.manifest import Input, hash_bytes, hash_file

__all__ = ["INT8", "TOLERANCE", "run_encode"]

INT8 = "int8"  # the folder of the head in int8, in the head's folder

TOLERANCE = 2e-3  # of logits: OpenVINO against torch, both in 32 bits
_COSINE = 0.98  # least, of a frozen decoder's mean states in int8 and those that transformers computes
_HELD = 4  # windows that say so
_COMPARED = 64  # examples
_ANY = "surrogatepass"  # half a character of a broken text is hashed as it stands


@dataclass(frozen=True, slots=True)
class _Trained:
    """All that is known when training is over."""

    recipe: EncodeRecipe
    base: EncoderBase
    gathered: Gathered
    network: EncoderNetwork  # in 32 bits
    cutter: Cutter
    progress: Progress
    calibrated: Calibrated
    scores: dict[str, float | None]
    counted: dict[str, Counted]
    seconds: float


def run_encode(recipe: EncodeRecipe, job: Job) -> Path:
    """Make a head; return its folder. An interrupted run goes on from its last checkpoint.

    Raises UserError for data that cannot be used, ModelError for weights; nothing half-made stands in out.
    """
    require_place(recipe, job)
    began = time.perf_counter()
    gathered = gather(recipe, job)
    base = find_encoder(recipe, job)
    require_unseen(recipe, gathered.select, base.seen)
    cutter = Cutter(
        Tokenizer.from_file(str(base.folder / "tokenizer.json")),
        recipe.windows.pieces,
        recipe.windows.overlap,
        base.marks,
    )
    network = open_encoder(recipe, base, gathered.task)
    tune, counted = prepare(gathered.tune, gathered.task, cutter, recipe.windows.at_most)
    select, selected = prepare(gathered.select, gathered.task, cutter)
    fingerprint = _fingerprint(recipe, base, gathered)
    if close_finished(Origin(recipe, _inputs(base, gathered), _named(base)), job, fingerprint):
        return job.out
    checkpoints = Checkpoints(job.work, fingerprint)
    if job.restart:
        checkpoints.discard()
    judges = () if recipe.data.learn_select else select
    progress = train_head(Lesson(recipe, network, tune, judges, checkpoints, job.tell))
    exact = replace(network, half=False, kept=None)
    network.forget()
    logits = logits_of(exact, select, recipe.head)
    calibrated = calibrate(judges, logits, gathered.task.labels, recipe.head)
    scaled = [rows / calibrated.temperature for rows in logits]
    scores = (
        measure(select, scaled, gathered.task.labels, recipe.head, calibrated.threshold) if judges else {}
    )
    trained = _Trained(
        recipe, base, gathered, exact, cutter, progress, calibrated, scores,
        {"tune": counted, "select": selected}, time.perf_counter() - began,
    )  # fmt: skip
    job.tell("write")
    with model_folder(job.out, overwrite=job.overwrite) as folder:
        _write(folder, trained, job)
    checkpoints.discard()
    return job.out


def _fingerprint(recipe: EncodeRecipe, base: EncoderBase, gathered: Gathered) -> str:
    """Return the hash of all that a training depends on."""
    told = recipe.model_dump(mode="json", exclude={"about", "cost"})
    parts = [json.dumps(told, sort_keys=True), base.sha256, base.head.weights_sha256 if base.head else ""]
    state = hashlib.sha256("\0".join(parts).encode())
    for one in (*gathered.tune, *gathered.select):
        state.update(json.dumps(asdict(one), sort_keys=True).encode())
    return state.hexdigest()


def _write(folder: Path, trained: _Trained, job: Job) -> None:
    recipe, gathered = trained.recipe, trained.gathered
    card = write_head(folder, _weights(trained), _card(trained), trained.base.folder)
    seen = Seen(fingerprints(gathered.tune), fingerprints(gathered.select))
    write_seen(folder, seen | trained.base.seen)
    compared = _compare(folder, trained, job)
    report = {**_report(trained, card, compared, job), "int8": _int8(folder, trained, compared, job)}
    made = Made(
        recipe=recipe,
        report=report,
        card=head_card_text(card, report, recipe),
        log=trained.progress.log,
        inputs=_inputs(trained.base, gathered),
        models={"base": _named(trained.base)},
        timings_s={"train": trained.progress.seconds, "all": trained.seconds},
    )
    write_papers(folder, made)
    if (folder / INT8).is_dir():
        copy_papers(folder, folder / INT8)


def _int8(folder: Path, trained: _Trained, compared: dict[str, Any], job: Job) -> dict[str, Any]:
    """Write the head in int8 where that answers as it does; return the comparison, or why not."""
    wanted, select = trained.recipe.export, trained.gathered.select
    if trained.base.decoder:
        return {"not written": "the decoder below has int8 weights from the first step on"}
    if not wanted.int8:
        return {"not written": "the recipe wants none"}
    if not select or compared["runtime"] != "openvino":
        return {"not written": "nothing to compare with: no examples in select, or no openvino here"}
    limits = Limits(wanted.logits, wanted.answers, wanted.score)
    try:
        made = export_head(folder, folder / INT8, select[: wanted.examples], limits=limits, home=job.home)
    except ModelError as refused:
        return {"not written": str(refused)}
    return asdict(made)


def _named(base: EncoderBase) -> dict[str, str]:
    """Return what a manifest says of the base."""
    return {"name": base.name, "sha256": base.sha256, "licence": "; ".join(base.licences)}


def _inputs(base: EncoderBase, gathered: Gathered) -> list[Input]:
    return [hash_file("base", base.weights), *_examples(gathered)]


def _examples(gathered: Gathered) -> list[Input]:
    """Return a record of what was learned from: hashes of it, no text."""
    return [
        hash_bytes(part, f"{len(examples)} examples", render_labelled(examples).encode("utf-8", _ANY))
        for part, examples in (("tune", gathered.tune), ("select", gathered.select))
        if examples
    ]


def _keeps_changes_only(trained: _Trained) -> bool:
    head, base = trained.recipe.head, trained.base
    if head.rank:  # changes are to weights of the catalogue, not to those of another head
        return bool(base.name) and base.head is None
    return bool(base.name) and not (head.tune_encoder and head.tune_words)


def _weights(trained: _Trained) -> dict[str, Any]:
    if _keeps_changes_only(trained):
        base = trained.base
        before = own_weights(base.folder, base.head) if base.head else {}
        trunk = {name: one for name, one in before.items() if name.startswith(TRUNK)}
        return {**trunk, **learned_weights(trained.network)}
    state = trained.network.module.state_dict()
    if trained.recipe.head.rank:  # a base that has no name is kept with its changes
        return apply_changes(
            frozen_weights(state), learned_weights(trained.network), trained.recipe.head.rank
        )
    kept = {name: one for name, one in state.items() if not name.endswith("position_ids")}
    return {name: one.detach().cpu().float().numpy() for name, one in kept.items()}


def _card(trained: _Trained) -> HeadCard:
    recipe, gathered, calibrated = trained.recipe, trained.gathered, trained.calibrated
    return HeadCard(
        name=recipe.name,
        kind=recipe.head.kind,
        labels=list(gathered.task.labels),
        network="decoder" if trained.base.decoder else "bert",
        begin=trained.base.marks[0],
        end=trained.base.marks[1],
        precision="int8" if trained.base.decoder else "fp32",
        reads=recipe.head.reads,
        width=recipe.head.width if recipe.head.reads == "apart" else 0,
        blocks=recipe.head.blocks if recipe.head.reads == "apart" else 0,
        pooling=recipe.head.pooling,
        join=recipe.head.join,
        positive=recipe.head.positive,
        whole_words=recipe.head.whole_words,
        window=recipe.windows.pieces,
        overlap=recipe.windows.overlap,
        temperature=calibrated.temperature,
        threshold=calibrated.threshold,
        trunk="base" if _keeps_changes_only(trained) else "whole",
        rank=recipe.head.rank if _keeps_changes_only(trained) else 0,
        base=trained.base.name,
        base_sha256=trained.base.sha256,
        layers=trained.network.layers,
        parameters=trained.network.parameters,
        weights_sha256="0" * 64,  # write_head knows
        tokenizer_sha256="0" * 64,
        licences=sorted({*gathered.licences, *trained.base.licences}),
        tasks=gathered.tasks,
    )


def _compare(folder: Path, trained: _Trained, job: Job) -> dict[str, Any]:
    """Return how far the logits of the run time without torch are from torch's; refuse beyond TOLERANCE."""
    examples: Sequence[Labelled] = (trained.gathered.select or trained.gathered.tune)[:_COMPARED]
    units, _ = prepare(examples, trained.gathered.task, trained.cutter)
    frozen = trained.network.frozen
    if frozen:  # what is compared is read before the decoder goes: the memory of two is not needed
        frozen.states([window for unit in units for window in unit.windows])
        frozen.close()
    try:
        head = open_head(folder, home=job.home)
    except MissingExtra:
        return {"runtime": "not compared: openvino is not installed here"}
    ours = head_logits(head, [(one.first, one.second) for one in examples])
    difference = largest_difference(logits_of(trained.network, units, trained.recipe.head), ours)
    if difference > TOLERANCE:
        raise ModelError(
            f"{trained.recipe.name}: OpenVINO's logits differ from torch's by {difference:.4f}, more than "
            f"{TOLERANCE}: the head is not written; this encoder is not supported"
        )
    told = {"runtime": "openvino", "examples": len(examples), "logit_difference": difference}
    if frozen is None:
        return told
    cosine = least_cosine(frozen, trained.base, [unit.windows[0] for unit in units[:_HELD]])
    if cosine < _COSINE:
        raise ModelError(
            f"{trained.recipe.name}: what OpenVINO makes of a text is not what transformers makes of it "
            f"(cosine {cosine:.3f}, at least {_COSINE}): the head is not written; this model is not supported"
        )
    return {**told, "least_cosine_to_transformers": cosine}


def _report(trained: _Trained, card: HeadCard, compared: dict[str, Any], job: Job) -> dict[str, Any]:
    progress, calibrated, frozen = trained.progress, trained.calibrated, trained.network.frozen
    # a frozen decoder reads each piece once, however often a head learns from it
    pieces, seconds = (frozen.pieces, frozen.seconds) if frozen else (progress.tokens, progress.seconds)
    return {
        "posology": "report/1",
        "metric": metric_of(trained.recipe.head),
        "select": trained.scores,
        "select_n": len(trained.gathered.select),
        "calibration": asdict(calibrated),
        "data": {part: asdict(counted) for part, counted in trained.counted.items()},
        "sources": trained.gathered.sources,
        "left_out": trained.gathered.left_out,
        "tests": trained.gathered.tests,
        "training": {
            "steps": progress.step,
            "best_step": progress.best_step,
            "ended": progress.ended,
            "pieces": pieces,
            "seconds": round(progress.seconds, 1),
            "pieces_a_second": round(pieces / seconds, 1) if seconds else None,
            "device": trained.network.device.type,
            "peak_memory_bytes": peak_memory(trained.network),
            "energy_wh": job.energy_wh(progress.seconds),
        },
        "parameters": card.parameters,
        "equivalence": compared,
    }
