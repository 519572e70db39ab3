"""Answers of a model that cannot run here, recorded in a file: for reference beside the systems that can.

A JSON-lines file. Its first line may say who answered: {"posology": "recorded/1", "model": "…", "date": "…",
"task": "…"}. Each other line is {"id": "…", "text": "…"}, the words as they came, which are read as any
answer is; or {"id": "…", "answer": …}: a label, a list of codes, a list of [start, end, label, words].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.errors import UserError
from posology.evaluate.arm import ArmIdentity, Learning
from posology.evaluate.forms import MentionsForm
from posology.evaluate.items import Answer, Item, Mention, Response
from posology.evaluate.reading import Line, read_jsonl
from posology.evaluate.relations import RelationsForm
from posology.evaluate.systems.digests import digest_of
from posology.evaluate.systems.function_arm import FunctionArm
from posology.evaluate.systems.golds import choices_of
from posology.evaluate.systems.spec import SystemSpec
from posology.evaluate.task import Kind, Task

__all__ = ["Header", "Recorded", "open_recorded", "read_recorded"]

_HEADER = "recorded/1"
_HEADER_KEYS = {"posology", "model", "date", "task"}


@dataclass(frozen=True, slots=True)
class Header:
    """Who answered, and when; "" where the file does not tell."""

    model: str = ""
    date: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file of answers by item id, each with the line it stands on."""

    path: Path
    header: Header
    rows: Mapping[str, tuple[Line, Mapping[str, Any]]]


def read_recorded(path: Path, task: Task) -> Recorded:
    """Read a file of recorded answers; raise UserError with the line for an id or a value that is wrong."""
    header, rows = Header(), dict[str, tuple[Line, Mapping[str, Any]]]()
    for number, (line, row) in enumerate(read_jsonl(path, ())):
        if number == 0 and "posology" in row:
            header = _read_header(row, line, task)
            continue
        _require_row(row, line)
        if row["id"] in rows:
            raise line.fault(f"the id {row['id']} stands on line {rows[row['id']][0].number} already")
        rows[row["id"]] = (line, row)
    if not rows:
        raise UserError(f"{path}: holds no answer")
    return Recorded(path, header, rows)


def _read_header(row: Mapping[str, Any], line: Line, task: Task) -> Header:
    if row["posology"] != _HEADER or not set(row) <= _HEADER_KEYS:
        raise line.fault(
            f'not a header; such as {{"posology": "{_HEADER}", "model": …, "date": …, "task": …}}'
        )
    values = {key: row.get(key, "") for key in ("model", "date", "task")}
    if not all(isinstance(value, str) for value in values.values()):
        raise line.fault("model, date and task are texts")
    header = Header(**values)
    if header.task and header.task != task.name:
        raise line.fault(f"these are answers to the task {header.task}, not {task.name}")
    return header


def _require_row(row: Mapping[str, Any], line: Line) -> None:
    if not isinstance(row.get("id"), str) or set(row) not in ({"id", "text"}, {"id", "answer"}):
        raise line.fault('an answer is {"id": …, "text": …} or {"id": …, "answer": …}, the id a text')
    if "text" in row and not isinstance(row["text"], str):
        raise line.fault("text is not a text")


def open_recorded(spec: SystemSpec, task: Task, learning: Learning) -> FunctionArm:
    """Return recorded answers as an arm; it answers items that the file holds, and no others."""
    recorded = read_recorded(Path(spec.file), task)
    other = [item.id for item in (*learning.tune, *learning.select) if item.id in recorded.rows]
    if other:
        line, _ = recorded.rows[other[0]]
        raise line.fault(f"the id {other[0]} is of the part tune or select; scores are of the part report")
    header = recorded.header
    told = [f"model {header.model}" if header.model else "", f"of {header.date}" if header.date else ""]
    notes = "; ".join(part for part in (spec.notes, "recorded answers", *told) if part)
    identity = ArmIdentity(spec.name, spec.family or "recorded", parameters=spec.parameters, notes=notes)
    answers = sorted((key, dict(row)) for key, (_, row) in recorded.rows.items())
    return FunctionArm(
        identity,
        digest_of("recorded/1", task.name, header.model, header.date, answers),
        lambda items: [_respond(recorded, task, item) for item in _held(recorded, items)],
    )


def _held(recorded: Recorded, items: Sequence[Item]) -> Sequence[Item]:
    missing = [item.id for item in items if item.id not in recorded.rows]
    if missing:
        raise UserError(
            f"{recorded.path}: holds no answer to {len(missing)} of {len(items)} items, such as {missing[0]}"
        )
    return items


def _respond(recorded: Recorded, task: Task, item: Item) -> Response:
    line, row = recorded.rows[item.id]
    if "answer" in row:
        return Response(_read_answer(task, item, row["answer"], line))
    text = str(row["text"])
    try:
        return Response(task.form.read(text, item), text=text)
    except ValueError as cause:
        return Response(None, failure=f"parse: {cause}", text=text)


def _read_answer(task: Task, item: Item, value: Any, line: Line) -> Answer:
    kind = task.form.kind
    if kind is Kind.CHOICE and value in choices_of(task, item):
        return str(value)
    if kind is Kind.TEXT and isinstance(value, str) and value.strip():
        return value
    if kind is Kind.CODES and isinstance(value, list) and all(isinstance(code, str) for code in value):
        return _read_codes(task, item, value, line)
    if kind is Kind.ENTITIES and isinstance(value, list):
        return tuple(sorted(_read_mention(task, item, one, line) for one in value))
    raise line.fault(f"the answer is none of the kind {kind}: {_EXPECTED[kind]}")


_EXPECTED = {
    Kind.CHOICE: "one of the item's labels",
    Kind.TEXT: "a text that is not empty",
    Kind.CODES: "a list of codes",
    Kind.ENTITIES: "a list of [start, end, label, words]",
}


def _read_codes(task: Task, item: Item, value: list[str], line: Line) -> Answer:
    """Return codes as they stand; relations as the task writes them, the one form that is scored."""
    if not value or not isinstance(task.form, RelationsForm):
        return tuple(sorted(set(value)))
    try:
        return task.form.read("\n".join(value), item)
    except ValueError as cause:
        raise line.fault(f"a relation is written label: name + name ({cause})") from cause


def _read_mention(task: Task, item: Item, value: Any, line: Line) -> Mention:
    match value:
        case [int(start), int(end), str(label), str(words)]:
            if isinstance(task.form, MentionsForm) and label not in task.form.names:
                raise line.fault(f"a mention's label is none of {', '.join(task.form.names)}")
            if item.text[start:end] != words and (start, end) != (-1, -1):
                raise line.fault(f"characters {start} to {end} of the item are not the words of the mention")
            return Mention(start, end, label, words)
    raise line.fault("a mention is [start, end, label, words]")
