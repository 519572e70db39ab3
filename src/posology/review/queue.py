"""The worker: takes jobs from the durable queue, drafts them, and takes up what a dead worker left.

``python -m posology.review.queue --config posology.toml`` starts one beside a server; with PostgreSQL any
number of machines may run one. The models are opened once.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from dbos import DBOS, DBOSPortableJSONSerializer

from posology.config import Settings, load_settings
from posology.errors import PosologyError, StoreError
from posology.policies import load_policies
from posology.priorauth import open_models
from posology.review.drafting import Bench, run_job
from posology.review.runs import (
    QUEUE,
    RUNS_VERSION,
    SCHEMA,
    WORKFLOW,
    DraftQueue,
    executor_name,
    open_queue,
    queue_address,
)
from posology.store import Store, open_store, read_keys

__all__ = [
    "BACK_OFF_S",
    "DraftQueue",
    "Worker",
    "bench_over",
    "open_queue",
    "open_site_store",
    "run_worker",
    "worker_arguments",
]

BACK_OFF_S = (2.0, 8.0)  # waits between the tries of one run
_SWEEP_S = 2.0
_POLL_S = 0.25
_PATIENCE_S = 20  # for the draft in hand when a worker is told to stop
_LOG = logging.getLogger(__name__)


@dataclass
class Worker:
    """One worker in this process. There can be one a process: so the queue's library has it."""

    bench: Bench
    queue: DraftQueue
    back_off_s: tuple[float, ...] = BACK_OFF_S
    sweep_s: float = _SWEEP_S
    _busy: Lock = field(default_factory=Lock)
    _over: Event = field(default_factory=Event)
    _sweeper: Thread | None = None

    def start(self) -> None:
        """Begin to take jobs; the first sweep finds what was left by others."""
        DBOS(
            config={
                "name": "posology",
                "system_database_url": queue_address(self.bench.store.engine),
                "dbos_system_schema": SCHEMA,
                "application_version": RUNS_VERSION,
                "executor_id": executor_name(),
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
                "max_executor_threads": 8,
            }
        )
        self._register()
        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=1, polling_interval_sec=_POLL_S, on_conflict="always_update"
        )
        self._sweeper = Thread(target=self._sweep, name="sweep", daemon=True)
        self._sweeper.start()

    def _register(self) -> None:
        @DBOS.step(name="try")
        def attempt(job_id: str, last: bool) -> str:
            with self._busy:
                return run_job(self.bench, job_id, last=last)

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        def run(job_id: str) -> str:
            for wait_s in self.back_off_s:
                outcome = attempt(job_id, False)
                if outcome != "again":
                    return outcome
                DBOS.sleep(wait_s)
            return attempt(job_id, True)

    def _sweep(self) -> None:
        """Sweep again and again, for a tenth of the time at most: a long queue takes long to look through."""
        while True:
            start = time.monotonic()
            try:
                for job_id in self.queue.sweep():
                    _LOG.info("job %s: queued", job_id)
            except StoreError as error:  # the database may come back
                _LOG.warning("%s", error)
            if self._over.wait(max(self.sweep_s, 10 * (time.monotonic() - start))):
                return

    def stop(self) -> None:
        """Take no more jobs; the draft in hand is left to another worker, queued as it was."""
        self._over.set()
        self.bench.stopping.set()
        if self._sweeper is not None:
            self._sweeper.join()
        if self._busy.acquire(timeout=_PATIENCE_S):
            self._busy.release()
        DBOS.destroy(destroy_registry=True)


def run_worker(bench: Bench, over: Event) -> None:
    """Work until ``over`` is set."""
    queue = open_queue(bench.store)
    worker = Worker(bench, queue)
    worker.start()
    try:
        over.wait()
    finally:
        worker.stop()
        queue.close()


def open_site_store(settings: Settings, environ: Mapping[str, str]) -> Store:
    """Open the store that the settings name, with the key they name."""
    key_file = settings.serve.key_file
    return open_store(settings.profile.store, read_keys(Path(key_file) if key_file else None, environ))


def bench_over(store: Store, settings: Settings) -> Bench:
    """Open what drafts over an open store: the site's policies and the profile's models."""
    policies = load_policies([Path(folder) for folder in settings.serve.policies])
    return Bench(store, settings, tuple(policies), open_models(settings))


def worker_arguments(config: str | None, profile: str | None, *, parent: int | None = None) -> list[str]:
    """Return the command that starts a worker as a process; with ``parent`` it ends when that one does."""
    named = {"--config": config, "--profile": profile, "--parent": parent}
    given = [word for key, value in named.items() if value for word in (key, str(value))]
    return [sys.executable, "-m", "posology.review.queue", *given]


def main() -> int:
    """Start a worker as a process of its own; SIGTERM and Ctrl-C leave its job to another."""
    asked = _parse_arguments()
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    if asked.parent:
        Thread(target=_follow, args=(asked.parent, over), daemon=True).start()
    try:
        settings = load_settings(Path(asked.config) if asked.config else None, profile=asked.profile)
        run_worker(bench_over(open_site_store(settings, os.environ), settings), over)
    except PosologyError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="posology.review.queue", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--config", help="settings instead of posology.toml")
    parser.add_argument("--profile", help="the profile of models")
    parser.add_argument("--parent", type=int, help="end when this process, which started the worker, ends")
    return parser.parse_args()


def _follow(parent: int, over: Event) -> None:
    while os.getppid() == parent and not over.wait(1.0):
        pass
    over.set()


if __name__ == "__main__":
    sys.exit(main())
