"""The Merkle tree of RFC 9162, section 2.1: hashes of leaves and nodes, and a tree that grows.

A *leaf* in this package is always the hash of an entry, as ``leaf_hash`` gives it, never the entry
itself. A *complete node* (level, index) covers the leaves ``[index << level, (index + 1) << level)``; once
complete it never changes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from posology.errors import InternalError, LedgerError

__all__ = ["EMPTY_ROOT", "HASH_BYTES", "Frontier", "leaf_hash", "node_hash", "peaks_of", "root_of"]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry as a leaf of the tree."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def peaks_of(size: int) -> tuple[tuple[int, int], ...]:
    """Return the complete nodes (level, index) that together cover a tree of this size, largest first."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return tuple((level, (size >> level) - 1) for level in levels)


@dataclass(frozen=True, slots=True)
class Frontier:
    """A growing tree, as far as it takes to append: its size and the hashes of its peaks, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise LedgerError(
                f"the frontier of a ledger of {self.size} entries cannot have {len(self.peaks)} peaks;"
                " verify the ledger against an exported head"
            )
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise LedgerError(
                f"a peak of the ledger's frontier is not a hash of {HASH_BYTES} bytes;"
                " verify the ledger against an exported head"
            )

    def append(self, leaf: bytes) -> tuple["Frontier", list[tuple[int, int, bytes]]]:
        """Return the tree with one more leaf, and the complete nodes (level, index, hash) this finished.

        The first of these is the leaf itself (level 0); the last is a peak of the new tree.
        """
        _require_hash(leaf)
        peaks, index, node = list(self.peaks), self.size, leaf
        finished = [(0, index, leaf)]
        while index & 1:
            node, index = node_hash(peaks.pop(), node), index >> 1
            finished.append((len(finished), index, node))
        return Frontier(self.size + 1, (*peaks, node)), finished

    def root(self) -> bytes:
        """Return the root of the tree at this size."""
        return _fold(self.peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaves, read once, in memory that grows with the logarithm."""
    peaks: list[bytes] = []
    sha256 = hashlib.sha256
    for size, leaf in enumerate(leaves):
        _require_hash(leaf)
        node, index = leaf, size
        while index & 1:
            node, index = sha256(b"\x01" + peaks.pop() + node).digest(), index >> 1
        peaks.append(node)
    return _fold(peaks)


def _fold(peaks: Iterable[bytes]) -> bytes:
    smallest_first = reversed(tuple(peaks))
    root = next(smallest_first, EMPTY_ROOT)
    for peak in smallest_first:
        root = node_hash(peak, root)
    return root


def _require_hash(leaf: bytes) -> None:
    if len(leaf) != HASH_BYTES:
        raise InternalError(f"a leaf of the ledger is a hash of {HASH_BYTES} bytes, not {len(leaf)} bytes")
