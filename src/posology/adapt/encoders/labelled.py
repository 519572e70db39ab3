"""What an encoder learns from: a text with its label or spans, or two texts with a label; as JSON lines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from posology.corpus import Provenance
from posology.errors import UserError
from posology.evidence.heads import Span
from posology.files import read_utf8

__all__ = ["LABELLED_FILE", "Labelled", "read_labelled", "render_labelled"]

LABELLED_FILE = "labelled.jsonl"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, or a pair of texts, with what is to be found; its repr hides the texts.

    ``second`` is the evidence of a claim or the passage of a criterion, "" where the text stands alone.
    """

    id: str
    first: str
    provenance: Provenance
    second: str = ""
    label: str = ""
    spans: tuple[Span, ...] = ()
    task: str = ""
    weight: float = 1.0

    def __repr__(self) -> str:
        """Show the id and the lengths only: the texts may be a patient's."""
        return f"Labelled({self.id}, {len(self.first)} and {len(self.second)} characters)"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Provenance(_Strict):
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    consent: str = ""
    group: str = ""


class _Span(_Strict):
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    label: str = Field(min_length=1)


class _Line(_Strict):
    posology: Literal["labelled/1"]
    id: str = Field(min_length=1)
    first: str = Field(min_length=1)
    second: str = ""
    label: str = ""
    spans: list[_Span] = []
    task: str = ""
    weight: float = Field(1.0, gt=0)
    provenance: _Provenance

    def made(self) -> Labelled:
        return Labelled(
            id=self.id,
            first=self.first,
            provenance=Provenance(**self.provenance.model_dump()),
            second=self.second,
            label=self.label,
            spans=tuple(Span(one.start, one.end, one.label) for one in self.spans),
            task=self.task,
            weight=self.weight,
        )


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Yield the lines of a file; an unknown key, a wrong value or an id that stands twice is an error."""
    seen: dict[str, int] = {}
    for number, text in enumerate(read_utf8(path).split("\n"), 1):
        if not text.strip():
            continue
        one = _read_line(text, f"{path} line {number}")
        if one.id in seen:
            raise UserError(f"{path} line {number}: the id {one.id} stands on line {seen[one.id]} already")
        seen[one.id] = number
        yield one


def _read_line(text: str, where: str) -> Labelled:
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as cause:
        first = cause.errors(include_input=False, include_context=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise UserError(f"{where}: {key + ': ' if key else ''}{first['msg']}") from None
    for span in line.spans:
        if not span.start < span.end <= len(line.first):
            raise UserError(f"{where}: the span {span.start} to {span.end} is not within first")
    return line.made()


def render_labelled(examples: Sequence[Labelled]) -> str:
    """Return the lines of a file that ``read_labelled`` reads."""
    return "".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in examples)


def _row(one: Labelled) -> Mapping[str, object]:
    spans = [{"start": span.start, "end": span.end, "label": span.label} for span in one.spans]
    return {"posology": "labelled/1", **asdict(one), "spans": spans}
