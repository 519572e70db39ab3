"""Proof files: one entry, and what it takes to check that it stands in the ledger, without the ledger."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from posology.errors import InternalError, LedgerError
from posology.ledger.entries import canonical, check_envelope
from posology.ledger.export import parse_object
from posology.ledger.heads import SignedHead, key_id_of, verify_head
from posology.ledger.proofs import verify_inclusion
from posology.ledger.tree import leaf_hash
from posology.ledger.values import COUNT, HASH, listed

__all__ = ["PROOF_FORMAT", "build_proof", "read_proof", "verify_proof"]

PROOF_FORMAT = "ledger-proof/1"
MAX_PROOF_BYTES = 64_000_000  # an entry may bind every row of a store
_KEYS = frozenset(("posology", "entry", "index", "size", "path", "head", "public_key"))


def build_proof(
    entry: Mapping[str, Any], path: Sequence[bytes], head: SignedHead, public_key: bytes
) -> dict[str, Any]:
    """Return the proof file of an entry as a JSON object; raise LedgerError where it would not verify."""
    proof = {
        "posology": PROOF_FORMAT,
        "entry": dict(entry),
        "index": entry["n"],
        "size": head.size,
        "path": [step.hex() for step in path],
        "head": head.as_json(),
        "public_key": public_key.hex(),
    }
    problems = verify_proof(proof)
    if problems:
        raise LedgerError(f"no proof of entry {entry['n']} of the ledger: {'; '.join(problems)}")
    return proof


def read_proof(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of a proof file, not yet verified; None where the file is something else."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_PROOF_BYTES)
    except OSError as cause:
        raise LedgerError(f"{path}: cannot be read ({cause.strerror})") from cause
    value = parse_object(text)
    return value if value is not None and str(value.get("posology", "")).startswith("ledger-proof/") else None


def verify_proof(
    proof: Mapping[str, Any] | str | bytes,
    *,
    public_key: bytes | None = None,
    heads: Sequence[SignedHead] = (),
) -> list[str]:
    """Return what is wrong with a proof file, as text or as its JSON object; an empty list: it proves.

    ``public_key`` is the one that the verifier holds from elsewhere; without it the file's own is used, and
    the verifier has to compare its id with one that the keeper of the ledger published. ``heads`` were kept
    elsewhere: one of the proof's ledger and size must have its root.
    """
    value = parse_object(proof) if isinstance(proof, str | bytes) else proof
    fault = _fault(value)
    if value is None or fault:
        return [fault]
    try:
        head, leaf = SignedHead.from_json(value["head"]), leaf_hash(canonical(value["entry"]))
    except (LedgerError, InternalError) as cause:
        return [str(cause)]
    key, entry = bytes.fromhex(value["public_key"]), value["entry"]
    path = [bytes.fromhex(step) for step in value["path"]]
    checks = {
        "the proof is not signed by the key given": public_key in (None, key),
        f"the head is not signed by the key {key_id_of(key)}": verify_head(head, key),
        "the entry has another number than the proof": entry["n"] == value["index"],
        "the head has another size than the proof": head.size == value["size"],
        "the path does not lead from the entry to the head's root": verify_inclusion(
            leaf, value["index"], value["size"], path, head.root
        ),
        "a head kept elsewhere has another root at this size": all(
            kept.root == head.root for kept in heads if (kept.log, kept.size) == (head.log, head.size)
        ),
    }
    return [words for words, holds in checks.items() if not holds]


def _fault(value: Mapping[str, Any] | None) -> str:
    if not isinstance(value, Mapping):
        return "not a JSON object with each key once"
    if value.keys() != _KEYS or value["posology"] != PROOF_FORMAT:
        return f"not a {PROOF_FORMAT} file: it must have the keys {', '.join(sorted(_KEYS))}"
    rules = {"index": COUNT, "size": COUNT, "path": listed(HASH), "public_key": HASH}
    for key, rule in rules.items():
        if not rule.holds(value[key]):
            return f"{key} is not {rule.words}"
    if not isinstance(value["entry"], Mapping):
        return "entry is not a JSON object"
    fault = check_envelope(value["entry"])
    return f"entry: {fault}" if fault else ""
