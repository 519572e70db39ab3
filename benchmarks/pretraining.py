"""What going on with clinical text gives and what it costs: python benchmarks/pretraining.py DIR.

Notes are the reports of openi_indiana_reports and the sections of mts_dialog, general text the posts of
imhi_dreaddit, imhi_sad and cams_mental_health: of each the part *tune* only. recipes/pretrain-notes.toml is
run twice, with general text replayed and without, with smaller steps than its own. A tenth of the documents
of each source is held out and never learned from. reports/pretraining holds the perplexities before and
after; DIR the models. An arm that is done is not run again.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import DATA, ROOT, write_report
from posology.adapt.job import Job
from posology.adapt.pretrain import run_pretrain
from posology.adapt.recipes import read_recipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from posology.evaluate.items import Item
from posology.evaluate.splits import load_items
from posology.evaluate.task import Part
from posology.evaluate.tasks import find_task

NOTES = ("openi_indiana_reports", "mts_dialog")
GENERAL = ("imhi_dreaddit", "imhi_sad", "cams_mental_health")
ARMS = {"general text replayed, a tenth": 0.1, "nothing replayed": 0.0}


def main() -> None:
    """Make the texts, train both arms, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=4, help="rows of 512 tokens a step")
    options = parser.parse_args()
    for name, tasks in (("notes", NOTES), ("general", GENERAL)):
        (options.folder / name).mkdir(parents=True, exist_ok=True)
        write_jsonl(options.folder / name / "records.jsonl", list(records(tasks)))
    results: dict[str, Any] = {}
    for name, share in ARMS.items():
        recipe = recipe_of(share, options.batch)
        out = options.folder / f"replay-{share}"
        if not (out / "manifest.json").is_file():
            run_pretrain(recipe, Job(out=out, folder=options.folder, tell=tell))
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        kept = ("learned_tokens", "held_out", "ended", "steps", "tokens", "seconds")
        results[name] = {key: report[key] for key in kept}
        print(name, json.dumps(results[name], indent=1), flush=True)
    print(
        write_report(
            "pretraining",
            results,
            command="python benchmarks/pretraining.py DIR",
            settings={"batch": options.batch},
        )
    )


def recipe_of(replay: float, batch: int) -> PretrainRecipe:
    """Return the recipe of the repository with its share of general text and its steps replaced."""
    recipe = read_recipe(ROOT / "recipes" / "pretrain-notes.toml")
    assert isinstance(recipe, PretrainRecipe)
    texts = recipe.texts.model_copy(update={"replay": replay, "held": 0.1})
    optimizer = recipe.optimizer.model_copy(update={"batch": batch})
    stop = recipe.stop.model_copy(update={"every": 20, "checkpoint": 20})
    forgetting = recipe.forgetting.model_copy(update={"most": 1.0})  # shown, not stopped
    changes = {"texts": texts, "optimizer": optimizer, "stop": stop, "forgetting": forgetting}
    return recipe.model_copy(update=changes)


def records(tasks: tuple[str, ...]) -> Iterator[Record]:
    """Yield the texts of the tasks' part tune, a record each."""
    for name in tasks:
        task = find_task(name)
        for item in load_items(task, DATA, Part.TUNE):
            text = text_of(name, item)
            home = Provenance(name, task.card.licence, "", item.group or item.id)
            yield Record(f"{name}/{item.id}", text, home, task.language)


def text_of(name: str, item: Item) -> str:
    """Return what a person wrote: a post, a report with its impression, the section made from a dialogue."""
    gold = str(item.gold)
    if name == "mts_dialog":
        return gold
    return f"{item.text}\n{gold}" if name in NOTES else item.text


def tell(stage: str, done: int | None = None, total: int | None = None) -> None:
    """Print how far it is."""
    if done is not None and done % 10 == 0:
        print(stage, done, total, flush=True)


if __name__ == "__main__":
    main()
