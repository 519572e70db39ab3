"""Sentences of real and realistic notes, each with the text around it as its source."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from corruptions.pairs import Pair

__all__ = ["medec_rows", "medhallu_rows", "note_pairs"]

_FILES = {
    "aci_bench": ("aci_bench/train.csv", "note"),
    "mts_dialog": ("mts_dialog/MTS-Dialog-TrainingSet.csv", "section_text"),
    "mtsamples": ("mtsamples_sample/test.csv", "text"),
}
_BREAK = re.compile(r"(?<=[a-z0-9)%][.!?])\s+(?=[A-Z])|\n+|\.,(?=[A-Z])")
_SHE = re.compile(r"\b(?:she|her|woman|female|lady)\b", re.IGNORECASE)
_HE = re.compile(r"\b(?:he|his|him|man|male|gentleman)\b", re.IGNORECASE)


def _rows(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10**9)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _sex(note: str) -> str:
    women, men = len(_SHE.findall(note)), len(_HE.findall(note))
    return "female" if women > 3 * men + 1 else "male" if men > 3 * women + 1 else "unknown"


def note_pairs(data: Path) -> Iterator[Pair]:
    """Yield each sentence of a note with itself as quote and its neighbours as context."""
    for name, (file, column) in _FILES.items():
        if not (data / file).exists():
            continue
        for number, row in enumerate(_rows(data / file)):
            sentences = [s.strip() for s in _BREAK.split(row[column] or "") if s and s.strip()]
            sex = _sex(row[column] or "")
            for place, sentence in enumerate(sentences):
                if 5 <= len(sentence.split()) <= 40 and sentence[-1] == ".":
                    around = " ".join(sentences[max(0, place - 1) : place + 2])
                    context = around if number % 2 else sentence
                    yield Pair(sentence, ((sentence, context, "", ""),), name, sex)


def medec_rows(data: Path) -> list[dict[str, str]]:
    """Return the MEDEC-MS texts that hold an error, with error sentence and correction."""
    rows = _rows(next((data / "medec_ms").glob("*.csv")))
    return [row for row in rows if row["Text ID"] and row["Error Flag"] == "1"]


def medhallu_rows(data: Path) -> list[dict[str, str]]:
    """Return the MedHallu questions with true and hallucinated answers."""
    return _rows(data / "medhallu" / "prepared_detection_input.csv")
