"""What is asked of the payer: the service, the day, and what no chart holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator

from posology.errors import RequestError
from posology.files import parse_yaml, read_utf8
from posology.policies.policy import Code

__all__ = [
    "Attestation",
    "Party",
    "Quantity",
    "Request",
    "RequestFile",
    "parse_request",
    "parse_service",
    "read_request_file",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(_Strict):
    """How much is asked for, such as 30 tablets or 12 visits."""

    value: float
    unit: str = ""

    @field_validator("value")
    @classmethod
    def _positive(cls, value: float) -> float:
        if not 0 < value < 1e9:
            raise ValueError("a quantity is a positive number")
        return value


class Party(_Strict):
    """A person or organization named in the request; what is left out is asked for, never invented."""

    name: str | None = None
    npi: str | None = None
    ptan: str | None = None
    phone: str | None = None
    fax: str | None = None
    email: str | None = None
    address: str | None = None


class DiagnosisCode(_Strict):
    """A diagnosis that the request names by its code."""

    code: str
    system: str = "ICD-10-CM"
    display: str | None = None


class Attestation(_Strict):
    """A person's own statement on one criterion; it is evidence of kind ``human``."""

    criterion: str
    answer: Literal["yes", "no"]
    statement: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    date: date


class RequestFile(_Strict):
    """The file behind ``--request`` (YAML or JSON); every key is optional."""

    quantity: Quantity | None = None
    side: Literal["left", "right", "bilateral"] | None = None
    body_site: str | None = None
    kind: Literal["initial", "continuation"] | None = None
    urgency: Literal["standard", "expedited"] = "standard"
    urgency_reason: str | None = None
    provider: Party | None = None
    facility: Party | None = None
    requester: Party | None = None
    member_id: str | None = None
    diagnoses: tuple[DiagnosisCode, ...] = ()
    type_of_bill: str | None = None
    attestations: tuple[Attestation, ...] = ()

    @field_validator("quantity", mode="before")
    @classmethod
    def _bare_number(cls, value: object) -> object:
        """Take ``quantity: 2`` for 2 without a unit; Quantity checks that it is a number."""
        return value if value is None or isinstance(value, (dict, Quantity)) else {"value": value}


@dataclass(frozen=True)
class Request:
    """One request: a service on a day, with the details of the request file."""

    service: Code
    day: date
    details: RequestFile = field(default_factory=RequestFile)
    source: str = "request"  # what evidence from the request file names as its source

    def as_resource(self) -> Mapping[str, Any]:
        """Return the request as the resource of type ``Request`` that policy leaves may look at."""
        details = self.details
        resource: dict[str, Any] = {
            "resourceType": "Request",
            "id": "request",
            "code": {"coding": [{"system": self.service.system, "code": self.service.code}]},
            "date": self.day.isoformat(),
            "urgency": details.urgency,
        }
        if details.quantity is not None:
            resource["quantity"] = {"value": details.quantity.value, "unit": details.quantity.unit}
        optional = {
            "side": details.side,
            "laterality": details.side,
            "bodySite": details.body_site,
            "kind": details.kind,
            "urgencyReason": details.urgency_reason,
        }
        return resource | {key: value for key, value in optional.items() if value is not None}


def parse_service(text: str) -> Code:
    """Parse ``SYSTEM:CODE``; the system may be a URL, so the last colon divides.

    >>> parse_service("ICD-10-PCS:0DB64Z3")
    Code(system='ICD-10-PCS', code='0DB64Z3')
    """
    system, colon, code = text.strip().rpartition(":")
    if not colon or not system.strip() or not code.strip() or code.startswith("//"):
        raise RequestError(f"--service {text!r}: write SYSTEM:CODE, such as ICD-10-PCS:0DB64Z3")
    return Code(system.strip(), code.strip())


def read_request_file(path: Path) -> RequestFile:
    """Read a request file; an unknown key or a wrong value is an error that names it."""
    record = parse_yaml(read_utf8(path, RequestError), str(path), RequestError)
    if not isinstance(record, dict):
        raise RequestError(f"{path}: a request file is a mapping of keys such as quantity, side, provider")
    return parse_request(record, str(path))


def parse_request(record: Mapping[str, Any], name: str) -> RequestFile:
    """Check a request's fields; ``name`` is the file's name in messages."""
    try:
        return RequestFile.model_validate(record)
    except ValidationError as cause:
        problem = cause.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RequestError(f"{name}: {where}: {_plain(problem, RequestFile)}") from cause


def _plain(problem: Any, model: type[BaseModel]) -> str:
    if problem["type"] != "extra_forbidden":
        return str(problem["msg"])
    from rapidfuzz import process

    key = str(problem["loc"][-1])
    fields = Party.model_fields if len(problem["loc"]) > 1 else model.model_fields
    nearest = process.extractOne(key, list(fields))
    return f"unknown key; the nearest known one is {nearest[0]!r}" if nearest else "unknown key"
