"""One run of a job: take it, draft, and end it in one transaction; what was drafted is never drafted twice.

A run holds a job by its number of attempts: who takes the job up after it raises that number, and from then
on the earlier run changes nothing and stops.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Literal

from sqlalchemy import Row, select, update

from posology.config import Settings
from posology.errors import (
    EngineError,
    InternalError,
    NotFound,
    PosologyError,
    PromptTooLong,
    StoreError,
    UserError,
)
from posology.ledger.entries import Kind
from posology.ledger.values import CODE, ID
from posology.policies import Policy
from posology.priorauth import Models, Packet, draft
from posology.review.calls import CallLog, record_models
from posology.review.charts import load_chart
from posology.review.jobs import DraftRequest, open_request
from posology.review.packets import create_packet
from posology.store import SYSTEM, Cipher, Store, Writing
from posology.store.schema import jobs

__all__ = ["MOST_ATTEMPTS", "Bench", "Outcome", "run_job"]

MOST_ATTEMPTS = 10  # a job whose worker died so often is not taken up again by itself
_BEAT_S = 1.0  # how often a run says that it lives, and asks whether it is still wanted
_SHOWN_S = 0.5  # least time between two writes of progress
_NO_PROGRESS = {"stage_done": 0, "stage_total": 0}
_LOG = logging.getLogger(__name__)

Outcome = Literal["ended", "again", "left"]
"""ended: nothing more to do; again: worth another try; left: queued for another worker."""


@dataclass(frozen=True, repr=False)
class Bench:
    """What a worker drafts with: opened once, used for every job."""

    store: Store
    settings: Settings
    policies: Sequence[Policy]
    models: Models
    stopping: Event = field(default_factory=Event)  # set: leave the job in hand to another worker


class _Stopped(Exception):
    """The run is no longer wanted: cancelled, taken over, or its worker is told to stop."""


@dataclass
class _Run:
    """A job that this run holds."""

    bench: Bench
    job_id: str
    attempt: int
    cipher: Cipher
    row: Row[Any]
    lost: Event = field(default_factory=Event)
    shown: float = 0.0
    stage: str = ""

    def watch(self, done: int, total: int) -> None:
        """Take note of progress within a stage; raise where the run is no longer wanted."""
        self(self.stage, done, total)

    def __call__(self, stage: str, done: int | None = None, total: int | None = None) -> None:
        """Take note of a stage, at most twice a second; raise where the run is no longer wanted."""
        if self.lost.is_set() or self.bench.stopping.is_set():
            raise _Stopped
        now = time.monotonic()
        if stage == self.stage and now - self.shown < _SHOWN_S:
            return
        self.stage, self.shown = stage, now
        if not self.say({"stage": stage, "stage_done": done or 0, "stage_total": total or 0}):
            self.lost.set()
            raise _Stopped

    def say(self, values: Mapping[str, Any]) -> bool:
        """Write volatile columns; say whether the run still holds the job."""
        with self.bench.store.volatile() as connection:
            mine = (
                (jobs.c.id == self.job_id) & (jobs.c.attempts == self.attempt) & (jobs.c.state == "running")
            )
            beat = {"beat_us": self.bench.store.clock()}
            return bool(connection.execute(update(jobs).where(mine).values(**beat, **values)).rowcount)


def run_job(bench: Bench, job_id: str, *, last: bool) -> Outcome:
    """Run a job once; on the last try a failure that might pass is final too.

    Where the store itself cannot be reached the job stays as it is: whoever sweeps the table finds it.
    """
    try:
        run = _take(bench, job_id)
        return "ended" if run is None else _work(run, last=last)
    except PosologyError as error:
        _LOG.warning("job %s: %s", job_id, _explain(error)[0])
        return "ended" if last else "again"


def _work(run: _Run, *, last: bool) -> Outcome:
    log = CallLog(run.cipher.hash, run.job_id, run.watch)
    try:
        with _beating(run):
            made = _draft(run, log)
        _finish(run, log, made)
    except _Stopped:
        return _leave(run, log)
    except (EngineError, StoreError) as error:
        passing = not isinstance(error, PromptTooLong)
        return _fail(run, log, error, again=passing and not last)
    except Exception as error:  # noqa: BLE001 - a worker outlives every job; the job says what went wrong
        return _fail(run, log, error, again=False)
    return "ended"


def _take(bench: Bench, job_id: str) -> _Run | None:
    """Take a job up, or return None where there is nothing to do for it."""
    with bench.store.write(SYSTEM) as w:
        row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        if row is None or row.state not in ("queued", "running"):
            return None
        details = {"job": job_id, "chart": row.chart_id, "attempt": row.attempts}
        if row.state == "running" and row.attempts >= MOST_ATTEMPTS:
            words = f"the worker died {row.attempts} times over this job; see its log, then try again"
            w.update(jobs, job_id, {"state": "failed", "error": words, "finished_us": w.now_us})
            w.record(Kind.DRAFT_FAILED, details=details | {"reason": "worker-died"})
            return None
        attempt = row.attempts + 1
        taken = {"state": "running", "attempts": attempt, "beat_us": w.now_us}
        w.update(jobs, job_id, taken | {"stage": "Opening the chart"} | _NO_PROGRESS)
        w.record(Kind.DRAFT_STARTED, details=details | {"attempt": attempt})
        return _Run(bench, job_id, attempt, w.cipher(row.key_id), row)


@contextmanager
def _beating(run: _Run) -> Iterator[None]:
    """Say every second that the run lives, and hear whether it is still wanted."""
    over = Event()

    def beat() -> None:
        while not over.wait(_BEAT_S):
            try:
                if not run.say({}):
                    run.lost.set()
            except StoreError as error:  # the database may come back; the end of the job decides
                _LOG.warning("job %s: %s", run.job_id, error)

    thread = Thread(target=beat, name=f"beat-{run.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _draft(run: _Run, log: CallLog) -> tuple[Packet, DraftRequest, Any]:
    bench = run.bench
    request = open_request(run.cipher, run.row)
    run("Reading the chart")
    chart = load_chart(bench.store, request.chart_id)
    packet = draft(
        chart,
        service=request.service,
        day=request.day,
        policies=bench.policies,
        policy_id=request.policy_id,
        payer=request.payer,
        details=request.details,
        settings=bench.settings,
        models=record_models(bench.models, log),
        on_stage=run,
    )
    run("Keeping the packet")
    return packet, request, chart


def _finish(run: _Run, log: CallLog, made: tuple[Packet, DraftRequest, Any]) -> None:
    """End the job: the packet, its entries and the job's last state are kept together, or nothing is."""
    packet, request, chart = made
    with run.bench.store.write(SYSTEM) as w:
        if not _holds(w, run):
            raise _Stopped
        packet_id = create_packet(w, job_row=run.row, packet=packet, chart=chart, request=request)
        done = {"state": "done", "packet_id": packet_id, "finished_us": w.now_us, "error": ""}
        w.update(jobs, run.job_id, done | {"stage": ""} | _NO_PROGRESS)
        w.record(Kind.DRAFT_FINISHED, packet=packet_id, version=1, details=_finished(run, packet, w))
        _record_calls(w, log.rows, packet_id)
        _record_checks(w, packet, packet_id, run.job_id)


