"""Records of corpus folders, gathered for a run and gated by part and licence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from posology.adapt.job import Job
from posology.adapt.recipe import Screening
from posology.adapt.screening import Screen, record_text
from posology.corpus import Record
from posology.corpus.jsonl import read_records
from posology.corpus.licences import require_shippable
from posology.errors import UserError
from posology.manifest import Input, hash_file

__all__ = ["TextMaterial", "Wanted", "gather_texts", "left_out_told", "records_file"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are wanted, and what for."""

    role: str  # the key of the recipe, in messages and in the manifest
    purpose: Literal["study", "ship"]
    limit: int = 0  # of each folder; 0: all


@dataclass(frozen=True, slots=True)
class TextMaterial:
    """The records of some folders, and the files they came from."""

    records: tuple[Record, ...]
    inputs: tuple[Input, ...]
    tests: dict[str, Any] = field(default_factory=dict)  # what was held against which test texts
    left_out: dict[str, int] = field(default_factory=dict)  # reason: how many records

    def __repr__(self) -> str:
        """Show the size only."""
        return f"TextMaterial({len(self.records)} records)"

    @property
    def licences(self) -> dict[str, int]:
        """Return how many records bear each licence."""
        return dict(sorted(Counter(one.provenance.licence for one in self.records).items()))

    @property
    def sources(self) -> dict[str, int]:
        """Return how many records come from each source."""
        return dict(sorted(Counter(one.provenance.source for one in self.records).items()))


def gather_texts(folders: Sequence[str], job: Job, tests: Screening, wanted: Wanted) -> TextMaterial:
    """Read the records of every folder; raise UserError where there are none or none may be learned from.

    Patients and documents that a curated corpus deals to select or report are left out and counted.
    """
    role, purpose, limit = wanted.role, wanted.purpose, wanted.limit
    records: list[Record] = []
    inputs: list[Input] = []
    left_out = Counter[str]()
    for name in folders:
        path = records_file(job.place(name))
        inputs.append(hash_file(role, path))
        records += islice(_learned(read_records(path), left_out), limit or None)
    if left_out and not records:
        raise UserError(f"{role}: nothing is left to learn from. {left_out_told(left_out)}")
    if not records:
        raise UserError(f"{role}: there is no text to read: name folders with records.jsonl")
    if purpose == "ship":
        require_shippable((one.provenance for one in records), "records")
    screen = Screen(tests, job)
    kept = screen.keep(records, record_text, "records")
    return TextMaterial(tuple(kept), tuple(inputs), screen.record(), dict(sorted(left_out.items())))


def _learned(records: Iterable[Record], left_out: Counter[str]) -> Iterator[Record]:
    """Yield the records of the part tune, and those of a corpus without parts; count the others."""
    for record in records:
        part = record.meta.get("part", "tune")
        if part == "tune":
            yield record
        else:
            left_out[f"of the part {part}"] += 1


def left_out_told(reasons: Mapping[str, int]) -> str:
    """Return what a card says of records that were left out, nothing where there are none.

    >>> left_out_told({"of the part report": 2})
    'Left out: 2 records of the part report.'
    """
    told = ", ".join(f"{number:,} records {reason}" for reason, number in reasons.items())
    return f"Left out: {told}." if told else ""


def records_file(path: Path) -> Path:
    """Return the file of records that a folder holds, or the file itself."""
    found = path / "records.jsonl" if path.is_dir() else path
    if not found.is_file():
        raise UserError(f"{path}: no records.jsonl here; make one with posology curate, or correct the path")
    return found
