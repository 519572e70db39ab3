"""The first version of the store: every table.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in the order in which they refer to each other."""
    _create_accounts()
    _create_charts()
    _create_packets()
    _create_versions()
    _create_signatures()
    _create_comparisons()
    _create_requests()
    _create_ledger()


def _create_accounts() -> None:
    """Create the store's keys, and who may do what."""
    op.create_table(
        "keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="system, index, audit, ledger, chart or packet"),
        sa.Column(
            "wrapped", sa.LargeBinary(), nullable=False, comment="the data key, sealed by the master key"
        ),
        sa.Column("master_id", sa.Text(), nullable=False, comment="which master key wrapped it"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="lower case"),
        sa.Column("name", sa.Text(), nullable=False, comment="as it is printed under a signature"),
        sa.Column("role", sa.Text(), nullable=False, comment="clinician, staff, auditor or administrator"),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id; empty: no local password"),
        sa.Column(
            "totp", sa.LargeBinary(), nullable=True, comment="the TOTP secret, sealed; null: not enrolled"
        ),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, comment="last time step used: no code twice"),
        sa.Column("subject", sa.Text(), nullable=False, comment="issuer and subject at the OpenID provider"),
        sa.Column("disabled", sa.Integer(), nullable=False),
        sa.Column("must_change", sa.Integer(), nullable=False, comment="a password that another person set"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="refused sign-ins in a row"),
        sa.Column("locked_until_us", sa.BigInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False, comment="SHA-256 of the cookie's secret, hexadecimal"),
        sa.Column("name", sa.Text(), nullable=False, comment="what ledger and logs call the session"),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False, comment="password, password+totp, openid or demo"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "proved_us", sa.BigInteger(), nullable=False, comment="when the person last proved who they are"
        ),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("name", name=op.f("uq_sessions_name")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)


def _create_charts() -> None:
    """Create what was uploaded, and the work on it."""
    op.create_table(
        "charts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False, comment="number of files in it"),
        sa.Column("restricted", sa.Integer(), nullable=False, comment="1: restricted resources may be used"),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=False,
            comment="a ZIP of the files as they were uploaded, sealed",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_charts_created_by")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_charts_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charts")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False, comment="also the run's id in the queue"),
        sa.Column("request_key", sa.Text(), nullable=False, comment="keyed hash: the same request once"),
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False, comment="the chart's key"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "request",
            sa.LargeBinary(),
            nullable=False,
            comment="service, date, policy, payer, details: sealed",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="queued, running, done, failed or cancelled"),
        sa.Column("packet_id", sa.Text(), nullable=True, comment="the packet, once done"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False, comment="a message for the user, never patient text"),
        sa.Column("finished_us", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_done", sa.Integer(), nullable=False),
        sa.Column("stage_total", sa.Integer(), nullable=False),
        sa.Column("beat_us", sa.BigInteger(), nullable=False, comment="when a worker last spoke of it"),
        sa.ForeignKeyConstraint(["chart_id"], ["charts.id"], name=op.f("fk_jobs_chart_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_jobs_created_by")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_jobs_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("request_key", name=op.f("uq_jobs_request_key")),
    )
    op.create_index(op.f("ix_jobs_chart_id"), "jobs", ["chart_id"], unique=False)


def _create_packets() -> None:
    """Create packets and their versions."""
    op.create_table(
        "packets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False, comment="one packet a run, never two"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="number of the current version"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("provisional", sa.Text(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("to_confirm", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False, comment="SYSTEM:CODE"),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("name_index", sa.Text(), nullable=False, comment="keyed hash of the patient's name"),
        sa.Column("member_index", sa.Text(), nullable=False, comment="keyed hash of the member id"),
        sa.Column(
            "card", sa.LargeBinary(), nullable=False, comment="name, birth date, date of service: sealed"
        ),
        sa.Column("sent_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False, comment="when the payer must have answered"),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["chart_id"], ["charts.id"], name=op.f("fk_packets_chart_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_packets_created_by")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_packets_key_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_packets_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packets")),
        sa.UniqueConstraint("job_id", name=op.f("uq_packets_job_id")),
    )
    op.create_index(op.f("ix_packets_chart_id"), "packets", ["chart_id"], unique=False)
    op.create_index(op.f("ix_packets_conclusion"), "packets", ["conclusion"], unique=False)
    op.create_index(op.f("ix_packets_created_us"), "packets", ["created_us"], unique=False)
    op.create_index(op.f("ix_packets_member_index"), "packets", ["member_index"], unique=False)
    op.create_index(op.f("ix_packets_name_index"), "packets", ["name_index"], unique=False)
    op.create_index("ix_packets_owner", "packets", ["owner_id", "updated_us"], unique=False)
    op.create_index(op.f("ix_packets_owner_id"), "packets", ["owner_id"], unique=False)
    op.create_index(op.f("ix_packets_policy_id"), "packets", ["policy_id"], unique=False)
    op.create_index(op.f("ix_packets_state"), "packets", ["state"], unique=False)
    op.create_index(op.f("ix_packets_updated_us"), "packets", ["updated_us"], unique=False)
    op.create_index("ix_packets_worklist", "packets", ["state", "updated_us"], unique=False)


