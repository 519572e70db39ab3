"""The store: database, encryption and the ledger's rows, with no way to write that is not recorded."""

from posology.store.actors import SYSTEM, Actor, Role
from posology.store.keys import Cipher, MasterKey, MasterKeys, new_key_file, parse_keys, read_keys
from posology.store.opening import init_store, open_store
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
    "init_store",
    "new_id",
    "new_key_file",
    "open_store",
    "parse_keys",
    "read_keys",
]
