"""The files of a corpus: JSON lines that hold records, examples or preferences; this module alone knows them.

Each line says what it is in its first key: ``{"posology": "example/1", ...}``. An unknown key, a value of
another type, a missing key and an id that stands twice are errors that name the file and the line.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from posology.chat import Message
from posology.corpus.example import Example, Preference, Provenance, Record
from posology.errors import OutputError, UserError

__all__ = [
    "line_of",
    "parse_record",
    "read_examples",
    "read_preferences",
    "read_records",
    "write_jsonl",
]

Entry = Record | Example | Preference
_Text = Annotated[str, Field(min_length=1)]
_T = TypeVar("_T", bound="_Line")
_E = TypeVar("_E", Record, Example, Preference)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Provenance(_Strict):
    source: _Text
    licence: _Text
    consent: str = ""
    group: str = ""

    def made(self) -> Provenance:
        return Provenance(self.source, self.licence, self.consent, self.group)


class _Message(_Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class _Line(_Strict):
    id: _Text
    provenance: _Provenance


class _Asked(_Line):
    messages: tuple[_Message, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _ends_with_the_user(self) -> "_Asked":
        if not self.messages or self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's")
        return self

    def turns(self) -> tuple[Message, ...]:
        return tuple(Message(one.role, one.content) for one in self.messages)


class _Record(_Line):
    posology: Literal["record/1"]
    text: _Text
    language: _Text = "en"
    meta: dict[str, str] = Field(default_factory=dict)

    def made(self) -> Record:
        return Record(self.id, self.text, self.provenance.made(), self.language, self.meta)


class _Example(_Asked):
    posology: Literal["example/1"]
    answer: str
    task: str = ""
    source_text: str = ""
    weight: float = Field(default=1.0, ge=0)

    def made(self) -> Example:
        return Example(
            self.id,
            self.turns(),
            self.answer,
            self.provenance.made(),
            self.task,
            self.source_text,
            self.weight,
        )


class _Preference(_Asked):
    posology: Literal["preference/1"]
    chosen: str
    rejected: str
    fault: str

    def made(self) -> Preference:
        return Preference(
            self.id, self.turns(), self.chosen, self.rejected, self.provenance.made(), self.fault
        )


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file; raise UserError with the line where one is not a record."""
    return (line.made() for line in _lines(path, _Record))


def read_examples(path: Path) -> Iterator[Example]:
    """Yield the examples of a file; raise UserError with the line where one is not an example."""
    return (line.made() for line in _lines(path, _Example))


def read_preferences(path: Path) -> Iterator[Preference]:
    """Yield the preferences of a file; raise UserError with the line where one is not a preference."""
    return (line.made() for line in _lines(path, _Preference))


def parse_record(value: Mapping[str, Any]) -> Record | str:
    """Return the record that a JSON object holds, or what is wrong with it."""
    try:
        return _Record.model_validate(value).made()
    except ValidationError as cause:
        return _fault(cause)


def line_of(entry: Entry) -> str:
    """Return a record, an example or a preference as one line of JSON without its end."""
    form = next(form for kind, form in _FORMS.items() if isinstance(entry, kind))
    return json.dumps(form(entry), ensure_ascii=False, allow_nan=False)


def write_jsonl(path: Path, entries: Iterable[Entry]) -> int:
    """Write entries one a line to a file that appears whole or not at all; return how many they were."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    number = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            for number, entry in enumerate(entries, 1):  # noqa: B007 - the last number is the count
                stream.write(line_of(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    finally:
        Path(name).unlink(missing_ok=True)
    return number


def _lines(path: Path, form: type[_T]) -> Iterator[_T]:
    seen: dict[str, int] = {}
    for number, text in _texts(path):
        try:
            line = form.model_validate_json(text)
        except ValidationError as cause:
            raise UserError(f"{path}, line {number}: {_fault(cause)}") from None
        if line.id in seen:
            raise UserError(f"{path}, line {number}: the id stands in line {seen[line.id]} already")
        seen[line.id] = number
        yield line


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            yield from ((number, text) for number, text in enumerate(stream, 1) if text.strip())
    except UnicodeDecodeError as cause:
        raise UserError(f"{path}: not UTF-8 text (byte {cause.start})") from cause
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause


def _fault(cause: ValidationError) -> str:
    """Say what is wrong with a line, by the keys and never with its values."""
    faults = cause.errors(include_input=False, include_context=False, include_url=False)
    first = next((one for one in faults if one["loc"] == ("posology",)), faults[0])  # another kind of line
    where = ".".join(str(part) for part in first["loc"])
    what = "not JSON" if first["type"] == "json_invalid" else first["msg"]
    more = cause.error_count() - 1
    return f"{where or 'the line'}: {what}" + (f" (and {more} more)" if more else "")


def _provenance(entry: Entry) -> dict[str, str]:
    one = entry.provenance
    return {"source": one.source, "licence": one.licence, "consent": one.consent, "group": one.group}


def _messages(entry: Example | Preference) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in entry.messages]


def _record(one: Record) -> dict[str, Any]:
    return {
        "posology": "record/1",
        "id": one.id,
        "text": one.text,
        "provenance": _provenance(one),
        "language": one.language,
        "meta": dict(one.meta),
    }


def _example(one: Example) -> dict[str, Any]:
    return {
        "posology": "example/1",
        "id": one.id,
        "messages": _messages(one),
        "answer": one.answer,
        "provenance": _provenance(one),
        "task": one.task,
        "source_text": one.source_text,
        "weight": float(one.weight),
    }


def _preference(one: Preference) -> dict[str, Any]:
    return {
        "posology": "preference/1",
        "id": one.id,
        "messages": _messages(one),
        "chosen": one.chosen,
        "rejected": one.rejected,
        "provenance": _provenance(one),
        "fault": one.fault,
    }


_FORMS: dict[type[Entry], Callable[[Any], dict[str, Any]]] = {
    Record: _record,
    Example: _example,
    Preference: _preference,
}
