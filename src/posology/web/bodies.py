"""What programs send to the API and what they get back, as checked messages; an unknown key is an error."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from posology.priorauth import RequestFile
from posology.priorauth.acts import MOST_CHARACTERS, Act

__all__ = [
    "ActBody",
    "ActedAnswer",
    "AssignBody",
    "ChartAnswer",
    "ChartId",
    "CodeAnswer",
    "DraftAnswer",
    "DraftBody",
    "ExportBody",
    "HeadAnswer",
    "HeadsBody",
    "LedgerPage",
    "NoteBody",
    "NoticeAnswer",
    "OutcomeBody",
    "PacketAnswer",
    "PacketHeadAnswer",
    "PacketId",
    "PacketPage",
    "PolicyAnswer",
    "PreviewAnswer",
    "PreviewBody",
    "Problem",
    "ReportAnswer",
    "ReturnBody",
    "ScratchAnswer",
    "ScratchBody",
    "SeenBody",
    "SignBody",
    "SourceAnswer",
    "SourceHeadAnswer",
    "StateAnswer",
    "Target",
    "VersionAnswer",
    "VersionHeadAnswer",
    "VersionNumber",
    "Word",
]

_ID = "^[0-9a-f]{20}$"
_MOST = 2**31 - 1
_PLAIN = r"^[^\x00-\x1f\x7f]*$"

PacketId = Annotated[str, Path(pattern=_ID, description="id of a packet", examples=["00000000000000000000"])]
ChartId = Annotated[str, Path(pattern=_ID, description="id of a chart", examples=["00000000000000000000"])]
Target = Annotated[
    str,
    Path(
        pattern=r"^[a-z]{1,20}:[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="what the words are for",
        examples=["sentence:s1"],
    ),
]
VersionNumber = Annotated[int, Path(ge=1, le=_MOST, description="number of a version; 1 is the draft")]
Word = Annotated[str, Query(max_length=200, pattern=_PLAIN)]
Seen = Annotated[int, Field(strict=True, ge=1, le=_MOST, description="the version that the person saw")]
Yes = Annotated[bool, Field(strict=True)]


def _day(value: object) -> object:
    if isinstance(value, str) and len(value) == 10:
        return value
    raise ValueError("write a day as 2026-03-01")


def _sendable(value: str) -> str:
    if "\0" in value:
        raise ValueError("it holds a NUL character")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_sendable)]
Words = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_sendable)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, from_attributes=True)

    def __repr__(self) -> str:
        """Show the kind of message only: it may hold patient text."""
        return f"{type(self).__name__}()"

    __str__ = __repr__


def _example(**values: Any) -> ConfigDict:  # the shape of a made message
    return ConfigDict(json_schema_extra={"examples": [values]})


class Problem(BaseModel):
    """An answer to a request that failed (RFC 9457); ``detail`` says what to do."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str = ""
    errors: list[dict[str, str]] = Field(
        default=[], description="422: which fields break which rule; what was sent is not repeated"
    )
    conflict: dict[str, Any] | None = Field(
        default=None,
        description="409: target, version, by, at_us, cause, now (as it stands), written (what was sent)",
    )


class NoteBody(_Message):
    """A note without a chart, and the little that must be known of the patient."""

    model_config = _example(
        name="Ada Made", birth_date="1961-04-02", date="2026-03-01", sex="female", text="BMI 41.2 today."
    )

    name: Line
    birth_date: Line
    text: Annotated[str, Field(min_length=1, max_length=400_000), AfterValidator(_sendable)]
    date: Day
    sex: Literal["female", "male", "other", "unknown"] = "unknown"


class ChartAnswer(_Message):
    """A chart that was stored: what it holds, by count."""

    id: str
    resources: dict[str, int] = Field(description="resources by type")
    documents: int
    unread: int = Field(description="parts that could not be read; each packet names them")


class DraftBody(_Message):
    """What is to be drafted; ``details`` as in a request file."""

    model_config = _example(chart="0" * 20, service="HCPCS:E0601", date="2026-03-01")

    chart: Annotated[str, Field(pattern=_ID)]
    service: Annotated[Line, Field(description="SYSTEM:CODE")]
    date: Day
    policy: Line | None = None
    payer: Line | None = None
    details: RequestFile = RequestFile()


class DraftAnswer(_Message):
    """The job that drafts: watch it at ``/api/v1/jobs/{job}``."""

    job: str


class CodeAnswer(_Message):
    """A code of a service."""

    system: str
    code: str


class PolicyAnswer(_Message):
    """One version of a payer's policy."""

    id: str
    title: str
    payer: str
    version: str
    effective_from: date
    effective_until: date | None
    jurisdiction: str
    source_title: str
    services: list[CodeAnswer]
    sha256: str


class CardAnswer(_Message):
    """What identifies the patient in lists."""

    name: str
    birth_date: str
    day: str = Field(description="date of service")
    member_id: str


