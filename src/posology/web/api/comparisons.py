"""Comparisons over HTTP: made, read blind, rated, their results, and ratings without identifiers."""

from typing import Annotated, Any, Literal

from fastapi import Path
from fastapi.responses import Response
from pydantic import AfterValidator, ConfigDict, Field

from posology.errors import Conflict
from posology.review.agreement import Results
from posology.review.comparisons import (
    MOST_CHARACTERS,
    Comparison,
    NewComparison,
    create_comparison,
    list_comparisons,
    open_comparison,
)
from posology.review.rating import HIGHEST, MOST_MARKS, MarkOf, Rating, rate
from posology.review.results import open_results
from posology.review.sharing import export_ratings, no_consent
from posology.store import Actor
from posology.web.answers import Message
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router
from posology.web.site import Site

__all__ = ["ComparisonId", "ratings_file", "router"]

router = new_router()

_ID = "^[0-9a-f]{20}$"
ComparisonId = Annotated[
    str, Path(pattern=_ID, description="id of a comparison", examples=["00000000000000000000"])
]


def _sendable(value: str) -> str:
    value.encode()  # a lone surrogate raises a ValueError
    if "\0" in value:
        raise ValueError("it holds a NUL character")
    return value


_Words = Annotated[str, AfterValidator(_sendable)]
_Score = Annotated[int, Field(strict=True, ge=1, le=HIGHEST)]
_Place = Annotated[int, Field(strict=True, ge=0, le=2**31)]


class ComparisonBody(Message):
    """What is compared: a version of a packet's letter, and the letter of the same case by hand."""

    packet: Annotated[str, Field(pattern=_ID)]
    letter: Annotated[_Words, Field(min_length=1, max_length=MOST_CHARACTERS)]
    version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] = 1
    minutes: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    blinded: Annotated[bool, Field(strict=True)] = True


class ScoresBody(Message):
    """The rubric: 1 is the worst, 10 the best."""

    completeness: _Score
    accuracy: _Score
    necessity: _Score
    compliance: _Score


class SidesBody(Message):
    """The rubric for both letters."""

    a: ScoresBody
    b: ScoresBody


class MarkBody(Message):
    """Characters ``start`` to ``end`` of one side's text, half-open."""

    side: Literal["a", "b"]
    kind: Literal["invention", "omission"]
    start: _Place
    end: _Place
    note: Annotated[_Words, Field(max_length=500)] = ""


class RatingBody(Message):
    """A rating; ``preferred`` is the letter that the rater would send."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scores": {
                        side: {"completeness": 7, "accuracy": 8, "necessity": 6, "compliance": 7}
                        for side in "ab"
                    },
                    "preferred": "neither",
                }
            ]
        }
    )

    scores: SidesBody
    preferred: Literal["a", "b", "neither"]
    text: Annotated[_Words, Field(max_length=10_000)] = ""
    marks: Annotated[tuple[MarkBody, ...], Field(max_length=MOST_MARKS)] = ()


class MadeComparison(Message):
    """A comparison that was made."""

    id: str


class ComparisonLine(Message):
    """A comparison as lists show it."""

    id: str
    created_us: int
    by: str
    policy_id: str
    blinded: bool
    ratings: int
    rated: bool = Field(description="by who asks")
    own: bool = Field(description="made by who asks")


class ComparisonAnswer(Message):
    """Both letters; ``draft_side`` is empty until the person who asks has rated, where it is blinded."""

    id: str
    blinded: bool
    policy_id: str
    sides: dict[str, str]
    draft_side: Literal["a", "b", ""]
    rating: dict[str, Any] | None
    closed: bool = Field(description="results were opened since: the rating stays as it is")


@router.post("/api/v1/comparisons", status_code=201)
def make(body: ComparisonBody, response: Response, site: OfSite, actor: Acting) -> MadeComparison:
    """Compare a drafted letter with the one written by hand; which side is which is drawn."""
    new = NewComparison(body.packet, body.letter, body.version, body.minutes, body.blinded)
    made = create_comparison(site.store, actor, new)
    response.headers["Location"] = f"/api/v1/comparisons/{made}"
    return MadeComparison(id=made)


@router.get("/api/v1/comparisons")
def list_all(site: OfSite, actor: Acting) -> list[ComparisonLine]:
    """List the comparisons, the newest first."""
    return [ComparisonLine.model_validate(one) for one in list_comparisons(site.store, actor)]


@router.get("/api/v1/comparisons/results")
def give_results(site: OfSite, actor: Acting) -> Results:
    """Give what all ratings add up to; ratings given so far do not change any more."""
    return open_results(site.store, actor)


@router.get(
    "/api/v1/comparisons/export",
    response_class=Response,
    responses={
        200: {"description": "JSON lines", "content": {"application/jsonl": {"schema": {"type": "string"}}}},
        409: {
            "description": "the site has not consented",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    },
)
def export(site: OfSite, actor: Acting) -> Response:
    """Give every rating without what identifies a patient, where the site has consented to that."""
    return ratings_file(site, actor)


def ratings_file(site: Site, actor: Actor) -> Response:
    """Return the ratings as a file to be saved; what the site has not set up is no fault of who asks."""
    if not site.serve.consent.strip():
        raise Conflict(no_consent("ratings"))
    file = export_ratings(site.store, actor, site.serve.consent, site.settings.practice)
    name = f'attachment; filename="ratings-{file.ratings}.jsonl"'
    return Response(file.data, media_type="application/jsonl", headers={"Content-Disposition": name})


@router.get("/api/v1/comparisons/{comparison_id}")
def read(comparison_id: ComparisonId, site: OfSite, actor: Acting) -> ComparisonAnswer:
    """Give both letters; the first reading of a session is recorded."""
    return _answer(open_comparison(site.store, actor, comparison_id))


@router.post("/api/v1/comparisons/{comparison_id}/ratings")
def add_rating(
    comparison_id: ComparisonId, body: RatingBody, response: Response, site: OfSite, actor: Acting
) -> ComparisonAnswer:
    """Keep a rating, in place of the same person's earlier one."""
    marks = tuple(MarkOf(one.side, one.kind, one.start, one.end, one.note) for one in body.marks)
    rating = Rating(body.scores.model_dump(), body.preferred, body.text, marks)
    rate(site.store, actor, comparison_id, rating)
    response.headers["Content-Location"] = f"/api/v1/comparisons/{comparison_id}"
    return _answer(open_comparison(site.store, actor, comparison_id))


def _answer(found: Comparison) -> ComparisonAnswer:
    mine = found.mine
    rating: dict[str, Any] | None = None
    if mine is not None:
        marks = [
            {"side": m.side, "kind": m.kind, "start": m.start, "end": m.end, "note": m.note}
            for m in mine.marks
        ]
        rating = {"scores": {side: dict(scores) for side, scores in mine.scores.items()}}
        rating |= {"preferred": mine.preferred, "text": mine.text, "marks": marks, "changes": mine.changes}
    return ComparisonAnswer(
        id=found.head.id,
        blinded=found.head.blinded,
        policy_id=found.head.policy_id,
        sides=dict(found.sides),
        draft_side=found.draft_side,
        rating=rating,
        closed=found.closed,
    )
