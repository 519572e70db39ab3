"""A worker as a process of its own, whose model takes its time: ADDRESS SECONDS_A_PROMPT."""

import signal
import sys
import time
from dataclasses import replace
from threading import Event

from posology.config import load_settings
from posology.policies import load_policies
from posology.priorauth import open_models
from posology.review.drafting import Bench
from posology.review.queue import run_worker
from posology.store import open_store
from posology.testing import ScriptedGenerator
from tests.databases import TEST_KEYS


def main() -> None:
    address, seconds = sys.argv[1], float(sys.argv[2])

    def answer(prompt: object) -> str:
        time.sleep(seconds)
        return '{"cites": [1], "sentence": "The patient has a documented finding."}'

    settings = load_settings(profile="rules", environ={})
    models = replace(open_models(settings), writer=ScriptedGenerator(answer))
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    run_worker(Bench(open_store(address, TEST_KEYS), settings, tuple(load_policies()), models), over)


if __name__ == "__main__":
    main()
