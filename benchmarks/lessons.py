"""Readings: made sentences whose answers are known, read by the rules; every misreading is counted by kind.

The sentences are those of `posology adapt lessons`. Their templates are split in two halves, within each kind
of question and answer, by the order of their hashes: rules may be mended from the development half only, the
report half is for counting.

    python benchmarks/lessons.py
    python benchmarks/lessons.py --failures            # of the development half
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from common import rate, write_report
from posology.adapt.teacher.frames import load_frames
from posology.adapt.teacher.grammar import Judged, make_judged
from posology.evidence import Hit, judge_by_rules, split_passages
from posology.records import Document

Counts = Counter[tuple[str, str, str]]  # what sort of phrase it is, what it says, what was read
ANSWERS = ("yes", "no", "not stated")
WRONG = tuple((truth, read) for truth in ANSWERS for read in ("yes", "no") if truth != read)


def main() -> None:
    """Count the readings of both halves and write reports/lessons."""
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=12_000, help="sentences, of both halves together")
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument(
        "--failures", action="store_true", help="list those of the development half, no more"
    )
    args = options.parse_args()
    halves = split()
    counts: dict[str, Counts] = {half: Counter() for half in ("development", "report")}
    start = time.perf_counter()
    for one in islice(make_judged(args.seed), args.n):
        half = halves[pool(one), one.template]
        if args.failures and half == "report":
            continue
        read = judge(one)
        counts[half][sort(one), one.answer, read] += 1
        if args.failures and read != one.answer:
            sys.stdout.write(f"{one.answer} > {read} | {sort(one)} | {one.question} | {one.sentence}\n")
    seconds = time.perf_counter() - start
    if args.failures:
        results: dict[str, Any] = {"development": table(counts["development"])}
    else:
        results = {
            half: {"templates": Counter(halves.values())[half]} | table(c) for half, c in counts.items()
        }
        results["sentences_per_second"] = round(args.n / seconds)
        write_report("lessons", results, command=" ".join(sys.argv), settings=vars(args))
    json.dump(results, sys.stdout, indent=1)


def split() -> dict[tuple[str, str], str]:
    """Return the half of every template, by its pool and text."""
    halves = {}
    for frame in load_frames():
        for name, texts in (("yes", frame.yes), ("no", frame.no), *frame.silent.items()):
            where = f"{frame.kind}/{name}"
            first = _hash(where) % 2
            for place, text in enumerate(sorted(texts, key=_hash)):
                halves[where, text] = "development" if place % 2 == first else "report"
    return halves


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def pool(one: Judged) -> str:
    """Return which of the frames' lists a sentence was made from."""
    return f"{one.kind}/{one.trap or one.answer}"


def sort(one: Judged) -> str:
    """Return what sort of phrase a sentence is: its answer, or the trap that it sets, and of what."""
    return f"{one.trap or one.answer}: {one.kind}"


def judge(one: Judged) -> str:
    """Read one sentence by rules."""
    note = Document("DocumentReference/1", "", "note", one.sentence)
    answer = judge_by_rules(one.question, [Hit(p, 1.0, 1, 1) for p in split_passages([note])]).answer
    return answer.replace("_", " ")


def table(counts: Counts) -> dict[str, Any]:
    """Return each misreading as a share of its truth, recall and precision, and the sorts misread."""
    pairs = Counter[tuple[str, str]]()
    for (_, truth, read), n in counts.items():
        pairs[truth, read] += n
    told = {truth: sum(pairs[truth, read] for read in ANSWERS) for truth in ANSWERS}
    return {
        "n": pairs.total(),
        "misread": {f"{read} for {truth}": rate(pairs[truth, read], told[truth]) for truth, read in WRONG},
        "recall": {answer: rate(pairs[answer, answer], told[answer]) for answer in ("yes", "no")},
        "precision": {
            answer: rate(pairs[answer, answer], sum(pairs[truth, answer] for truth in ANSWERS))
            for answer in ("yes", "no")
        },
        "misread_by_sort": dict(_misread(counts)),
    }


def _misread(counts: Counts) -> Iterator[tuple[str, Mapping[str, int]]]:
    for name in sorted({name for name, _, _ in counts}):
        wrong = {f"{r} for {t}": counts[name, t, r] for t, r in WRONG if counts[name, t, r]}
        if wrong:
            yield name, wrong | {"n": sum(n for (other, _, _), n in counts.items() if other == name)}


if __name__ == "__main__":
    main()
