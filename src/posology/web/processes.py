"""The processes of a running application: one that serves pages, some that draft, and one that minds them.

The minding process holds the listening socket and the lock, starts the others by fork while it is single
and small, starts anew what dies, and ends all of them together. It opens no store and no model itself.
"""

import ctypes
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType

from posology.errors import InternalError, PosologyError, UserError

__all__ = ["Child", "Minder", "run_aside"]

_LOG = logging.getLogger(__name__)
_PATIENCE_S = 30.0  # for children that are told to stop
_LONGEST_WAIT_S = 30.0  # before a child that keeps dying is started again
_STEADY_S = 60.0  # a child that lived so long is started again at once
_USER_ERROR = 2  # the exit status of what only the user can mend: at the start it is not tried again
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass
class Child:
    """One process: what it runs (returning an exit status), and how often it died early."""

    name: str
    run: Callable[[], int]
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


@dataclass
class Minder:
    """Minds children until it is told to stop, or one of them meets what only the user can mend."""

    children: Mapping[str, Child]
    _over: list[int] = field(default_factory=list)  # the signals that came

    def run(self, ready: Callable[[], None] = lambda: None) -> int:
        """Start the children, call ``ready``, and mind them; return the exit status of the whole."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for child in self.children.values():
            self._start(child)
        status = self._mind(ready)
        self._end()
        return status

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._over.append(number)

    def _start(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(child)
        child.pid, child.started = pid, time.monotonic()

    def _mind(self, ready: Callable[[], None]) -> int:
        told = False
        while not self._over:
            if not told:
                told = True
                ready()
                continue
            dead = self._bury()
            if dead is not None and dead[1] == _USER_ERROR and dead[0].deaths == 1:
                return _USER_ERROR
            self._revive()
            time.sleep(0.1)
        return 0

    def _bury(self) -> tuple[Child, int] | None:
        """Take note of a child that ended, and say with which status."""
        for child in self.children.values():
            if not child.pid:
                continue
            pid, waited = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            child.pid = 0
            status = os.waitstatus_to_exitcode(waited)
            lived = time.monotonic() - child.started
            child.deaths = 0 if lived > _STEADY_S else child.deaths + 1
            wait = 0.0 if child.deaths <= 1 else min(_LONGEST_WAIT_S, 2.0 ** (child.deaths - 1))
            child.not_before = time.monotonic() + wait
            _LOG.warning("%s ended with %s; it is started again in %.0f s", child.name, status, wait)
            return child, status
        return None

    def _revive(self) -> None:
        for child in self.children.values():
            if not child.pid and time.monotonic() >= child.not_before:
                self._start(child)

    def _end(self) -> None:
        """Tell every child to stop, and kill what does not within the time."""
        living = [child for child in self.children.values() if child.pid]
        for child in living:
            _send(child, signal.SIGTERM)
        limit = time.monotonic() + _PATIENCE_S
        while living:
            living = [child for child in living if os.waitpid(child.pid, os.WNOHANG)[0] == 0]
            if living and time.monotonic() > limit:
                for child in living:
                    _send(child, signal.SIGKILL)
                limit = float("inf")
            time.sleep(0.05)


def _send(child: Child, number: signal.Signals) -> None:
    try:
        os.kill(child.pid, number)
    except ProcessLookupError:
        child.pid = 0


def _become(child: Child) -> None:
    """Run a child in this process, which ends with it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    _follow_parent()
    status = 1
    try:
        status = child.run()
    except KeyboardInterrupt:
        status = 130
    except Exception as error:  # noqa: BLE001 - the last frame of a process: it becomes an exit status
        _LOG.error("%s: %s", child.name, type(error).__name__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _follow_parent() -> None:
    """End with the minding process, however that ends, where the kernel can promise it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGTERM)


def run_aside(work: Callable[[], str]) -> str:
    """Run a piece of work in a process of its own and return its text; raise UserError with its message."""
    reading, speaking = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _speak(work, speaking)
    os.close(speaking)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == _USER_ERROR:
        raise UserError(said)
    if status != 0:
        raise InternalError("a process that prepares the application failed; POSOLOGY_DEBUG=1 shows where")
    return said


def _speak(work: Callable[[], str], speaking: int) -> None:
    """Do the work, write its text or the user's error, and end."""
    status, said = 1, ""
    try:
        status, said = 0, work()
    except PosologyError as error:
        status, said = (1, "") if isinstance(error, InternalError) else (_USER_ERROR, str(error))
    except Exception:  # noqa: BLE001 - the last frame of a process: it becomes an exit status
        if os.environ.get("POSOLOGY_DEBUG"):
            traceback.print_exc()
    finally:
        os.write(speaking, said.encode())
        sys.stderr.flush()
        os._exit(status)
