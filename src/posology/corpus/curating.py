"""Curating: sources become a corpus folder, and whatever stays out is listed with its reason."""

import hashlib
import json
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from posology.corpus.card import render_card
from posology.corpus.contamination import Protected, join_protected, load_protected
from posology.corpus.counts import Counts
from posology.corpus.duplicates import Copies, Signatures, find_copies
from posology.corpus.example import Record
from posology.corpus.gate import Gate
from posology.corpus.jsonl import line_of, parse_record, read_records
from posology.corpus.licences import canonical_licence
from posology.corpus.readers import READERS, Unreadable
from posology.corpus.screening import CONTAMINATED, Kept, Rejected, Screen
from posology.corpus.spec import SourceSpec, Spec
from posology.errors import InternalError, UserError
from posology.files import staged_folder
from posology.manifest import Input, build_manifest, hash_file, render_manifest

__all__ = ["Curation", "Progress", "curate"]

Progress = Callable[[str, int], None]  # what is done, how many texts so far
_EVERY = 200  # texts between two words about progress


@dataclass(frozen=True)
class Curation:
    """What a corpus is made from, and how."""

    spec: Spec
    beside: Path  # the folder that the paths of the specification are relative to
    spec_file: Path | None = None
    key: bytes | None = None  # of the gate; None: one that is forgotten
    protected: Protected | None = None  # test texts besides those of the specification's files

    def test_files(self) -> tuple[Path, ...]:
        """Return the files of test texts that the specification names."""
        return tuple(self.beside / name for name in self.spec.protect.files)

    def tests(self) -> Protected | None:
        """Return every test text that must not be learned; None where none is given."""
        files = self.test_files()
        found = ([load_protected(files)] if files else []) + ([self.protected] if self.protected else [])
        return join_protected(found) if found else None


def curate(
    curation: Curation, out: Path | None, *, overwrite: bool = False, progress: Progress | None = None
) -> Counts:
    """Make a corpus folder and return what happened to every text; without ``out`` only count.

    The folder holds records.jsonl, rejected.jsonl, card.md and manifest.json and appears whole or not at all.
    """
    with _folder(out, overwrite=overwrite) as folder:
        run = _Run(curation, folder, progress or _silent)
        try:
            run.read()
            run.drop_copies()
        finally:
            run.close()
        counts = run.counts
        if out is not None:
            (folder / "card.md").write_text(render_card(curation.spec, counts), encoding="utf-8")
            (folder / "manifest.json").write_bytes(_manifest(curation, counts))
    return counts


def _silent(_: str, __: int) -> None:
    """Tell nobody."""


@contextmanager
def _folder(out: Path | None, *, overwrite: bool) -> Iterator[Path]:
    if out is None:
        with TemporaryDirectory() as name:
            yield Path(name)
        return
    with staged_folder(out, overwrite=overwrite) as folder:
        yield folder


