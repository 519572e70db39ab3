"""Keys: master keys from outside the store, data keys inside it, and what they seal.

A master key wraps data keys; a data key seals the values of one packet, one chart, or one purpose of the
whole store (the search index, the ledger's keyed hashes, its signatures). Sealed is AES-256-GCM (NIST SP
800-38D) with a random nonce of 12 bytes; the table, column and row of a value are its associated data, so
that no value can be moved to another place. Destroying a data key makes all it sealed unreadable.
"""

import base64
import hmac
import os
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from posology.errors import KeyFileError
from posology.files import write_atomic

__all__ = ["Cipher", "MasterKey", "MasterKeys", "new_key_file", "parse_keys", "read_keys", "render_keys"]

FORMAT = "posology-key/1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_LARGEST = 1 << 30  # bytes that a value may have once it is inflated
ENVIRONMENT_KEY = "POSOLOGY_KEY"
ENVIRONMENT_FILE = "POSOLOGY_KEY_FILE"


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """A key of 32 bytes that wraps data keys; its id is a hash of it."""

    secret: bytes

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        if len(self.secret) != KEY_BYTES:
            raise KeyFileError(f"an encryption key has {KEY_BYTES} bytes, this one {len(self.secret)}")

    @property
    def id(self) -> str:
        """Return the first 16 hexadecimal digits of the key's SHA-256."""
        return sha256(b"posology master key\0" + self.secret).hexdigest()[:16]

    def wrap(self, data_key: bytes, key_id: str) -> bytes:
        """Seal a data key under its id."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, data_key, f"keys/{key_id}".encode())

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Open a data key; raise KeyFileError where this is not the key that wrapped it."""
        nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return AESGCM(self.secret).decrypt(nonce, body, f"keys/{key_id}".encode())
        except (InvalidTag, ValueError) as cause:
            raise KeyFileError(
                f"data key {key_id}: the master key {self.id} does not open it; "
                "it was altered, or wrapped by another key"
            ) from cause

    def __repr__(self) -> str:
        """Show the id only."""
        return f"MasterKey({self.id})"


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master keys at hand: the first wraps, the others only open what they wrapped before."""

    keys: tuple[MasterKey, ...]
    source: str = "key"

    @property
    def current(self) -> MasterKey:
        """Return the key that wraps."""
        return self.keys[0]

    def of(self, master_id: str) -> MasterKey:
        """Return the key of an id; raise KeyFileError that names the id where it is not at hand."""
        for key in self.keys:
            if key.id == master_id:
                return key
        known = ", ".join(key.id for key in self.keys)
        raise KeyFileError(
            f"{self.source}: the store was encrypted with the key {master_id}, and only {known} is here; "
            "name the file that holds it (key_file in [serve], or POSOLOGY_KEY_FILE)"
        )


def parse_keys(text: str, source: str) -> MasterKeys:
    """Parse the lines of a key file, the newest key first; ``#`` begins a comment."""
    lines = [line.strip() for line in text.splitlines()]
    rows = [line for line in lines if line and not line.startswith("#")]
    if not rows:
        raise KeyFileError(f"{source}: holds no key; make one with `posology store new-key FILE`")
    keys = tuple(_parse_line(row, source) for row in rows)
    if len({key.id for key in keys}) != len(keys):
        raise KeyFileError(f"{source}: holds the same key twice")
    return MasterKeys(keys, source)


def _parse_line(row: str, source: str) -> MasterKey:
    words = row.split()
    if len(words) != 3 or words[0] != FORMAT:
        raise KeyFileError(f"{source}: a line of a key file reads `{FORMAT} ID BASE64`")
    try:
        key = MasterKey(base64.b64decode(words[2], validate=True))
    except ValueError as cause:
        raise KeyFileError(f"{source}: the key {words[1]} is not base64") from cause
    if key.id != words[1]:
        raise KeyFileError(f"{source}: the key {words[1]} is damaged: its id does not match")
    return key


def render_keys(keys: Sequence[MasterKey]) -> str:
    """Return the text of a key file."""
    rows = [f"{FORMAT} {key.id} {base64.b64encode(key.secret).decode()}\n" for key in keys]
    return "# Keys of a Posology store. Who has them can read it; without them nobody can.\n" + "".join(rows)


def new_key_file(path: Path) -> MasterKeys:
    """Make a key file with one new key, readable by its owner only; refuse to replace one."""
    if path.exists():
        raise KeyFileError(f"{path}: is there already; a key that is replaced is lost with all it sealed")
    keys = MasterKeys((MasterKey(secrets.token_bytes(KEY_BYTES)),), str(path))
    write_atomic(path, render_keys(keys.keys).encode())
    path.chmod(0o600)
    return keys


def read_keys(path: Path | None, environ: Mapping[str, str]) -> MasterKeys:
    """Read the master keys: from a file, else from POSOLOGY_KEY_FILE, else from POSOLOGY_KEY."""
    named = environ.get(ENVIRONMENT_FILE)
    file = path or (Path(named) if named else None)
    if file is not None:
        return parse_keys(_read_private(file), str(file))
    if environ.get(ENVIRONMENT_KEY):
        return parse_keys(environ[ENVIRONMENT_KEY], ENVIRONMENT_KEY)
    raise KeyFileError(
        "no encryption key: the store is encrypted and does not open without one. Make one with "
        "`posology store new-key FILE`, keep a copy elsewhere, and name it: key_file in [serve] of "
        "posology.toml, POSOLOGY_KEY_FILE, or the key itself in POSOLOGY_KEY"
    )


def _read_private(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as cause:
        why = getattr(cause, "strerror", None) or "not a key file"
        raise KeyFileError(f"{path}: the key file cannot be read ({why})") from cause
    if mode & 0o077:
        raise KeyFileError(f"{path}: others can read this key file; run: chmod 600 {path}")
    return text


@dataclass(frozen=True, repr=False)
class Cipher:
    """Seals and opens the values of one data key."""

    key_id: str
    secret: bytes
    _aes: AESGCM = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the key once."""
        object.__setattr__(self, "_aes", AESGCM(self.secret))

    def seal(self, value: bytes, place: str) -> bytes:
        """Deflate and encrypt a value; ``place`` is ``table/column/row``."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, zlib.compress(value, 3), place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt a value; raise KeyFileError where it was altered, moved or sealed by another key."""
        try:
            deflated = self._aes.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as cause:
            raise KeyFileError(
                f"{place}: the value does not open with its key: it was altered or moved"
            ) from cause
        inflater = zlib.decompressobj()
        value = inflater.decompress(deflated, _LARGEST)
        if not inflater.eof:
            raise KeyFileError(f"{place}: the value is larger than {_LARGEST} bytes")
        return value

    def hash(self, purpose: str, value: bytes) -> str:
        """Return a keyed hash (HMAC-SHA-256, hexadecimal): equal for equal values, tells nothing else."""
        subkey = hmac.digest(self.secret, b"posology hash\0" + purpose.encode(), "sha256")
        return hmac.new(subkey, value, sha256).hexdigest()

    def __repr__(self) -> str:
        """Show which key, not the key."""
        return f"Cipher({self.key_id})"
