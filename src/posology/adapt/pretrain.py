"""Runs of recipes of kind pretrain: a model goes on learning from text, while general text is replayed.

The learning rate rises again and falls again. On held-out text of every domain, general text among them, the
loss is measured as it goes: the weights kept are those best on the domain that have not forgotten more
general text than the recipe allows.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posology.adapt.card import UNSCORED, energy_words
from posology.adapt.checkpoint import Checkpoints, Progress, fingerprint_of
from posology.adapt.devices import find_devices
from posology.adapt.encoders.saving import Seen
from posology.adapt.finished import Origin, close_finished, require_place
from posology.adapt.identifiers import both_looked
from posology.adapt.job import Job
from posology.adapt.licences import require_base
from posology.adapt.loop import Training, measure, train
from posology.adapt.network import Network, open_network
from posology.adapt.objective.plain import PlainObjective
from posology.adapt.packing import Piece, Row, cut_pieces, pack, require_isolated
from posology.adapt.plan import Asked, Plan, plan_training
from posology.adapt.recipes import render_recipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.adapt.results import Result, write_result
from posology.adapt.seen import seen_of
from posology.adapt.texts import TextMaterial, Wanted, gather_texts, left_out_told
from posology.corpus import Record
from posology.corpus.parts import part_of
from posology.corpus.spec import Parts
from posology.errors import UserError

__all__ = ["GENERAL", "mix_rows", "plan_pretrain", "run_pretrain"]

GENERAL = "general"
_RESERVED = (GENERAL, "answer")  # names of a measurement's own parts


@dataclass(frozen=True, slots=True)
class _Texts:
    domain: TextMaterial
    general: TextMaterial | None

    @property
    def inputs(self) -> tuple[Any, ...]:
        return self.domain.inputs + (self.general.inputs if self.general else ())


@dataclass(frozen=True, slots=True)
class _Rows:
    learned: list[Row]
    held: list[Row]
    left_out: int  # pieces that were too short
    tokens: dict[str, int]  # learned, by domain


def run_pretrain(recipe: PretrainRecipe, job: Job) -> Path:
    """Let a model go on learning from text and return its folder; goes on where a run was stopped.

    Raises ModelError where packed documents see each other, UserError for texts that may not be used.
    """
    require_place(recipe, job)
    began = time.monotonic()
    job.tell("Reading texts")
    texts = _gather(recipe, job)
    network = open_network(recipe.base, recipe.lora, job, seed=recipe.seed)
    rows = _rows(recipe, texts, network)
    require_isolated(network, rows.learned)
    training = _training(recipe, texts, network, rows, job)
    if close_finished(
        Origin(recipe, texts.inputs, dict(network.identity)), job, training.fingerprint, training.devices
    ):
        return job.out
    if job.restart and training.devices.is_first:
        Checkpoints(job.work, "").discard()
    training.devices.wait()
    before = measure(training)
    progress = train(replace(training, halt=_halt(before, recipe.forgetting.most)))
    if progress.best_step is None:
        raise UserError(
            f"training ended before anything was gained ({progress.ended}); lower optimizer.lr, raise "
            "texts.replay, or allow more under forgetting.most"
        )
    after = measure(training, progress.step)
    if training.devices.is_first:
        report = _report(texts, rows, progress, (before, after), job.energy_wh(progress.seconds))
        card = _card(recipe, report, dict(network.identity))
        seconds = time.monotonic() - began
        seen = _seen(recipe, texts)
        write_result(Result(recipe, network, progress, texts.inputs, report, card, seconds, seen), job)
    training.devices.wait()
    return job.out


def plan_pretrain(recipe: PretrainRecipe, job: Job) -> Plan:
    """Say what a recipe needs; opens the model and learns from one piece, unless the speed is stated."""
    job.tell("Reading texts")
    texts = _gather(recipe, job)
    network = open_network(recipe.base, recipe.lora, job, seed=recipe.seed)
    rows = _rows(recipe, texts, network)
    held = PlainObjective(network, rows.held, by_domain=True, beside=GENERAL)
    asked = Asked(
        network, PlainObjective(network, rows.learned), held, recipe.optimizer, recipe.stop, recipe.seed
    )
    twice = 2 * sum(held.lengths)
    return plan_training(
        asked, job, whole=network.wrapped is None, beside=(twice, "held out, before and after")
    )


def _gather(recipe: PretrainRecipe, job: Job) -> _Texts:
    told = recipe.texts
    require_base(recipe.base, job, told.purpose, "texts.purpose")
    domain = gather_texts(told.domain, job, recipe.tests, Wanted("texts.domain", told.purpose, told.limit))
    if not told.general:
        return _Texts(domain, None)
    wanted = Wanted("texts.general", told.purpose, told.limit)
    return _Texts(domain, gather_texts(told.general, job, recipe.tests, wanted))


def _rows(recipe: PretrainRecipe, texts: _Texts, network: Network) -> _Rows:
    told = recipe.texts
    domain, held, short = _pieces(recipe, texts.domain.records, network, "")
    general: list[Piece] = []
    if texts.general is not None:
        general, kept, more = _pieces(recipe, texts.general.records, network, GENERAL)
        held, short = held + kept, short + more
    width = recipe.rows.tokens
    learned = mix_rows(pack(domain, width), pack(general, width), told.replay, recipe.seed)
    if not learned or not held:
        raise UserError("texts: too little text: nothing is left to learn from, or to measure on")
    tokens = Counter[str]()
    for row in learned:
        for piece in row:
            tokens[piece.domain] += len(piece.tokens)
    return _Rows(learned, pack(_limited(held, told.held_tokens), width), short, dict(sorted(tokens.items())))


def _pieces(
    recipe: PretrainRecipe, records: Sequence[Record], network: Network, domain: str
) -> tuple[list[Piece], list[Piece], int]:
    """Return the pieces to learn from, those that are held out, and how many were too short."""
    width, least = recipe.rows.tokens, recipe.rows.least
    end = min(network.ends, default=None)
    learned: list[Piece] = []
    held: list[Piece] = []
    short = 0
    for record in records:
        ids = list(network.tokenizer.encode(record.text, add_special_tokens=False))
        ids += [] if end is None else [end]
        of = record.provenance
        found = cut_pieces(ids, domain or _domain_of(of.source), width, least, len(record.text.encode()))
        short += not found
        (held if _is_held(recipe, record) else learned).extend(found)
    return learned, held, short


def _is_held(recipe: PretrainRecipe, record: Record) -> bool:
    """Say whether a record is measured on, with all of its group, instead of learned from."""
    of = record.provenance
    shares = Parts(select=recipe.texts.held, report=0)
    return part_of(of.source, of.group or record.id, shares) == "select"


def _seen(recipe: PretrainRecipe, texts: _Texts) -> Seen:
    """Return the hashes of all text of the recipe, also of general text that was not drawn."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for record in (*texts.domain.records, *(texts.general.records if texts.general else ())):
        found[_is_held(recipe, record)].append(record.text)
    return seen_of(found[False], found[True])


