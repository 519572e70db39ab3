"""Compare choices with lm-evaluation-harness: the same model, the same prompts, scored by log-likelihood.

The harness runs in a Python of its own (``--harness-python``, with lm-eval 0.4.13, torch and transformers):
it gets the prompts as we send them, as a task of the kind multiple_choice, and its choice is compared with
ours item by item. Items are those of the report part, filled up from the other parts where it is shorter.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import DATA, rate, write_report
from posology.chat import ModelIdentity, Prompt
from posology.chat.torch_engine import TransformersGenerator, TransformersOptions, open_transformers
from posology.chat.torch_weights import read_source, transformers_weights
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.systems.prompts import messages_for
from posology.evaluate.task import Part, Task
from posology.evaluate.tasks import TASKS

NAMES = ("medqa_usmle", "pubmedqa")
TARGET = 0.99
TASK = """task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {file}
test_split: test
output_type: multiple_choice
doc_to_text: prompt
doc_to_choice: choices
doc_to_target: gold
target_delimiter: ""
metric_list:
  - metric: acc
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One task's items as both sides are asked."""

    items: list[Item]
    prompts: list[Prompt]
    choices: list[tuple[str, ...]]


def ask(task: Task, count: int) -> Asked:
    """Return the first items of a task as prompts with their choices."""
    parts = load_parts(task, DATA)
    items = [item for part in (Part.REPORT, Part.SELECT, Part.TUNE) for item in parts.get(part, [])][:count]
    prompts = [Prompt(messages_for(task, item)) for item in items]
    choices = [tuple(task.form.constraint(item).options) for item in items]
    return Asked(items, prompts, choices)


def likeliest(scores: list[float]) -> int:
    """Return the place of the highest score, the first of equal ones."""
    return max(range(len(scores)), key=lambda place: (scores[place], -place))


def score_here(generator: TransformersGenerator, asked: Asked) -> tuple[list[list[float]], float]:
    """Return our scores of each choice, and the seconds they took."""
    start = time.perf_counter()
    found = generator.score(asked.prompts, asked.choices)
    return [[one.logprob for one in scores] for scores in found], time.perf_counter() - start


def write_task(name: str, generator: TransformersGenerator, asked: Asked, folder: Path) -> None:
    """Write a task of the harness and its items."""
    data = folder / f"{name}.jsonl"
    with data.open("w", encoding="utf-8") as stream:
        for item, prompt, choices in zip(asked.items, asked.prompts, asked.choices, strict=True):
            row = {
                "id": item.id,
                "prompt": generator.text_of(prompt),
                "choices": choices,
                "gold": choices.index(str(item.gold)),
            }
            stream.write(json.dumps(row) + "\n")
    (folder / f"{name}.yaml").write_text(TASK.format(name=name, file=data), encoding="utf-8")


def score_there(python: str, weights: Path, dtype: str, names: list[str], folder: Path) -> dict[str, Any]:
    """Run the harness on the tasks in a folder; return each item's scores by task and id."""
    out = folder / f"out-{dtype}"
    command = [python, "-m", "lm_eval", "run", "--model", "hf"]
    command += ["--model_args", f"pretrained={weights},dtype={dtype}", "--tasks", ",".join(names)]
    command += ["--include_path", str(folder), "--device", "cpu", "--batch_size", "1"]
    command += ["--log_samples", "--output_path", str(out)]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    home = {"HF_HOME": str(folder / "hf")}
    done = subprocess.run(
        command, env={**os.environ, **offline, **home}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"the harness failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = {}
    for name in names:
        (path,) = out.rglob(f"samples_{name}_*.jsonl")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found[name] = {row["doc"]["id"]: [float(one[0]) for one in row["filtered_resps"]] for row in rows}
    return found


def compare(asked: Asked, ours: list[list[float]], theirs: dict[str, list[float]]) -> dict[str, Any]:
    """Return how often the choices are the same, and how far the scores' differences are apart."""
    same, gaps, differing = 0, [], []
    for item, mine, choices in zip(asked.items, ours, asked.choices, strict=True):
        other = theirs[item.id]
        here, there = likeliest(mine), likeliest(other)
        same += here == there
        gaps += [abs((a - mine[0]) - (b - other[0])) for a, b in zip(mine, other, strict=True)]
        if here != there:
            margin = abs(other[here] - other[there])
            told = {"id": item.id, "ours": choices[here], "harness": choices[there]}
            differing.append({**told, "margin": round(margin, 4)})
    right = sum(
        choices[likeliest(mine)] == item.gold
        for item, mine, choices in zip(asked.items, ours, asked.choices, strict=True)
    )
    return {
        "same_choice": rate(same, len(ours)),
        "accuracy": rate(right, len(ours)),
        "largest_score_difference": round(max(gaps), 4),
        "differing": differing,
    }


def main() -> None:
    """Score the items twice and write reports/agreement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--harness-python", required=True, help="a Python with lm-eval 0.4.13")
    parser.add_argument("--weights", type=Path, required=True, help="GGUF file or folder with safetensors")
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--dtypes", default="float32,bfloat16")
    options = parser.parse_args()
    weights = transformers_weights(options.weights)
    source = read_source(weights.path)
    identity = ModelIdentity(options.weights.stem, weights.architecture, "", weights.sha256, "transformers")
    asked = {name: ask(TASKS[name], options.items) for name in NAMES}
    rows = []
    for dtype in options.dtypes.split(","):
        generator = open_transformers(weights.path, identity, 0, TransformersOptions(dtype=dtype))
        with tempfile.TemporaryDirectory(prefix="agreement-") as temporary:
            ours = {name: score_here(generator, asked[name]) for name in NAMES}
            for name in NAMES:
                write_task(name, generator, asked[name], Path(temporary))
            theirs = score_there(options.harness_python, weights.path, dtype, list(NAMES), Path(temporary))
        for name in NAMES:
            found = compare(asked[name], ours[name][0], theirs[name])
            row = {"task": name, "dtype": dtype, **found, "seconds": round(ours[name][1], 1)}
            rows.append(row)
            print(f"{name} {dtype}: {found['same_choice']}", flush=True)
    met = {
        dtype: all(row["same_choice"]["rate"] >= TARGET for row in rows if row["dtype"] == dtype)
        for dtype in options.dtypes.split(",")
    }
    model = {"name": source.name, "precision": source.precision} if source else {"name": identity.name}
    results = {
        "model": {**model, "sha256": weights.sha256},
        "harness": "lm-evaluation-harness 0.4.13",
        "target": TARGET,
        "met": met,
        "rows": rows,
    }
    command = f"benchmarks/agreement.py --harness-python PYTHON --weights FILE --items {options.items}"
    settings = {"items": options.items, "dtypes": options.dtypes, "tasks": list(NAMES)}
    write_report("agreement", results, command=command, settings=settings)


if __name__ == "__main__":
    main()
