"""Measure the runner: its throughput against the bare engine, shared prefixes, 100,000 items, resuming.

The first two ask SmolLM2-135M-Instruct through the transformers engine, each way in turn and several times;
medians are reported with every run beside them. The items are made here. The other two use a scripted
generator, each in a process of its own, so that time and memory are the runner's.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import ROOT, peak_memory_mb, write_report
from posology.chat import Generator, Message, Prompt, Scorer, ScriptedGenerator
from posology.evaluate.arm import ArmIdentity, Learning
from posology.evaluate.cache import CompletionCache, with_cache
from posology.evaluate.chosen import model_spec, with_weights
from posology.evaluate.items import Item
from posology.evaluate.own import read_own_task
from posology.evaluate.results import read_manifest
from posology.evaluate.runner import RunPlan, run_arm
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import GeneratorArm, System, open_system, plan_asking
from posology.evaluate.task import Task

LABELS = ("routine", "soon", "urgent")
STRATEGIES = ("zero", "few+constrained")
MANY = 100_000
MOST_S, MOST_MB, RESUME_S, LEAST_RATIO = 60.0, 1024.0, 5.0, 0.9


def made_task() -> Task:
    """Return the example task of the repository, read as it stands."""
    return read_own_task(ROOT / "examples" / "referrals" / "referrals.toml")


def made_items(n: int, start: int = 0) -> list[Item]:
    """Return n made referrals that differ, two of each group."""
    reasons = ("Knee pain on stairs", "Blood in the urine twice", "Chest pain at rest, pale and sweating")
    return [
        Item(
            f"item-{k}",
            f"group-{k // 2}",
            f"Referral {k}. {reasons[k % 3]}, for {k % 11 + 1} days, patient of {20 + k % 60}. "
            "No fever, no allergies known, lives at home.",
            LABELS[k % 3],
            slices={"age": "65 and over" if k % 60 >= 45 else "under 65"},
        )
        for k in range(start, start + n)
    ]


def bare(generator: Generator, prompts: Sequence[Prompt], options: Sequence[Sequence[str]] | None) -> float:
    """Return the seconds that the engine takes for prompts in one call."""
    began = time.perf_counter()
    if options is None:
        generator.generate(prompts)
    else:
        scorer: Scorer = generator  # type: ignore[assignment]  # an engine that scores
        scorer.score(prompts, options)
    return time.perf_counter() - began


def run_once(system: System, strategy: str, items: Sequence[Item], learning: Learning) -> dict[str, float]:
    """Return the seconds of a run into a folder: all of it, and until the last answer was on the disk."""
    task = made_task()
    arm = system.arm(parse_strategy(strategy), task, learning)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        began = time.perf_counter()
        run_arm(arm, task, items, out)
        whole = time.perf_counter() - began
        return {"whole_s": whole, "answering_s": read_manifest(out)["timings_s"]["answering"]}


def throughput(system: System, n: int, rounds: int) -> dict[str, Any]:
    """Compare the runner with the bare engine on the same prompts, in turn."""
    items, learning = made_items(n), Learning(made_items(60, start=10_000))
    found = {}
    for strategy in STRATEGIES:
        arm = system.arm(parse_strategy(strategy), made_task(), learning)
        assert isinstance(arm, GeneratorArm)
        assert system.generator is not None
        prompts = arm.prompts(items)
        options = [LABELS] * n if "constrained" in strategy else None
        bare(system.generator, prompts[:8], options[:8] if options else None)  # warm up
        engine, runner = [], []
        for _ in range(rounds):
            engine.append(bare(system.generator, prompts, options))
            runner.append(run_once(system, strategy, items, learning))
        found[strategy] = _compared(n, engine, runner)
    return found


def _compared(n: int, engine: Sequence[float], runner: Sequence[dict[str, float]]) -> dict[str, Any]:
    alone = statistics.median(engine)
    answering = statistics.median(one["answering_s"] for one in runner)
    whole = statistics.median(one["whole_s"] for one in runner)
    return {
        "n": n,
        "engine_items_per_s": round(n / alone, 2),
        "runner_items_per_s": round(n / answering, 2),
        "ratio": round(alone / answering, 3),
        "ratio_with_scores_and_intervals": round(alone / whole, 3),
        "engine_s": [round(one, 2) for one in engine],
        "answering_s": [round(one["answering_s"], 2) for one in runner],
        "whole_s": [round(one["whole_s"], 2) for one in runner],
        "kept": alone / answering >= LEAST_RATIO,
    }


def prefixes(system: System, n: int, rounds: int) -> dict[str, Any]:
    """Compare few-shot prompts that share their beginning with ones whose first words differ."""
    assert system.generator is not None
    learning = Learning(made_items(60, start=10_000))
    asking = plan_asking(made_task(), parse_strategy("few+constrained"), learning)
    shared = [Prompt(asking.messages(item), asking.constraint(item), 16) for item in made_items(n)]
    apart = [_apart(prompt, k) for k, prompt in enumerate(shared)]
    options = [LABELS] * n
    times: dict[str, list[float]] = {"shared": [], "apart": []}
    for _ in range(rounds):
        times["shared"].append(bare(system.generator, shared, options))
        times["apart"].append(bare(system.generator, apart, options))
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "n": n,
        "prompt_tokens": system.generator.count_tokens(shared[0]),
        "prompt_tokens_apart": system.generator.count_tokens(apart[0]),
        "gain": round(medians["apart"] / medians["shared"], 2),
        **{f"{name}_s": [round(one, 2) for one in values] for name, values in times.items()},
    }


def _apart(prompt: Prompt, number: int) -> Prompt:
    first, *rest = prompt.messages
    return Prompt(
        (Message(first.role, f"{number} {first.content}"), *rest), prompt.constraint, prompt.max_tokens
    )


def scripted_arm(cache: CompletionCache | None) -> GeneratorArm:
    """Return an arm whose model answers by the item's number, behind a cache where there is one."""
    task = made_task()
    generator: Generator = ScriptedGenerator(lambda prompt: LABELS[len(prompt.messages[-1].content) % 3])
    if cache is not None:
        generator = with_cache(generator, cache)
    asking = plan_asking(task, parse_strategy("zero"), Learning(made_items(60, start=10**6)))
    return GeneratorArm(generator, asking, ArmIdentity("scripted", "scripted", "zero", engine="scripted"))


