"""Runs of jobs in the durable queue (DBOS): ids only, beside the store, never the truth of a job.

With SQLite the queue is a file beside the store's (``posology-queue.db``), with PostgreSQL the schema
``posology_queue`` of the same database. A run bears its job's id, so that a job is queued once.
"""

import logging
import os
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from dbos import error as dbos_error
from dbos._serialization import DefaultSerializer
from sqlalchemy import Engine, exists, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from posology.errors import StoreError
from posology.review.jobs import open_jobs
from posology.store import Store
from posology.store.schema import jobs

__all__ = [
    "QUEUE",
    "RUNS_VERSION",
    "SCHEMA",
    "WORKFLOW",
    "DraftQueue",
    "Runs",
    "executor_name",
    "is_alive",
    "open_queue",
    "queue_address",
]

QUEUE, WORKFLOW, SCHEMA = "drafts", "draft", "posology_queue"
RUNS_VERSION = "drafts-1"  # of what a run does; a run of another version is begun again under this one
LOST_S = 60  # a run on another machine that has said nothing for so long is taken up again
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_UNDER_WAY = ["ENQUEUED", "DELAYED", "PENDING"]
_PAGE = 500
_LOG = logging.getLogger(__name__)


def queue_address(engine: Engine) -> str:
    """Return the address of the queue's database: beside the store's file, or the store's own server."""
    url = engine.url
    if not url.drivername.startswith("sqlite"):
        return url.render_as_string(hide_password=False)
    file = Path(str(url.database))
    return f"sqlite:///{file.with_name(f'{file.stem}-queue.db')}"


def executor_name() -> str:
    """Name this process so that others on the same machine can tell whether it still lives."""
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:60]
    return f"{host}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(executor: str) -> bool | None:
    """Say whether a process lives; None where it is one of another machine, of which nothing is known."""
    host, _, rest = executor.partition("/")
    pid, _, started = rest.partition("/")
    if host != executor_name().partition("/")[0] or not pid.isdigit():
        return None
    if not Path("/proc").is_dir():
        return _answers(int(pid))
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """Return when a process started, in ticks since the machine did; "" where that is not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _answers(pid: int) -> bool:
    """Ask the process itself where this machine does not tell when one started."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSException, sqlite3.Error, OSError) as cause:
        raise StoreError(f"queue of drafts: {what} failed ({type(cause).__name__})") from cause


def _refuse_pickle(_serializer: DefaultSerializer, _text: str) -> NoReturn:
    """Refuse to read a pickle: it could run whatever it names, in the process that holds the keys."""
    raise ValueError("the queue holds a pickle, which this program never writes: its table was altered")


def refuse_pickles() -> None:
    """Let the queue's library read JSON only: it else reads a pickle where a row says that it is one."""
    DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign,assignment]


