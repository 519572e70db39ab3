"""Measure the embedded engine: load, prefill, decode, and eight judgements behind one shared prefix.

Each of the two ways to run it (repeatable or not) is measured in processes of its own, in turn, several
times. The best and the median of each value are reported with every single run beside them: other work on
the machine only ever makes a run slower.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from common import peak_memory_mb, write_report
from posology.chat import Choice, Generator, Message, Prompt, open_generator
from posology.config import load_settings

NOTE = "Note: chronic low back pain, tried physical therapy for six weeks without relief. "
STATUS = Choice(("met", "not_met", "unknown"))
JUDGEMENTS = 8
FREE_TOKENS = 48


def prompt(text: str, constraint: Choice | None, max_tokens: int) -> Prompt:
    """Return a prompt of one message."""
    return Prompt((Message("user", text),), constraint, max_tokens)


def timed(generator: Generator, prompts: list[Prompt]) -> tuple[float, list[Any]]:
    """Return the seconds that the answers took, and the answers."""
    start = time.perf_counter()
    answers = generator.generate(prompts)
    return time.perf_counter() - start, answers


def measure(repeatable: bool) -> dict[str, Any]:
    """Measure one engine in this process."""
    settings = load_settings(environ={})
    part = settings.profile.writer.model_copy(update={"repeatable": repeatable})
    start = time.perf_counter()
    generator = open_generator(part, settings)
    assert generator is not None
    load_s = time.perf_counter() - start
    generator.generate([prompt("Warm up.", None, 4)])
    long_prompt = prompt("The patient was seen for sleep apnea and snores loudly. " * 110, None, 1)
    prefill_s, (prefilled,) = timed(generator, [long_prompt])
    decode_s, (decoded,) = timed(generator, [prompt("Write a long story.", None, 128)])
    asked = [prompt(f"{NOTE * 65}\nQuestion {n}: was item {n} tried?", STATUS, 8) for n in range(JUDGEMENTS)]
    cold_s, cold = timed(generator, asked)
    warm_s, warm = timed(generator, asked)
    free = [prompt(f"{NOTE * 20}\nWrite about item {n}.", None, FREE_TOKENS) for n in range(JUDGEMENTS)]
    free_s, together = timed(generator, free)
    alone = [generator.generate([one])[0] for one in free]
    pairs = list(zip(together, alone, strict=True))
    return {
        "load_s": round(load_s, 2),
        "prefill_tokens": prefilled.prompt_tokens,
        "prefill_tokens_per_s": round(prefilled.prompt_tokens / prefill_s),
        "decode_tokens_per_s": round(decoded.output_tokens / decode_s, 1),
        "judgements_8_prompt_tokens_each": cold[0].prompt_tokens,
        "judgements_8_cold_s": round(cold_s, 2),
        "judgements_8_warm_s": round(warm_s, 2),
        "judgements_same_cold_and_warm": sum(a.text == b.text for a, b in zip(cold, warm, strict=True)),
        "free_8_x_48_s": round(free_s, 2),
        "free_same_together_and_alone": sum(a.text == b.text for a, b in pairs),
        "free_largest_logprob_difference": round(max(abs(a.logprob - b.logprob) for a, b in pairs), 4),
        "peak_memory_mb": peak_memory_mb(),
    }


def measure_apart(repeatable: bool) -> dict[str, Any]:
    """Measure in a process of its own, so that load and memory are its own."""
    command = [sys.executable, __file__, "--one", "repeatable" if repeatable else "fast"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the best and the median of some runs, with the runs."""
    best = {key: (max if key.endswith("per_s") else min)(run[key] for run in runs) for key in runs[0]}
    median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {"n": len(runs), "best": best, "median": median, "runs": runs}


def main() -> None:
    """Measure both ways and write reports/engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", choices=("repeatable", "fast"), help="measure once, print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one == "repeatable")))
        return
    runs: dict[str, list[dict[str, Any]]] = {"repeatable": [], "fast": []}
    for _ in range(arguments.runs):
        for name, done in runs.items():
            done.append(measure_apart(name == "repeatable"))
    results = {name: summary(done) for name, done in runs.items()}
    folder = write_report(
        "engine",
        results,
        command=f"python benchmarks/engine.py --runs {arguments.runs}",
        settings={"profile": "embedded"},
    )
    print(json.dumps({name: result["best"] for name, result in results.items()}, indent=1))
    print(f"written to {folder}")


if __name__ == "__main__":
    main()
