"""The tamper-evident record: who, and which model, did what to which packet."""

from posology.ledger.entries import Act, Kind, build_entry, canonical, row_digest
from posology.ledger.export import Verification, verify_export, write_export
from posology.ledger.heads import (
    SignedHead,
    SigningKey,
    append_head,
    read_heads,
    sign_head,
    sign_successor,
    verify_head,
    verify_successor,
)
from posology.ledger.proofs import (
    NodeLookup,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from posology.ledger.receipts import build_proof, verify_proof
from posology.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash, root_of

__all__ = [
    "EMPTY_ROOT",
    "Act",
    "Frontier",
    "Kind",
    "NodeLookup",
    "SignedHead",
    "SigningKey",
    "Verification",
    "append_head",
    "build_entry",
    "build_proof",
    "canonical",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "read_heads",
    "root_of",
    "row_digest",
    "sign_head",
    "sign_successor",
    "verify_consistency",
    "verify_export",
    "verify_head",
    "verify_inclusion",
    "verify_proof",
    "verify_successor",
    "write_export",
]
