"""Figures for a monitoring system: requests, jobs, packets and the ledger; nothing that names anybody."""

import time

from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posology.store import Store
from posology.store.log import read_log
from posology.store.schema import jobs, packets
from posology.web.context import OfSite, kept
from posology.web.guard import new_router

__all__ = ["Figures", "Measured", "router"]

router = new_router()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Figures:
    """The figures of one application, in a registry of their own."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter(
            "posology_requests", "Requests answered", (*labels, "status"), registry=self.registry
        )
        self.latency = Histogram(
            "posology_request_seconds", "Time to answer", labels, buckets=_SECONDS, registry=self.registry
        )
        self.jobs = Gauge("posology_jobs", "Jobs by state", ("state",), registry=self.registry)
        self.packets = Gauge("posology_packets", "Packets by state", ("state",), registry=self.registry)
        self.ledger = Gauge("posology_ledger_entries", "Entries of the ledger", registry=self.registry)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request under its route's template; what has no route counts under "none"."""
        method, route = kept(scope).get("route", ("none", "none"))
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(method, route).observe(seconds)

    def render(self, store: Store) -> bytes:
        """Return all figures in the text format of Prometheus."""
        with store.read() as connection:
            for gauge, table in ((self.jobs, jobs), (self.packets, packets)):
                gauge.clear()
                query = select(table.c.state, func.count()).group_by(table.c.state)
                for state, number in connection.execute(query):
                    gauge.labels(state).set(number)
            self.ledger.set(read_log(connection).frontier.size)
        return generate_latest(self.registry)


class Measured:
    """Measures each request."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        """Wrap an application."""
        self.app = app
        self.figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, counted = time.perf_counter(), False

        async def watch(message: Message) -> None:
            nonlocal counted
            if message["type"] == "http.response.start" and not counted:
                counted = True
                self.figures.count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, watch)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, site: OfSite) -> Response:
    """Give the figures."""
    figures: Figures = request.app.state.figures
    body = await run_sync(figures.render, site.store)
    return Response(body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
