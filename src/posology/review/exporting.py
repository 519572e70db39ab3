"""Letters to read and exports to send: cited spans only, whole documents by an explicit act."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from posology.errors import Conflict, NotFound, RequestError
from posology.ledger.entries import Kind
from posology.priorauth import Packet
from posology.priorauth.letter import Signature, build_view, render_html, render_markdown, render_pdf
from posology.records import Document
from posology.review.archives import pack
from posology.review.charts import load_chart
from posology.review.disclosing import cited_sources, disclosed_record
from posology.review.heads import require_packet
from posology.review.packets import OpenPacket, open_packet
from posology.review.permitted import CLINICIANS, PREPARERS, require_role
from posology.review.recent import Recent
from posology.review.signatures import standing_signature
from posology.review.signing import Signed, signed_of
from posology.review.sources import source_hash
from posology.review.states import State
from posology.review.versions import load_version
from posology.store import Actor, Store, Writing, new_id
from posology.store.schema import exports
from posology.store.store import AUDIT_KEY

__all__ = ["REASONS", "Export", "ExportForm", "LetterForm", "Wanted", "export", "forget_letters", "letter_of"]

ExportForm = Literal["pdf", "html", "json", "zip"]
LetterForm = Literal["pdf", "html", "md"]
_MEDIA_TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "zip": "application/zip",
}
_LETTERS: Recent[bytes] = Recent(count=128, size_bytes=64 << 20)


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """A file that leaves the house; its name says nothing of the patient."""

    id: str
    name: str
    media_type: str
    data: bytes
    signed: bool

    def __repr__(self) -> str:
        """Show the name and the size."""
        return f"Export({self.name}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported; ``documents`` names whole documents that a clinician discloses, and why."""

    form: ExportForm
    documents: tuple[str, ...] = ()
    reason: str = "payer-asked"

    def __repr__(self) -> str:
        """Show the form and the count of documents."""
        return f"Wanted({self.form}, {len(self.documents)} documents)"


REASONS = ("payer-asked", "appeal", "other")


@dataclass(frozen=True)
class _Letter:
    """What a letter is made from: a version's record and the signature under it, if one stands."""

    packet_id: str
    key_id: str
    version: int
    record: Mapping[str, Any]
    signed: Signed | None

    def render(self, form: str) -> bytes:
        """Return the letter; the signed one tells nothing beyond what may be disclosed."""
        signature = self.signed.id if self.signed else ""
        key = (self.packet_id, self.key_id, self.version, signature, form)
        return _LETTERS.get(key, lambda: self._made(form))

    def _made(self, form: str) -> tuple[bytes, int]:
        signature = self.signed.letter if self.signed else None
        shown = disclosed_record(self.record) if self.signed else self.record
        data = _rendered(shown, signature, form)
        return data, len(data)


def _rendered(record: Mapping[str, Any], signature: Signature | None, form: str) -> bytes:
    view = build_view(record, packet_sha256=Packet(record, {}).sha256, signature=signature)
    if form == "pdf":
        return render_pdf(view)
    return (render_html(view) if form == "html" else render_markdown(view)).encode()


def forget_letters(packet_id: str) -> None:
    """Drop a packet's letters from memory once it is deleted."""
    _LETTERS.forget(lambda key: isinstance(key, tuple) and key[0] == packet_id)


def letter_of(store: Store, actor: Actor, packet_id: str, form: LetterForm) -> bytes:
    """Return the letter to read: signed where a signature stands, else marked DRAFT on every page.

    The signed one could be sent as it is, so each reading of it is recorded; of a withdrawn packet there is
    a DRAFT only.
    """
    if form not in get_args(LetterForm):
        raise RequestError(f"letter: the form is one of {', '.join(get_args(LetterForm))}")
    opened = open_packet(store, actor, packet_id)
    letter = _letter(store, opened)
    if opened.head.state == State.WITHDRAWN:
        letter = replace(letter, signed=None)
    data = letter.render(form)
    if letter.signed is not None:
        with store.write(actor) as w:
            said = {"form": f"letter-{form}"}
            w.record(Kind.PACKET_READ, packet=packet_id, version=letter.version, details=said)
    return data


def _letter(store: Store, opened: OpenPacket) -> _Letter:
    with store.read() as connection:
        row = require_packet(connection, opened.head.id)
        standing = standing_signature(connection, row.id)
        signed = signed_of(standing, store.cipher(connection, row.key_id)) if standing else None
        version = signed.version if signed else opened.head.version
        record = load_version(store, connection, row.id, row.key_id, version).record
    return _Letter(row.id, row.key_id, version, record, signed)


