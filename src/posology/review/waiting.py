"""Drafts that are not there yet: what the worklist shows above its packets."""

from sqlalchemy import select

from posology.review.jobs import OPEN, Job, job_of
from posology.store import Store
from posology.store.schema import jobs

__all__ = ["waiting_jobs"]

_MOST = 20


def waiting_jobs(store: Store) -> tuple[Job, ...]:
    """Return the jobs that are queued or running, oldest first, the first twenty of them."""
    wanted = select(jobs.c.id).where(jobs.c.state.in_(OPEN)).order_by(jobs.c.created_us).limit(_MOST)
    with store.read() as connection:
        found = list(connection.execute(wanted).scalars())
    return tuple(job_of(store, one) for one in found)
