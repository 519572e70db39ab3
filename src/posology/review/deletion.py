"""Deleting a packet: its key is destroyed and its rows go; that it was there stays on the record."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Table, delete, func, select

from posology.errors import Conflict, NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review.attachments import forget_attachments
from posology.review.charts import forget_chart
from posology.review.exporting import forget_letters
from posology.review.heads import require_packet
from posology.review.permitted import require_role
from posology.review.versions import forget_versions
from posology.store import Actor, Role, Store, Writing
from posology.store.schema import (
    attachments,
    charts,
    comparisons,
    exports,
    jobs,
    packets,
    ratings,
    scratches,
    signatures,
    versions,
)

__all__ = ["REASONS", "Deleted", "delete_chart", "delete_packet", "find_idle_charts"]

REASONS = ("duplicate", "wrong-patient", "retention-ended", "patient-request", "test", "other")


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went: rows of the packet, and its chart where no other packet needs it."""

    packet_id: str
    rows: int
    chart_id: str | None


def delete_packet(store: Store, actor: Actor, packet_id: str, reason: str) -> Deleted:
    """Destroy a packet's key and delete its rows, and its chart where nothing else rests on it.

    Only an administrator may, for one of REASONS. Copies that a backup holds can no longer be read with this
    store's keys; the backup's own keys still open them.
    """
    require_role(actor, "deleting a packet", (Role.ADMINISTRATOR,))
    if reason not in REASONS:
        raise RequestError(f"deleting: the reason is one of {', '.join(REASONS)}")
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        made = w.connection.execute(
            select(func.count()).select_from(versions).where(versions.c.packet_id == packet_id)
        ).scalar_one()
        gone = _delete_parts(w, packet_id)
        w.delete(packets, packet_id)
        w.destroy_key(row.key_id)
        gone += _delete_all(w, jobs, jobs.c.id, [row.job_id]) + 1
        details = {"reason": reason, "was": row.state, "versions": made, "rows": gone}
        w.record(Kind.PACKET_DELETED, packet=packet_id, version=row.version, details=details)
        chart_id = row.chart_id if _delete_chart(w, row.chart_id, reason) else None
    forget_versions(packet_id)
    forget_letters(packet_id)
    forget_attachments(packet_id)
    if chart_id is not None:
        forget_chart(chart_id)
    return Deleted(packet_id, gone, chart_id)


def delete_chart(store: Store, actor: Actor, chart_id: str, reason: str) -> None:
    """Destroy the key of a chart on which no packet rests, and delete it with the jobs that ended on it."""
    require_role(actor, "deleting a chart", (Role.ADMINISTRATOR,))
    if reason not in REASONS:
        raise RequestError(f"deleting: the reason is one of {', '.join(REASONS)}")
    with store.write(actor) as w:
        if w.connection.execute(select(charts.c.id).where(charts.c.id == chart_id)).first() is None:
            raise NotFound("deleting: there is no chart of this id")
        if not _delete_chart(w, chart_id, reason):
            raise Conflict("deleting: a packet or a job rests on this chart; delete the packet, or wait")
    forget_chart(chart_id)


def find_idle_charts(store: Store, actor: Actor, before_us: int) -> tuple[str, ...]:
    """Return the ids of charts that were uploaded before a time and on which no packet or job rests."""
    require_role(actor, "deleting a chart", (Role.ADMINISTRATOR,))
    used = select(packets.c.chart_id).union(
        select(jobs.c.chart_id).where(jobs.c.state.in_(("queued", "running")))
    )
    idle = charts.c.id.not_in(used) & (charts.c.created_us < before_us)
    with store.read() as connection:
        return tuple(
            connection.execute(select(charts.c.id).where(idle).order_by(charts.c.created_us)).scalars()
        )


def _delete_parts(w: Writing, packet_id: str) -> int:
    """Delete all that hangs on a packet, what hangs on that first."""
    compared = _ids(w, comparisons, comparisons.c.packet_id, [packet_id])
    gone = _delete_all(w, ratings, ratings.c.comparison_id, compared)
    for table in (comparisons, attachments, versions, signatures, exports):
        gone += _delete_all(w, table, table.c.packet_id, [packet_id])
    w.connection.execute(delete(scratches).where(scratches.c.packet_id == packet_id))
    return gone


def _ids(w: Writing, table: Table, column: Column[str], values: Sequence[str]) -> list[str]:
    return list(w.connection.execute(select(table.c.id).where(column.in_(values))).scalars())


def _delete_all(w: Writing, table: Table, column: Column[str], values: Sequence[str]) -> int:
    found = _ids(w, table, column, values)
    for identifier in found:
        w.delete(table, identifier)
    return len(found)


def _delete_chart(w: Writing, chart_id: str, reason: str) -> bool:
    """Delete a chart and the jobs that ended without a packet, unless a packet or a job still needs it."""
    connection = w.connection
    needed = connection.execute(select(packets.c.id).where(packets.c.chart_id == chart_id).limit(1)).first()
    busy = connection.execute(
        select(jobs.c.id).where(jobs.c.chart_id == chart_id, jobs.c.state.in_(("queued", "running"))).limit(1)
    ).first()
    if needed is not None or busy is not None:
        return False
    chart = connection.execute(select(charts).where(charts.c.id == chart_id)).one_or_none()
    if chart is None:
        raise Conflict("deleting: the packet's chart is gone already; verify the store")
    _delete_all(w, jobs, jobs.c.chart_id, [chart_id])
    w.delete(charts, chart_id)
    w.destroy_key(chart.key_id)
    w.record(Kind.CHART_DELETED, details={"chart": chart_id, "packets": 0, "reason": reason})
    return True
