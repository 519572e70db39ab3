"""The key that signs the heads of a store's ledger, derived from the data key "ledger"."""

from posology.ledger.heads import SigningKey
from posology.store.keys import Cipher

__all__ = ["signing_key"]


def signing_key(cipher: Cipher) -> SigningKey:
    """Return the Ed25519 key that belongs to the ledger's data key: always the same for the same one."""
    return SigningKey.from_bytes(bytes.fromhex(cipher.hash("ledger signing key", b"ed25519")))
