"""Figures of quality over HTTP."""

from typing import Annotated, Literal

from fastapi import Query

from posology.review.quality import Figures, read_quality
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["Weeks", "router"]

router = new_router()

Weeks = Annotated[
    Literal["0", "4", "13", "26", "52"],
    Query(description="packets drafted in so many weeks before now; 0: ever"),
]


@router.get("/api/v1/quality")
def give_figures(site: OfSite, actor: Acting, weeks: Weeks = "0") -> Figures:
    """Give the figures of the work here, with intervals; at most a minute old."""
    return read_quality(site.store, actor, int(weeks), site.serve.minutes_by_hand)
