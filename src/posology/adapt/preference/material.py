"""The pairs of a run: made from examples, read from files, gated by licence, split by group."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from posology.adapt.job import Job
from posology.adapt.material import gather_material
from posology.adapt.objective.preferring import MarkedPair
from posology.adapt.preference.pairs import Pairs, build_pairs
from posology.adapt.preference.ratings import read_ratings
from posology.adapt.recipe import Data
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.screening import Screen, preference_text
from posology.chat import Prompt
from posology.chat.torch_prompts import PromptCodec
from posology.corpus import Example, Preference
from posology.corpus.jsonl import read_preferences
from posology.corpus.licences import require_shippable
from posology.corpus.parts import require_apart
from posology.errors import UserError
from posology.manifest import Input, hash_file

__all__ = ["PairMaterial", "gather_pairs", "mark_pairs", "split_by_group"]

PREFERENCES = "preferences.jsonl"

One = TypeVar("One", Preference, Example)


@dataclass(frozen=True, slots=True)
class PairMaterial:
    """Pairs that are learned from, pairs that say when to stop, and what was left out."""

    tune: tuple[Preference, ...]
    select: tuple[Preference, ...]
    inputs: tuple[Input, ...]
    left_out: dict[str, int] = field(default_factory=dict)  # reason: how many
    tests: dict[str, Any] = field(default_factory=dict)  # what was held against which test texts


def gather_pairs(recipe: PreferRecipe, job: Job) -> PairMaterial:
    """Make and read the pairs of a recipe; raise UserError where nothing can or may be learned from them."""
    data = recipe.data
    found: list[Pairs] = []
    select: list[Pairs] = []
    inputs: list[Input] = []
    left_out: Counter[str] = Counter()
    if data.tasks or data.corpora:
        plain = Data.model_validate(data.model_dump(include=set(Data.model_fields)))
        material = gather_material(plain, job, recipe.tests)
        inputs += material.inputs
        left_out.update(material.left_out)
        found.append(build_pairs(material.tune, each=data.each, most_gap=data.gap, seed=recipe.seed))
        select.append(build_pairs(material.select, each=data.each, most_gap=data.gap, seed=recipe.seed))
    for name in data.pairs:
        path = _file_of(job.place(name))
        inputs.append(hash_file("preferences", path))
        found.append(Pairs(tuple(read_preferences(path))))
    for name in data.ratings:
        inputs.append(hash_file("ratings", job.place(name)))
        found.append(read_ratings(job.place(name)))
    pairs = [pair for one in found for pair in one.pairs]
    chosen = [pair for one in select for pair in one.pairs]
    require_apart({"tune": pairs, "select": chosen}, "pair")  # files and ratings are read into tune
    if data.purpose == "ship":
        require_shippable((pair.provenance for pair in (*pairs, *chosen)), "pairs")
    screen = Screen(recipe.tests, job)
    pairs = screen.keep(pairs, preference_text, "pairs", chosen)
    if not chosen and data.select_share:
        pairs, chosen = split_by_group(pairs, data.select_share)
    if not pairs:
        raise UserError("data: no pair could be made: answers need a source_text that bears out their facts")
    left_out.update(reason for one in (*found, *select) for _, reason in one.rejected)
    return PairMaterial(
        tuple(pairs), tuple(chosen), tuple(inputs), dict(sorted(left_out.items())), screen.record()
    )


def _file_of(path: Path) -> Path:
    return path / PREFERENCES if path.is_dir() else path


def split_by_group(ones: Sequence[One], share: float) -> tuple[list[One], list[One]]:
    """Part pairs or examples by the hash of their group: no patient, document or question on both sides."""
    tune: list[One] = []
    select: list[One] = []
    for one in ones:
        group = one.provenance.group or one.id.rpartition("/")[0] or one.id
        digest = hashlib.sha256(f"{one.provenance.source} {group}".encode()).digest()
        (select if int.from_bytes(digest[:8], "big") < share * 2**64 else tune).append(one)
    return tune, select


def mark_pairs(
    pairs: Sequence[Preference],
    codec: PromptCodec,
    ends: frozenset[int],
    most_tokens: int,
    left_out: dict[str, int],
) -> list[MarkedPair]:
    """Turn pairs into tokens; those that are too long are left out and counted in ``left_out``."""
    found: list[MarkedPair] = []
    for pair in pairs:
        prompt = Prompt(pair.messages)
        chosen = codec.answered(prompt, pair.chosen, ends)
        rejected = codec.answered(prompt, pair.rejected, ends)
        longest = len(chosen.context) + max(len(chosen.answer), len(rejected.answer))
        if longest > most_tokens:
            reason = f"longer than {most_tokens} tokens"
            left_out[reason] = left_out.get(reason, 0) + 1
        elif chosen.answer != rejected.answer:
            found.append(
                MarkedPair(pair.id, tuple(chosen.context), tuple(chosen.answer), tuple(rejected.answer))
            )
    if pairs and not found:
        raise UserError(f"data.max_tokens: every pair has more than {most_tokens} tokens: raise it")
    return found
