"""The acts of a review: what a person may do to a packet, as a closed union of checked messages.

No act says who acts or when: the caller knows both.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from posology.errors import RequestError

__all__ = [
    "MOST_CHARACTERS",
    "MOST_DOCUMENT_CHARACTERS",
    "Act",
    "Answer",
    "Attach",
    "Confirm",
    "Drop",
    "Edit",
    "Offer",
    "Override",
    "Reject",
    "State",
    "parse_act",
]

MOST_CHARACTERS = 2_000  # of a sentence, a reason, a statement
MOST_DOCUMENT_CHARACTERS = 400_000  # of an attached document
_MOST_NAME = 200  # of an id, a title
_UNSHOWABLE = ("Cc", "Cs", "Co", "Cn")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain(text: str) -> str:
    """Take one line of text that says what the eye reads."""
    stripped = text.strip()
    if not stripped:
        raise ValueError("it is empty; write what is meant")
    _require_showable(stripped)
    return stripped


def _document(text: str) -> str:
    """Take a document's text exactly as it is; line breaks and tabs belong to it."""
    if not text.strip():
        raise ValueError("the document holds no text")
    _require_showable(text.translate({9: None, 10: None, 13: None}))
    return text


def _require_showable(text: str) -> None:
    for character in text:
        if unicodedata.category(character) in _UNSHOWABLE or character in _TURNING:
            raise ValueError(
                f"it holds the control character U+{ord(character):04X}; write it without control characters"
            )


def _day(value: object) -> object:
    """Take a day, or text such as 2026-03-01; a bare number is no day."""
    if isinstance(value, (str, date)):
        return value
    raise ValueError("write a day as 2026-03-01")


Day = Annotated[date, BeforeValidator(_day)]
Id = Annotated[str, Field(max_length=_MOST_NAME), AfterValidator(_plain)]
Text = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_plain)]
DocumentText = Annotated[str, Field(max_length=MOST_DOCUMENT_CHARACTERS), AfterValidator(_document)]


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def __repr__(self) -> str:
        """Show the kind of act only: its words may be patient text."""
        return f"{type(self).__name__}()"

    __str__ = __repr__


class Confirm(_Act):
    """The person agrees with a reading of the notes."""

    act: Literal["confirm"] = "confirm"
    criterion: Id


class Reject(_Act):
    """The reading of the notes was wrong."""

    act: Literal["reject"] = "reject"
    criterion: Id
    reason: Text


class Override(_Act):
    """The person decides a criterion otherwise than the program did."""

    act: Literal["override"] = "override"
    criterion: Id
    status: Literal["met", "not_met", "unknown"]
    reason: Text


class State(_Act):
    """The person's signed statement on one criterion; without ``date`` it is of the day of the act."""

    act: Literal["state"] = "state"
    criterion: Id
    answer: Literal["yes", "no"]
    statement: Text
    date: Day | None = None


class Attach(_Act):
    """A document is supplied, for a document that is asked for or for a criterion that asks the notes."""

    act: Literal["attach"] = "attach"
    gap: Id | None = None
    criterion: Id | None = None
    title: Id
    text: DocumentText
    date: Day

    @model_validator(mode="after")
    def _one_target(self) -> "Attach":
        if (self.gap is None) == (self.criterion is None):
            raise ValueError(
                "name either gap (a document that is asked for) or criterion, and one of them only"
            )
        return self


class Answer(_Act):
    """What an administrative gap asks for."""

    act: Literal["answer"] = "answer"
    field: Id
    value: str | int | float | dict[str, Any] | list[Any]


class Edit(_Act):
    """A sentence of the letter in the person's words, which is checked at once."""

    act: Literal["edit"] = "edit"
    sentence: Id
    text: Text
    cites: Annotated[tuple[Id, ...], Field(min_length=1, max_length=50)] | None = None


class Drop(_Act):
    """The person takes a sentence out of the letter."""

    act: Literal["drop"] = "drop"
    sentence: Id
    reason: Text


class Offer(_Act):
    """A sentence that was withheld or taken out is offered again, perhaps corrected."""

    act: Literal["offer"] = "offer"
    withheld: Id
    text: Text | None = None


Act = Annotated[
    Confirm | Reject | Override | State | Attach | Answer | Edit | Drop | Offer, Field(discriminator="act")
]
_ACTS: TypeAdapter[Act] = TypeAdapter(Act)


def parse_act(record: Mapping[str, Any]) -> Act:
    """Check a message and return the act that it is; the error names the key and what to do.

    >>> parse_act({"act": "confirm", "criterion": "diet-tried"}).criterion
    'diet-tried'
    """
    try:
        return _ACTS.validate_python(dict(record))
    except ValidationError as cause:
        problem = cause.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise RequestError(f"act: {where + ': ' if where else ''}{_words(problem)}") from cause


def _words(problem: Mapping[str, Any]) -> str:
    kind = str(problem["type"])
    if kind == "extra_forbidden":
        return "unknown key; leave it out"
    if kind == "missing":
        return "the key is missing; supply it"
    if kind == "string_too_long":
        return f"longer than {problem['ctx']['max_length']:,} characters; shorten it"
    if kind.startswith("union_tag"):
        known = "confirm, reject, override, state, attach, answer, edit, drop, offer"
        return f"the key act names no act that is known; known: {known}"
    return str(problem["msg"]).removeprefix("Value error, ")
