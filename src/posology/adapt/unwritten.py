"""Why a file of a run could not be written, and what to do then: room mends a full disk only."""

import errno
import os
import re

__all__ = ["advice_on", "reason_of"]

_OS_ERROR = re.compile(r"\(os error (\d+)\)")  # how the writer of weights names one
_ADVICE = {
    errno.ENOSPC: "make room and run the same command again",
    errno.EDQUOT: "make room and run the same command again",
    errno.EFBIG: "raise the limit of a file's size and run the same command again",
}
_MEND = "once this is mended, run the same command again"


def reason_of(cause: BaseException) -> str:
    """Return what the system says of a failure, else the failure's own words.

    >>> reason_of(PermissionError(13, "Permission denied"))
    'Permission denied'
    """
    number = _number(cause)
    return str(cause) if number is None else os.strerror(number)


def advice_on(cause: BaseException | None) -> str:
    """Return what to do about a failure to write.

    >>> advice_on(OSError(28, "No space left on device"))
    'make room and run the same command again'
    >>> advice_on(PermissionError(13, "Permission denied"))
    'once this is mended, run the same command again'
    """
    number = _number(cause)
    return _MEND if number is None else _ADVICE.get(number, _MEND)


def _number(cause: BaseException | None) -> int | None:
    """Return the system's number of a failure, as the system or the writer of weights names it."""
    if isinstance(cause, OSError) and cause.errno is not None:
        return cause.errno
    told = _OS_ERROR.search(str(cause))
    return int(told[1]) if told else None
