"""What the training of a head needs: counted from its examples, timed on a few of them."""

import time
from collections.abc import Sequence

from tokenizers import Tokenizer

from posology.adapt.checkpoint import Checkpoints
from posology.adapt.encoders.bases import find_encoder
from posology.adapt.encoders.gathering import gather, require_unseen
from posology.adapt.encoders.network import open_encoder, peak_memory
from posology.adapt.encoders.prepared import Unit, prepare
from posology.adapt.encoders.training import Lesson, try_step
from posology.adapt.job import Job, silent
from posology.adapt.plan import Needs, Plan, Speed, disk_needed, plan_of
from posology.adapt.recipes.encode import EncodeRecipe
from posology.evidence.heads.windows import Cutter

__all__ = ["plan_encode"]


def plan_encode(recipe: EncodeRecipe, job: Job) -> Plan:
    """Say what a recipe needs before it starts; nothing is written."""
    gathered = gather(recipe, job)
    base = find_encoder(recipe, job)
    require_unseen(recipe, gathered.select, base.seen)
    tokenizer = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    cutter = Cutter(tokenizer, recipe.windows.pieces, recipe.windows.overlap, base.marks)
    tune, _ = prepare(gathered.tune, gathered.task, cutter, recipe.windows.at_most)
    select, _ = prepare(gathered.select, gathered.task, cutter)
    network = open_encoder(recipe, base, gathered.task)
    judges = () if recipe.data.learn_select else select
    lesson = Lesson(recipe, network, tune, judges, Checkpoints(job.work, ""), silent)
    needs = _needs(lesson)
    trained = sum(int(one.numel()) for one in network.trained.values())
    written = trained if network.frozen else network.parameters
    disk = disk_needed(trained, written, whole=True, half=False)
    return plan_of(needs, len(tune), _speed(lesson, needs, job), disk, job)


def _needs(lesson: Lesson) -> Needs:
    """Count word pieces; padding is left out, for texts of like length go together."""
    once = sum(unit.size for unit in lesson.tune)
    learned = once * lesson.steps // lesson.steps_an_epoch
    every = lesson.recipe.stop.every or lesson.steps_an_epoch
    measured = sum(unit.size for unit in lesson.select) * -(-lesson.steps // every)
    if not lesson.network.remembers:
        return Needs(lesson.steps, learned, measured, ())
    texts = lesson.network.texts_of([*lesson.tune, *lesson.select])
    apart = sum(map(len, texts))
    kept = lesson.network.kept_bytes(apart, len(texts))
    if lesson.network.frozen:
        return Needs(lesson.steps, 0, 0, (), apart, "read once by a decoder that does not learn", kept)
    return Needs(lesson.steps, learned, measured, (), apart, "encoded once and kept", kept)


def _speed(lesson: Lesson, needs: Needs, job: Job) -> Speed:
    if job.tokens_per_second is not None:
        if lesson.network.frozen:
            return Speed(job.tokens_per_second / 3, None, "a third of the speed of reading, as stated")
        return Speed(job.tokens_per_second, None, "as stated")
    batch = list(lesson.tune[: lesson.recipe.optimizer.batch])
    if frozen := lesson.network.frozen:
        _timed(lesson, batch)
        rate = frozen.pieces / frozen.seconds
        told = (
            f"a third of what was read a second of {len(batch)} examples, for learning costs three times that"
        )
        return Speed(rate / 3, peak_memory(lesson.network), told)
    _timed(lesson, batch)  # warms up
    lesson.network.forget()
    first, later = _timed(lesson, batch), _timed(lesson, batch)
    size, memory = _size(batch), peak_memory(lesson.network)
    if not needs.beside:
        return Speed(size / later, memory, f"measured on {len(batch)} examples")
    # what is read apart is encoded at another speed: the one speed stated is that of the whole
    tokens = needs.learned + (needs.measured + needs.beside) / 3
    encoding = max(0.0, first - later) * needs.beside
    seconds = (later * (needs.learned + needs.measured / 3) + encoding) / size
    return Speed(tokens / seconds, memory, f"measured on {len(batch)} examples, encoding and comparing")


def _timed(lesson: Lesson, batch: Sequence[Unit]) -> float:
    began = time.perf_counter()
    try_step(lesson, batch)
    return time.perf_counter() - began


def _size(batch: Sequence[Unit]) -> int:
    return sum(unit.size for unit in batch)
