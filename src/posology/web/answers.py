"""What the API answers, as checked messages."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ActedAnswer",
    "CardAnswer",
    "ChartAnswer",
    "CodeAnswer",
    "DeletedAnswer",
    "DifferenceAnswer",
    "DraftAnswer",
    "HeadAnswer",
    "LedgerPage",
    "Message",
    "NoticeAnswer",
    "PacketAnswer",
    "PacketHeadAnswer",
    "PacketPage",
    "PolicyAnswer",
    "PreviewAnswer",
    "Problem",
    "ReportAnswer",
    "ScratchAnswer",
    "SignatureAnswer",
    "SourceAnswer",
    "SourceHeadAnswer",
    "StateAnswer",
    "StatementAnswer",
    "VersionAnswer",
    "VersionHeadAnswer",
]


class Message(BaseModel):
    """A message of which nothing is left unsaid, and which never shows itself: it may hold patient text."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, from_attributes=True)

    def __repr__(self) -> str:
        """Show the kind of message only: it may hold patient text."""
        return f"{type(self).__name__}()"

    __str__ = __repr__


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


class ChartAnswer(Message):
    """A chart that was stored: what it holds, by count."""

    id: str
    resources: dict[str, int] = Field(description="resources by type")
    documents: int
    unread: int = Field(description="parts that could not be read; each packet names them")


class DraftAnswer(Message):
    """The job that drafts: watch it at ``/api/v1/jobs/{job}``."""

    job: str


class CodeAnswer(Message):
    """A code of a service."""

    system: str
    code: str


class PolicyAnswer(Message):
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


class CardAnswer(Message):
    """What identifies the patient in lists."""

    name: str
    birth_date: str
    day: str = Field(description="date of service")
    member_id: str


class PacketHeadAnswer(Message):
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


class PacketPage(Message):
    """One page of the worklist, and counts over every packet by state."""

    packets: list[PacketHeadAnswer]
    total: int
    page: int
    pages: int
    states: dict[str, int]


class PacketAnswer(Message):
    """A packet at its current version; ``record`` is packet.json."""

    head: PacketHeadAnswer
    record: dict[str, Any]


class HeadAnswer(Message):
    """Where a packet stands, and who else has unsaved words on it."""

    version: int
    state: str
    updated_us: int
    updated_by: str
    present: list[str]


class VersionHeadAnswer(Message):
    """What made a version."""

    number: int
    created_us: int
    created_by: str
    by: str
    cause: str
    target: str
    touched: list[str]


class DifferenceAnswer(Message):
    """One thing that is not as it was drafted; ``words`` are runs of a sentence's text."""

    kind: str
    id: str
    change: Literal["added", "removed", "changed"]
    before: dict[str, Any]
    after: dict[str, Any]
    words: list[dict[str, str]]
    by: str
    why: str


class VersionAnswer(Message):
    """A version: the record, and the act that made it with what it told the person."""

    number: int
    record: dict[str, Any]
    act: dict[str, Any]


class SourceHeadAnswer(Message):
    """A source of the chart, and whether the packet quotes it."""

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    cited: bool


class SourceAnswer(Message):
    """A source as it is read; ``fields`` are a resource's values by path."""

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    text: str
    fields: list[tuple[str, str]]


class ScratchAnswer(Message):
    """A person's own unsaved words."""

    target: str
    seen_version: int
    saved_us: int
    text: str


class PreviewAnswer(Message):
    """Whether the words would stand, and why not."""

    ok: bool
    why: str
    verdict: Literal["supported", "unchecked", "withheld"]
    checks: list[dict[str, Any]]


class NoticeAnswer(Message):
    """Something the person should be told."""

    target: str
    text: str


class ActedAnswer(Message):
    """What an act did; ``again``: the same act had been taken in before, and nothing was done twice."""

    version: int
    target: str
    touched: list[str]
    notices: list[NoticeAnswer]
    before: str
    after: str
    again: bool


class DeletedAnswer(Message):
    """What went; ``chart`` where no other packet needed it."""

    packet: str
    rows: int
    chart: str | None


class StatementAnswer(Message):
    """What a signature under this version attests."""

    version: int
    text: str
    open: list[str]


class SignatureAnswer(Message):
    """A signature that stands; any later act voids it."""

    id: str
    version: int
    user_id: str
    name: str
    npi: str
    signed_us: int
    statement: str


class StateAnswer(Message):
    """Where a packet stands after an act."""

    version: int
    state: str


class LedgerPage(Message):
    """Entries as they were recorded, the newest first; ``before`` asks for older ones."""

    entries: list[dict[str, Any]]
    before: int | None
    size: int = Field(description="entries of the whole ledger")


class ReportAnswer(Message):
    """What was verified, and every problem found."""

    model_config = ConfigDict(extra="allow")

    ok: bool
    log: str
    size: int
    root: str
    rows: int
    heads: int
    problems: list[str]
