"""posology worker: another process that drafts what is queued."""

import os
import signal

from posology.cli.options import ConfigFile, ModelProfile
from posology.cli.show import say

__all__ = ["worker"]


def worker(
    profile: ModelProfile = None,
    config: ConfigFile = None,
) -> None:
    """Draft what is queued in the profile's store until stopped: one more worker beside a server's."""
    from threading import Event

    from posology.config import load_settings
    from posology.review.queue import bench_over, open_site_store, run_worker

    settings = load_settings(config, profile=profile)
    store = open_site_store(settings, os.environ)
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    bench = bench_over(store, settings)
    say("Drafting what is queued. Ctrl-C stops; a draft under way is left to another worker.")
    try:
        run_worker(bench, over)
    finally:
        store.close()
