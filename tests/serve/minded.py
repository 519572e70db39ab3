"""A minding process whose children do as their names say: FOLDER NAME ..."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from posology.web.processes import Child, Minder, Settled


def steady(settled: Settled) -> int:
    settled()
    while True:
        signal.pause()


def wrong(_settled: Settled) -> int:
    """Meet at once what only the user can mend."""
    sys.stderr.write("Error: the key does not open the store\n")
    return 2


def deaf(settled: Settled) -> int:
    """Hear no one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return steady(settled)


class Doing:
    """What depends on how often it was done: in the folder stands a line for each start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, name: str, settled: Settled) -> int:
        with (self.folder / name).open("a") as log:
            log.write(f"{os.getpid()} {time.monotonic()}\n")
        first = len((self.folder / name).read_text().splitlines()) == 1
        return {
            "steady": steady,
            "other": steady,
            "wrong": wrong,
            "deaf": deaf,
            "later": partial(self.later, first),
            "faulty": partial(self.faulty, first),
            "waiting": self.waiting,
        }[name](settled)

    def later(self, first: bool, settled: Settled) -> int:
        """Do the work, and then meet a user's error once."""
        settled()
        return wrong(settled) if first else steady(settled)

    def faulty(self, first: bool, settled: Settled) -> int:
        """Fail by a fault of ours once."""
        if first:
            raise ValueError("a word of a record")
        return steady(settled)

    def waiting(self, settled: Settled) -> int:
        """Settle when it is told to."""
        while not (self.folder / "go").exists():
            time.sleep(0.02)
        return steady(settled)

    def greet(self, _settled: Settled) -> int:
        with (self.folder / "greeting").open("a") as log:
            log.write(f"{os.getpid()} 0\n")
        return 0


if __name__ == "__main__":
    doing = Doing(Path(sys.argv[1]))
    children = [Child(name, partial(doing.start, name)) for name in sys.argv[2:]]
    sys.exit(Minder(children, Child("greeting", doing.greet), patience_s=1.0).run())
