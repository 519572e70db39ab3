"""A new master key: every data key is wrapped again, and nothing that they seal is touched."""

from sqlalchemy import select

from posology.errors import KeyFileError
from posology.ledger.entries import Kind
from posology.store.actors import SYSTEM, Actor
from posology.store.keys import MasterKeys
from posology.store.schema import keys
from posology.store.store import Store

__all__ = ["rotate_master"]


def rotate_master(store: Store, masters: MasterKeys, actor: Actor = SYSTEM) -> int:
    """Wrap every data key under the first key of ``masters``; return how many were wrapped anew.

    One transaction: afterwards the new key alone opens the store. The keys that wrapped until now must be
    among the store's or the new ones; KeyFileError names the one that is missing.
    """
    new, old = masters.current, MasterKeys((*store.masters.keys, *masters.keys), store.masters.source)
    with store.write(actor) as w:
        rows = w.connection.execute(select(keys).where(keys.c.master_id != new.id).order_by(keys.c.id)).all()
        for row in rows:
            secret = old.of(row.master_id).unwrap(row.wrapped, row.id)
            w.update(keys, row.id, {"wrapped": new.wrap(secret, row.id), "master_id": new.id})
        if not rows:
            raise KeyFileError(f"{masters.source}: the key {new.id} wraps this store's keys already")
        was = sorted({row.master_id for row in rows})[0]
        details = {"what": "master", "key_id": new.id, "old_key_id": was, "keys": len(rows)}
        w.record(Kind.KEY_ROTATED, details=details)
    store.masters = masters
    return len(rows)