def _holds(w: Writing, run: _Run) -> bool:
    row = w.connection.execute(
        select(jobs.c.state, jobs.c.attempts).where(jobs.c.id == run.job_id)
    ).one_or_none()
    return row is not None and (row.state, row.attempts) == ("running", run.attempt)


def _finished(run: _Run, packet: Packet, w: Writing) -> dict[str, Any]:
    spent = max(0, w.now_us - run.row.created_us) // 1000
    return _about(run) | {"conclusion": packet.conclusion, "milliseconds": spent}


def _about(run: _Run) -> dict[str, Any]:
    return {"job": run.job_id, "chart": run.row.chart_id, "attempt": run.attempt}


def _record_calls(w: Writing, rows: Sequence[Mapping[str, Any]], packet_id: str | None) -> None:
    for row in rows:
        w.record(Kind.MODEL_CALLED, packet=packet_id, details=row)


def _record_checks(w: Writing, packet: Packet, packet_id: str, job_id: str) -> None:
    """Record each check of each sentence and its verdict; of a withheld one, the check that failed."""
    for place, row in enumerate(packet.record["narrative"], start=1):
        name = str(row.get("id") or f"s{place}")
        for check in row["checks"]:
            said = {"check": check["check"], "sentence": name, "ok": bool(check["ok"]), "job": job_id}
            w.record(Kind.CHECK_MADE, packet=packet_id, version=1, details=said)
        verdict = {"sentence": name, "verdict": row["verdict"], "job": job_id} | _scored(row["checks"])
        w.record(Kind.VERDICT_GIVEN, packet=packet_id, version=1, details=verdict)
    for place, row in enumerate(packet.record["withheld"], start=1):
        name = str(row.get("id") or f"w{place}")
        why = str(row["why"]).partition(":")[0]
        reason = {"reason": why} if CODE.holds(why) else {}
        failed = {"check": why if reason else "unnamed", "sentence": name, "ok": False, "job": job_id}
        w.record(Kind.CHECK_MADE, packet=packet_id, version=1, details=failed)
        verdict = {"sentence": name, "verdict": "withheld", "job": job_id}
        w.record(Kind.VERDICT_GIVEN, packet=packet_id, version=1, details=verdict)


