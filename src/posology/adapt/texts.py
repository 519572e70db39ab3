"""Records of corpus folders, gathered for a run and gated by licence."""

from collections import Counter
from collections.abc import Sequence
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

__all__ = ["TextMaterial", "Wanted", "gather_texts", "records_file"]


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
    """Read the records of every folder; raise UserError where there are none or none may be learned from."""
    role, purpose, limit = wanted.role, wanted.purpose, wanted.limit
    records: list[Record] = []
    inputs: list[Input] = []
    for name in folders:
        path = records_file(job.place(name))
        inputs.append(hash_file(role, path))
        records += islice(read_records(path), limit or None)
    if not records:
        raise UserError(f"{role}: there is no text to read: name folders with records.jsonl")
    if purpose == "ship":
        require_shippable((one.provenance for one in records), "records")
    screen = Screen(tests, job)
    kept = screen.keep(records, record_text, "records")
    return TextMaterial(tuple(kept), tuple(inputs), screen.record())


def records_file(path: Path) -> Path:
    """Return the file of records that a folder holds, or the file itself."""
    found = path / "records.jsonl" if path.is_dir() else path
    if not found.is_file():
        raise UserError(f"{path}: no records.jsonl here; make one with posology curate, or correct the path")
    return found
