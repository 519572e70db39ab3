"""Documents that acts supplied: kept sealed beside the packet, and named as its record names them."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from posology.errors import InternalError
from posology.records import Document, parse_date
from posology.store import Cipher, Writing
from posology.store.schema import attachments

__all__ = ["add_attachment", "load_attachments"]

_SOURCE = "attachment/"


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


def load_attachments(connection: Connection, cipher: Cipher, packet_id: str) -> tuple[Document, ...]:
    """Return a packet's attached documents in the order in which they came."""
    query = select(attachments).where(attachments.c.packet_id == packet_id).order_by(attachments.c.number)
    return tuple(_document(row, cipher) for row in connection.execute(query))


def _document(row: Row[Any], cipher: Cipher) -> Document:
    body = json.loads(cipher.open(row.body, _place(row.id)))
    return Document(f"{_SOURCE}{row.number}", body["title"], "note", body["text"], parse_date(body["date"]))


def _place(identifier: str) -> str:
    return f"attachments/body/{identifier}"