def many(folder: Path) -> dict[str, Any]:
    """Run 100,000 items whose completions are cached, in this process."""
    items = made_items(MANY)
    cache = CompletionCache(folder / "cache")
    began = time.perf_counter()
    summary = run_arm(scripted_arm(cache), made_task(), items, folder / "out", plan=RunPlan(cache=cache))
    seconds = time.perf_counter() - began
    timings = read_manifest(folder / "out")["timings_s"]
    return {
        "n": summary.n,
        "cached": summary.cost.cached,
        "seconds": round(seconds, 1),
        "answering_s": round(timings["answering"], 1),
        "peak_memory_mb": peak_memory_mb(),
        "bytes_of_items": (folder / "out" / "items.jsonl").stat().st_size,
        "bytes_of_cache": (folder / "cache" / "completions.sqlite").stat().st_size,
        "kept": seconds <= MOST_S and peak_memory_mb() <= MOST_MB,
    }


def fill(folder: Path) -> dict[str, Any]:
    """Fill the cache with the completions of 100,000 items."""
    cache = CompletionCache(folder / "cache")
    arm, items = scripted_arm(cache), made_items(MANY)
    for first in range(0, MANY, 1000):
        arm.answer(items[first : first + 1000])
    return {"filled": MANY}


def slow(folder: Path) -> dict[str, Any]:
    """Run 100,000 items to be killed amid them."""
    run_arm(scripted_arm(None), made_task(), made_items(MANY), folder / "killed")
    return {"ended": True}


def resume(folder: Path) -> dict[str, Any]:
    """Go on with the killed run and say when its first new answer is asked."""
    items, arm = made_items(MANY), scripted_arm(None)
    began, first = time.perf_counter(), []
    ask = arm.answer

    def watched(batch: Sequence[Item], *, progress: Callable[[int], None] | None = None) -> Any:
        first.append(time.perf_counter() - began)
        return ask(batch, progress=progress)

    arm.answer = watched  # type: ignore[method-assign]
    summary = run_arm(arm, made_task(), items, folder / "killed")
    lines = [json.loads(line)["id"] for line in (folder / "killed" / "items.jsonl").read_text().splitlines()]
    return {
        "kept_of_killed_run": summary.kept,
        "seconds_to_first_new_answer": round(first[0], 2),
        "no_item_lost_or_repeated": lines == [item.id for item in items],
        "kept": first[0] <= RESUME_S,
    }


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "fill": fill,
    "many": many,
    "slow": slow,
    "resume": resume,
}


def apart(step: str, folder: Path) -> dict[str, Any]:
    """Do a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def killed(folder: Path) -> dict[str, Any]:
    """Kill a run with more than half of its lines written, then go on."""
    command = [sys.executable, __file__, "--step", "slow", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    path = folder / "killed" / "items.jsonl"
    while process.poll() is None and not (path.exists() and path.stat().st_size > 18_000_000):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return apart("resume", folder)


def main() -> int:
    """Measure and write reports/evaluate, or do one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--n", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--no-model", action="store_true", help="only what needs no weights; writes no report"
    )
    given = parser.parse_args()
    if given.step:
        print(json.dumps(STEPS[given.step](given.folder)))
        return 0
    results: dict[str, Any] = {"load_before": [round(one, 2) for one in os.getloadavg()]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apart("fill", folder)
        results["cached_100000"] = apart("many", folder)
        results["killed_run"] = killed(folder)
    if not given.no_model:
        system = open_system(with_weights(model_spec("smollm2-135m-instruct", "transformers")))
        results["throughput"] = throughput(system, given.n, given.rounds)
        results["prefixes"] = prefixes(system, given.n // 3, given.rounds)
    results["load_after"] = [round(one, 2) for one in os.getloadavg()]
    print(json.dumps(results, indent=1))
    if not given.no_model:
        settings = {"n": given.n, "rounds": given.rounds, "model": "smollm2-135m-instruct", "batch": 64}
        write_report("evaluate", results, command="benchmarks/evaluate.py", settings=settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
