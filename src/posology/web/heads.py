"""Signed heads of the ledger, appended to a file that is out of this machine's reach, again and again."""

import logging
from pathlib import Path
from threading import Event

from posology.config import Serve
from posology.errors import PosologyError
from posology.review.audit import export_head
from posology.store import SYSTEM, Store

__all__ = ["keep_heads"]

_LOG = logging.getLogger(__name__)


def keep_heads(store: Store, serve: Serve, over: Event) -> None:
    """Append a head now, every ``heads_minutes``, and at the end; without ``heads_file`` do nothing."""
    if not serve.heads_file:
        return
    ended = False
    while not ended:
        _append(store, Path(serve.heads_file))
        ended = over.wait(serve.heads_minutes * 60)
    _append(store, Path(serve.heads_file))


def _append(store: Store, file: Path) -> None:
    try:
        export_head(store, SYSTEM, file)
    except PosologyError as error:
        _LOG.error("the ledger's head was not appended: %s", error)
