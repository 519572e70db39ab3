"""Measure curation: speed and memory by size, copies and test texts found, what the gate leaks and loses.

python benchmarks/curate.py                       # everything, up to 1,000,000 made notes (an hour or so)
python benchmarks/curate.py --sizes 1000 10000    # smaller
python benchmarks/curate.py --no-write            # the numbers, nothing written
"""

import argparse
import json
import random
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import DATA, ROOT, peak_memory_mb, rate, write_report
from curating.gate import KEY, measure_gate
from curating.notes import SEED, made_note, write_notes
from deidentify import CLINICAL, rows
from posology.corpus import Curation, ProtectedText, Spec, build_protected, curate

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SPEC = """posology = "corpus/1"
name = "made"
[[source]]
name = "made"
kind = "jsonl"
path = "made.jsonl"
licence = "made here"
without_gate = "made here of no patient"
"""


def measure_size(size: int) -> dict[str, Any]:
    """Curate so many made notes in this process: filters, exact and near copies, test texts; no gate."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        copies = write_notes(folder / "made.jsonl", size)
        before = peak_memory_mb()
        spec = Spec.model_validate(tomllib.loads(SPEC))
        tests = build_protected([ProtectedText("phrases", " ".join(CLINICAL))])
        start, clock = time.perf_counter(), time.process_time()
        counts = curate(Curation(spec, folder, key=KEY, protected=tests), folder / "out")
        seconds, cpu = time.perf_counter() - start, time.process_time() - clock
    left_out = Counter({reason.split(":")[0]: n for (_, reason), n in counts.rejected.items()})
    return {
        "notes": size,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "notes_per_s": round(size / seconds),
        "notes_per_cpu_s": round(size / cpu),
        "stages_s": {stage: round(value, 1) for stage, value in counts.timings_s.items()},
        "peak_memory_mb": peak_memory_mb(),
        "memory_before_mb": before,
        "pairs_compared": counts.compared,
        "compared_in_part": counts.cut_short,
        "planted_copies": copies,
        "left_out": dict(left_out),
    }


def measure_copies() -> dict[str, Any]:
    """Compare near duplicates with the truth of all pairs: 1,000 notes, copies with ever more other words."""
    import numpy as np

    from posology.corpus.duplicates import Signatures, find_copies, jaccard
    from posology.corpus.shingles import Shingler, normal_words, runs_of

    dice, shingler = random.Random(SEED), Shingler()
    texts = [made_note(dice) for _ in range(700)]
    for number in range(300):
        words = texts[number].split(" ")
        for place in dice.sample(range(len(words)), number % 10):
            words[place] = "altogether"
        texts.append(" ".join(words))
    runs = [np.unique(runs_of(shingler.words(normal_words(text)), 5)) for text in texts]
    signatures = Signatures()
    for one in runs:
        signatures.add(one)
    found = find_copies(signatures.bands(), lambda number: runs[number], 0.8)
    truth = {
        later for later in range(len(runs)) if any(jaccard(runs[later], one) >= 0.8 for one in runs[:later])
    }
    return {
        "found": rate(len(truth & set(found.of)), len(truth)),
        "wrongly_found": rate(len(set(found.of) - truth), len(found.of)),
        "pairs": len(texts) * (len(texts) - 1) // 2,
        "pairs_compared": found.compared,
    }


def measure_tests() -> dict[str, Any]:
    """Plant 20 words of public visit notes in others, with other case and punctuation, and look for them."""
    dice = random.Random(SEED)
    tests = [row["note"] for split in ("train", "valid") for row in rows(DATA / "aci_bench" / f"{split}.csv")]
    protected = build_protected(ProtectedText("aci_bench", text) for text in tests)
    others = [made_note(dice) for _ in range(2_000)]
    others += [row["text"] for row in rows(DATA / "mtsamples_sample" / "test.csv")]
    hidden = 0
    for number, test in enumerate(tests):
        words = test.split()
        start = dice.randrange(len(words) - 20)
        piece = " ".join(words[start : start + 20]).upper().replace(",", " ;")
        hidden += bool(protected.find_in(f"{others[number]} {piece} {others[-number - 1]}"))
    false = sum(bool(protected.find_in(text)) for text in others)
    return {"found": rate(hidden, len(tests)), "found_in_other_notes": rate(false, len(others))}


def in_own_process(size: int) -> dict[str, Any]:
    """Measure a size in a process of its own: peak memory is a process's."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    """Measure all parts and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--one", type=int, help="measure one size in this process and print it")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure_size(options.one)))
        return
    results = {
        "speed": [in_own_process(size) for size in options.sizes],
        "copies": measure_copies(),
        "test_texts": measure_tests(),
        "gate": measure_gate(),
    }
    print(json.dumps(results, indent=1, ensure_ascii=False))
    if not options.no_write:
        settings = {"seed": SEED, "sizes": options.sizes, "near": 0.8, "gate": "off for speed"}
        write_report("curate", results, command="benchmarks/curate.py", settings=settings)


if __name__ == "__main__":
    main()
