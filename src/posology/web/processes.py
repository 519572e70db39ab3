"""The processes of a running application: one that serves pages, some that draft, and one that minds them.

The minding process holds the listening socket and the lock, starts the others by fork while it is single
and small, starts anew what dies, and ends all of them together. It opens no store and no model itself.
"""

import ctypes
import logging
import mmap
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from posology.errors import InternalError, PosologyError, UserError

__all__ = ["Child", "Minder", "Settled", "run_aside"]

Settled = Callable[[], None]  # a child calls it once it does its work

_LOG = logging.getLogger(__name__)
_PATIENCE_S = 30.0  # for children that are told to stop
_LONGEST_WAIT_S = 30.0  # before a child that keeps dying is started again
_STEADY_S = 60.0  # a child that lived so long is started again at once
_LOOK_S = 0.1  # how often children are looked after
_USER_ERROR = 2  # the exit status of what only the user can mend: of a child that never settled it is final
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """One process: what it runs (returning an exit status), whether it ever settled, how often it died."""

    name: str
    run: Callable[[Settled], int]
    pid: int = 0
    started: float = 0.0
    deaths: int = 0  # one after the other, each early
    not_before: float = 0.0
    _settled: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, 1))  # a byte shared with the process

    @property
    def settled(self) -> bool:
        """Say whether the process, or one before it, came to do its work."""
        return self._settled[0] == 1

    def settle(self) -> None:
        """Tell the minding process that this one does its work."""
        self._settled[0] = 1


@dataclass
class Minder:
    """Minds children until it is told to stop, or one that never settled meets what only the user can mend.

    ``greeting`` runs once, in a process of its own, when every child has settled.
    """

    children: Sequence[Child]
    greeting: Child | None = None
    patience_s: float = _PATIENCE_S
    _over: list[int] = field(default_factory=list)  # the signals that came

    def run(self) -> int:
        """Start the children and mind them; return the exit status of the whole."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else children could not be waited for
        for number in _ENDINGS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop)
        for child in self.children:
            self._start(child)
        status = self._mind()
        self._end()
        return status

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._over.append(number)

    def _start(self, child: Child) -> None:
        minder = os.getpid()
        with _held():
            pid = _fork()
            if pid == 0:
                _become(child, minder)
        child.pid, child.started = pid, time.monotonic()

    def _mind(self) -> int:
        while not self._over:
            for child in self.children:
                if self._bury(child) == _USER_ERROR and not child.settled:
                    return _USER_ERROR
                if not child.pid and time.monotonic() >= child.not_before:
                    self._start(child)
            self._greet()
            time.sleep(_LOOK_S)
        return 0

    def _greet(self) -> None:
        greeting = self.greeting
        if greeting is None:
            return
        if greeting.pid:
            _reap(greeting)
        elif not greeting.started and all(child.settled for child in self.children):
            self._start(greeting)

    def _bury(self, child: Child) -> int | None:
        """Take note of a child that ended, and return its status; None where it lives or is dead already."""
        status = _reap(child)
        if status is None:
            return None
        lived = time.monotonic() - child.started
        child.deaths = 0 if lived > _STEADY_S else child.deaths + 1
        wait = 0.0 if child.deaths <= 1 else min(_LONGEST_WAIT_S, 2.0 ** (child.deaths - 1))
        child.not_before = time.monotonic() + wait
        if status != _USER_ERROR or child.settled:
            _LOG.warning("%s ended with %s; it is started again in %.0f s", child.name, status, wait)
        return status

    def _end(self) -> None:
        """Tell every child to stop, and kill what does not within the time."""
        everyone = [*self.children, *([self.greeting] if self.greeting else [])]
        living = [child for child in everyone if child.pid]
        for child in living:
            os.kill(child.pid, signal.SIGTERM)  # not waited for yet: the number is still its own
        limit = time.monotonic() + self.patience_s
        while living := [child for child in living if _reap(child) is None]:
            if time.monotonic() > limit:
                for child in living:
                    _LOG.warning("%s did not stop within %.0f s; it is killed", child.name, self.patience_s)
                    os.kill(child.pid, signal.SIGKILL)
                limit = float("inf")
            time.sleep(_LOOK_S / 2)


def _reap(child: Child) -> int | None:
    """Return the exit status of a child that has ended; None where none has."""
    if not child.pid:
        return None
    pid, waited = os.waitpid(child.pid, os.WNOHANG)
    if pid == 0:
        return None
    child.pid = 0
    return os.waitstatus_to_exitcode(waited)


@contextmanager
def _held() -> Iterator[None]:
    """Hold back the signals that end a process, until it is clear which process each is for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _fork() -> int:
    _flush()
    return os.fork()


def _flush() -> None:
    """Write out what was said; who does not read it any more stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


def _become(child: Child, minder: int) -> None:
    """Run a child in this process, which ends with it."""
    status = 1
    try:
        _begin(minder)
        status = child.run(child.settle)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        status = 130
    except Exception as error:  # noqa: BLE001 - the last frame of a process: it becomes an exit status
        _LOG.error("%s: %s", child.name, type(error).__name__)
        _trace()
    finally:
        _flush()
        os._exit(status)


def _begin(parent: int) -> None:
    """Begin as a process of its own: end when told to, and with the parent, however that ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent hears it, and tells
    if sys.platform == "linux":  # where the kernel can promise it
        ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)


def _trace() -> None:
    if os.environ.get("POSOLOGY_DEBUG"):
        traceback.print_exc()


def run_aside(work: Callable[[], str]) -> str:
    """Run a piece of work in a process of its own and return its text; raise UserError with its message."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reading, speaking = os.pipe()
    parent = os.getpid()
    with _held():
        pid = _fork()
        if pid == 0:
            os.close(reading)
            _speak(work, speaking, parent)
    os.close(speaking)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == _USER_ERROR:
        raise UserError(said)
    if status != 0:
        raise InternalError("a process that prepares the application failed; POSOLOGY_DEBUG=1 shows where")
    return said


def _speak(work: Callable[[], str], speaking: int, parent: int) -> None:
    """Do the work, write its text or the user's error, and end."""
    status, said = 1, ""
    try:
        _begin(parent)
        status, said = 0, work()
    except PosologyError as error:
        status, said = (1, "") if isinstance(error, InternalError) else (_USER_ERROR, str(error))
    except Exception:  # noqa: BLE001 - the last frame of a process: it becomes an exit status
        status = 1
        _trace()
    finally:
        with suppress(OSError):
            os.write(speaking, said.encode())
        _flush()
        os._exit(status)
