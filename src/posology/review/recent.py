"""What was read lately, kept in memory within bounds of count and bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Recent"]

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key; the one that was asked for longest ago goes first.

    A key must name what never changes, such as one version of one packet under one data key.
    """

    def __init__(self, count: int, size_bytes: int) -> None:
        """Keep at most ``count`` values that together take about ``size_bytes``."""
        self._count, self._bytes = count, size_bytes
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], tuple[Value, int]]) -> Value:
        """Return the value of a key, made with its size in bytes where it is not at hand."""
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
                return found[0]
        value, size = make()
        self._keep(key, value, size)
        return value

    def _keep(self, key: Hashable, value: Value, size: int) -> None:
        if size > self._bytes:
            return
        with self._lock:
            self._held -= self._values.pop(key, (value, 0))[1]
            self._values[key] = value, size
            self._held += size
            while len(self._values) > self._count or self._held > self._bytes:
                self._held -= self._values.popitem(last=False)[1][1]

    def forget(self, belongs: Callable[[Hashable], bool]) -> None:
        """Drop every value whose key belongs to something that is gone."""
        with self._lock:
            for key in [key for key in self._values if belongs(key)]:
                self._held -= self._values.pop(key)[1]

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._values)

    def __repr__(self) -> str:
        """Show counts only: the values are patient data."""
        return f"Recent({len(self._values)} values, {self._held} bytes)"
