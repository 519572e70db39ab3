"""Rows that the ledger does not bind by digest: what was read already, what is typed and not yet saved."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from posology.errors import KeyFileError
from posology.store.keys import Cipher
from posology.store.schema import packets, reads, scratches
from posology.store.store import Store
from posology.store.walk import Findings, ReadEntry

__all__ = ["check_unbound"]


def check_unbound(
    store: Store, connection: Connection, entries: Mapping[ReadEntry, int], findings: Findings
) -> None:
    """Note each row that no entry explains, or whose sealed text does not open in its place."""
    _check_reads(connection, entries, findings)
    _check_scratches(store, connection, findings)


def _check_reads(connection: Connection, entries: Mapping[ReadEntry, int], findings: Findings) -> None:
    """A row that no entry explains would let a reading of that session go unrecorded."""
    seen: Counter[ReadEntry] = Counter()
    query = select(reads).order_by(reads.c.id)
    options = {"stream_results": True, "yield_per": 2000}
    for number, row in enumerate(connection.execute(query, execution_options=options), start=1):
        session, _, what = row.id.partition(".")
        packet, _, source = what.partition(".")
        entry = ReadEntry(session, packet, source, row.at_us)
        seen[entry] += 1
        if seen[entry] > entries.get(entry, 0):
            findings.add(f"reads: row {number}: the ledger holds no such reading: it was added or altered")


def _check_scratches(store: Store, connection: Connection, findings: Findings) -> None:
    query = select(scratches, packets.c.key_id).outerjoin(packets, packets.c.id == scratches.c.packet_id)
    options = {"stream_results": True, "yield_per": 100}
    ciphers: dict[str | None, Cipher | None] = {}
    for number, row in enumerate(connection.execute(query, execution_options=options), start=1):
        if row.key_id not in ciphers:
            ciphers = {row.key_id: _cipher(store, connection, row.key_id)}
        fault = _scratch_fault(row, ciphers[row.key_id])
        if fault:
            findings.add(f"scratches: row {number}: {fault}")


def _cipher(store: Store, connection: Connection, key_id: str | None) -> Cipher | None:
    if key_id is None:  # its packet is gone
        return None
    try:
        return store.ciphers(connection, [key_id]).get(key_id)
    except KeyFileError:
        return None


def _scratch_fault(row: Row[Any], cipher: Cipher | None) -> str:
    if row.id != f"{row.user_id}.{row.packet_id}.{row.target}":
        return "its columns do not say what its id says: it was altered"
    if cipher is None:
        return "its packet or its key is gone or altered"
    try:
        cipher.open(row.text, f"scratches/text/{row.id}")
    except KeyFileError:
        return "its text does not open in this place: it was altered or moved"
    return ""
