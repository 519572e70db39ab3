"""The kinds of entries, and what each may say beyond who, when and which packet.

To add a kind: a member of ``Kind`` and a line in ``DETAILS``. To let a kind say more: a key in its line.
Keys are never removed, nor rules made narrower: entries of the past stay as they are.
"""

from collections.abc import Mapping
from enum import StrEnum

from posology.ledger.values import (
    ADDRESS,
    CODE,
    COUNT,
    DIGESTS,
    FLAG,
    HASH,
    ID,
    MEDIA_TYPE,
    METHOD,
    MODEL,
    ROUTE,
    SIGNATURE,
    TIME,
    VERSION,
    Rule,
    any_of,
    listed,
    mapped,
    one_of,
)

__all__ = ["ALWAYS", "DETAILS", "PREPARATIONS", "Kind"]


class Kind(StrEnum):
    """What was done."""

    STORE_CREATED = "store.created"
    KEY_ROTATED = "key.rotated"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DISABLED = "user.disabled"
    SIGN_IN_SUCCEEDED = "sign-in.succeeded"
    SIGN_IN_REFUSED = "sign-in.refused"
    SIGN_IN_LOCKED = "sign-in.locked"
    SIGN_OUT = "sign-out"
    SESSION_ENDED = "session.ended"
    ACCESS_REFUSED = "access.refused"
    REQUEST_ANSWERED = "request.answered"
    CHART_UPLOADED = "chart.uploaded"
    CHART_DELETED = "chart.deleted"
    DRAFT_ASKED = "draft.asked"
    DRAFT_STARTED = "draft.started"
    DRAFT_FINISHED = "draft.finished"
    DRAFT_FAILED = "draft.failed"
    DRAFT_CANCELLED = "draft.cancelled"
    DRAFT_RETRIED = "draft.retried"
    MODEL_CALLED = "model.called"
    CHECK_MADE = "check.made"
    VERDICT_GIVEN = "verdict.given"
    PACKET_DRAFTED = "packet.drafted"
    WORKLIST_SEARCHED = "worklist.searched"
    PACKET_READ = "packet.read"
    SOURCE_READ = "source.read"
    PACKET_CONFIRMED = "packet.confirmed"
    PACKET_REJECTED = "packet.rejected"
    PACKET_OVERRIDDEN = "packet.overridden"
    PACKET_EDITED = "packet.edited"
    PACKET_SENTENCE_WITHDRAWN = "packet.sentence-withdrawn"
    PACKET_SENTENCE_OFFERED = "packet.sentence-offered"
    PACKET_ANSWERED = "packet.answered"
    PACKET_ATTACHED = "packet.attached"
    PACKET_PREPARED = "packet.prepared"
    PACKET_RETURNED = "packet.returned"
    PACKET_ASSIGNED = "packet.assigned"
    PACKET_SIGNED = "packet.signed"
    PACKET_SIGNATURE_VOIDED = "packet.signature-voided"
    PACKET_EXPORTED = "packet.exported"
    PACKET_DOCUMENT_DISCLOSED = "packet.document-disclosed"
    PACKET_SENT = "packet.sent"
    PACKET_OUTCOME = "packet.outcome"
    PACKET_WITHDRAWN = "packet.withdrawn"
    PACKET_DELETED = "packet.deleted"
    SCRATCH_SAVED = "scratch.saved"
    COMPARISON_CREATED = "comparison.created"
    COMPARISON_RATED = "comparison.rated"
    COMPARISON_OPENED = "comparison.opened"
    COMPARISON_EXPORTED = "comparison.exported"
    EDITS_EXPORTED = "edits.exported"
    QUALITY_EXPORTED = "quality.exported"
    LEDGER_VERIFIED = "ledger.verified"
    LEDGER_EXPORTED = "ledger.exported"
    HEAD_EXPORTED = "head.exported"
    PROOF_GIVEN = "proof.given"
    BACKUP_MADE = "backup.made"
    STORE_RESTORED = "store.restored"
    MIGRATION_APPLIED = "migration.applied"
    SEAL_PROBED = "seal.probed"
    SETTINGS_CHANGED = "settings.changed"


PREPARATIONS = frozenset(  # what a request may record before it does what it is for
    {
        Kind.SIGN_IN_SUCCEEDED,  # the password, asked for again before signing
        Kind.PACKET_READ,
        Kind.SOURCE_READ,
        Kind.WORKLIST_SEARCHED,
        Kind.MODEL_CALLED,
        Kind.CHECK_MADE,
        Kind.VERDICT_GIVEN,
    }
)


