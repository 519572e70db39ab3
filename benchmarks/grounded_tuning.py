"""Count what the grounding term changes in generated documents: unsupported facts and omissions.

posology adapt ablate recipes/ground-mts-dialog.toml --out DIR --without ground
python benchmarks/grounded_tuning.py DIR

DIR holds the arms `all` and `without-ground`, tuned from the same examples in the same batches. Each
writes the section of the first 300 dialogues of the part *report* of mts_dialog. An unsupported fact is
a number, date, drug or code of what was written that the fact checks do not find in the dialogue; an
omission is such a fact of the section that a person wrote, borne out by the dialogue, that what was
written lacks. Differences are paired by dialogue, with 95 % intervals by the bootstrap over dialogues.
reports/grounded-tuning holds the counts, no text.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import DATA, write_report
from posology.adapt.support import find_support
from posology.evaluate.arm import Learning
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import SystemSpec, open_arm
from posology.evaluate.task import Part
from posology.evaluate.tasks import TASKS

ARMS = ("all", "without-ground")
COUNTS = ("facts", "unsupported", "borne_out_in_reference", "omitted", "characters")
ROUNDS = 10_000


def counts_of(written: str, item: Item) -> dict[str, int]:
    """Count the facts of what was written, and those of the reference that it lacks."""
    ours = find_support(written, item.text)
    gold = str(item.gold)
    wanted = find_support(gold, item.text).grounded
    missing = find_support(gold, written).unsupported
    omitted = sum(any(one.overlaps(span) for one in missing) for span in wanted)
    facts = len(ours.unsupported) + len(ours.grounded)
    return dict(zip(COUNTS, (facts, len(ours.unsupported), len(wanted), omitted, len(written)), strict=True))


def write_all(folder: Path, items: Sequence[Item]) -> tuple[list[str], float]:
    """Return what a tuned model writes of each item, "" where it failed, and the seconds it took."""
    spec = SystemSpec(name=folder.name, kind="generator", engine="transformers", path=str(folder))
    arm = open_arm(spec, parse_strategy("tuned"), TASKS["mts_dialog"], Learning((), ()))
    begun = time.perf_counter()
    found: list[str] = []
    for first in range(0, len(items), 20):
        found += [one.text or "" for one in arm.answer(items[first : first + 20])]
        print(folder.name, len(found), "of", len(items), flush=True)
    return found, time.perf_counter() - begun


def compared(rows: dict[str, list[dict[str, int]]], count: str, seed: int = 0) -> dict[str, Any]:
    """Return the sums of a count and the ratio of the arms, with its interval over dialogues."""
    ours, other = (np.array([row[count] for row in rows[arm]], dtype=float) for arm in ARMS)
    draws = np.random.default_rng(seed).integers(0, len(ours), (ROUNDS, len(ours)))
    tops, bottoms = ours[draws].sum(axis=1), other[draws].sum(axis=1)
    ratios = tops[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.percentile(ratios, (2.5, 97.5)) if len(ratios) else (None, None)
    return {
        ARMS[0]: int(ours.sum()),
        ARMS[1]: int(other.sum()),
        "ratio": float(ours.sum() / other.sum()) if other.sum() else None,
        "ci95": None if low is None else [round(float(low), 4), round(float(high), 4)],
    }


def main() -> int:
    """Write, count, compare and keep the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--name", default="grounded-tuning")
    given = parser.parse_args()
    items = load_parts(TASKS["mts_dialog"], DATA)[Part.REPORT][: given.n]
    rows: dict[str, list[dict[str, int]]] = {}
    told: dict[str, Any] = {"task": "mts_dialog", "part": "report", "n": len(items), "arms": {}}
    for arm in ARMS:
        written, seconds = write_all(given.folder / arm, items)
        rows[arm] = [counts_of(text, item) for text, item in zip(written, items, strict=True)]
        report = json.loads((given.folder / arm / "report.json").read_text())
        told["arms"][arm] = {key: report[key] for key in ("steps", "tokens", "seconds")}
        told["arms"][arm] |= {"empty": sum(not text.strip() for text in written), "writing_s": round(seconds)}
    told["counts"] = {count: compared(rows, count) for count in COUNTS}
    settings = {"n": given.n, "rounds": ROUNDS}
    write_report(
        given.name, told, command=f"benchmarks/grounded_tuning.py DIR --n {given.n}", settings=settings
    )
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
