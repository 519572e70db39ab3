"""Documents that acts supplied: kept sealed beside the packet, and named as its record names them."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from posology.errors import InternalError
from posology.records import Document, parse_date
from posology.review.recent import Recent
from posology.store import Cipher, Writing
from posology.store.schema import attachments

__all__ = ["add_attachment", "forget_attachments", "load_attachments"]

_SOURCE = "attachment/"
_ATTACHED: Recent[tuple[Document, ...]] = Recent(count=128, size_bytes=64 << 20)


def add_attachment(w: Writing, cipher: Cipher, packet_id: str, document: Document) -> str:
    """Seal and insert a document, and return its id."""
    number = document.source.removeprefix(_SOURCE)
    if not number.isdigit():
        raise InternalError("attachment: its source is not attachment/NUMBER; nothing was kept")
    identifier = f"{packet_id}.{number}"
    day = document.date.text if document.date else ""
    body = {"title": document.title, "date": day, "text": document.text}
    row = {
        "id": identifier,
        "packet_id": packet_id,
        "number": int(number),
        "created_us": w.now_us,
        "created_by": w.actor.id,
        "body": cipher.seal(json.dumps(body, ensure_ascii=False).encode(), _place(identifier)),
    }
    w.insert(attachments, row)
    return identifier


def load_attachments(
    connection: Connection, cipher: Cipher, packet_id: str, number: int
) -> tuple[Document, ...]:
    """Return the first ``number`` documents that were attached to a packet, in their order."""
    key = (packet_id, cipher.key_id, number)
    return _ATTACHED.get(key, lambda: _load(connection, cipher, packet_id, number)) if number else ()


def _load(
    connection: Connection, cipher: Cipher, packet_id: str, number: int
) -> tuple[tuple[Document, ...], int]:
    mine = (attachments.c.packet_id == packet_id) & (attachments.c.number <= number)
    rows = connection.execute(select(attachments).where(mine).order_by(attachments.c.number))
    documents = tuple(_document(row, cipher) for row in rows)
    return documents, sum(2 * len(one.text) for one in documents)


def forget_attachments(packet_id: str) -> None:
    """Drop a packet's attached documents from memory once it is deleted."""
    _ATTACHED.forget(lambda key: isinstance(key, tuple) and key[0] == packet_id)


def _document(row: Row[Any], cipher: Cipher) -> Document:
    body = json.loads(cipher.open(row.body, _place(row.id)))
    return Document(f"{_SOURCE}{row.number}", body["title"], "note", body["text"], parse_date(body["date"]))


def _place(identifier: str) -> str:
    return f"attachments/body/{identifier}"
