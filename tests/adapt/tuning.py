"""Made notes, a random model over bytes and recipes of a few steps, for the tests of tuning."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posology.adapt.job import Job
from posology.adapt.recipes.tune import TuneRecipe
from posology.chat import Message
from posology.corpus import Example, Provenance
from posology.corpus.jsonl import write_jsonl
from tests.chat.tiny_model import write_tiny

RECIPE = """
posology = "recipe/1"
kind = "tune"
name = "weights of patients"
[data]
corpora = ["tune.jsonl"]
select = ["select.jsonl"]
[base]
path = "tiny"
dtype = "float32"
threads = 1
[lora]
rank = 4
alpha = 8
[optimizer]
batch = 4
steps = 6
lr = 0.01
micro_tokens = 600
[stop]
every = 3
checkpoint = 2
"""


def example(
    number: int, *, answer: str | None = None, group: str = "", licence: str = "made here"
) -> Example:
    kilograms = 50 + number
    note = f"Weight {kilograms} kg, HbA1c {6 + number % 4}.1 %."
    return Example(
        id=f"note-{number}",
        messages=(Message("system", "You read notes."), Message("user", f"{note}\nHow heavy?")),
        answer=f"The weight is {kilograms} kg." if answer is None else answer,
        provenance=Provenance("made notes", licence, group=group or f"patient {number}"),
        task="weight",
        source_text=note,
    )


def write_bench(folder: Path, *, tune: int = 8, select: int = 3, template: bool = True) -> Path:
    """Write model and examples; return the folder."""
    if template:
        write_tiny(folder / "tiny")
    else:
        write_tiny(folder / "tiny", template=None)
    write_jsonl(folder / "tune.jsonl", [example(number) for number in range(tune)])
    write_jsonl(folder / "select.jsonl", [example(number) for number in range(30, 30 + select)])
    return folder


def recipe_of(changes: Mapping[str, Any] | None = None) -> TuneRecipe:
    """Return the recipe with some keys changed, as a table of tables."""
    return TuneRecipe.model_validate(_merged(tomllib.loads(RECIPE), changes or {}))


def _merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(table)
    for key, value in changes.items():
        found[key] = _merged(found.get(key, {}), value) if isinstance(value, Mapping) else value
    return found


def job_of(folder: Path, out: str = "out", *, overwrite: bool = False, restart: bool = False) -> Job:
    return Job(folder / out, folder, overwrite=overwrite, restart=restart, home=folder / "home")
