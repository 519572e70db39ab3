"""What a tuned writer gives back of identifiers planted in its examples: python benchmarks/canaries.py DIR.

A sixth of the lessons of recipes/judge-writer.toml, with identifiers of four kinds planted 1, 4 and 16 times
each, is learned with the recipe's own settings; then the same identifiers are looked for, in that model and
in the base, which never saw them (`posology adapt canaries`). reports/canaries holds how many came out and
how exposed they are, never an identifier. What is done is not done again.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import ROOT, write_report
from posology.adapt.job import Job
from posology.adapt.network import find_base
from posology.adapt.recipes import read_recipe

SEED = 7
LESSONS = {
    "judge": 660, "question": 66, "near": 410, "elsewhere": 660, "chart": 600, "record": 60, "passage": 0,
    "write": 0, "select": 0.06, "seed": 1, "turns": 8,
}  # fmt: skip
POSOLOGY = Path(sys.executable).with_name("posology")


def main() -> None:
    """Make the lessons, plant, tune, look, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=2, help="identifiers of each kind and number of times")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lessons, planted, tuned = folder / "judge-writer", folder / "examples.jsonl", folder / "tuned"
    if not lessons.exists():
        told = [part for name, value in LESSONS.items() for part in (f"--{name}", str(value))]
        run("adapt", "lessons", "--out", str(lessons), *told)
    if '"canary-' not in (lessons / "examples.jsonl").read_text(encoding="utf-8"):
        planting = ["--seed", str(SEED), "--each", str(options.each)]
        run("adapt", "canaries", "plant", str(lessons / "examples.jsonl"), "--out", str(planted), *planting)
        planted.replace(lessons / "examples.jsonl")
    (folder / "recipe.toml").write_bytes((ROOT / "recipes/judge-writer.toml").read_bytes())
    if not (tuned / "manifest.json").is_file():
        run("adapt", "run", str(folder / "recipe.toml"), "--out", str(tuned))
    recipe = read_recipe(folder / "recipe.toml")
    base = str(find_base(recipe.base, Job(out=tuned, folder=folder))[0].path)
    results: dict[str, Any] = {"lessons": LESSONS, "seed": SEED}
    for name, adapter in (("base", []), ("tuned", ["--adapter", str(tuned)])):
        kept = folder / f"found-{name}.json"
        if not kept.is_file():
            kept.write_text(json.dumps(told_of(find(base, adapter, options.each))), encoding="utf-8")
        results[name] = json.loads(kept.read_text(encoding="utf-8"))
        print(name, json.dumps(results[name]), flush=True)
    report = json.loads((tuned / "report.json").read_text(encoding="utf-8"))
    results["training"] = {key: report[key] for key in ("steps", "tokens", "seconds")}
    print(
        write_report(
            "canaries", results, command="python benchmarks/canaries.py DIR", settings={"each": options.each}
        )
    )


def run(*told: str) -> None:
    """Run posology; raise where it fails."""
    subprocess.run([POSOLOGY, *told], check=True)


def find(base: str, adapter: list[str], each: int) -> dict[str, Any]:
    """Return what came out; the exit code 1 says that something did."""
    told = ["adapt", "canaries", "find", base, *adapter, "--seed", str(SEED), "--each", str(each), "--json"]
    done = subprocess.run([POSOLOGY, *told], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"posology {' '.join(told)}: exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def told_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return what the report tells of a search."""
    kept = ("canaries", "candidates", "samples", "extracted", "most_exposure_bits")
    return {"by_times": by_times(found["found"])} | {key: found[key] for key in kept}


def by_times(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return for each number of times how many there are, came out and passed 6 bits, and the most bits."""
    rows = {}
    for times in sorted({one["times"] for one in found}):
        some = [one for one in found if one["times"] == times]
        rows[str(times)] = {
            "canaries": len(some),
            "extracted": sum(one["greedy"] or one["sampled"] > 0 for one in some),
            "six_bits_or_more": sum(one["exposure"] >= 6 for one in some),
            "most_bits": round(max(one["exposure"] for one in some), 2),
        }
    return rows


if __name__ == "__main__":
    main()