def _scored(checks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for check in checks:
        if "score" in check and ID.holds(check.get("by")):
            return {"by": check["by"], "score": round(float(check["score"]) * 1000)}
    return {}


def _leave(run: _Run, log: CallLog) -> Outcome:
    """Put a job back that this worker is told to leave; of one that was taken away, keep the calls only."""
    with run.bench.store.write(SYSTEM) as w:
        _record_calls(w, log.take(), None)
        if not _holds(w, run):
            return "ended"
        w.update(jobs, run.job_id, {"state": "queued", "stage": ""} | _NO_PROGRESS)
        w.record(Kind.DRAFT_RETRIED, details=_about(run) | {"reason": "worker-stopped"})
    return "left"


def _fail(run: _Run, log: CallLog, error: Exception, *, again: bool) -> Outcome:
    """Write down why a run failed: queued for another try, or failed for good."""
    words, reason = _explain(error)
    level = logging.INFO if reason == "request" else logging.WARNING
    _LOG.log(level, "job %s: attempt %d: %s", run.job_id, run.attempt, words)
    with run.bench.store.write(SYSTEM) as w:
        _record_calls(w, log.take(), None)
        if not _holds(w, run):
            return "ended"
        state = {"state": "queued"} if again else {"state": "failed", "finished_us": w.now_us}
        stage = "Waiting to try again" if again else ""
        w.update(jobs, run.job_id, state | {"error": words, "stage": stage} | _NO_PROGRESS)
        kind = Kind.DRAFT_RETRIED if again else Kind.DRAFT_FAILED
        w.record(kind, details=_about(run) | {"reason": reason})
    return "again" if again else "ended"


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (EngineError, "engine"),
    (StoreError, "store"),
    (NotFound, "not-found"),
    (InternalError, "fault"),
    (UserError, "request"),
)


def _explain(error: Exception) -> tuple[str, str]:
    """Return what a person is told, and a code; an error that is not ours may quote a patient's text."""
    if isinstance(error, PosologyError) and not isinstance(error, InternalError):
        return str(error), next(code for kind, code in _REASONS if isinstance(error, kind))
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" at {frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame is not None else ""
    return f"a fault of Posology ({type(error).__name__}{place}); please report it", "fault"
