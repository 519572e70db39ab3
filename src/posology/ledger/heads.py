"""Signed heads: what the ledger was at a moment, signed, to be kept where the ledger's keeper cannot reach.

A head says that the ledger ``log`` had ``size`` entries with this Merkle root. Whoever holds one can find
any later change of those entries. The signature (Ed25519) is over the canonical JSON of the other keys.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from posology.errors import KeyFileError, LedgerError, OutputError
from posology.ledger.entries import canonical, format_time, parse_time
from posology.ledger.values import COUNT, HASH, ID, SIGNATURE

__all__ = [
    "HEAD_FORMAT",
    "SignedHead",
    "SigningKey",
    "append_head",
    "key_id_of",
    "read_heads",
    "sign_head",
    "sign_successor",
    "verify_head",
    "verify_successor",
]

HEAD_FORMAT = "ledger-head/1"
KEY_FORMAT = "ledger-key/1"
KEY_BYTES = 32
_KEYS = frozenset(("posology", "log", "size", "root", "at", "key_id", "signature"))


def key_id_of(public_key: bytes) -> str:
    """Return the short name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


class SigningKey:
    """The ledger's private Ed25519 key; its repr shows the key's id alone."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold a key; ``generate`` and ``from_bytes`` make one."""
        self._key = key

    @classmethod
    def generate(cls) -> "SigningKey":
        """Return a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, secret: bytes) -> "SigningKey":
        """Return the key of these 32 bytes."""
        if len(secret) != KEY_BYTES:
            raise KeyFileError(f"a signing key of the ledger has {KEY_BYTES} bytes, not {len(secret)}")
        return cls(Ed25519PrivateKey.from_private_bytes(secret))

    def to_bytes(self) -> bytes:
        """Return the secret, 32 bytes."""
        return self._key.private_bytes_raw()

    def public_bytes(self) -> bytes:
        """Return the public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Return the short name of the public key."""
        return key_id_of(self.public_bytes())

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        """Show the key's id."""
        return f"SigningKey({self.key_id})"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A signed statement of what the ledger was: its id, size, root and the time of signing."""

    log: str
    size: int
    root: bytes
    at_us: int
    key_id: str
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """Return the head as a JSON object; bytes stand in hexadecimal."""
        return _statement(self) | {"signature": self.signature.hex()}

    @classmethod
    def from_json(cls, value: Any) -> "SignedHead":
        """Return the head of a JSON object; raise LedgerError where it is not exactly one."""
        fault = _fault(value)
        at_us = None if fault else parse_time(value["at"])
        if fault or at_us is None:
            raise LedgerError(f"not a signed head of a ledger: {fault or 'at is not a time'}")
        root, signature = bytes.fromhex(value["root"]), bytes.fromhex(value["signature"])
        return cls(value["log"], value["size"], root, at_us, value["key_id"], signature)


def sign_head(key: SigningKey, log: str, size: int, root: bytes, at_us: int) -> SignedHead:
    """Return the head of a ledger at this size, signed."""
    unsigned = SignedHead(log, size, root, at_us, key.key_id, b"")
    signature = key.sign(canonical(_statement(unsigned)))
    head = SignedHead(log, size, root, at_us, key.key_id, signature)
    return SignedHead.from_json(head.as_json())  # what could not be read back is not given out


def verify_head(head: SignedHead, public_key: bytes) -> bool:
    """Say whether this key signed this head."""
    if head.key_id != key_id_of(public_key):
        return False
    return _is_signed(public_key, head.signature, canonical(_statement(head)))


def sign_successor(key: SigningKey, log: str, public_key: bytes) -> bytes:
    """Return the signature by which a signing key names the one that follows it."""
    return key.sign(_succession(log, key.key_id, public_key))


def verify_successor(public_key: bytes, log: str, next_public_key: bytes, signature: bytes) -> bool:
    """Say whether a signing key named the next one as its follower."""
    return _is_signed(public_key, signature, _succession(log, key_id_of(public_key), next_public_key))


def read_heads(path: Path) -> tuple[SignedHead, ...]:
    """Return the heads of a file of heads, oldest first; raise LedgerError where one contradicts another."""
    try:
        return _parse_heads(path.read_bytes(), path)
    except OSError as cause:
        raise LedgerError(f"{path}: cannot be read ({cause.strerror})") from cause


def append_head(path: Path, head: SignedHead) -> None:
    """Add a head to a file of heads, on disk when this returns.

    Raise LedgerError where the ledger has become shorter or another one since the file's last head, and
    OutputError, leaving the file as it was, where it cannot be written.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be opened for writing ({cause.strerror})") from cause
    try:
        _lock(file)
        _append(file, head, path)
    except OSError as cause:
        raise OutputError(f"{path}: the head was not written ({cause.strerror})") from cause
    finally:
        os.close(file)  # this also gives the lock back


def _append(file: int, head: SignedHead, path: Path) -> None:
    size = os.fstat(file).st_size
    present = _parse_heads(path.read_bytes(), path)
    if present:
        _require_continued(present[-1], head, str(path))
    line = canonical(head.as_json()) + b"\n"
    try:
        if os.write(file, line) != len(line):
            raise OSError(0, "the disk is full")
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def _lock(file: int) -> None:
    """Wait until no other process appends; elsewhere than on POSIX one process alone may append."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _parse_heads(data: bytes, path: Path) -> tuple[SignedHead, ...]:
    if data and not data.endswith(b"\n"):
        raise LedgerError(f"{path}: the last line is cut off; remove it, then write the head again")
    heads: list[SignedHead] = []
    for number, line in enumerate(data.splitlines(), start=1):
        where = f"{path}, line {number}"
        try:
            head = SignedHead.from_json(json.loads(line))
        except (ValueError, RecursionError) as cause:
            raise LedgerError(f"{where}: not JSON") from cause
        except LedgerError as cause:
            raise LedgerError(f"{where}: {cause}") from cause
        if heads:
            _require_continued(heads[-1], head, where)
        heads.append(head)
    return tuple(heads)


def _require_continued(last: SignedHead, head: SignedHead, where: str) -> None:
    advice = "keep both heads and find out what happened to the ledger"
    if head.log != last.log:
        raise LedgerError(
            f"{where}: the head is of ledger {head.log}, the one before of {last.log}; {advice}"
        )
    if head.size < last.size:
        raise LedgerError(f"{where}: the head has {head.size} entries, the one before {last.size}; {advice}")
    if head.size == last.size and head.root != last.root:
        raise LedgerError(f"{where}: two heads of {head.size} entries have different roots; {advice}")


def _statement(head: SignedHead) -> dict[str, Any]:
    return {
        "posology": HEAD_FORMAT,
        "log": head.log,
        "size": head.size,
        "root": head.root.hex(),
        "at": format_time(head.at_us),
        "key_id": head.key_id,
    }


def _succession(log: str, key_id: str, public_key: bytes) -> bytes:
    after = {"posology": KEY_FORMAT, "log": log, "after": key_id, "public_key": public_key.hex()}
    return canonical(after)


def _is_signed(public_key: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _fault(value: Any) -> str:
    if not isinstance(value, Mapping) or value.keys() != _KEYS:
        return f"it must have the keys {', '.join(sorted(_KEYS))} and no others"
    if value["posology"] != HEAD_FORMAT:
        return f"posology is not {HEAD_FORMAT}"
    rules = {"log": ID, "size": COUNT, "root": HASH, "key_id": ID, "signature": SIGNATURE}
    for key, rule in rules.items():
        if not rule.holds(value[key]):
            return f"{key} is not {rule.words}"
    return "" if isinstance(value["at"], str) else "at is not a time"
