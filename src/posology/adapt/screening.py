"""What is learned is held against every test text that is known, before the first step."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from posology.adapt.encoders.labelled import Labelled
from posology.adapt.identifiers import (
    NOT_LOOKED,
    both_looked,
    drawn_evenly,
    identifiers_told,
    look_for_identifiers,
)
from posology.adapt.job import Job
from posology.adapt.recipe import Screening
from posology.corpus import Example, Preference, Record, load_protected
from posology.corpus.held import LEAST, Held
from posology.corpus.shingles import Shingler, digest_of, normal_words
from posology.errors import UserError

__all__ = ["Screen", "example_text", "labelled_text", "preference_text", "record_text", "screening_told"]

T = TypeVar("T")

_NAMED = 10  # ids in a message
_EVERY = 2_000  # records between two words of progress


def example_text(one: Example) -> str:
    """Return all words of an example: its prompt, its answer and its source."""
    return "\n".join((*(message.content for message in one.messages), one.answer, one.source_text))


def preference_text(one: Preference) -> str:
    """Return all words of a preference."""
    return "\n".join((*(message.content for message in one.messages), one.chosen, one.rejected))


def labelled_text(one: Labelled) -> str:
    """Return all words of a labelled text or pair."""
    return f"{one.first}\n{one.second}"


def record_text(one: Record) -> str:
    """Return the words of a record."""
    return one.text


@dataclass
class Screen:
    """Stops a run whose data hold a test text, or drops such records where the recipe says so."""

    tests: Screening
    job: Job
    found: Counter[str] = field(default_factory=Counter)  # whose texts were found: in how many records
    looked: Mapping[str, Any] = field(default_factory=lambda: NOT_LOOKED)  # identifiers in what was kept

    def keep(
        self, records: Sequence[T], text: Callable[[T], str], what: str, own: Iterable[T] = ()
    ) -> list[T]:
        """Return the records that hold no test text; raise UserError where some do and none may be dropped.

        ``own`` are the records of this recipe that are only measured on: none of 8 words or more may be
        learned word for word; shorter ones, such as "Normal heart size.", tell nothing apart.
        """
        self.job.tell("Reading test texts")
        held, files = self._held(), load_protected(self._files()) if self.tests.files else None
        same = {digest_of(plain) for one in own if len(plain := normal_words(text(one))) >= LEAST}
        shingler, kept, hits = Shingler(), [], defaultdict[str, list[str]](list)
        for number, record in enumerate(records):
            if number % _EVERY == 0:
                self.job.tell("Looking for test texts", number, len(records))
            words = text(record)
            owner = held.find(words, shingler) if held is not None else ""
            if not owner and (files is not None or same):
                plain = normal_words(words)
                owner = files.find(shingler.words(plain)) if files is not None else ""
                owner = owner or ("this recipe's select" if digest_of(plain) in same else "")
            if owner:
                hits[owner].append(str(getattr(record, "id", number)))
            else:
                kept.append(record)
        self._judge(hits, what, len(records))
        if records and not kept:
            raise UserError(
                f"tests: all {len(records):,} {what} hold test texts: nothing is left to learn from"
            )
        self._look([text(one) for one in drawn_evenly(kept)])
        return kept

    def _look(self, texts: Sequence[str]) -> None:
        self.job.tell("Looking for identifiers")
        found = look_for_identifiers(texts)
        if found["holding"]:
            self.job.warn(identifiers_told(found))
        self.looked = both_looked(self.looked, found)

    def _judge(self, hits: Mapping[str, list[str]], what: str, size: int) -> None:
        self.found.update({owner: len(ids) for owner, ids in hits.items()})
        if hits and self.tests.found == "stop":
            raise UserError(_message(hits, what, size))

    def _held(self) -> Held | None:
        return self.job.held(self.tests.not_scored)

    def _files(self) -> list[Any]:
        return [self.job.place(name) for name in self.tests.files]

    def record(self) -> dict[str, Any]:
        """Return what report.json says: against how many texts, of whom, what was dropped; identifiers."""
        held = self._held()
        return {
            "texts": held.texts if held is not None else 0,
            "of": sorted(held.owners) if held is not None else [],
            "files": len(self.tests.files),
            "not_scored": list(self.tests.not_scored),
            "dropped": dict(sorted(self.found.items())),
            "identifiers": dict(self.looked),
        }


def _message(hits: Mapping[str, list[str]], what: str, size: int) -> str:
    total = sum(map(len, hits.values()))
    told = "; ".join(f"{owner}: {_ids(ids)}" for owner, ids in sorted(hits.items(), key=lambda one: one[0]))
    return (
        f"tests: {total:,} of {size:,} {what} hold a text that scores are measured on, and nothing was "
        f'learned: {told}. Leave them out, or set found = "drop" under [tests] in the recipe: they are '
        "dropped then, and the card counts them"
    )


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return f"{len(ids):,} ({', '.join(ids[:_NAMED])}{more})"


def screening_told(record: Mapping[str, Any]) -> str:
    """Return what a card says of test texts, and of identifiers where they were looked for."""
    looked = record.get("identifiers")
    return _tests_told(record) + (f"\n\n{identifiers_told(looked)}" if looked else "")


def _tests_told(record: Mapping[str, Any]) -> str:
    """Return what a card says of test texts.

    >>> _tests_told({"texts": 0, "of": [], "files": 0, "dropped": {}})
    'Test texts: none were known to the run; nothing shows that the model has not learned them.'
    """
    if not record["texts"] and not record["files"]:
        return "Test texts: none were known to the run; nothing shows that the model has not learned them."
    none = record.get("not_scored")
    bound = (
        f" The model must not be scored on {', '.join(none)}: their texts were not looked for."
        if none
        else ""
    )
    against = f"{record['texts']:,} texts of {len(record['of'])} parts of tasks"
    against += f" and {record['files']} files of them" if record["files"] else ""
    if not record["dropped"]:
        return f"Test texts: what was learned holds none of {against}.{bound}"
    told = ", ".join(f"{owner}: {number:,}" for owner, number in record["dropped"].items())
    return f"Test texts: held against {against}; dropped, for they hold some: {told}.{bound}"
