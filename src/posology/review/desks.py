"""What lies beside a packet in review: its chart, policy, request as drafted, practice and models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from posology.errors import NotFound, PolicyError
from posology.policies import Policy
from posology.priorauth import Desk, Models, Request
from posology.review.charts import load_chart
from posology.review.jobs import open_request
from posology.review.packets import OpenPacket
from posology.store import Store
from posology.store.schema import jobs

__all__ = ["Furniture", "set_desk"]


@dataclass(frozen=True, repr=False)
class Furniture:
    """What all desks of a site share; ``models`` opens the models on first use."""

    policies: Sequence[Policy]
    practice: Mapping[str, Any]
    models: Callable[[], Models] | None = None

    def __repr__(self) -> str:
        """Show the count of policies only."""
        return f"Furniture({len(self.policies)} policies)"


def set_desk(store: Store, opened: OpenPacket, furniture: Furniture) -> Desk:
    """Return the desk of a packet that was opened."""
    models = furniture.models() if furniture.models is not None else None
    return Desk(
        chart=load_chart(store, opened.head.chart_id),
        policy=_policy(furniture.policies, opened.record["request"]["policy"]),
        request=_request(store, opened.head.job_id),
        checker=models.checker if models else None,
        practice=furniture.practice,
        writer=models.writer if models else None,
        attachments=opened.attachments,
        embedder=models.embedder if models else None,
        reads=models.reads if models else "named",
    )


def _policy(policies: Sequence[Policy], asked: Mapping[str, str]) -> Policy:
    named = [policy for policy in policies if policy.id == asked["id"]]
    same = [policy for policy in named if policy.sha256 == asked["sha256"]]
    if not named:
        raise PolicyError(f"{asked['id']}: this site no longer has the policy of this packet; put it back")
    return (same or named)[0]


def _request(store: Store, job_id: str) -> Request:
    """Return the request as it was drafted: the job keeps it, sealed."""
    with store.read() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFound(f"job {job_id}: there is none, so the packet's request is not known; draft anew")
        asked = open_request(store.cipher(connection, row.key_id), row)
    return Request(asked.service, asked.day, asked.details)