def export(store: Store, actor: Actor, packet_id: str, wanted: Wanted) -> Export:
    """Make a file to send and record it before it is handed out.

    Without a signature only the letter is given, as PDF or HTML, marked DRAFT. The same signed version gives
    the same bytes. Whole documents go into a ZIP of a signed packet, by a clinician's explicit list.
    """
    require_role(actor, "export", PREPARERS)
    if wanted.documents:
        require_role(actor, "disclosure of whole documents", CLINICIANS)
    opened = open_packet(store, actor, packet_id)
    if opened.head.state == State.WITHDRAWN:
        raise Conflict("export: the packet is withdrawn; nothing of it goes out any more")
    letter = _letter(store, opened)
    _require_exportable(letter, wanted)
    documents = _documents(store, opened, wanted)
    data = _file(letter, wanted, documents)
    identifier = _record(store, actor, letter, wanted, data)
    draft = "" if letter.signed else "-DRAFT"
    name = f"packet-{packet_id[:12]}-v{letter.version}{draft}.{wanted.form}"
    return Export(identifier, name, _MEDIA_TYPES[wanted.form], data, letter.signed is not None)


def _require_exportable(letter: _Letter, wanted: Wanted) -> None:
    if wanted.form not in get_args(ExportForm):
        raise RequestError(f"export: the form is one of {', '.join(get_args(ExportForm))}")
    if letter.signed is None and wanted.form in ("json", "zip"):
        raise Conflict(
            "export: nobody has signed the packet; until then only a DRAFT as PDF or HTML is given"
        )
    if wanted.documents and wanted.form != "zip":
        raise RequestError("export: whole documents go into a ZIP; choose the form zip")
    if wanted.documents and wanted.reason not in REASONS:
        raise RequestError(f"export: the reason for whole documents is one of {', '.join(REASONS)}")
    if len(set(wanted.documents)) != len(wanted.documents):
        raise RequestError("export: a document is named twice")


def _documents(store: Store, opened: OpenPacket, wanted: Wanted) -> tuple[Document, ...]:
    if not wanted.documents:
        return ()
    chart = load_chart(store, opened.head.chart_id)
    known = {one.source: one for one in (*chart.documents, *opened.attachments)}
    if any(source not in known for source in wanted.documents):
        raise NotFound("export: the chart has no document of one of these names")
    return tuple(known[source] for source in wanted.documents)


def _file(letter: _Letter, wanted: Wanted, documents: tuple[Document, ...]) -> bytes:
    if wanted.form in ("pdf", "html"):
        return letter.render(wanted.form)
    shown = disclosed_record(letter.record)
    if wanted.form == "json":
        return Packet(shown, {}).to_bytes()
    return _archive(letter, shown, documents)


def _archive(letter: _Letter, shown: Mapping[str, Any], documents: tuple[Document, ...]) -> bytes:
    """Return the ZIP: letter, record, cited passages, documents that were listed, and hashes of them all."""
    files = [(f"letter.{form}", letter.render(form)) for form in ("pdf", "html")]
    files += [("packet.json", Packet(shown, {}).to_bytes()), ("sources.json", _json(cited_sources(shown)))]
    listed = []
    for number, document in enumerate(documents, start=1):
        name = f"documents/{number:02}.txt"
        files.append((name, document.text.encode()))
        day = document.date.text if document.date else ""
        listed.append({"file": name, "source": document.source, "title": document.title, "date": day})
    if listed:
        files.append(("documents.json", _json(listed)))
    signed = letter.signed
    if signed is None:
        raise Conflict("export: nobody has signed the packet")
    at = datetime.fromtimestamp(signed.signed_us / 1e6, UTC)
    manifest = {
        "posology": "export/1",
        "packet": letter.packet_id,
        "version": letter.version,
        "signed": {"name": signed.name, "npi": signed.npi, "at": at.isoformat(timespec="seconds")},
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files},
    }
    files.append(("manifest.json", _json(manifest)))
    stamp = (max(1980, at.year), at.month, at.day, at.hour, at.minute, at.second)
    return pack(files, stamp)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _record(store: Store, actor: Actor, letter: _Letter, wanted: Wanted, data: bytes) -> str:
    """Record an export, unless the signature under it was voided while it was made."""
    hashes = [source_hash(store, letter.packet_id, source) for source in wanted.documents]
    identifier = new_id()
    with store.write(actor) as w:
        require_packet(w.connection, letter.packet_id)
        standing = standing_signature(w.connection, letter.packet_id)
        if (standing.id if standing else None) != (letter.signed.id if letter.signed else None):
            raise Conflict("export: the packet was signed or changed meanwhile; export it again")
        hashed = w.cipher(AUDIT_KEY).hash("export", data)
        w.insert(exports, _row(w, identifier, letter, wanted, hashed))
        details = {
            "export": identifier,
            "form": wanted.form,
            "documents": len(hashes),
            "signed": letter.signed is not None,
            "size_bytes": len(data),
            "hash": hashed,
        }
        w.record(Kind.PACKET_EXPORTED, packet=letter.packet_id, version=letter.version, details=details)
        for hashed_source in hashes:
            told = {"export": identifier, "hash": hashed_source, "reason": wanted.reason}
            disclosed = Kind.PACKET_DOCUMENT_DISCLOSED
            w.record(disclosed, packet=letter.packet_id, version=letter.version, details=told)
    return identifier


def _row(w: Writing, identifier: str, letter: _Letter, wanted: Wanted, hashed: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "packet_id": letter.packet_id,
        "version": letter.version,
        "form": wanted.form,
        "documents": len(wanted.documents),
        "created_us": w.now_us,
        "created_by": w.actor.id,
        "hash": hashed,
    }