def _create_versions() -> None:
    """Create what a packet consists of."""
    op.create_table(
        "versions",
        sa.Column("id", sa.Text(), nullable=False, comment="PACKET.NUMBER"),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 is the draft"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False, comment="drafted, or the act: confirm, edit, ..."),
        sa.Column("target", sa.Text(), nullable=False, comment="criterion:ID, sentence:ID, ..."),
        sa.Column("touched", sa.Text(), nullable=False, comment="all targets that changed, by spaces"),
        sa.Column(
            "act", sa.LargeBinary(), nullable=False, comment="the act and what it told the person, sealed"
        ),
        sa.Column("record", sa.LargeBinary(), nullable=False, comment="packet.json, sealed"),
        sa.Column(
            "manifest",
            sa.LargeBinary(),
            nullable=False,
            comment="manifest.json, sealed; empty after the draft",
        ),
        sa.Column("packet_hash", sa.Text(), nullable=False, comment="keyed hash of packet.json"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_versions_created_by")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_versions_packet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("packet_id", "number", name=op.f("uq_versions_packet_id_number")),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Text(), nullable=False, comment="PACKET.NUMBER"),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="title, date and text, sealed"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_attachments_created_by")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_attachments_packet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_packet_id"), "attachments", ["packet_id"], unique=False)
    op.create_table(
        "scratches",
        sa.Column("id", sa.Text(), nullable=False, comment="USER.PACKET.TARGET"),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("seen_version", sa.Integer(), nullable=False),
        sa.Column("saved_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "text", sa.LargeBinary(), nullable=False, comment="what was typed and not yet saved, sealed"
        ),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_scratches_packet_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_scratches_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scratches")),
    )
    op.create_index(op.f("ix_scratches_packet_id"), "scratches", ["packet_id"], unique=False)


def _create_signatures() -> None:
    """Create what was attested and given out."""
    op.create_table(
        "signatures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("signed_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "statement",
            sa.LargeBinary(),
            nullable=False,
            comment="what was attested, word for word as shown, sealed",
        ),
        sa.Column(
            "packet_hash", sa.Text(), nullable=False, comment="keyed hash of the packet.json that was signed"
        ),
        sa.Column("voided_us", sa.BigInteger(), nullable=False),
        sa.Column("voided_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_signatures_packet_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signatures_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
    )
    op.create_index(op.f("ix_signatures_packet_id"), "signatures", ["packet_id"], unique=False)
    op.create_table(
        "exports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False, comment="pdf, html, json or zip"),
        sa.Column("documents", sa.Integer(), nullable=False, comment="whole documents disclosed in it"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="keyed hash of the file"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_exports_created_by")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_exports_packet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_packet_id"), "exports", ["packet_id"], unique=False)


def _create_comparisons() -> None:
    """Create drafts beside letters written by hand."""
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("packet_id", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="the version of the draft that is compared"
        ),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("blinded", sa.Integer(), nullable=False),
        sa.Column("draft_side", sa.Text(), nullable=False, comment="a or b: drawn when made"),
        sa.Column("minutes", sa.Integer(), nullable=False, comment="that the manual letter took, if told"),
        sa.Column("letter", sa.LargeBinary(), nullable=False, comment="the letter written by hand, sealed"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_comparisons_created_by")),
        sa.ForeignKeyConstraint(["packet_id"], ["packets.id"], name=op.f("fk_comparisons_packet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
    )
    op.create_index(op.f("ix_comparisons_packet_id"), "comparisons", ["packet_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("id", sa.Text(), nullable=False, comment="COMPARISON.USER"),
        sa.Column("comparison_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False, comment="JSON: side, dimension, 1 to 10"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="free text and marks in place, sealed"),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparisons.id"], name=op.f("fk_ratings_comparison_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ratings_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
    )
    op.create_index(op.f("ix_ratings_comparison_id"), "ratings", ["comparison_id"], unique=False)


def _create_requests() -> None:
    """Create what was answered already."""
    op.create_table(
        "idempotency",
        sa.Column("id", sa.Text(), nullable=False, comment="keyed hash of user, route and key"),
        sa.Column("request_hash", sa.Text(), nullable=False, comment="keyed hash of the body"),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False, comment="the path of what was made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency")),
    )


def _create_ledger() -> None:
    """Create the record of every act."""
    op.create_table(
        "ledger_entries",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False, comment="the leaf hash of RFC 9162"),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("packet", sa.Text(), nullable=False),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="the canonical JSON of the entry, in clear"
        ),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_ledger_entries")),
    )
    op.create_index(op.f("ix_ledger_entries_actor"), "ledger_entries", ["actor"], unique=False)
    op.create_index(op.f("ix_ledger_entries_at_us"), "ledger_entries", ["at_us"], unique=False)
    op.create_index(op.f("ix_ledger_entries_kind"), "ledger_entries", ["kind"], unique=False)
    op.create_index(op.f("ix_ledger_entries_packet"), "ledger_entries", ["packet"], unique=False)
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_nodes")),
    )
    op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log", sa.Text(), nullable=False, comment="id of the ledger"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False, comment="the compact range: 32 bytes a peak"),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column(
            "seal",
            sa.Text(),
            nullable=False,
            comment="keyed hash of this row: nobody goes on without the key",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_state")),
    )
    op.create_table(
        "reads",
        sa.Column(
            "id", sa.Text(), nullable=False, comment="SESSION.WHAT: one entry a session and packet or source"
        ),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reads")),
    )