def _domain_of(source: str) -> str:
    """Return the name of a source's texts in the log; a source may be called as general text is."""
    return f"{source} (texts.domain)" if source in _RESERVED else source


def _limited(pieces: Sequence[Piece], most: int) -> list[Piece]:
    """Keep so many tokens of each domain, in the order of the texts."""
    seen = Counter[str]()
    kept = []
    for piece in pieces:
        if seen[piece.domain] < most:
            kept.append(piece)
            seen[piece.domain] += len(piece.tokens)
    return kept


def mix_rows(domain: Sequence[Row], general: Sequence[Row], replay: float, seed: int) -> list[Row]:
    """Return all rows of the domain, and as many general ones that they are ``replay`` of all.

    Where there are too few general rows they come again: the share of tokens is what counts.
    """
    if not general or replay <= 0:
        return list(domain)
    wanted = round(len(domain) * replay / (1 - replay))
    order = list(general)
    random.Random(f"replay:{seed}").shuffle(order)
    return [*domain, *(order[number % len(order)] for number in range(wanted))]


def _training(recipe: PretrainRecipe, texts: _Texts, network: Network, rows: _Rows, job: Job) -> Training:
    return Training(
        network=network,
        objective=PlainObjective(network, rows.learned),
        select=PlainObjective(network, rows.held, by_domain=True, beside=GENERAL),
        optimizer=recipe.optimizer,
        stop=recipe.stop,
        seed=recipe.seed,
        work=job.work,
        fingerprint=fingerprint_of(render_recipe(recipe), texts.inputs, network.identity),
        devices=find_devices(),
        tell=job.tell,
    )


