"""Signing: what a clinician attests, in plain words, and the signature that any later act voids."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from posology.config import is_npi
from posology.errors import Conflict, NotAllowed
from posology.ledger.entries import Kind
from posology.priorauth.letter import Signature
from posology.priorauth.record import unconfirmed
from posology.review.heads import require_packet
from posology.review.permitted import CLINICIANS, PREPARERS, require_role
from posology.review.sessions import PROVED_MINUTES
from posology.review.signatures import standing_signature
from posology.review.states import State, require_state
from posology.review.versions import load_version, packet_hash
from posology.store import Actor, Cipher, Store, Writing, new_id
from posology.store.schema import packets, signatures, users

__all__ = ["Signed", "Signing", "Statement", "sign", "signature_of", "signed_of", "statement_for"]

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What is attested: ``text`` is shown and kept word for word, ``open`` is what is still open in it.

    It names criteria and fields by the policy's words and holds nothing of the patient.
    """

    text: str
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signing:
    """A person's wish to sign: the version they read, what they ticked, when they gave their password.

    ``policies`` are the hashes of the policies that the site has now; ``None`` where the caller has none.
    """

    version: int
    acknowledged: bool  # that something is open, where something is
    proved_us: int
    policies: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that stands; ``letter`` is how the letter shows it."""

    id: str
    version: int
    user_id: str
    name: str
    npi: str
    signed_us: int
    statement: str

    @property
    def letter(self) -> Signature:
        """Return the signature as the letter prints it, its time in UTC."""
        at = datetime.fromtimestamp(self.signed_us / 1e6, UTC)
        return Signature(self.name, self.npi, at.strftime("%Y-%m-%d %H:%M UTC"))


def statement_for(record: Mapping[str, Any]) -> Statement:
    """Say in plain words what a signature under this packet attests."""
    policy = record["policy"]
    open_points = tuple(_open_points(record))
    lines = [
        f"You sign a prior authorization request to {policy['payer']} under its policy {policy['id']}, "
        f"version {policy['version']}.",
        "By signing you state that you have read this letter and the passages that it cites, and that to the "
        "best of your knowledge it is accurate and supported by the patient's medical record.",
        _criteria_words(record),
        _sentence_words(record),
        "Software drafted and checked the letter; the responsibility for it is yours. Any change after you "
        "sign voids your signature.",
    ]
    if open_points:
        lines.append("You sign although this is open:")
        lines += [f"- {point}" for point in open_points]
    return Statement("\n".join(line for line in lines if line), open_points)


def _criteria_words(record: Mapping[str, Any]) -> str:
    rows = record["criteria"]
    by = Counter("person" if row["basis"] == "human" else row["basis"] for row in rows)
    read = by["text"] + by["absence"]
    return (
        f"The policy has {len(rows)} criteria: {by['structured']} decided by rules on structured data, "
        f"{read} read from notes, {by['person']} decided or confirmed by a person, "
        f"{by['none'] + by['conflict']} not decided."
    )


def _sentence_words(record: Mapping[str, Any]) -> str:
    rows = record["narrative"]
    people = sum(row["written_by"] == "person" for row in rows)
    templates = sum(row["written_by"] == "template" for row in rows)
    unchecked = sum(row["verdict"] != "supported" for row in rows)
    words = (
        f"The letter has {len(rows)} sentences: {templates} from fixed templates, {people} written by a "
        f"person, {len(rows) - people - templates} worded by a language model."
    )
    if unchecked:
        words += f" No validator checked {unchecked} of them: compare each with the passages it cites."
    return words


def _open_points(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is open, in the policy's words and by the names of fields: never a patient's text."""
    texts = {row["id"]: row["text"] for row in record["criteria"]}
    read = unconfirmed(record)
    for key in read:
        yield f"Read from notes and confirmed by nobody: {texts.get(key, key)} ({key})"
    for gap in record["gaps"]:
        key = gap["id"]
        if gap["kind"] == "criterion" and key not in read:
            yield f"Not shown: {texts.get(key, key)} ({key})"
        elif gap["kind"] == "document":
            yield f"A document that the payer asks for is not attached: {key}"
        elif gap["kind"] == "administrative":
            yield f"A field that the payer asks for is not filled in: {key}"


