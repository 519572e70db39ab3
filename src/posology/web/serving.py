"""What the processes of the application run: the pages, and the drafting.

Nothing that starts threads is imported here at the top: the process that minds the others stays single.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from posology.config import Settings
from posology.errors import PosologyError
from posology.store import MasterKeys, Store, open_store
from posology.web.demo import Demo

__all__ = ["Plant", "draft_jobs", "serve_pages"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plant:
    """What every process of one application needs; nothing in it is open yet but the sockets."""

    settings: Settings
    masters: MasterKeys
    sockets: Sequence[socket.socket] = ()
    demo: Demo | None = None

    def store(self) -> Store:
        """Open the store, in the process that uses it."""
        return open_store(self.settings.profile.store, self.masters)


def serve_pages(plant: Plant) -> int:
    """Serve the pages and the API until the process is told to stop."""
    return _told(lambda: _serve_pages(plant))


def draft_jobs(plant: Plant) -> int:
    """Draft what is queued until the process is told to stop."""
    return _told(lambda: _draft_jobs(plant))


def _told(work: Callable[[], None]) -> int:
    """Turn an error into a message and an exit status."""
    try:
        work()
    except PosologyError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


def _serve_pages(plant: Plant) -> None:
    from posology.policies import load_policies
    from posology.review.queue import open_queue
    from posology.web.app import create_app
    from posology.web.heads import keep_heads
    from posology.web.models import CheckingModels
    from posology.web.server import run_server
    from posology.web.site import Site

    store, settings = plant.store(), plant.settings
    queue, over = open_queue(store), Event()
    policies = tuple(load_policies([Path(folder) for folder in settings.serve.policies]))
    site = Site(store, settings, policies, queue, CheckingModels(settings), plant.demo)
    heads = Thread(target=keep_heads, args=(store, settings.serve, over), name="heads", daemon=True)
    heads.start()
    try:
        run_server(create_app(site), plant.sockets, settings)
    finally:
        over.set()
        heads.join()
        queue.close()
        store.close()


def _draft_jobs(plant: Plant) -> None:
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
        run_worker(Bench(store, settings, policies, open_models(settings)), over)
    finally:
        store.close()
