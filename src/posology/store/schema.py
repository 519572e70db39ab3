"""The tables of the store: what identifies a patient is encrypted, what is sorted and filtered is not.

Times are whole microseconds since 1970 in UTC; keys are random texts that say nothing. A column of type
``LargeBinary`` holds a sealed value (``store/keys.py``) unless its comment says otherwise. Every row of a
bound table is tied to the ledger by a digest of its columns, those named under ``volatile`` excepted.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["BOUND", "METADATA", "TABLES", "volatile_columns"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> Column[str]:
    return Column("id", Text, primary_key=True)


keys = Table(
    "keys",
    METADATA,
    _key(),
    Column("kind", Text, nullable=False, comment="system, index, audit, ledger, chart or packet"),
    Column("wrapped", LargeBinary, nullable=False, comment="the data key, sealed by the master key"),
    Column("master_id", Text, nullable=False, comment="which master key wrapped it"),
    Column("created_us", BigInteger, nullable=False),
)

users = Table(
    "users",
    METADATA,
    _key(),
    Column("login", Text, nullable=False, unique=True, comment="lower case"),
    Column("name", Text, nullable=False, comment="as it is printed under a signature"),
    Column("role", Text, nullable=False, comment="clinician, staff, auditor or administrator"),
    Column("npi", Text, nullable=False, default=""),
    Column("password_hash", Text, nullable=False, default="", comment="argon2id; empty: no local password"),
    Column("totp", LargeBinary, comment="the TOTP secret, sealed; null: not enrolled"),
    Column("totp_step", BigInteger, nullable=False, default=0, comment="last time step used: no code twice"),
    Column("subject", Text, nullable=False, default="", comment="issuer and subject at the OpenID provider"),
    Column("disabled", Integer, nullable=False, default=0),
    Column("must_change", Integer, nullable=False, default=0, comment="a password that another person set"),
    Column("failures", Integer, nullable=False, default=0, comment="refused sign-ins in a row"),
    Column("locked_until_us", BigInteger, nullable=False, default=0),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("id", Text, primary_key=True, comment="SHA-256 of the cookie's secret, hexadecimal"),
    Column("name", Text, nullable=False, unique=True, comment="what ledger and logs call the session"),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("method", Text, nullable=False, comment="password, password+totp, openid or demo"),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("proved_us", BigInteger, nullable=False, comment="when the person last proved who they are"),
    Column("seen_us", BigInteger, nullable=False),
    info={"volatile": ("seen_us",)},
)

charts = Table(
    "charts",
    METADATA,
    _key(),
    Column("key_id", Text, ForeignKey("keys.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("files", Integer, nullable=False, comment="number of files in it"),
    Column("restricted", Integer, nullable=False, default=0, comment="1: restricted resources may be used"),
    Column("body", LargeBinary, nullable=False, comment="a ZIP of the files as they were uploaded, sealed"),
)

jobs = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True, comment="also the run's id in the queue"),
    Column("request_key", Text, nullable=False, unique=True, comment="keyed hash: the same request once"),
    Column("chart_id", Text, ForeignKey("charts.id"), nullable=False, index=True),
    Column("key_id", Text, ForeignKey("keys.id"), nullable=False, comment="the chart's key"),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("request", LargeBinary, nullable=False, comment="service, date, policy, payer, details: sealed"),
    Column("state", Text, nullable=False, comment="queued, running, done, failed or cancelled"),
    Column("packet_id", Text, comment="the packet, once done"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text, nullable=False, default="", comment="a message for the user, never patient text"),
    Column("finished_us", BigInteger, nullable=False, default=0),
    Column("stage", Text, nullable=False, default=""),
    Column("stage_done", Integer, nullable=False, default=0),
    Column("stage_total", Integer, nullable=False, default=0),
    Column("beat_us", BigInteger, nullable=False, default=0, comment="when a worker last spoke of it"),
    info={"volatile": ("stage", "stage_done", "stage_total", "beat_us")},
)

packets = Table(
    "packets",
    METADATA,
    _key(),
    Column("key_id", Text, ForeignKey("keys.id"), nullable=False),
    Column("chart_id", Text, ForeignKey("charts.id"), nullable=False, index=True),
    Column("job_id", Text, nullable=False, unique=True, comment="one packet a run, never two"),
    Column("created_us", BigInteger, nullable=False, index=True),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("updated_us", BigInteger, nullable=False, index=True),
    Column("version", Integer, nullable=False, comment="number of the current version"),
    Column("state", Text, nullable=False, index=True),
    Column("conclusion", Text, nullable=False, index=True),
    Column("provisional", Text, nullable=False, default=""),
    Column("gaps", Integer, nullable=False, default=0),
    Column("to_confirm", Integer, nullable=False, default=0),
    Column("withheld", Integer, nullable=False, default=0),
    Column("owner_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("payer", Text, nullable=False),
    Column("policy_id", Text, nullable=False, index=True),
    Column("policy_version", Text, nullable=False),
    Column("service", Text, nullable=False, comment="SYSTEM:CODE"),
    Column("urgency", Text, nullable=False, default="standard"),
    Column("name_index", Text, nullable=False, index=True, comment="keyed hash of the patient's name"),
    Column("member_index", Text, nullable=False, index=True, comment="keyed hash of the member id"),
    Column("card", LargeBinary, nullable=False, comment="name, birth date, date of service: sealed"),
    Column("sent_us", BigInteger, nullable=False, default=0),
    Column("due_us", BigInteger, nullable=False, default=0, comment="when the payer must have answered"),
    Column("decided_us", BigInteger, nullable=False, default=0),
)

versions = Table(
    "versions",
    METADATA,
    Column("id", Text, primary_key=True, comment="PACKET.NUMBER"),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False),
    Column("number", Integer, nullable=False, comment="1 is the draft"),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("cause", Text, nullable=False, comment="drafted, or the act: confirm, edit, ..."),
    Column("target", Text, nullable=False, default="", comment="criterion:ID, sentence:ID, ..."),
    Column("touched", Text, nullable=False, default="", comment="all targets that changed, by spaces"),
    Column("act", LargeBinary, nullable=False, comment="the act and what it told the person, sealed"),
    Column("record", LargeBinary, nullable=False, comment="packet.json, sealed"),
    Column("manifest", LargeBinary, nullable=False, comment="manifest.json, sealed; empty after the draft"),
    Column("packet_hash", Text, nullable=False, comment="keyed hash of packet.json"),
    UniqueConstraint("packet_id", "number"),
)

attachments = Table(
    "attachments",
    METADATA,
    Column("id", Text, primary_key=True, comment="PACKET.NUMBER"),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="title, date and text, sealed"),
)

signatures = Table(
    "signatures",
    METADATA,
    _key(),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("npi", Text, nullable=False),
    Column("signed_us", BigInteger, nullable=False),
    Column(
        "statement", LargeBinary, nullable=False, comment="what was attested, word for word as shown, sealed"
    ),
    Column("packet_hash", Text, nullable=False, comment="keyed hash of the packet.json that was signed"),
    Column("voided_us", BigInteger, nullable=False, default=0),
    Column("voided_by", Text, nullable=False, default=""),
)

exports = Table(
    "exports",
    METADATA,
    _key(),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("form", Text, nullable=False, comment="pdf, html, json or zip"),
    Column("documents", Integer, nullable=False, default=0, comment="whole documents disclosed in it"),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("hash", Text, nullable=False, comment="keyed hash of the file"),
)

scratches = Table(
    "scratches",
    METADATA,
    Column("id", Text, primary_key=True, comment="USER.PACKET.TARGET"),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("target", Text, nullable=False),
    Column("seen_version", Integer, nullable=False),
    Column("saved_us", BigInteger, nullable=False),
    Column("text", LargeBinary, nullable=False, comment="what was typed and not yet saved, sealed"),
    info={"bound": False},
)

comparisons = Table(
    "comparisons",
    METADATA,
    _key(),
    Column("packet_id", Text, ForeignKey("packets.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False, comment="the version of the draft that is compared"),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", Text, ForeignKey("users.id"), nullable=False),
    Column("blinded", Integer, nullable=False),
    Column("draft_side", Text, nullable=False, comment="a or b: drawn when made"),
    Column("minutes", Integer, nullable=False, default=0, comment="that the manual letter took, if told"),
    Column("letter", LargeBinary, nullable=False, comment="the letter written by hand, sealed"),
)

ratings = Table(
    "ratings",
    METADATA,
    Column("id", Text, primary_key=True, comment="COMPARISON.USER"),
    Column("comparison_id", Text, ForeignKey("comparisons.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("scores", Text, nullable=False, comment="JSON: side, dimension, 1 to 10"),
    Column("body", LargeBinary, nullable=False, comment="free text and marks in place, sealed"),
)

idempotency = Table(
    "idempotency",
    METADATA,
    Column("id", Text, primary_key=True, comment="keyed hash of user, route and key"),
    Column("request_hash", Text, nullable=False, comment="keyed hash of the body"),
    Column("created_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("location", Text, nullable=False, default="", comment="the path of what was made"),
)

ledger_entries = Table(
    "ledger_entries",
    METADATA,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False, comment="the leaf hash of RFC 9162"),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("kind", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False, index=True),
    Column("packet", Text, nullable=False, default="", index=True),
    Column("body", LargeBinary, nullable=False, comment="the canonical JSON of the entry, in clear"),
    info={"bound": False},
)

ledger_nodes = Table(
    "ledger_nodes",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    info={"bound": False},
)

ledger_state = Table(
    "ledger_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("log", Text, nullable=False, comment="id of the ledger"),
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False, comment="the compact range: 32 bytes a peak"),
    Column("last_us", BigInteger, nullable=False),
    Column("seal", Text, nullable=False, comment="keyed hash of this row: nobody goes on without the key"),
    info={"bound": False},
)

reads = Table(
    "reads",
    METADATA,
    Column("id", Text, primary_key=True, comment="SESSION.WHAT: one entry a session and packet or source"),
    Column("at_us", BigInteger, nullable=False),
    info={"bound": False},
)

Index("ix_packets_worklist", packets.c.state, packets.c.updated_us)
Index("ix_packets_owner", packets.c.owner_id, packets.c.updated_us)

TABLES = METADATA.tables
BOUND = tuple(name for name, table in sorted(TABLES.items()) if table.info.get("bound", True))


def volatile_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of a bound table that its digest leaves out."""
    return tuple(table.info.get("volatile", ()))