class PacketHeadAnswer(_Message):
    """A packet as lists show it; times are microseconds since 1970, 0 where there is none."""

    id: str
    chart_id: str
    job_id: str
    version: int
    state: str
    conclusion: str
    provisional: str
    gaps: int
    to_confirm: int
    withheld: int
    owner_id: str
    owner: str
    payer: str
    policy_id: str
    policy_version: str
    service: str
    urgency: str
    created_us: int
    created_by: str
    updated_us: int
    sent_us: int
    due_us: int
    decided_us: int
    card: CardAnswer


class PacketPage(_Message):
    """One page of the worklist, and counts over every packet by state."""

    packets: list[PacketHeadAnswer]
    total: int
    page: int
    pages: int
    states: dict[str, int]


class PacketAnswer(_Message):
    """A packet at its current version; ``record`` is packet.json."""

    head: PacketHeadAnswer
    record: dict[str, Any]


class HeadAnswer(_Message):
    """Where a packet stands, and who else has unsaved words on it."""

    version: int
    state: str
    updated_us: int
    updated_by: str
    present: list[str]


class VersionHeadAnswer(_Message):
    """What made a version."""

    number: int
    created_us: int
    created_by: str
    by: str
    cause: str
    target: str
    touched: list[str]


class VersionAnswer(_Message):
    """A version: the record, and the act that made it with what it told the person."""

    number: int
    record: dict[str, Any]
    act: dict[str, Any]


class SourceHeadAnswer(_Message):
    """A source of the chart, and whether the packet quotes it."""

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    cited: bool


class SourceAnswer(_Message):
    """A source as it is read; ``fields`` are a resource's values by path."""

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    text: str
    fields: list[tuple[str, str]]


class ScratchBody(_Message):
    """Words that were typed and not yet saved."""

    model_config = _example(text="Her BMI is 41.2 kg/m2.", seen_version=1)

    text: Annotated[str, Field(max_length=400_000)]
    seen_version: Seen


class ScratchAnswer(_Message):
    """A person's own unsaved words."""

    target: str
    seen_version: int
    saved_us: int
    text: str


class PreviewBody(_Message):
    """A wording to be checked without saving it."""

    model_config = _example(sentence="s1", text="Her BMI is 41.2 kg/m2.")

    sentence: Annotated[Line, Field(min_length=1)]
    text: Annotated[Words, Field(min_length=1)]


class PreviewAnswer(_Message):
    """Whether the words would stand, and why not."""

    ok: bool
    why: str
    verdict: Literal["supported", "unchecked", "withheld"]
    checks: list[dict[str, Any]]


def _encodable(act: Any) -> Any:
    json.dumps(act.model_dump(mode="json"), ensure_ascii=False, allow_nan=False).encode()
    return act


class ActBody(_Message):
    """One act of a person, and the version that the person saw."""

    model_config = _example(seen_version=1, act={"act": "confirm", "criterion": "diet-tried"})

    seen_version: Seen
    act: Annotated[Act, AfterValidator(_encodable)]


class NoticeAnswer(_Message):
    """Something the person should be told."""

    target: str
    text: str


class ActedAnswer(_Message):
    """What an act did; ``again``: the same act had been taken in before, and nothing was done twice."""

    version: int
    target: str
    touched: list[str]
    notices: list[NoticeAnswer]
    before: str
    after: str
    again: bool


class SeenBody(_Message):
    """The version that the person saw."""

    model_config = _example(version=1)

    version: Seen


class ReturnBody(_Message):
    """What is to be done before the packet comes back."""

    model_config = _example(version=2, note="Please add the sleep study.")

    version: Seen
    note: Annotated[Words, Field(min_length=1)]


class AssignBody(_Message):
    """To whom a packet is handed over."""

    model_config = _example(user="0" * 20)

    user: Annotated[str, Field(pattern=_ID)]


class SignBody(_Message):
    """A signature: what was shown is attested, and who signs has just proved who they are."""

    model_config = _example(version=2, attested=True, acknowledged=False, password="correct horse battery")

    version: Seen
    attested: Yes
    acknowledged: Yes = Field(default=False, description="what is still open was read")
    password: Annotated[str, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=10)] = ""


class ExportBody(_Message):
    """What is to be exported; ``documents`` are whole documents, by an explicit act of a clinician."""

    model_config = _example(version=2, form="zip", documents=[])

    version: Seen
    form: Literal["pdf", "html", "json", "zip"]
    documents: Annotated[list[Line], Field(max_length=500)] = []


class OutcomeBody(_Message):
    """What the payer answered."""

    model_config = _example(outcome="approved", reason="")

    outcome: Literal["approved", "partly", "denied"]
    reason: Words = ""


class StateAnswer(_Message):
    """Where a packet stands after an act."""

    version: int
    state: str


class LedgerPage(_Message):
    """Entries as they were recorded, the newest first; ``before`` asks for older ones."""

    entries: list[dict[str, Any]]
    before: int | None
    size: int = Field(description="entries of the whole ledger")


class HeadsBody(_Message):
    """Signed heads that were kept elsewhere."""

    heads: Annotated[list[dict[str, Any]], Field(max_length=10_000)] = []


class ReportAnswer(_Message):
    """What was verified, and every problem found."""

    model_config = ConfigDict(extra="allow")

    ok: bool
    log: str
    size: int
    root: str
    rows: int
    heads: int
    problems: list[str]
