"""What the processes of the application run: the pages, the drafting, and the word that they are there.

Nothing that starts threads is imported here at the top: the process that minds the others stays single.
"""

import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from posology.config import Settings
from posology.errors import PosologyError, SettingsError
from posology.store import MasterKeys, Store, open_store
from posology.web.demo import Demo
from posology.web.processes import Settled

__all__ = ["Plant", "draft_jobs", "require_certificate", "serve_pages"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plant:
    """What every process of one application needs; nothing in it is open yet but the sockets."""

    settings: Settings
    masters: MasterKeys
    sockets: Sequence[socket.socket] = ()
    demo: Demo | None = None
    keeps_heads: bool = True  # of several processes that serve pages one appends heads of the ledger

    def store(self) -> Store:
        """Open the store, in the process that uses it."""
        return open_store(self.settings.profile.store, self.masters)


def serve_pages(plant: Plant, settled: Settled) -> int:
    """Serve the pages and the API until the process is told to stop."""
    return _told(lambda: _serve_pages(plant, settled))


def draft_jobs(plant: Plant, settled: Settled) -> int:
    """Draft what is queued until the process is told to stop."""
    return _told(lambda: _draft_jobs(plant, settled))


def _told(work: Callable[[], None]) -> int:
    """Turn an error into a message and an exit status."""
    try:
        work()
    except PosologyError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


def _serve_pages(plant: Plant, settled: Settled) -> None:
    from posology.policies import load_policies
    from posology.review.queue import open_queue
    from posology.web.app import create_app
    from posology.web.models import CheckingModels
    from posology.web.server import run_server
    from posology.web.site import Site

    store, settings = plant.store(), plant.settings
    queue = open_queue(store)
    policies = tuple(load_policies([Path(folder) for folder in settings.serve.policies]))
    app = create_app(Site(store, settings, policies, queue, CheckingModels(settings), plant.demo))
    for number in (signal.SIGTERM, signal.SIGINT):  # the server raises them again when it has stopped
        signal.signal(number, _leave)
    try:
        with _heads(store, settings) if plant.keeps_heads else nullcontext():
            settled()
            run_server(app, plant.sockets, settings.serve)
    finally:
        queue.close()
        store.close()


def _leave(*_: object) -> None:
    raise SystemExit(0)


def require_certificate(settings: Settings) -> None:
    """Raise SettingsError unless the certificate and its key can be read and belong together."""
    serve = settings.serve
    if not serve.certificate or not serve.certificate_key:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(serve.certificate, serve.certificate_key, password="")  # nobody is asked
    except OSError as cause:
        why = getattr(cause, "reason", "") or cause.strerror
        raise SettingsError(
            f"serve.certificate: {serve.certificate} with the key {serve.certificate_key} cannot be used "
            f"({why}); both are PEM files, the key without a password"
        ) from cause


@contextmanager
def _heads(store: Store, settings: Settings) -> Iterator[None]:
    """Keep signed heads of the ledger meanwhile."""
    from posology.web.heads import keep_heads

    over = Event()
    keeping = Thread(target=keep_heads, args=(store, settings.serve, over), name="heads", daemon=True)
    keeping.start()
    try:
        yield
    finally:
        over.set()
        keeping.join()


def _draft_jobs(plant: Plant, settled: Settled) -> None:
    from posology.policies import load_policies
    from posology.priorauth import open_models
    from posology.review.drafting import Bench
    from posology.review.queue import run_worker

    for listener in plant.sockets:
        listener.close()
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    store, settings = plant.store(), plant.settings
    policies = tuple(load_policies([Path(folder) for folder in settings.serve.policies]))
    os.nice(5)  # pages go before drafts
    try:
        bench = Bench(store, settings, policies, open_models(settings))
        settled()
        run_worker(bench, over)
    finally:
        store.close()