def prepare_queue(address: str) -> None:
    """Make the queue's tables where they are missing; a file is put in WAL mode, its owner's only."""
    refuse_pickles()
    with _translated("making its tables"):
        if address.startswith("sqlite"):
            file = Path(str(make_url(address).database))
            file.touch(mode=0o600)
            with closing(sqlite3.connect(file, timeout=20)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS.migrate(address, schema=SCHEMA)


def open_queue(store: Store) -> "DraftQueue":
    """Open the queue beside a store, and make it where it is missing."""
    address = queue_address(store.engine)
    prepare_queue(address)
    with _translated("opening it"):
        client = DBOSClient(
            system_database_url=address,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            retry_connection_errors=False,
        )
    return DraftQueue(store, Runs(client))


@dataclass(frozen=True)
class Runs:
    """The queue's table of runs."""

    client: DBOSClient

    def begin(self, job_id: str) -> None:
        """Queue a run of a job; where there is one, nothing happens."""
        options = {
            "queue_name": QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": job_id,
            "app_version": RUNS_VERSION,
        }
        self.client.enqueue(options, job_id)  # type: ignore[arg-type]

    def begin_anew(self, job_id: str) -> None:
        """Forget the run of a job and queue another."""
        self.client.delete_workflow(job_id)
        self.begin(job_id)

    def of(self, job_id: str) -> WorkflowStatus | None:
        """Return the run of a job."""
        found = self.client.list_workflows(workflow_ids=[job_id], load_input=False, load_output=False)
        return found[0] if found else None

    def under_way(self) -> dict[str, WorkflowStatus]:
        """Return all runs that have not ended."""
        return {run.workflow_id: run for run in self._listed(_UNDER_WAY)}

    def ended(self) -> list[str]:
        """Return the ids of runs that have ended, the oldest first, a page of them."""
        return [run.workflow_id for run in self._listed(_ENDED, limit=_PAGE)]

    def forget(self, job_ids: Sequence[str]) -> None:
        """Forget runs: the jobs' own table says how they ended."""
        if job_ids:
            self.client.delete_workflows(list(job_ids))

    def _listed(self, states: list[str], limit: int | None = None) -> list[WorkflowStatus]:
        return self.client.list_workflows(
            status=states, queue_name=None, name=WORKFLOW, limit=limit, load_input=False, load_output=False
        )


@dataclass(frozen=True, repr=False)
class DraftQueue:
    """The queue as those see it who ask: it may fail, for what it does not hear the table still says."""

    store: Store
    runs: Runs

    def enqueue(self, job_id: str) -> None:
        """Offer a job to the workers; a failure is logged, and the workers find the job by themselves."""
        try:
            with _translated("taking a job"):
                self._offer(job_id)
        except StoreError as error:
            _LOG.warning("job %s: %s; the workers will find it", job_id, error)

    def _offer(self, job_id: str) -> None:
        run = self.runs.of(job_id)
        if run is None:
            self.runs.begin(job_id)
        elif run.status in _ENDED:
            self.runs.begin_anew(job_id)

    def cancel(self, job_id: str) -> None:
        """Take a job out of the queue; one that is being drafted stops by itself within seconds."""
        try:
            with _translated("cancelling a job"):
                run = self.runs.of(job_id)
                if run is not None and run.status in ("ENQUEUED", "DELAYED"):
                    self.runs.client.cancel_workflow(job_id)
        except StoreError as error:
            _LOG.warning("job %s: %s; its run will end by itself", job_id, error)

    def alive(self) -> bool:
        """Say whether workers take up jobs: no job waits for a minute while no run speaks."""
        since = self.store.clock() - LOST_S * 1_000_000
        waiting = (jobs.c.state == "queued") & (jobs.c.created_us < since) & (jobs.c.stage == "")
        speaking = jobs.c.beat_us >= since
        with self.store.read() as connection:
            if not connection.execute(select(exists().where(waiting))).scalar_one():
                return True
            return bool(connection.execute(select(exists().where(speaking))).scalar_one())

    def sweep(self) -> list[str]:
        """Queue every open job that has no run, or whose run is dead; return the jobs that were queued.

        The jobs' table is the truth: a job that was committed and never queued, one whose worker died, and
        one that another version of the program began are found here.
        """
        rows = open_jobs(self.store)
        begun: list[str] = []
        with _translated("being swept"):
            runs = self.runs.under_way()
            for job_id, beat_us in rows.items():
                run = runs.get(job_id)
                if run is None:
                    self._offer(job_id)
                    begun.append(job_id)
                elif self._is_dead(run, beat_us):
                    self.runs.begin_anew(job_id)
                    begun.append(job_id)
            self._tidy(rows, runs)
        return begun

    def _is_dead(self, run: WorkflowStatus, beat_us: int) -> bool:
        if run.app_version != RUNS_VERSION:
            return run.status != "PENDING" or not is_alive(run.executor_id or "")
        if run.status != "PENDING":
            return False
        alive = is_alive(run.executor_id or "")
        if alive is not None:
            return not alive
        newest = max(beat_us, (run.dequeued_at or 0) * 1000)
        return newest < self.store.clock() - LOST_S * 1_000_000

    def _tidy(self, rows: Mapping[str, int], runs: Mapping[str, WorkflowStatus]) -> None:
        """Forget runs that ended, and dead ones, of jobs that are no longer open."""
        dead = [i for i, r in runs.items() if i not in rows and r.status == "PENDING"]
        gone = [i for i in dead if is_alive(runs[i].executor_id or "") is False]
        ended = [i for i in self.runs.ended() if i not in rows]
        self.runs.forget([*gone, *ended])

    def close(self) -> None:
        """Close the connections."""
        self.runs.client.destroy()