_ROLE = one_of("clinician", "staff", "auditor", "administrator")
_SOURCE = ROUTE, MODEL  # a source of a chart is named like "Observation/abc"

_REQUEST = {"route": ROUTE, "method": METHOD, "address": ADDRESS}
_SIGN_IN = {"user": ID, "method": CODE, "reason": CODE, "address": ADDRESS, "failures": COUNT, "until": TIME}
_SIGN_IN |= {"login": HASH}  # keyed: what was typed as a name nobody has, which may be a password
_ACCOUNT = {"user": ID, "role": _ROLE, "was": _ROLE, "changed": listed(CODE), "reason": CODE}
_FILE = {"media_type": MEDIA_TYPE, "form": CODE, "size_bytes": COUNT, "files": COUNT, "sha256": HASH}
_FILE |= {"hash": HASH}  # a keyed hash, where the file holds a patient's data
_RUN = {"job": ID, "chart": ID, "policy": ID, "policy_version": VERSION, "policy_sha256": HASH}
_RUN |= {"service": ID, "attempt": COUNT, "reason": CODE, "milliseconds": COUNT}
_ON = {"target": ID, "criterion": ID, "sentence": ID, "gap": ID, "reason": CODE, "hash": HASH, "was": CODE}
_ON |= {"is": CODE, "status": CODE, "targets": listed(ID), "evidence": listed(ID), "by": MODEL}
_HEAD = {"size": COUNT, "root": HASH, "key_id": ID, "ok": FLAG, "problems": COUNT, "milliseconds": COUNT}
_HEAD |= {"index": COUNT, "entries": COUNT, "old_size": COUNT, "heads": COUNT}

_MODEL = {"role": CODE, "name": MODEL, "version": VERSION, "sha256": HASH, "engine": MODEL, "at": TIME}
_MODEL |= {"prompt_hash": HASH, "output_hash": HASH, "prompt_tokens": COUNT, "output_tokens": COUNT}
_MODEL |= {"milliseconds": COUNT, "job": ID, "seed": COUNT, "address": ADDRESS, "ok": FLAG, "reason": CODE}

ALWAYS: Mapping[str, Rule] = {  # any kind may say these
    "before": DIGESTS,  # of rows that were there, as they were before the act
    "clock_back_us": COUNT,
    "request": ID,
}