def sign(store: Store, actor: Actor, packet_id: str, signing: Signing) -> Signed:
    """Sign a packet as it stands in the version that the clinician read.

    Raises NotAllowed without a clinician's role and NPI or a password given within the last minutes, and
    Conflict where the packet changed, is not supported, or holds open points that were not acknowledged.
    """
    require_role(actor, "signing", CLINICIANS)
    with store.write(actor) as w:
        signer = _require_signer(w, signing.proved_us)
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (State.DRAFTED, State.PREPARED), "signing")
        if row.version != signing.version:
            raise Conflict(
                f"signing: the packet is at version {row.version} now, and version {signing.version} was "
                "read; read it again"
            )
        record = load_version(store, w.connection, packet_id, row.key_id, row.version).record
        statement = _require_signable(record, signing)
        signed = _signature(w, signer, signing.version, statement)
        hashed = packet_hash(store, w.connection, record)
        w.insert(
            signatures,
            _columns(signed, w.cipher(row.key_id)) | {"packet_id": packet_id, "packet_hash": hashed},
        )
        w.update(packets, packet_id, {"state": State.SIGNED, "updated_us": w.now_us})
        details = {
            "signature": signed.id,
            "hash": hashed,
            "user": actor.id,
            "statement_sha256": hashlib.sha256(statement.text.encode()).hexdigest(),
        }
        w.record(Kind.PACKET_SIGNED, packet=packet_id, version=signing.version, details=details)
    return signed


def _require_signer(w: Writing, proved_us: int) -> Row[Any]:
    row = w.connection.execute(select(users).where(users.c.id == w.actor.id)).one_or_none()
    if row is None or row.disabled or row.role not in CLINICIANS:
        raise NotAllowed("signing: this account is not that of a clinician, or it is disabled")
    if not is_npi(row.npi):
        raise NotAllowed("signing: this account has no valid NPI; an administrator can enter it")
    if not 0 <= w.now_us - proved_us <= PROVED_MINUTES * _MINUTE_US:
        raise NotAllowed("signing: give your password again")
    return row


def _require_signable(record: Mapping[str, Any], signing: Signing) -> Statement:
    if record["conclusion"] == "not_supported":
        raise Conflict("signing: a packet that is not supported has no letter to sign")
    drafted_after = record["request"]["policy"]["sha256"]
    if signing.policies is not None and drafted_after not in signing.policies:
        raise Conflict("signing: the policy file has changed since the draft; draft anew")
    statement = statement_for(record)
    if statement.open and not signing.acknowledged:
        raise Conflict(
            f"signing: {len(statement.open)} points are open; acknowledge them, or close them first"
        )
    return statement


def _signature(w: Writing, signer: Row[Any], version: int, statement: Statement) -> Signed:
    return Signed(new_id(), version, signer.id, signer.name, signer.npi, w.now_us, statement.text)


def _columns(signed: Signed, cipher: Cipher) -> dict[str, Any]:
    statement = cipher.seal(signed.statement.encode(), _place(signed.id))
    return {name: getattr(signed, name) for name in Signed.__slots__} | {"statement": statement}


def _place(identifier: str) -> str:
    return f"signatures/statement/{identifier}"


def signature_of(store: Store, actor: Actor, packet_id: str) -> Signed | None:
    """Return the signature under a packet that stands, or ``None``."""
    require_role(actor, "reading of a packet", PREPARERS)
    with store.read() as connection:
        packet = require_packet(connection, packet_id)
        row = standing_signature(connection, packet_id)
        return signed_of(row, store.cipher(connection, packet.key_id)) if row else None


def signed_of(row: Row[Any], cipher: Cipher) -> Signed:
    """Return a row of signatures as a value; ``cipher`` is the packet's."""
    statement = cipher.open(row.statement, _place(row.id)).decode()
    plain = {name: getattr(row, name) for name in Signed.__slots__ if name != "statement"}
    return Signed(**plain, statement=statement)
