"""A task of one's own: a TOML file that says what is asked, and a JSON-lines file of items beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from posology.declarations import nearest_words, read_declaration
from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm, CodesForm, MentionsForm, TextForm, locate_mentions
from posology.evaluate.grouping import group_of
from posology.evaluate.items import Answer, Item, Mention
from posology.evaluate.reading import Line, read_jsonl
from posology.evaluate.scorers import measures_of
from posology.evaluate.task import Card, Family, Form, Kind, Task

__all__ = ["OwnTask", "read_own_task"]

_METRICS = {Kind.CHOICE: "macro-F1", Kind.ENTITIES: "strict F1", Kind.CODES: "micro-F1", Kind.TEXT: "ROUGE-L"}
_FAMILIES = {
    Kind.CHOICE: Family.QUESTIONS,
    Kind.ENTITIES: Family.ENTITIES,
    Kind.CODES: Family.CODING,
    Kind.TEXT: Family.SUMMARIES,
}


class OwnTask(BaseModel):
    """The TOML file. Strict: an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    posology: Literal["task/1"] = Field(description="the version of this format")
    name: str = Field(description="what tables call it", pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")
    kind: Literal["choice", "entities", "codes", "text"] = Field(description="what an answer is")
    instruction: str = Field(description="what is asked about each text", min_length=3)
    file: str = Field(description="the JSON-lines file of items, beside this one", min_length=1)
    system: str = Field("You are a careful clinical assistant.", description="the first message to a model")
    language: str = Field("en", description="of the texts, ISO 639-1", pattern=r"^[a-z]{2}$")
    text: list[str] = Field(
        ["text"], description="the fields that make the text, in their order", min_length=1
    )
    group: str = Field("", description="the field of the patient or document; items of one stay together")
    slices: list[str] = Field([], description="fields to break scores down by")
    fields: list[str] = Field([], description="fields with numbers or words for systems that read tables")
    labels: list[str] = Field([], description="of a choice: the labels; of entities: their types")
    ordered: bool = Field(False, description="the labels are levels, the most urgent first")
    pattern: str = Field("", description="of codes: a regular expression of one code")
    max_tokens: int = Field(0, description="the longest answer; 0: what suits the kind", ge=0, le=4096)
    metric: str = Field("", description="the primary measure; empty: what suits the kind")
    source: str = Field("", description="where the items come from")
    licence: str = Field("not stated", description="under which licence")

    @model_validator(mode="after")
    def _require_sense(self) -> "OwnTask":
        if self.kind == "choice" and len(self.labels) < 2:
            raise ValueError("labels: a choice needs two labels or more")
        if self.kind == "entities" and not self.labels:
            raise ValueError("labels: entities need their types")
        if len({label.casefold() for label in self.labels}) < len(self.labels):
            raise ValueError("labels: two are alike")
        if self.kind in ("codes", "text") and self.labels:
            raise ValueError(f"labels: a task of the kind {self.kind} has none")
        if (self.kind == "codes") != bool(self.pattern):
            raise ValueError("pattern: needed for codes, and only for them")
        if self.ordered and self.kind != "choice":
            raise ValueError("ordered: only labels of a choice are levels")
        return self


def read_own_task(path: Path) -> Task:
    """Read a task of one's own; raise UserError that names the file and the key."""
    own = read_declaration(path, OwnTask, "key of a task")
    return _task_of(own, path)


def _task_of(own: OwnTask, path: Path) -> Task:
    kind, folder = Kind(own.kind), path.resolve().parent
    if Path(own.file).name != own.file:
        raise UserError(f"{path}: file: name a file in the same folder, without a path")
    task = Task(
        name=own.name,
        family=Family.TRIAGE if own.ordered else _FAMILIES[kind],
        language=own.language,
        folder=str(folder),
        read=lambda place: _read_items(own, place / own.file),
        system=own.system,
        ask=lambda item: f"{item.text}\n\n{own.instruction}",
        form=_form_of(own),
        metric=own.metric or ("quadratic kappa" if own.ordered else _METRICS[kind]),
        card=Card(
            own.name, own.source or "a task of the user's own", own.licence, "", own.instruction, "not stated"
        ),
        labels=tuple(own.labels) if kind is Kind.CHOICE else (),
        ordered=own.ordered,
    )
    _require_measure(task, path)
    return task


def _require_measure(task: Task, path: Path) -> None:
    names = [measure.name for measure in measures_of(replace(task, metric=_METRICS[task.form.kind]))]
    if task.metric not in names:
        raise UserError(
            f"{path}: metric: {task.metric!r} is no measure of it{nearest_words(task.metric, names)}"
        )


def _form_of(own: OwnTask) -> Form:
    if own.kind == "choice":
        return ChoiceForm(tuple(own.labels), max_tokens=own.max_tokens or 16)
    if own.kind == "entities":
        return MentionsForm({label: label for label in own.labels}, max_tokens=own.max_tokens or 256)
    if own.kind == "codes":
        return CodesForm(own.pattern, max_tokens=own.max_tokens or 160)
    return TextForm("Answer with the text alone.", max_tokens=own.max_tokens or 256)


def _read_items(own: OwnTask, path: Path) -> Iterator[Item]:
    keys = ["id", "gold", *own.text, *([own.group] if own.group else []), *own.slices, *own.fields]
    lines: dict[str, int] = {}
    for line, row in read_jsonl(path, list(dict.fromkeys(keys))):
        text = "\n\n".join(_words(row, name, line) for name in own.text)
        id_ = _words(row, "id", line)
        if (first := lines.setdefault(id_, line.number)) != line.number:
            raise line.fault(f"the id is that of line {first}; every item needs its own")
        yield Item(
            id=id_,
            group=_words(row, own.group, line) if own.group else group_of(text),
            text=text,
            gold=_gold(own, row["gold"], text, line),
            fields={name: _cell(row[name], name, line) for name in own.fields},
            slices={name: "unknown" if row[name] is None else str(row[name]) for name in own.slices},
        )
    if not lines:
        raise UserError(f"{path}: holds no item; each line is one, with id, gold and the fields of the text")


def _words(row: Mapping[str, Any], name: str, line: Line) -> str:
    value = row[name]
    if isinstance(value, int) and not isinstance(value, bool) and name != "text":
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise line.fault(f"{name} must be text that is not empty")
    return value


def _cell(value: Any, name: str, line: Line) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise line.fault(f"{name} must be a number, text or null")


def _gold(own: OwnTask, gold: Any, text: str, line: Line) -> Answer:
    if own.kind == "choice":
        if gold not in own.labels:
            raise line.fault(f"gold is none of the labels {', '.join(own.labels)}")
        return str(gold)
    if own.kind == "text":
        if not isinstance(gold, str) or not gold.strip():
            raise line.fault("gold must be text that is not empty")
        return gold
    if not isinstance(gold, list):
        raise line.fault("gold must be a list")
    if own.kind == "codes":
        if not all(isinstance(code, str) and code for code in gold):
            raise line.fault("gold must be a list of codes, each text")
        return tuple(sorted(set(gold)))
    return _mentions(own, gold, text, line)


def _mentions(own: OwnTask, gold: list[Any], text: str, line: Line) -> tuple[Mention, ...]:
    """Read mentions: [type, words], found in the text in their order, or [start, end, type]."""
    named, placed = [], []
    for number, row in enumerate(gold, 1):
        match row:
            case [str(label), str(words)] if label in own.labels:
                named.append((label, words))
            case [int(start), int(end), str(label)] if label in own.labels and 0 <= start < end <= len(text):
                placed.append(Mention(start, end, label, text[start:end]))
            case _:
                raise line.fault(
                    f"gold, mention {number}: [type, words] or [start, end, type], with one of the types "
                    f"{', '.join(own.labels)} and a place inside the text"
                )
    found = locate_mentions(text, named)
    if any(mention.start < 0 for mention in found):
        raise line.fault("gold: a mention does not stand in the text")
    return tuple(sorted({*found, *placed}))