DETAILS: Mapping[Kind, Mapping[str, Rule]] = {
    Kind.STORE_CREATED: {"log": ID, "version": VERSION, "key_id": ID, "public_key": HASH},
    Kind.KEY_ROTATED: {
        "what": CODE,  # which key: master, data, or the ledger's signing key
        "key_id": ID,
        "old_key_id": ID,
        "public_key": HASH,
        "signature": SIGNATURE,  # of the old signing key over the new one
        "keys": COUNT,
        "reason": CODE,
    },
    Kind.USER_CREATED: _ACCOUNT,
    Kind.USER_CHANGED: _ACCOUNT,
    Kind.USER_DISABLED: _ACCOUNT,
    Kind.SIGN_IN_SUCCEEDED: _SIGN_IN,
    Kind.SIGN_IN_REFUSED: _SIGN_IN,
    Kind.SIGN_IN_LOCKED: _SIGN_IN,
    Kind.SIGN_OUT: {"user": ID},
    Kind.SESSION_ENDED: {"user": ID, "ended": ID, "sessions": COUNT, "reason": CODE},
    Kind.ACCESS_REFUSED: {**_REQUEST, "role": _ROLE, "reason": CODE, "status": COUNT, "user": ID},
    Kind.REQUEST_ANSWERED: {**_REQUEST, "status": COUNT},  # under an Idempotency-Key, kept beside it
    Kind.CHART_UPLOADED: {**_FILE, "chart": ID, "resources": COUNT, "restricted": FLAG},
    Kind.CHART_DELETED: {"chart": ID, "packets": COUNT, "reason": CODE},
    Kind.DRAFT_ASKED: _RUN,
    Kind.DRAFT_STARTED: _RUN,
    Kind.DRAFT_FINISHED: {**_RUN, "conclusion": CODE},
    Kind.DRAFT_FAILED: _RUN,
    Kind.DRAFT_CANCELLED: _RUN,
    Kind.DRAFT_RETRIED: _RUN,
    Kind.MODEL_CALLED: _MODEL,
    Kind.CHECK_MADE: {"check": CODE, "sentence": ID, "ok": FLAG, "reason": CODE, "job": ID},
    Kind.VERDICT_GIVEN: {
        "sentence": ID,
        "verdict": CODE,
        "by": MODEL,
        "score": COUNT,  # in thousandths
        "job": ID,
    },
    Kind.PACKET_DRAFTED: {
        **_RUN,
        "conclusion": CODE,
        "provisional": CODE,
        "gaps": COUNT,
        "to_confirm": COUNT,
        "withheld": COUNT,
        "sentences": COUNT,
        "hash": HASH,
    },
    Kind.WORKLIST_SEARCHED: {"hash": HASH, "found": COUNT},
    Kind.PACKET_READ: {"form": CODE, "versions": COUNT, "reason": CODE},
    Kind.SOURCE_READ: {"source": any_of(*_SOURCE), "hash": HASH, "form": CODE, "chart": ID},
    Kind.PACKET_CONFIRMED: _ON,
    Kind.PACKET_REJECTED: _ON,
    Kind.PACKET_OVERRIDDEN: _ON,
    Kind.PACKET_EDITED: _ON,
    Kind.PACKET_SENTENCE_WITHDRAWN: _ON,
    Kind.PACKET_SENTENCE_OFFERED: _ON,
    Kind.PACKET_ANSWERED: _ON,
    Kind.PACKET_ATTACHED: {**_ON, "attachment": ID, "size_bytes": COUNT, "media_type": MEDIA_TYPE},
    Kind.PACKET_PREPARED: _ON,
    Kind.PACKET_RETURNED: _ON,
    Kind.PACKET_ASSIGNED: {"user": ID, "was": ID, "reason": CODE},
    Kind.PACKET_SIGNED: {"signature": ID, "hash": HASH, "user": ID, "statement_sha256": HASH},
    Kind.PACKET_SIGNATURE_VOIDED: {"signature": ID, "reason": CODE, "user": ID},
    Kind.PACKET_EXPORTED: {**_FILE, "export": ID, "documents": COUNT, "signed": FLAG},
    Kind.PACKET_DOCUMENT_DISCLOSED: {
        "export": ID,
        "document": any_of(*_SOURCE),
        "hash": HASH,
        "reason": CODE,
    },
    Kind.PACKET_SENT: {"by": CODE, "export": ID, "sent": TIME, "due": TIME, "urgency": CODE},
    Kind.PACKET_OUTCOME: {"outcome": CODE, "decided": TIME, "reason": CODE, "hash": HASH},
    Kind.PACKET_WITHDRAWN: {"reason": CODE, "was": CODE},
    Kind.PACKET_DELETED: {"reason": CODE, "was": CODE, "versions": COUNT, "rows": COUNT},
    Kind.SCRATCH_SAVED: {"target": ID, "hash": HASH},
    Kind.COMPARISON_CREATED: {"comparison": ID, "blinded": FLAG, "hash": HASH, "minutes": COUNT},
    Kind.COMPARISON_RATED: {"comparison": ID, "scores": mapped(CODE, COUNT), "hash": HASH},
    Kind.COMPARISON_OPENED: {"comparisons": COUNT, "ratings": COUNT},  # results: ratings so far are final
    Kind.COMPARISON_EXPORTED: {
        **_FILE,
        "comparison": ID,
        "comparisons": COUNT,
        "ratings": COUNT,
        "consent": ID,  # the site's reference, where it is written like an id
        "consent_sha256": HASH,
    },
    Kind.EDITS_EXPORTED: {**_FILE, "packets": COUNT, "edits": COUNT, "consent": ID, "consent_sha256": HASH},
    Kind.QUALITY_EXPORTED: {**_FILE, "packets": COUNT, "since": TIME, "until": TIME},
    Kind.LEDGER_VERIFIED: _HEAD,
    Kind.LEDGER_EXPORTED: {**_HEAD, **_FILE},
    Kind.HEAD_EXPORTED: _HEAD,
    Kind.PROOF_GIVEN: _HEAD,
    Kind.BACKUP_MADE: {**_FILE, "rows": COUNT, "size": COUNT, "root": HASH},
    Kind.STORE_RESTORED: {**_FILE, "rows": COUNT, "size": COUNT, "root": HASH, "made": TIME},
    Kind.MIGRATION_APPLIED: {"revision": ID, "was": ID, "rows": COUNT, "version": VERSION},
    Kind.SEAL_PROBED: {
        "sealed": FLAG,
        "how": CODE,
        "layers": listed(CODE),
        "probes": mapped(CODE, CODE),
        "ok": FLAG,
        "allowed": listed(ADDRESS),
        "reason": CODE,
    },
    Kind.SETTINGS_CHANGED: {"changed": listed(CODE), "sha256": HASH, "was": HASH},
}
