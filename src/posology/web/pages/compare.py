"""Parallel testing: a drafted letter beside the one written by hand, ratings, and what they add up to."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Form, Path, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import Conflict, NotAllowed, RequestError, UserError
from posology.plots import Interval, interval_plot
from posology.records.sentences import sentence_spans
from posology.review.agreement import Compared, Results
from posology.review.comparisons import (
    MOST_CHARACTERS,
    Comparison,
    NewComparison,
    create_comparison,
    list_comparisons,
    open_comparison,
)
from posology.review.heads import PacketHead
from posology.review.rating import DIMENSIONS, HIGHEST, MarkOf, Rating, rate
from posology.review.results import open_results
from posology.review.worklist import WorklistQuery, worklist
from posology.store import Role
from posology.web.api.comparisons import MarkBody, ratings_file
from posology.web.context import Acting, OfSite, Signed
from posology.web.guard import new_router
from posology.web.pieces import pieces
from posology.web.problems import status_of
from posology.web.templating import render
from posology.web.words import when

__all__ = ["router"]

router = new_router()

_ID = "^[0-9a-f]{20}$"
_ComparisonId = Annotated[str, Path(pattern=_ID)]
_KINDS = (("invention", "invented"), ("omission", "something is missing here"))
_OFFERED = 100  # packets in the list


@router.get("/compare", include_in_schema=False)
def show_comparisons(
    request: Request, session: Signed, packet: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show the comparisons and what a new one needs; administrators see results only."""
    if session.actor.role == Role.ADMINISTRATOR:
        return RedirectResponse("/compare/results", 303)
    return _listing(request, {"packet": packet, "blinded": True})


def _listing(request: Request, given: Mapping[str, Any], problem: str = "", status: int = 200) -> Response:
    site, actor = request.app.state.site, request.state.session.actor
    offered = worklist(site.store, actor, WorklistQuery(rows=_OFFERED)).rows
    values = {
        "rows": [{"head": one, "when": when(one.created_us)} for one in list_comparisons(site.store, actor)],
        "packets": [(head.id, _packet_words(head)) for head in offered],
        "given": {"packet": "", "letter": "", "version": 1, "minutes": "", "blinded": False, **given},
        "most": MOST_CHARACTERS,
        "problem": problem,
    }
    return render(request, "compare.html", values, status=status)


def _packet_words(head: PacketHead) -> str:
    return f"{head.card.name or 'without a name'}, {head.service}, {head.card.day}"


@router.post("/compare", include_in_schema=False)
def make_comparison(  # noqa: PLR0913 - the fields of the form
    request: Request,
    site: OfSite,
    actor: Acting,
    packet: Annotated[str, Form(max_length=40)] = "",
    letter: Annotated[str, Form(max_length=2 * MOST_CHARACTERS)] = "",
    version: Annotated[int, Form(ge=1, le=2**31 - 1)] = 1,
    minutes: Annotated[str, Form(max_length=10)] = "",
    blinded: Annotated[bool, Form()] = False,
) -> Response:
    """Make a comparison."""
    given = {"packet": packet, "letter": letter, "version": version, "minutes": minutes, "blinded": blinded}
    try:
        took = _minutes(minutes)
        made = create_comparison(site.store, actor, NewComparison(packet, letter, version, took, blinded))
    except UserError as refused:
        return _listing(request, given, str(refused), status_of(refused))
    return RedirectResponse(f"/compare/{made}", 303)


def _minutes(text: str) -> int:
    if not text.strip():
        return 0
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise RequestError("comparison: minutes: a whole number, or nothing where it is not known")
    return int(text)


@router.get("/compare/results", include_in_schema=False)
def show_results(request: Request, site: OfSite, session: Signed) -> Response:
    """Show what all ratings add up to, as tables and plots."""
    results = open_results(site.store, session.actor)
    values = {
        "results": results,
        "plots": _plots(results),
        "administrator": session.actor.role == Role.ADMINISTRATOR,
        "consent": site.serve.consent,
    }
    return render(request, "compare-results.html", values)


def _plots(results: Results) -> dict[str, str]:
    if not results.whole.comparisons:
        return {}
    scores = [row for row in results.whole.rows if row.key in (*DIMENSIONS, "overall")]
    sides = [
        Interval(f"{row.name}: {name}", one.value, one.low, one.high)
        for row in scores
        for name, one in (("draft", row.draft), ("by hand", row.manual))
    ]
    alphas = [
        Interval(row.name, row.ordinal.value, row.ordinal.low, row.ordinal.high) for row in results.agreement
    ]
    return {
        "means": interval_plot(
            sides, title="Mean scores", axis="score, 1 to 10", limits=(1.0, float(HIGHEST))
        ),
        "differences": interval_plot(
            [_difference(row) for row in scores],
            title="Draft less letter by hand",
            axis="points; right of 0 the draft is better",
            limits=(-3.0, 3.0),
        ),
        "agreement": interval_plot(
            alphas, title="Agreement between raters", axis="Krippendorff's alpha, ranks", limits=(-1.0, 1.0)
        ),
    }


def _difference(row: Compared) -> Interval:
    return Interval(row.name, row.difference.value, row.difference.low, row.difference.high)


@router.post("/compare/export", include_in_schema=False)
def export(site: OfSite, actor: Acting) -> Response:
    """Give every rating without what identifies a patient."""
    return ratings_file(site, actor)


