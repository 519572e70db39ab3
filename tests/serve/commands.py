"""Commands of a program that is loaded once: each runs in a fork of it, in its own folder, to its end."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

__all__ = ["Commands", "commands", "environment"]

_LONGEST_S = 60


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without settings of whoever runs the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POSOLOGY_")}
    home = {key: os.environ[key] for key in ("POSOLOGY_HOME",) if key in os.environ}
    return {**kept, **home, "PYTHONPATH": f"{ROOT}/src:{ROOT}", **(more or {})}


@dataclass
class Commands:
    """The loaded program."""

    process: "subprocess.Popen[str]"

    def run(self, folder: Path, *words: str, typed: str = "") -> str:
        """Run a command in a folder; return all it says, its exit status in front."""
        self.process.stdin.write(json.dumps([str(folder), list(words), typed]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def commands() -> Iterator[Commands]:
    """Load the program and keep it until the end of the block."""
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        yield Commands(process)
        process.stdin.close()


def _forked(folder: str, words: list[str], typed: str) -> str:
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as read:
        read.write(typed.encode())
        read.seek(0)
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            for number, file in enumerate((read, said, said)):
                os.dup2(file.fileno(), number)
            sys.stdin = os.fdopen(0)
            sys.argv = ["posology", *words]
            _main()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said.seek(0)
        return f"{status} {said.read().decode()}"


def _main() -> None:
    """Run the command as the console script does; one that does not end is ended."""
    import signal

    from posology.cli import main

    signal.alarm(_LONGEST_S)
    status = 1
    try:
        main()
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _serve_commands() -> None:
    import posology.cli
    import posology.web.demonstration
    import posology.web.sealing
    import posology.web.server
    import posology.web.serving  # noqa: F401 - loaded once for all

    for line in sys.stdin:
        print(json.dumps(_forked(*json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve_commands()
