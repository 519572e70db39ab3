"""What decides an answer, as one hash; and draws that are the same on every machine."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from posology.evaluate.items import Item

__all__ = ["digest_of", "draw", "items_digest", "ordered_by_hash"]


def digest_of(*parts: Any) -> str:
    """Return the sha256 of values that JSON can hold."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def items_digest(items: Iterable[Item]) -> str:
    """Return the hash of items in their order: all that a system can learn from them."""
    state = hashlib.sha256()
    for item in items:
        state.update(digest_of(asdict(item)).encode())
    return state.hexdigest()


def draw(seed: str) -> float:
    """Return a number from 0 to under 1 that depends on the seed alone."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") / (1 << 48)


def ordered_by_hash(items: Sequence[Item], salt: str) -> list[Item]:
    """Return items in an order that depends on their ids and the salt alone."""
    return sorted(items, key=lambda item: (hashlib.sha256(f"{salt}:{item.id}".encode()).digest(), item.id))
