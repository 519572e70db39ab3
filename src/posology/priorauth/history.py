"""What lies between two records of one packet: sentences word by word, criteria, gaps, conclusion."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

__all__ = ["Difference", "Words", "differences"]

Row = Mapping[str, Any]
Kind = Literal["sentence", "criterion", "gap", "attachment", "answer", "conclusion"]
Change = Literal["added", "removed", "changed"]
Operation = Literal["equal", "insert", "delete", "replace"]

_WORD = re.compile(r"\s*\S+(?:\s+$)?|\s+")
_SHOWN = ("status", "basis", "decided_by")  # of a criterion
_SAID = ("sentence", "cites", "verdict", "written_by")  # of a sentence


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """A run of words that both texts share, or that one has in the other's place."""

    operation: Operation
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        """Return the run for machines."""
        return {"operation": self.operation, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was, with who changed it and why where the record says so.

    ``before`` and ``after`` hold what is shown of it, empty where it was not there; ``words`` the text of a
    sentence run by run.
    """

    kind: Kind
    id: str
    change: Change
    before: Row
    after: Row
    words: tuple[Words, ...] = ()
    by: str = ""
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the difference for machines."""
        return {
            "kind": self.kind,
            "id": self.id,
            "change": self.change,
            "before": dict(self.before),
            "after": dict(self.after),
            "words": [run.as_json() for run in self.words],
            "by": self.by,
            "why": self.why,
        }

    def __repr__(self) -> str:
        """Show what changed, never its text."""
        return f"Difference({self.kind} {self.id}, {self.change})"


def differences(before: Row, after: Row) -> tuple[Difference, ...]:
    """Return what changed between two records of one packet, such as the drafted and the signed one.

    The conclusion comes first, then criteria, sentences, gaps, answers and attachments, each in the order of
    the record.
    """
    return (
        *_conclusion(before, after),
        *_criteria(before, after),
        *_sentences(before, after),
        *_listed("gap", _gaps(before), _gaps(after)),
        *_listed("answer", _answers(before), _answers(after)),
        *_listed("attachment", _attachments(before), _attachments(after)),
    )


def _conclusion(before: Row, after: Row) -> Iterator[Difference]:
    old, new = ({key: record[key] for key in ("conclusion", "provisional")} for record in (before, after))
    if old != new:
        yield Difference("conclusion", "conclusion", "changed", old, new)


def _criteria(before: Row, after: Row) -> Iterator[Difference]:
    old_rows = {row["id"]: row for row in before["criteria"]}
    for row in after["criteria"]:
        old = {key: old_rows[row["id"]][key] for key in _SHOWN}
        new = {key: row[key] for key in _SHOWN}
        decision = row.get("decision") or {}
        if old != new or decision != (old_rows[row["id"]].get("decision") or {}):
            who, why = decision.get("by") or "", decision.get("reason") or row["reason"]
            yield Difference("criterion", row["id"], "changed", old, new, by=who, why=why)


def _sentences(before: Row, after: Row) -> Iterator[Difference]:
    old_rows = {row["id"]: row for row in before["narrative"]}
    new_rows = {row["id"]: row for row in after["narrative"]}
    out = {row["id"]: row for row in after.get("withdrawn") or ()}
    for key in [*new_rows, *(key for key in old_rows if key not in new_rows)]:
        old, new = _shown(old_rows.get(key)), _shown(new_rows.get(key))
        if old == new:
            continue
        change: Change = "changed" if old and new else "added" if new else "removed"
        words = _words(str(old.get("sentence", "")), str(new.get("sentence", "")))
        row = new_rows.get(key) or out.get(key) or {}
        why = "" if new else str(row.get("why") or "its finding no longer holds")
        yield Difference("sentence", key, change, old, new, words, str(row.get("by") or ""), why)


def _shown(row: Row | None) -> Row:
    return {key: row[key] for key in _SAID} if row else {}


def _words(before: str, after: str) -> tuple[Words, ...]:
    """Compare two texts word by word; the runs put together give either text again."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple(Words(tag, "".join(old[i:j]), "".join(new[k:n])) for tag, i, j, k, n in codes)


def _listed(kind: Kind, old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[Difference]:
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key, {}), new.get(key, {})
        if one == other:
            continue
        change: Change = "changed" if one and other else "added" if other else "removed"
        yield Difference(kind, key, change, one, other, by=str(other.get("by") or ""))


def _gaps(record: Row) -> dict[str, Row]:
    return {f"{row['kind']}:{row['id']}": row for row in record["gaps"]}


def _answers(record: Row) -> dict[str, Row]:
    """Return the last answer to each field."""
    return {row["field"]: row for row in _rows(record, "answers")}


def _attachments(record: Row) -> dict[str, Row]:
    return {row["source"]: row for row in _rows(record, "attachments")}


def _rows(record: Row, key: str) -> Sequence[Row]:
    return record.get(key) or ()
