"""A request that is to be done once: its key is kept in the transaction that does it."""

from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["ASKED", "Once"]


@dataclass
class Once:
    """The keyed hashes of a request's key and of the request; ``used`` once a transaction has kept them."""

    id: str
    request_hash: str
    actor: str
    used: bool = False


ASKED: ContextVar[Once | None] = ContextVar("posology_once", default=None)
