"""Answers to administrative gaps: where each field belongs, and whether its value is one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from posology.errors import RequestError
from posology.priorauth.administrative import FIELDS, valid_npi
from posology.priorauth.request import RequestFile, parse_request

__all__ = ["answered_details", "answered_practice", "require_answer", "supplied_by_hand"]

Answers = Sequence[Mapping[str, Any]]

# The place of a field: in the request file, or in the practice's settings.
_DETAILS: dict[str, tuple[str, ...]] = {
    "member-id": ("member_id",),
    "mbi": ("member_id",),
    "npi": ("provider", "npi"),
    "provider": ("provider", "name"),
    "provider-name": ("provider", "name"),
    "facility": ("facility", "name"),
    "requester": ("requester", "name"),
    **{
        f"{party}-{key}": (party, key)
        for party in ("provider", "facility", "requester")
        for key in ("npi", "ptan", "phone", "fax", "email", "address")
    },
    "diagnosis": ("diagnoses",),
    "diagnoses": ("diagnoses",),
    "quantity": ("quantity",),
    "side": ("side",),
    "body-site": ("body_site",),
    "kind": ("kind",),
    "urgency-reason": ("urgency_reason",),
    "type-of-bill": ("type_of_bill",),
}
_PRACTICE = {"tax-id": "tax_id", "phone": "phone", "address": "address"}
_CHART = ("patient-name", "birth-date", "order")
_MOST_ROWS = 50
_TAX_ID = re.compile(r"\d{2}-?\d{7}")
_PLAIN: tuple[Literal["quantity", "diagnosis", "diagnoses"], ...] = ("quantity", "diagnosis", "diagnoses")


def require_answer(field: str, value: object, asked: Sequence[str]) -> object:
    """Refuse a field that nothing asks for or a value that is none; return the value as it is kept."""
    if field in _CHART:
        raise RequestError(
            f"answer: field {field!r}: it is read from the chart only; correct the chart there"
        )
    if field not in _DETAILS and field not in _PRACTICE and (field in FIELDS or field not in asked):
        raise RequestError(
            f"answer: field: nothing asks for {field!r}; known: {', '.join(sorted(_known(asked)))}"
        )
    if field not in _PLAIN:
        value = _text(field, value)
    _require_lines(field, value)
    if field.endswith("npi") and not valid_npi(value):
        raise RequestError(f"answer: value: {field} is ten digits with a right check digit; correct it")
    if field == "tax-id" and not _TAX_ID.fullmatch(str(value)):
        raise RequestError(
            "answer: value: tax-id is nine digits, a hyphen after the second allowed; correct it"
        )
    answered_details(RequestFile(), [{"field": field, "value": value}])
    return value


def _known(asked: Sequence[str]) -> set[str]:
    return ({*_DETAILS, *_PRACTICE, *asked}) - set(_CHART)


def _text(field: str, value: object) -> str:
    """Take one line of text, or a number that is written as one."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > 300 or not text.isprintable():
        raise RequestError(
            f"answer: value: {field} is one line of text of at most 300 characters; write it so"
        )
    return text


def _require_lines(field: str, value: object) -> None:
    """Refuse texts inside a value that are not one line, and more rows than any form has."""
    rows = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if len(rows) > _MOST_ROWS:
        raise RequestError(f"answer: value: {field} has more than {_MOST_ROWS} rows; keep those that matter")
    for row in rows:
        _require_lines(field, row)
    if isinstance(value, str):
        _text(field, value)


def answered_details(details: RequestFile, answers: Answers) -> RequestFile:
    """Return a request file's details with what was answered since, checked as the file is."""
    record = details.model_dump(mode="json", exclude_unset=True)
    for answer in answers:
        place = _DETAILS.get(answer["field"])
        if place is None:
            continue
        value = answer["value"]
        if place == ("diagnoses",):
            value = _diagnoses(value)
        if len(place) == 1:
            record[place[0]] = value
        else:
            record[place[0]] = (record.get(place[0]) or {}) | {place[1]: value}
    return parse_request(record, "answer") if answers else details


def _diagnoses(value: object) -> list[object]:
    """Take a code, a diagnosis or several of them."""
    rows = value if isinstance(value, list) else [value]
    return [{"code": row} if isinstance(row, str) else row for row in rows]


def answered_practice(practice: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """Return the practice's settings with what was answered since."""
    given = {_PRACTICE[row["field"]]: row["value"] for row in answers if row["field"] in _PRACTICE}
    return dict(practice) | given


def supplied_by_hand(answers: Answers) -> dict[str, Any]:
    """Return the answers to what a policy asks for beyond the fields that are known."""
    return {row["field"]: row["value"] for row in answers if row["field"] not in {*_DETAILS, *_PRACTICE}}