def _halt(before: Mapping[str, float], most: float) -> Callable[[Mapping[str, float]], str]:
    """Return what ends training where general text is forgotten beyond ``most`` nats a token."""

    def halt(found: Mapping[str, float]) -> str:
        risen = found.get(GENERAL, 0.0) - before.get(GENERAL, 0.0)
        return (
            "" if risen <= most else f"general text was forgotten: its loss rose by {risen:.3f} nats a token"
        )

    return halt


Measured = tuple[Mapping[str, float], Mapping[str, float]]  # before and after


def _report(
    texts: _Texts, rows: _Rows, progress: Progress, measured: Measured, energy_wh: float | None
) -> dict[str, Any]:
    return {
        "posology": "pretraining/1",
        "steps": progress.step,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 3),
        "ended": progress.ended,
        "best_step": progress.best_step,
        "learned_tokens": rows.tokens,
        "rows": len(rows.learned),
        "fill": round(sum(rows.tokens.values()) / (len(rows.learned) * max(_widths(rows.learned))), 4),
        "too_short": rows.left_out,
        "held_out": _perplexities(rows.held, *measured),
        "left_out": _both(texts, lambda one: one.left_out),
        "tests": _tests(texts),
        "sources": _both(texts, lambda one: one.sources),
        "licences": _both(texts, lambda one: one.licences),
        "energy_wh": energy_wh,
    }


def _tests(texts: _Texts) -> dict[str, Any]:
    """Return what was looked for in domain and general text, and found."""
    told = texts.domain.tests | {"dropped": _both(texts, lambda one: one.tests["dropped"])}
    if texts.general is None:
        return told
    looked = (one.tests["identifiers"] for one in (texts.domain, texts.general))
    return told | {"identifiers": both_looked(*looked)}


def _both(texts: _Texts, counted: Callable[[TextMaterial], Mapping[str, int]]) -> dict[str, int]:
    """Return a count of records over domain and general text."""
    found = Counter(counted(texts.domain))
    found.update(counted(texts.general) if texts.general else {})
    return dict(sorted(found.items()))


def _widths(rows: Sequence[Row]) -> list[int]:
    return [sum(len(piece.tokens) for piece in row) for row in rows]


def _perplexities(
    held: Sequence[Row], before: Mapping[str, float], after: Mapping[str, float]
) -> dict[str, Any]:
    """Return loss, perplexity and bits a byte of each domain before and after."""
    tokens, sizes = Counter[str](), Counter[str]()
    for row in held:
        for piece in row:
            tokens[piece.domain] += len(piece.tokens) - 1
            sizes[piece.domain] += piece.size_bytes
    return {
        name: {
            "tokens": tokens[name],
            "nats": {"before": round(before[name], 5), "after": round(after[name], 5)},
            "perplexity": {"before": _exp(before[name]), "after": _exp(after[name])},
            "bits_a_byte": {
                when: _bits(values[name] * tokens[name], sizes[name])
                for when, values in (("before", before), ("after", after))
            },
        }
        for name in sorted(tokens)
    }


def _bits(nats: float, size_bytes: int) -> float | None:
    return round(nats / size_bytes / math.log(2), 5) if size_bytes else None


def _exp(nats: float) -> float | None:
    return round(math.exp(nats), 3) if nats < 50 else None


def _card(recipe: PretrainRecipe, report: Mapping[str, Any], base: Mapping[str, str]) -> str:
    rows = [
        f"| {name} | {one['tokens']:,} | {one['perplexity']['before']} | {one['perplexity']['after']} |"
        for name, one in report["held_out"].items()
    ]
    learned = ", ".join(f"{name}: {n:,} tokens" for name, n in report["learned_tokens"].items())
    unknown = "General text was not measured: what was forgotten is unknown."
    watched = "" if GENERAL in report["held_out"] else unknown
    return "\n".join(
        [
            f"# {recipe.name}",
            "",
            recipe.about or "A model that went on learning from text.",
            "",
            f"Made from {base.get('name')} (licence: {base.get('licence')}; "
            f"SHA-256 {base.get('sha256', '')[:16]}).",
            f"Learned from {learned}. Ended: {report['ended']}.",
            "",
            f"- {report['steps']} steps, {report['tokens']:,} tokens, {report['seconds']:.0f} s",
            f"- energy: {energy_words(report['energy_wh'])}",
            f"- licences: {', '.join(f'{name} {n}' for name, n in report['licences'].items())}",
            "",
            "| held-out text | tokens | perplexity before | after |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            left_out_told(report["left_out"]),
            watched,
            f"A lower perplexity is not yet a better answer: {UNSCORED}.",
            "",
        ]
    )
