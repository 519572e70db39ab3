"""Screening one text: through the gate, the filters, the exact copies and the test texts, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from posology.corpus.contamination import Protected
from posology.corpus.example import Provenance, Record
from posology.corpus.gate import Gate, Passed
from posology.corpus.parts import part_of
from posology.corpus.quality import Measured, find_fault
from posology.corpus.readers import Raw
from posology.corpus.shingles import RUN, Hashes, Shingler, digest_of, normal_words, runs_of
from posology.corpus.spec import SourceSpec, Spec

__all__ = ["CONTAMINATED", "COPY", "Kept", "Rejected", "Screen"]

COPY = "a copy: the same words as an earlier text"
CONTAMINATED = "holds test text of "
_SAFE = ("kind", "outcome")  # of the fields that a reader gives, those that no name can stand in


@dataclass(frozen=True, slots=True)
class Rejected:
    """A text that is not in the corpus, and why; neither field tells a name."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with what near duplicates are found by, and what the gate replaced in it."""

    record: Record
    words: int
    runs: Hashes
    replaced: Mapping[str, int]


class Screen:
    """Judges the texts of one corpus; it remembers what it has let pass."""

    def __init__(self, spec: Spec, gate: Gate, protected: Protected | None) -> None:
        """Start without having seen a text."""
        self._spec, self._gate, self._protected = spec, gate, protected
        self._shingler = Shingler()
        self._seen: set[bytes] = set()

    def judge(self, source: SourceSpec, raw: Raw) -> Kept | Rejected:
        """Return the record that a text becomes, or why it becomes none."""
        id_ = f"{source.name}/{raw.place}"
        language = raw.language or source.language
        passed = self._passed(source, raw, language)
        if isinstance(passed, str):
            return Rejected(id_, passed)
        words = normal_words(passed.text)
        numbers = self._shingler.words(words)
        runs = runs_of(numbers, RUN)
        unique = np.unique(runs)
        repeated = 1 - len(unique) / max(1, len(runs))
        measured = Measured(passed.text, language, words, repeated)
        reason = find_fault(measured, self._spec.filter) or self._taken(words, numbers)
        if reason:
            return Rejected(id_, reason)
        record = self._record(source, raw, passed.text, language)
        return Kept(record, len(words), unique, {str(kind): n for kind, n in passed.replaced.items()})

    def runs_of(self, text: str) -> Hashes:
        """Return the runs of a text as ``judge`` does."""
        return np.unique(runs_of(self._shingler.words(normal_words(text)), RUN))

    def remember(self, text: str) -> Hashes:
        """Take a text of an earlier corpus as seen, and return its runs."""
        self._seen.add(digest_of(normal_words(text)))
        return self.runs_of(text)

    def _passed(self, source: SourceSpec, raw: Raw, language: str) -> Passed | str:
        text = raw.text.strip()
        try:
            text.encode()
        except UnicodeEncodeError:
            return "not Unicode text"
        if not source.gated:
            return Passed(text)
        return self._gate.patient(_group(source, raw), raw.known).passed(text, language)

    def _taken(self, words: list[str], numbers: Hashes) -> str:
        """Return why a text is a copy or holds a test text; remember it where it is neither."""
        digest = digest_of(words)
        if digest in self._seen:
            return COPY
        owner = self._protected.find(numbers) if self._protected is not None else ""
        if owner:
            return f"{CONTAMINATED}{owner}"
        self._seen.add(digest)
        return ""

    def _record(self, source: SourceSpec, raw: Raw, text: str, language: str) -> Record:
        group = _group(source, raw)
        meta: dict[str, str] = {"part": part_of(self._spec.name, group, self._spec.parts)}
        if source.gated:
            meta |= {key: raw.meta[key] for key in _SAFE if key in raw.meta}
            group = self._gate.pseudonym(group)
        else:
            meta |= {key: value for key, value in raw.meta.items() if key != "part"}
            meta |= {"own_id": raw.own_id} if raw.own_id else {}
        home = Provenance(source.name, raw.licence or source.licence, source.consent, group)
        return Record(f"{source.name}/{raw.place}", text, home, language, meta)


def _group(source: SourceSpec, raw: Raw) -> str:
    """Return whose text it is; a text that tells nobody is of one person who has no other."""
    return raw.group or f"{source.name}/{raw.place}"
