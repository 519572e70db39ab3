"""What a corpus is made from: a TOML file that names sources, filters and parts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from posology.declarations import read_declaration
from posology.errors import UserError

__all__ = [
    "DuplicateRules",
    "FilterRules",
    "Kind",
    "Parts",
    "ProtectRules",
    "SourceSpec",
    "Spec",
    "read_spec",
    "spec_of_folder",
]

Kind = Literal["text", "notes", "jsonl", "pubtator", "csv", "fhir", "submissions"]
_ALWAYS_GATED = ("fhir", "submissions")
_AMONG_CHARTS = ("notes", "jsonl")
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceSpec(_Strict):
    """One source: where its texts are, what they may be used for, whose they are."""

    name: _Name = Field(description="what the card and the records call it")
    kind: Kind = Field(description="what reads it")
    path: str = Field(min_length=1, description="a file or a folder, relative to the spec")
    licence: str = Field(
        default="not stated", min_length=1, description="SPDX, public domain, made here, not stated"
    )
    consent: str = Field(default="", description="the site's consent setting or agreement")
    language: str = Field(default="en", pattern=r"^[a-z]{2}$", description="of the texts, ISO 639-1")
    without_gate: str = Field(
        default="", description="why no patient is in it; empty: its texts pass the gate"
    )
    charts: str = Field(
        default="", description="of notes: the folder of the patients' charts, GROUP.json each"
    )
    among_charts: bool = Field(
        default=False, description="of notes, jsonl: the path holds charts too, which are another source"
    )
    text: list[str] = Field(
        default=["text"], min_length=1, description="of csv, jsonl, submissions: text fields"
    )
    id: str = Field(default="", description="of csv, jsonl, submissions: the field of the id")
    group: str = Field(default="", description="of csv, jsonl, submissions: the field of patient or document")
    outcome: str = Field(default="outcome", description="of submissions: the field of what was decided")
    delimiter: str = Field(
        default=",", min_length=1, max_length=1, description="of csv: what parts the fields"
    )

    @model_validator(mode="after")
    def _require_sense(self) -> "SourceSpec":
        if self.without_gate and self.kind in _ALWAYS_GATED:
            raise ValueError(f"without_gate: texts of the kind {self.kind} always pass the gate")
        if self.charts and self.kind != "notes":
            raise ValueError("charts: only notes have charts beside them")
        if self.charts and self.without_gate:
            raise ValueError("charts: a source without gate needs none")
        if self.among_charts and self.kind not in _AMONG_CHARTS:
            raise ValueError("among_charts: only notes and jsonl leave files to charts")
        if self.among_charts and (self.charts or self.without_gate):
            raise ValueError(
                "among_charts: the charts are those of the path; leave out charts and without_gate"
            )
        return self

    @property
    def gated(self) -> bool:
        """Say whether its texts are about patients and must pass the gate."""
        return not self.without_gate


class FilterRules(_Strict):
    """Which texts are worth learning from."""

    min_words: int = Field(default=20, ge=1, description="shorter texts are left out")
    max_words: int = Field(default=20_000, ge=1, description="longer texts are left out")
    min_letters: float = Field(default=0.6, ge=0, le=1, description="share of letters among the characters")
    max_repeated: float = Field(
        default=0.5, ge=0, le=1, description="share of five-word runs that occur before"
    )
    max_damaged: float = Field(
        default=0.001, ge=0, le=1, description="share of characters lost in a conversion"
    )
    check_language: bool = Field(
        default=True, description="leave out texts whose small words are another language's"
    )


class DuplicateRules(_Strict):
    """Which texts count as copies of others."""

    near: float = Field(
        default=0.8, gt=0.5, le=1, description="Jaccard similarity of five-word runs; 1: exact only"
    )
    against: list[str] = Field(default=[], description="earlier corpora, whose records are not taken again")


class ProtectRules(_Strict):
    """Which texts must never be learned."""

    files: list[str] = Field(
        default=[], description="files of hashed test texts, made by posology curate --save-tests"
    )


class Parts(_Strict):
    """How groups are dealt out by hash; the rest is the part tune."""

    select: float = Field(default=0.05, ge=0, lt=1, description="share of groups to choose settings on")
    report: float = Field(default=0.05, ge=0, lt=1, description="share of groups to measure on")

    @model_validator(mode="after")
    def _require_rest(self) -> "Parts":
        if self.select + self.report >= 1:
            raise ValueError("select and report leave nothing to tune on")
        return self


class Spec(_Strict):
    """A corpus. Strict: an unknown key or a value of another type is an error."""

    posology: Literal["corpus/1"] = Field(description="the version of this format")
    name: _Name = Field(description="what the card calls it")
    about: str = Field(default="", description="what it is for, in a sentence")
    replace: Literal["surrogates", "labels"] = Field(
        default="surrogates", description="what stands for an identifier: another one of its form, or a label"
    )
    source: list[SourceSpec] = Field(min_length=1, description="a table [[source]] for each")
    filter: FilterRules = FilterRules()
    duplicates: DuplicateRules = DuplicateRules()
    protect: ProtectRules = ProtectRules()
    parts: Parts = Parts()

    @model_validator(mode="after")
    def _require_names(self) -> "Spec":
        names = [one.name for one in self.source]
        if len(set(names)) < len(names):
            raise ValueError("source: two have the same name")
        charts = {one.path for one in self.source if one.kind == "fhir"}
        if lone := [one.name for one in self.source if one.among_charts and one.path not in charts]:
            raise ValueError(
                f"source {lone[0]}: among_charts: no source of the kind fhir has its path, so the charts are "
                "not read"
            )
        return self


def read_spec(path: Path) -> Spec:
    """Read the specification of a corpus; raise UserError that names the file and the key."""
    return read_declaration(path, Spec, "key of a specification")


def spec_of_folder(folder: Path, *, licence: str = "not stated", consent: str = "") -> Spec:
    """Return the specification of a folder of texts and charts: a source for each kind of file in it.

    Everything passes the gate. ``.txt`` and ``.md`` are notes, in a folder for each patient or alone;
    ``.json`` and ``.ndjson`` are FHIR charts; ``.jsonl`` are records of a corpus; ``.csv`` are tables
    with a column ``text``. What a patient's chart tells is replaced in their notes too; notes
    in a chart's folder and ``.ndjson`` are read as charts only.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no folder; name one with notes and charts, or a specification (.toml)")
    kinds = {kind for kind, ends in _ENDS.items() if any(_of_kind(folder, ends))}
    if not kinds:
        raise UserError(f"{folder}: holds no .txt, .md, .json, .ndjson, .jsonl or .csv file")
    sources = [
        SourceSpec(
            name=kind,
            kind=kind,
            path=str(folder.resolve()),
            licence=licence,
            consent=consent,
            among_charts="fhir" in kinds and kind in _AMONG_CHARTS,
        )
        for kind in _ENDS
        if kind in kinds
    ]
    return Spec(posology="corpus/1", name=_plain(folder.resolve().name), source=sources)


_ENDS: dict[Kind, tuple[str, ...]] = {
    "fhir": (".json", ".ndjson"),
    "notes": (".txt", ".md"),
    "jsonl": (".jsonl",),
    "csv": (".csv",),
}


def _of_kind(folder: Path, ends: tuple[str, ...]) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix.lower() in ends and path.is_file()]


def _plain(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name.lower())
    return kept.strip("-_")[:60] or "corpus"