@router.get("/compare/{comparison_id}", include_in_schema=False)
def show_comparison(
    request: Request, site: OfSite, session: Signed, comparison_id: _ComparisonId
) -> Response:
    """Show two letters side by side and the rubric."""
    return _page(request, open_comparison(site.store, session.actor, comparison_id))


def _page(
    request: Request,
    found: Comparison,
    entered: Mapping[str, str] | None = None,
    marks: Sequence[MarkOf] | None = None,
    problem: tuple[int, str] = (200, ""),
) -> Response:
    """Show a comparison with the person's own rating, or with what was just entered and is not kept."""
    mine = found.mine
    shown = (mine.marks if mine else ()) if marks is None else marks
    sides = [_side_values(side, text, shown) for side, text in found.sides.items()]
    rest = [mark for mark in shown if not any(_is_sentence(mark, one) for one in sides)]
    own = found.head.blinded and found.head.own
    clinician = request.state.session.actor.role == Role.CLINICIAN
    values = {
        "comparison": found,
        "sides": sides,
        "dimensions": tuple(DIMENSIONS.items()),
        "highest": HIGHEST,
        "kinds": _KINDS,
        "entered": _entered(mine) if entered is None else entered,
        "marks": json.dumps([_as_json(mark) for mark in rest]),
        "may_rate": clinician and not found.closed and not own,
        "clinician": clinician,
        "problem": problem[1],
    }
    return render(request, "compare-one.html", values, status=problem[0])


def _entered(rating: Rating | None) -> dict[str, str]:
    """Return a rating as the fields of the form."""
    if rating is None:
        return {}
    fields = {
        f"{side}-{key}": str(score) for side, scores in rating.scores.items() for key, score in scores.items()
    }
    return {**fields, "preferred": rating.preferred, "text": rating.text}


def _as_json(mark: MarkOf) -> dict[str, Any]:
    return {"side": mark.side, "kind": mark.kind, "start": mark.start, "end": mark.end, "note": mark.note}


def _side_values(side: str, text: str, marks: Sequence[MarkOf]) -> dict[str, Any]:
    own = [mark for mark in marks if mark.side == side]
    rows = []
    for number, span in enumerate(sentence_spans(text), start=1):
        kinds = [m.kind for m in own if (m.start, m.end) == (span.start, span.end) and not m.note]
        rows.append(
            {
                "number": number,
                "text": span.of(text),
                "place": f"{span.start}-{span.end}",
                "kinds": kinds,
            }
        )
    return {"side": side, "text": text, "pieces": pieces(text, own), "sentences": rows}


def _is_sentence(mark: MarkOf, side: Mapping[str, Any]) -> bool:
    place = f"{mark.start}-{mark.end}"
    return (
        side["side"] == mark.side
        and not mark.note
        and any(row["place"] == place for row in side["sentences"])
    )


async def _form(request: Request) -> FormData:
    return await request.form(max_fields=1000)


@router.post("/compare/{comparison_id}", include_in_schema=False)
def rate_comparison(
    request: Request,
    site: OfSite,
    session: Signed,
    comparison_id: _ComparisonId,
    form: Annotated[FormData, Depends(_form)],
) -> Response:
    """Keep a rating, or show the page again with what was entered and what is wrong with it."""
    marks: list[MarkOf] | None = None
    try:
        marks = list(dict.fromkeys((*_typed_marks(form), *_chosen_sentences(form))))
        rate(site.store, session.actor, comparison_id, _rating(form, marks))
    except (RequestError, Conflict, NotAllowed) as refused:
        found = open_comparison(site.store, session.actor, comparison_id)
        entered = {key: value for key, value in form.items() if isinstance(value, str)}
        return _page(request, found, entered, marks, (status_of(refused), str(refused)))
    return RedirectResponse(f"/compare/{comparison_id}", 303)


def _rating(form: FormData, marks: Sequence[MarkOf]) -> Rating:
    scores = {side: {key: _score(form, f"{side}-{key}") for key in DIMENSIONS} for side in ("a", "b")}
    preferred = _text(form, "preferred")
    if preferred not in ("a", "b", "neither"):
        raise RequestError("rating: say which letter you would send, or that it makes no difference")
    return Rating(scores, preferred, _text(form, "text").replace("\r\n", "\n"), tuple(marks))  # type: ignore[arg-type]


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _score(form: FormData, name: str) -> int:
    text = _text(form, name)
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise RequestError("rating: a score is missing; choose 1 to 10 for each line of both letters")
    return int(text)


def _typed_marks(form: FormData) -> list[MarkOf]:
    try:
        rows = json.loads(_text(form, "marks") or "[]")
        bodies = [MarkBody.model_validate(row) for row in rows]
    except (ValueError, TypeError, RecursionError):
        raise RequestError("rating: the marks cannot be read; reload the page and mark again") from None
    return [MarkOf(one.side, one.kind, one.start, one.end, one.note) for one in bodies]


def _chosen_sentences(form: FormData) -> list[MarkOf]:
    found = []
    for side in ("a", "b"):
        for kind, _ in _KINDS:
            for place in form.getlist(f"{kind}-{side}"):
                start, dash, end = str(place).partition("-")
                if not (dash and start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
                    raise RequestError("rating: a sentence is named in a way that cannot be read; reload")
                found.append(MarkOf(side, kind, int(start[:9]), int(end[:9])))  # type: ignore[arg-type]
    return found
