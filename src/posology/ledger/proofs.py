"""Proofs of RFC 9162, section 2.1: that an entry stands in a ledger, and that a ledger only grew.

Proofs are built from hashes of complete nodes alone, as the store keeps them: some 2 log2(size) of them.
The two ``verify_`` functions are the RFC's algorithms and answer False, never an exception, to anything
malformed.
"""

from collections.abc import Callable, Sequence

from posology.errors import LedgerError
from posology.ledger.tree import EMPTY_ROOT, HASH_BYTES, node_hash, peaks_of

__all__ = [
    "NodeLookup",
    "consistency_nodes",
    "consistency_proof",
    "inclusion_nodes",
    "inclusion_proof",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]

NodeLookup = Callable[[int, int], bytes]  # (level, index) -> hash of that complete node

MAX_SIZE = 2**53 - 1  # the largest integer of canonical JSON
_Range = tuple[int, int]  # leaves, half-open; starts at a multiple of a power of two not below its width


def inclusion_proof(index: int, size: int, node: NodeLookup) -> tuple[bytes, ...]:
    """Return the path that proves leaf ``index`` in the tree of the first ``size`` leaves."""
    return tuple(_hash_of(part, node) for part in _inclusion_ranges(index, size))


def consistency_proof(old_size: int, new_size: int, node: NodeLookup) -> tuple[bytes, ...]:
    """Return the path that proves the tree of ``old_size`` leaves a beginning of that of ``new_size``."""
    return tuple(_hash_of(part, node) for part in _consistency_ranges(old_size, new_size))


def root_at(size: int, node: NodeLookup) -> bytes:
    """Return the root of the tree of the first ``size`` leaves."""
    return _hash_of((0, size), node) if size else EMPTY_ROOT


def inclusion_nodes(index: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return the complete nodes (level, index) that ``inclusion_proof`` will look up."""
    return tuple(peak for part in _inclusion_ranges(index, size) for peak in _peaks(part))


def consistency_nodes(old_size: int, new_size: int) -> tuple[tuple[int, int], ...]:
    """Return the complete nodes (level, index) that ``consistency_proof`` will look up."""
    return tuple(peak for part in _consistency_ranges(old_size, new_size) for peak in _peaks(part))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether the path proves the leaf at ``index`` of the tree of this size and root."""
    if not (_are_sizes(index, size) and index < size and _are_hashes(leaf, root) and _is_path(path)):
        return False
    at, last, reached = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(step, reached)
            at, last = _climbed(at, last)
        else:
            reached = node_hash(reached, step)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Say whether the path proves that the new tree begins with all leaves of the old one, in their order."""
    if not (_are_sizes(old_size, new_size) and _are_hashes(old_root, new_root) and _is_path(path)):
        return False
    if old_size == new_size:
        return not path and old_root == new_root and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if old_size > new_size or not path:
        return False
    steps = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    return _roots_by(steps, old_size, new_size) == (old_root, new_root)


def _roots_by(steps: list[bytes], old_size: int, new_size: int) -> tuple[bytes, bytes] | None:
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            at, last = _climbed(at, last)
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None


def _climbed(at: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a node on the right edge has no sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _inclusion_ranges(index: int, size: int) -> list[_Range]:
    if not 0 <= index < size <= MAX_SIZE:
        raise LedgerError(f"no proof of entry {index} in a ledger of {size} entries: it has no such entry")
    parts, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    return parts[::-1]


def _consistency_ranges(old_size: int, new_size: int) -> list[_Range]:
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise LedgerError(f"no proof that a ledger of {new_size} entries continues one of {old_size} entries")
    if old_size == 0:
        return []
    parts, start, end = [], 0, new_size
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    if start:  # else the old tree is itself a complete node, whose hash the verifier has: its root
        parts.append((start, end))
    return parts[::-1]


def _split(width: int) -> int:
    """Return the largest power of two below ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _peaks(part: _Range) -> tuple[tuple[int, int], ...]:
    start, end = part
    return tuple((level, index + (start >> level)) for level, index in peaks_of(end - start))


def _hash_of(part: _Range, node: NodeLookup) -> bytes:
    """Return the hash of a subtree, complete or ragged at its right edge."""
    *larger, (level, index) = _peaks(part)
    found = node(level, index)
    for level, index in reversed(larger):
        found = node_hash(node(level, index), found)
    return found


def _are_sizes(*values: int) -> bool:
    return all(type(value) is int and 0 <= value <= MAX_SIZE for value in values)


def _are_hashes(*values: bytes) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_BYTES for value in values)


def _is_path(path: Sequence[bytes]) -> bool:
    return isinstance(path, list | tuple) and _are_hashes(*path)
