"""The page of quality: figures of the work here, each plot with its table."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from posology.plots import Bar, Interval, Line, bar_plot, interval_plot, line_plot
from posology.review.quality import PERIODS, Figures, Outcomes, quality_csv, read_quality
from posology.web.api.quality import Weeks
from posology.web.context import Acting, OfSite, Signed
from posology.web.guard import new_router
from posology.web.templating import render
from posology.web.words import when

__all__ = ["router"]

router = new_router()

_PERIODS = tuple((str(weeks), f"last {weeks} weeks" if weeks else "all") for weeks in PERIODS)
_MOST_ROWS = 12  # of a plot; the table has them all


@router.get("/quality", include_in_schema=False)
def show_quality(request: Request, site: OfSite, session: Signed, weeks: Weeks = "0") -> Response:
    """Show the figures."""
    figures = read_quality(site.store, session.actor, int(weeks), site.serve.minutes_by_hand)
    values = {
        "figures": figures,
        "weeks": weeks,
        "periods": _PERIODS,
        "made": when(figures.made_us),
        "plots": _plots(figures),
        "groups": (("payer", "payer", figures.by_payer), ("policy", "policy", figures.by_policy)),
    }
    return render(request, "quality.html", values)


def _plots(figures: Figures) -> dict[str, Any]:
    drafts = tuple((week.monday, float(week.drafts)) for week in figures.weeks)
    signed = tuple((week.monday, float(week.signed)) for week in figures.weeks)
    clock = figures.clock
    return {
        "weeks": line_plot(
            [Line("drafts", drafts), Line("signed", signed)],
            title="Drafts and first signatures by week",
            axis="packets a week",
            step=True,
            limits=(0.0, 5.0),
        ),
        "readings": interval_plot(
            [Interval(row.by, row.held.value, row.held.low, row.held.high) for row in figures.readings],
            title="Readings that people confirmed",
            axis="share of readings confirmed",
            limits=(0.0, 1.0),
        ),
        "payer": _approvals(figures.by_payer, "Approved, by payer"),
        "policy": _approvals(figures.by_policy, "Approved, by policy"),
        "clock": bar_plot(
            [
                Bar("answered in time", float(clock.in_time)),
                Bar("answered late", float(clock.late)),
                Bar("no answer, overdue", float(clock.overdue)),
                Bar("no answer yet, in time", float(clock.running)),
            ],
            title="The payer's clock",
            axis="packets",
            limits=(0.0, 5.0),
        ),
    }


def _approvals(rows: tuple[Outcomes, ...], title: str) -> str:
    largest = sorted(rows, key=lambda row: -row.approval.n)[:_MOST_ROWS]
    return interval_plot(
        [Interval(row.name, row.approval.value, row.approval.low, row.approval.high) for row in largest],
        title=title,
        axis="share approved among the decided",
        limits=(0.0, 1.0),
    )


@router.get("/quality/figures.csv", include_in_schema=False)
def download(site: OfSite, actor: Acting, weeks: Weeks = "0") -> Response:
    """Give the figures as CSV; that is recorded."""
    data = quality_csv(site.store, actor, int(weeks), site.serve.minutes_by_hand)
    name = 'attachment; filename="quality.csv"'
    return Response(data, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
