"""Pairs of a sentence and its sources with a label, from public data; the rule that splits them.

A pair belongs to the training half when the first byte of the SHA-256 of its group (the question or the text
that it was made from) is even, to the reported half when it is odd. healthver and covidfact are only ever
reported on, for their licence is not stated.
"""

import ast
import csv
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from common import DATA

_LINK = re.compile(r"^\s*(?:\[\d+\])?\s*https?://\S+", re.MULTILINE)
_NUMBERED = re.compile(r"^\d+ ", re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """A sentence, its sources, whether they support it, and the group that decides its half."""

    sentence: str
    sources: tuple[str, ...]
    supported: bool
    group: str

    @property
    def reported(self) -> bool:
        """Tell whether the pair belongs to the half that is reported on."""
        return hashlib.sha256(self.group.encode()).digest()[0] % 2 == 1


def medhallu() -> Iterator[Pair]:
    """Yield each true answer as supported by its abstract, each hallucinated answer as not."""
    with (DATA / "medhallu/prepared_detection_input.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            sources = tuple(ast.literal_eval(row["knowledge"])["contexts"])
            yield Pair(row["ground_truth"], sources, True, row["question"])
            yield Pair(row["least_similar_answer"], sources, False, row["question"])


def expertqa() -> Iterator[Pair]:
    """Yield claims with quoted evidence: Complete is supported, Incomplete and Missing are not."""
    text = (DATA / "expertqa/domain_val_healthcare.jsonl").read_text(encoding="utf-8")
    for item in map(json.loads, text.splitlines()):
        for answer in item["answers"].values():
            for claim in answer["claims"]:
                sources = tuple(s for e in claim["evidence"] if len((s := _LINK.sub("", e)).split()) >= 20)
                if sources and claim["support"] in ("Complete", "Incomplete", "Missing"):
                    supported = claim["support"] == "Complete"
                    yield Pair(_plain(claim["claim_string"]), sources, supported, item["question"])


def _plain(claim: str) -> str:
    return re.sub(r"\[\d+\]|\*\*", "", claim).strip()


def medec() -> Iterator[Pair]:
    """Yield sentences of clinical texts: the right one as supported, the wrong one or a stranger's as not."""
    name = "medec_ms/MEDEC-MS-ValidationSet-with-GroundTruth-and-ErrorType.csv"
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rng = random.Random(7)
    for row in rows:
        wrong = row["Error Flag"] == "1"
        text = row["Corrected Text"] if wrong else row["Text"]
        if wrong:
            yield Pair(row["Error Sentence"], (text,), False, row["Text ID"])
            yield Pair(row["Corrected Sentence"], (text,), True, row["Text ID"])
        other = rng.choice(rows)
        if other is not row:
            yield Pair(rng.choice(_sentences(other)), (text,), False, row["Text ID"])
        yield (
            Pair(rng.choice(_sentences(row)), (text,), True, row["Text ID"])
            if not wrong
            else Pair(_shortened(row["Corrected Sentence"]), (text,), True, row["Text ID"])
        )


def _sentences(row: dict[str, str]) -> list[str]:
    return [s for s in _NUMBERED.sub("", row["Sentences"]).splitlines() if len(s.split()) > 5] or [
        row["Text"]
    ]


def _shortened(sentence: str) -> str:
    """Leave out the first clause where there are two: what is left is said still."""
    parts = re.split(r", (?:and|but) |; ", sentence, maxsplit=1)
    return parts[-1][:1].upper() + parts[-1][1:]


def healthver() -> Iterator[Pair]:
    """Yield health claims with their evidence: Supports against Refutes and Neutral."""
    with (DATA / "healthver/healthver_dev.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield Pair(row["claim"], (row["evidence"],), row["label"] == "Supports", row["question"])


TRAINED = {"medhallu": medhallu, "expertqa": expertqa, "medec": medec}
ONLY_REPORTED = {"healthver": healthver}
