"""How many sentence-source pairs a second a head judges: python benchmarks/encoders.py [--head FOLDER].

Without a head, one with random weights on all-minilm-l6-v2 is timed: what a head says does not change how
long it takes. Pairs: HealthVer's claims with their evidence, and sentences of MEDEC with two sentences of the
same note. Beside the wall clock the processor's time is counted, for machines that do other work meanwhile.
"""

import argparse
import csv
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import DATA, write_report
from posology.adapt.encoders.saving import largest_difference, write_head
from posology.chat.weights import find_weights
from posology.evidence.heads import Head, HeadCard, open_head
from posology.evidence.heads.card import TRUNK
from posology.evidence.heads.precision import quantized

BASE = "all-minilm-l6-v2"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Timing:
    """One setting on one kind of pairs."""

    precision: str
    layers: int
    threads: int
    pairs: str
    n: int
    pieces: float  # mean of a pair
    wall_s: float
    processor_s: float

    def record(self) -> dict[str, Any]:
        """Return the timing with its rates."""
        return {
            **{key: getattr(self, key) for key in ("precision", "layers", "threads", "pairs", "n")},
            "pieces": round(self.pieces, 1),
            "wall_s": round(self.wall_s, 3),
            "processor_s": round(self.processor_s, 3),
            "pairs_a_second": round(self.n / self.wall_s, 1),
            "pairs_a_processor_second": round(self.n / self.processor_s, 1),
        }


def healthver(n: int) -> Pairs:
    """Return claims with their evidence."""
    with (DATA / "healthver/healthver_dev.csv").open(newline="", encoding="utf-8") as stream:
        return [(row["claim"], row["evidence"]) for row in csv.DictReader(stream)][:n]


def notes(n: int) -> Pairs:
    """Return sentences of notes with the two sentences that stand before them."""
    name = "medec_ms/MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv"
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        texts = [re.sub(r"^\d+ ", "", row["Sentences"], flags=re.MULTILINE) for row in csv.DictReader(stream)]
    found = []
    for text in texts:
        lines = [line for line in text.splitlines() if line.strip()]
        found += [(lines[k], " ".join(lines[k - 2 : k])) for k in range(2, len(lines))]
    return found[:n]


def made_head(folder: Path, layers: int, precision: str) -> Path:
    """Write a head with a random classifier on the encoder's lowest layers."""
    from safetensors.numpy import load_file

    base = find_weights(BASE).path
    base = base if base.is_dir() else base.parent
    upper = tuple(f"encoder.layer.{k}." for k in range(layers, 99))
    weights = {
        f"{TRUNK}{name}": one.astype(np.float32)
        for name, one in load_file(str(base / "model.safetensors")).items()
        if not name.startswith(("pooler.", "embeddings.position_ids", *upper))
    }
    draw = np.random.default_rng(0)
    weights["classifier.weight"] = draw.normal(0, 0.5, (2, 384)).astype(np.float32)
    weights["classifier.bias"] = np.zeros(2, dtype=np.float32)
    card = HeadCard(
        name="timed", kind="pair", labels=["supported", "unsupported"], layers=layers, parameters=1,
        precision="int8" if precision == "int8" else "fp32",
        weights_sha256="0" * 64, tokenizer_sha256="0" * 64,
    )  # fmt: skip
    folder.mkdir(parents=True)
    write_head(folder, quantized(weights) if precision == "int8" else weights, card, base)
    return folder


def timed(head: Head, threads: int, name: str, pairs: Pairs) -> Timing:
    """Time a head on pairs, after a warm-up on a few."""
    head.label_pairs(pairs[:16])
    wall, processor = time.perf_counter(), time.process_time()
    head.label_pairs(pairs)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    cutter = head.cutter
    sides = zip(*(cutter.pieces(list(side)) for side in zip(*pairs, strict=True)), strict=True)
    pieces = sum(len(window.ids) for window in cutter.paired(list(sides)))
    card = head.card
    return Timing(
        card.precision, card.layers, threads, name, len(pairs), pieces / len(pairs), wall, processor
    )


def measure(folders: Sequence[Path], threads: Sequence[int], n: int) -> list[dict[str, Any]]:
    """Return the timings of heads."""
    kinds = {"healthver": healthver(n), "notes": notes(n)}
    return [
        timed(open_head(folder, threads=count), count, name, pairs).record()
        for folder in folders
        for count in threads
        for name, pairs in kinds.items()
    ]


def main() -> None:
    """Time heads and write reports/encoders.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--head", type=Path, action="append", default=[], help="a trained head of pairs")
    parser.add_argument("--n", type=int, default=500, help="pairs of each kind")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--layers", type=int, nargs="+", default=[6, 3])
    asked = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="posology-encoders-"))
    try:
        folders = asked.head or [
            made_head(work / f"{precision}-{layers}", layers, precision)
            for layers in asked.layers
            for precision in ("fp32", "int8")
        ]
        rows = measure(folders, asked.threads, asked.n)
        differences = {}
        if not asked.head:
            pairs = notes(100)
            for layers in asked.layers:
                heads = [open_head(work / f"{precision}-{layers}") for precision in ("fp32", "int8")]
                left, right = (list(head.text_logits(pairs)) for head in heads)
                differences[f"{layers} layers"] = largest_difference(left, right)
    finally:
        shutil.rmtree(work)
    for row in rows:
        print(row)
    write_report(
        "encoders",
        {"timings": rows, "int8_logit_difference": differences},
        command="python benchmarks/encoders.py",
        settings={"n": asked.n, "base": BASE, "heads": [path.name for path in asked.head]},
    )


if __name__ == "__main__":
    main()
