"""What programs send to the API, as checked messages: an unknown key is an error."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from posology.priorauth import RequestFile
from posology.priorauth.acts import MOST_CHARACTERS, Act
from posology.web.answers import Message

__all__ = [
    "ActBody",
    "AssignBody",
    "ChartId",
    "DraftBody",
    "ExportBody",
    "HeadsBody",
    "NoteBody",
    "OutcomeBody",
    "PacketId",
    "PreviewBody",
    "ReturnBody",
    "ScratchBody",
    "SentBody",
    "SignBody",
    "Target",
    "VersionNumber",
    "WithdrawBody",
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
Micros = Annotated[int, Field(strict=True, ge=0, le=253402300799_999999, description="since 1970, UTC")]
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


def _example(values: dict[str, Any]) -> ConfigDict:  # the shape of a made message
    return ConfigDict(json_schema_extra={"examples": [values]})


class NoteBody(Message):
    """A note without a chart, and the little that must be known of the patient."""

    model_config = _example(
        {
            "name": "Ada Made",
            "birth_date": "1961-04-02",
            "date": "2026-03-01",
            "sex": "female",
            "text": "BMI 41.2 today.",
        }
    )

    name: Line
    birth_date: Line
    text: Annotated[str, Field(min_length=1, max_length=400_000), AfterValidator(_sendable)]
    date: Day
    sex: Literal["female", "male", "other", "unknown"] = "unknown"


class DraftBody(Message):
    """What is to be drafted; ``details`` as in a request file."""

    model_config = _example({"chart": "0" * 20, "service": "HCPCS:E0601", "date": "2026-03-01"})

    chart: Annotated[str, Field(pattern=_ID)]
    service: Annotated[Line, Field(description="SYSTEM:CODE")]
    date: Day
    policy: Line | None = None
    payer: Line | None = None
    details: RequestFile = RequestFile()


class ScratchBody(Message):
    """Words that were typed and not yet saved."""

    model_config = _example({"text": "Her BMI is 41.2 kg/m2.", "seen_version": 1})

    text: Annotated[str, Field(max_length=400_000)]
    seen_version: Seen


class PreviewBody(Message):
    """A wording to be checked without saving it."""

    model_config = _example({"sentence": "s1", "text": "Her BMI is 41.2 kg/m2."})

    sentence: Annotated[Line, Field(min_length=1)]
    text: Annotated[Words, Field(min_length=1)]


def _encodable(act: Any) -> Any:
    json.dumps(act.model_dump(mode="json"), ensure_ascii=False, allow_nan=False).encode()
    return act


class ActBody(Message):
    """One act of a person, and the version that the person saw."""

    model_config = _example({"seen_version": 1, "act": {"act": "confirm", "criterion": "diet-tried"}})

    seen_version: Seen
    act: Annotated[Act, AfterValidator(_encodable)]


class ReturnBody(Message):
    """What is to be done before the packet comes back."""

    model_config = _example({"note": "Please add the sleep study."})

    note: Annotated[Words, Field(min_length=1)]


class WithdrawBody(Message):
    """Why a packet is withdrawn."""

    model_config = _example({"reason": "not-needed"})

    reason: Literal["not-needed", "other-request", "patient-wish", "mistake", "other"]


class AssignBody(Message):
    """To whom a packet is handed over."""

    model_config = _example({"user": "0" * 20})

    user: Annotated[str, Field(pattern=_ID)]


class SignBody(Message):
    """A signature: what was shown is attested, and who signs has just proved who they are."""

    model_config = _example(
        {"version": 2, "attested": True, "acknowledged": False, "password": "correct horse battery"}
    )

    version: Seen
    attested: Yes
    acknowledged: Yes = Field(default=False, description="what is still open was read")
    password: Annotated[str, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=10)] = ""


class ExportBody(Message):
    """What is to be exported; ``documents`` are whole documents, by an explicit act of a clinician."""

    model_config = _example({"form": "zip", "documents": []})

    form: Literal["pdf", "html", "json", "zip"]
    documents: Annotated[tuple[Line, ...], Field(max_length=500)] = ()
    reason: Literal["payer-asked", "appeal", "other"] = "payer-asked"


class SentBody(Message):
    """How and when a packet went to the payer; without a time, now."""

    model_config = _example({"by": "portal"})

    by: Literal["portal", "fax", "mail", "electronic", "other"] = "portal"
    sent_us: Micros | None = None


class OutcomeBody(Message):
    """What the payer decided and when; ``note`` is the payer's words."""

    model_config = _example({"outcome": "approved", "reason": "criteria-met"})

    outcome: Literal["approved", "partly", "denied"]
    reason: Literal[
        "criteria-met",
        "criteria-not-met",
        "missing-information",
        "not-covered",
        "not-eligible",
        "out-of-network",
        "other",
    ]
    note: Words = ""
    decided_us: Micros | None = None


class HeadsBody(Message):
    """Signed heads that were kept elsewhere."""

    heads: Annotated[tuple[dict[str, Any], ...], Field(max_length=10_000)] = ()
