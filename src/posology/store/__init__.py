"""The store: database, encryption and the ledger's rows, with no way to write that is not recorded."""

from posology.store.actors import SYSTEM, Actor, Role
from posology.store.keys import Cipher, MasterKey, MasterKeys, new_key_file, parse_keys, read_keys
from posology.store.store import Store, Writing, clock_us, new_id

__all__ = [
    "SYSTEM",
    "Actor",
    "Cipher",
    "MasterKey",
    "MasterKeys",
    "Role",
    "Store",
    "Writing",
    "clock_us",
    "new_id",
    "new_key_file",
    "parse_keys",
    "read_keys",
]