class _Run:
    """One curation: the texts are read and screened one by one, then compared with one another."""

    def __init__(self, curation: Curation, folder: Path, progress: Progress) -> None:
        self._curation, self._spec, self._progress = curation, curation.spec, progress
        self._folder = folder
        self.counts = Counts()
        protected = curation.tests()
        self.counts.protected = protected.texts if protected else 0
        self._screen = Screen(self._spec, Gate(self._spec.replace, curation.key), protected)
        self._signatures = Signatures() if self._spec.duplicates.near < 1 else None
        self._lines = _Lines(folder / ".records.part")
        self._earlier = 0  # records of earlier corpora, which stand first

    def read(self) -> None:
        """Read and screen every source in its order; the first of several copies is the one that stays."""
        start = time.perf_counter()
        for name in self._spec.duplicates.against:
            self._remember(self._curation.beside / name / "records.jsonl")
        with (self._folder / "rejected.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
            for source in self._spec.source:
                for verdict in self._verdicts(source):
                    if isinstance(verdict, Kept):
                        self._keep(verdict)
                    else:
                        self._reject(stream.write, source.name, verdict)
        self.counts.timings_s["reading"] = time.perf_counter() - start

    def drop_copies(self) -> None:
        """Leave out near duplicates, and write the records that stay."""
        start = time.perf_counter()
        copies = self._copies()
        self.counts.compared, self.counts.cut_short = copies.compared, copies.cut_short
        near = self._spec.duplicates.near
        with (
            (self._folder / "records.jsonl").open("wb") as kept,
            (self._folder / "rejected.jsonl").open("a", encoding="utf-8", newline="\n") as rejected,
        ):
            for number, (line, words) in enumerate(self._lines):
                if number < self._earlier:
                    continue
                record = _record(line)
                if number not in copies.of:
                    kept.write(line)
                    self._count(record, words)
                    continue
                of = copies.of[number]
                where = "an earlier corpus" if of < self._earlier else self._lines.record(of).id
                reason = f"a near copy of {where} (at least {near:g} of their five-word runs in common)"
                self._reject(rejected.write, record.provenance.source, Rejected(record.id, reason))
        self.counts.timings_s["near duplicates"] = time.perf_counter() - start

    def close(self) -> None:
        """Remove what only the run needed."""
        self._lines.remove()

    def _verdicts(self, source: SourceSpec) -> Iterator[Kept | Rejected]:
        digest = hashlib.sha256()
        for number, raw in enumerate(READERS[source.kind](source, self._curation.beside), 1):
            self.counts.read[source.name] += 1
            if number % _EVERY == 0:
                self._progress(f"Reading {source.name}", number)
            if isinstance(raw, Unreadable):
                yield Rejected(f"{source.name}/{raw.place}", raw.why)
                continue
            digest.update(raw.text.encode("utf-8", "surrogatepass") + b"\0")
            self.counts.known[source.name] += raw.known is not None
            yield self._screen.judge(source, raw)
        if not self.counts.read[source.name] and not source.among_charts:  # the charts may have read all
            raise UserError(f"the source {source.name}: nothing of the kind {source.kind} is in it")
        self.counts.digests[source.name] = digest.hexdigest()

    def _keep(self, kept: Kept) -> None:
        self._lines.add(kept.record, kept.words)
        self.counts.replaced.update(kept.replaced)
        if self._signatures is not None:
            self._signatures.add(kept.runs)

    def _remember(self, path: Path) -> None:
        for record in read_records(path):
            runs = self._screen.remember(record.text)
            self._lines.add(record, 0)
            self._earlier += 1
            if self._signatures is not None:
                self._signatures.add(runs)

    def _reject(self, write: Callable[[str], object], source: str, one: Rejected) -> None:
        write(json.dumps({"id": one.id, "reason": one.reason}, ensure_ascii=False) + "\n")
        copied = one.reason.startswith("a near copy of")
        self.counts.rejected[source, "a near copy of another text" if copied else one.reason] += 1
        if one.reason.startswith(CONTAMINATED):
            self.counts.contaminated[one.reason.removeprefix(CONTAMINATED)] += 1

    def _count(self, record: Record, words: int) -> None:
        source, licence = record.provenance.source, canonical_licence(record.provenance.licence)
        self.counts.kept[source] += 1
        self.counts.words[source] += words
        self.counts.licences[licence] += 1
        self.counts.languages[record.language] += 1
        self.counts.parts[record.meta["part"]] += 1

    def _copies(self) -> Copies:
        if self._signatures is None:
            return Copies()
        self._progress("Comparing near duplicates", len(self._lines))
        threshold = self._spec.duplicates.near
        return find_copies(
            self._signatures.bands(),
            lambda number: self._screen.runs_of(self._lines.record(number).text),
            threshold,
        )


class _Lines:
    """Records in a file, each found again by its number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("w+b")
        self._starts, self._words = array("Q"), array("L")
        self._end = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, record: Record, words: int) -> None:
        """Append a record and how many words it has."""
        line = (line_of(record) + "\n").encode()
        self._starts.append(self._end)
        self._words.append(words)
        self._end += len(line)
        self._stream.write(line)

    def record(self, number: int) -> Record:
        """Return a record by its number."""
        self._stream.seek(self._starts[number])
        return _record(self._stream.readline())

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        self._stream.flush()
        with self._path.open("rb") as stream:
            yield from zip(stream, self._words, strict=True)

    def remove(self) -> None:
        """Close and remove the file."""
        self._stream.close()
        self._path.unlink()


def _record(line: bytes) -> Record:
    record = parse_record(json.loads(line))
    if isinstance(record, str):
        raise InternalError("a record of the corpus cannot be read back")
    return record


def _manifest(curation: Curation, counts: Counts) -> bytes:
    inputs = [Input("source", name, digest) for name, digest in counts.digests.items()]
    inputs += [hash_file("protected", path) for path in curation.test_files()]
    if curation.spec_file is not None:
        inputs.append(hash_file("specification", curation.spec_file))
    settings = curation.spec.model_dump(mode="json")
    for source in settings["source"]:
        source.pop("path")  # of this machine, and it may name a person
        source.pop("charts")
    settings |= {"counts": counts.to_json(), "gate_key": "kept by the site" if curation.key else "forgotten"}
    return render_manifest(build_manifest(inputs, {}, settings, seed=0, timings_s=counts.timings_s))
