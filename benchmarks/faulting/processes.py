"""The processes of the application as they are killed: minding process, pages and worker, forked warm.

They are the processes of ``posology serve``; only what they import is imported before, so that a hundred
starts take no longer than a few.
"""

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.serving.plant import children_of
from posology.config import Settings
from posology.store import MasterKeys
from posology.web.processes import Child, Minder
from posology.web.server import open_socket
from posology.web.serving import Plant, draft_jobs, serve_pages

__all__ = ["TARGETS", "Processes", "import_all"]

TARGETS = ("pages", "drafts", "minder", "all")
_PATIENCE_S = 60.0


def import_all() -> None:
    """Import what the processes will need, before they are forked."""
    import dbos
    import typst

    import posology.review.queue
    import posology.web.app
    from posology.policies import load_policies

    load_policies()
    del dbos, typst, posology


@dataclass
class Processes:
    """One application over a store, started, killed and started again on the same port."""

    settings: Settings
    masters: MasterKeys
    folder: Path
    port: int = 0
    minder: int = 0
    _orphans: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Fork the minding process, which starts the others; wait for nothing."""
        listener = self._listen()
        self.port = int(listener.getsockname()[1])
        for name in ("pages", "drafts"):
            self._file(name).unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            self._become(listener)
        listener.close()
        self.minder = pid

    def _listen(self) -> socket.socket:
        """Open the socket; threads of a process that was just killed may hold the port a moment longer."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return open_socket("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _become(self, listener: socket.socket) -> None:
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        status = 1
        try:
            plant = Plant(self.settings, self.masters, (listener,))
            children = [
                Child("pages", partial(self._run, "pages", partial(serve_pages, plant))),
                Child("drafts", partial(self._run, "drafts", partial(draft_jobs, plant))),
            ]
            status = Minder(children).run()
        finally:
            os._exit(status)

    def _run(self, name: str, work: Callable[[Callable[[], None]], int], settled: Callable[[], None]) -> int:
        self._file(name).write_text(str(os.getpid()))
        return work(settled)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pid"

    def pid_of(self, name: str) -> int:
        """Return the process of a name; 0 where there is none now."""
        with suppress(OSError, ValueError):
            return int(self._file(name).read_text())
        return 0

    def kill(self, target: str) -> None:
        """Kill one process, or all of them at once, as a power cut would."""
        pids = [self.pid_of(target)] if target not in ("minder", "all") else []
        if target in ("minder", "all") and self.minder:
            os.kill(self.minder, signal.SIGSTOP)  # or it would start a child again in between
            self._orphans = children_of(self.minder)
            pids = [self.minder, *(self._orphans if target == "all" else ())]
        for pid in filter(None, pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def bury(self) -> None:
        """After the minding process was killed: wait until it and its children are gone."""
        if not self.minder:
            return
        os.waitpid(self.minder, 0)
        self.minder = 0
        until = time.monotonic() + _PATIENCE_S
        while any(_lives(pid) for pid in self._orphans):
            if time.monotonic() > until:
                raise SystemExit("the children of a killed minding process did not end")
            time.sleep(0.02)

    def stop(self) -> None:
        """End everything at once."""
        if self.minder:
            self.kill("all")
            self.bury()

    def wait_ready(self) -> None:
        """Wait until the application says that it is ready."""
        until = time.monotonic() + _PATIENCE_S
        while not self._is_ready():
            if time.monotonic() > until:
                log = (self.folder / "log").read_text(errors="replace")
                raise SystemExit(f"the application did not become ready within a minute: {log[-3000:]}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _lives(pid: int) -> bool:
    if not pid:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
