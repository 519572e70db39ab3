"""The tamper-evident record: who, and which model, did what to which packet."""

from posology.ledger.entries import Act, Kind, build_entry, canonical, row_digest
from posology.ledger.proofs import (
    NodeLookup,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from posology.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash, root_of

__all__ = [
    "EMPTY_ROOT",
    "Act",
    "Frontier",
    "Kind",
    "NodeLookup",
    "build_entry",
    "canonical",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_of",
    "row_digest",
    "verify_consistency",
    "verify_inclusion",
]
