"""The files of a head: weights, card, config and tokenizer; how far its logits are from others."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.errors import ModelError
from posology.evidence.heads.card import CARD_FILE, TRUNK, WEIGHTS, HeadCard, render_head_card
from posology.evidence.heads.head import Head

__all__ = [
    "SEEN_FILE",
    "Seen",
    "digest_of",
    "head_logits",
    "largest_difference",
    "read_seen",
    "write_head",
    "write_seen",
]

SEEN_FILE = "seen.json"
_LAYER = re.compile(rf"{re.escape(TRUNK)}encoder\.layer\.(\d+)\.")
Floats = NDArray[np.float64]


def write_head(folder: Path, weights: Mapping[str, NDArray[Any]], card: HeadCard, source: Path) -> HeadCard:
    """Write a head's files; config and tokenizer come from ``source``. Returns the card with the hashes.

    Layers above those that the head keeps are left out: a head that it began from may have had more.
    """
    from safetensors.numpy import save_file

    kept = {name: one for name, one in weights.items() if _layer_of(name) < card.layers}
    save_file({name: np.ascontiguousarray(one) for name, one in kept.items()}, str(folder / WEIGHTS))
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(source / name, folder / name)
    whole = card.model_copy(
        update={
            "weights_sha256": digest_of(folder / WEIGHTS),
            "tokenizer_sha256": digest_of(folder / "tokenizer.json"),
        }
    )
    (folder / CARD_FILE).write_text(render_head_card(whole), encoding="utf-8")
    return whole


def _layer_of(name: str) -> int:
    """Return the number of the encoder's layer that a weight is of, -1 of one outside the layers."""
    found = _LAYER.match(name)
    return int(found[1]) if found else -1


@dataclass(frozen=True, slots=True)
class Seen:
    """Hashes of the examples that a head learned from, and of those that it was chosen by."""

    tune: frozenset[str] = frozenset()
    select: frozenset[str] = frozenset()

    def __or__(self, other: "Seen") -> "Seen":
        """Return what either has seen."""
        return Seen(self.tune | other.tune, self.select | other.select)


def write_seen(folder: Path, seen: Seen) -> None:
    """Write the hashes of the examples that a head has seen: none of them may be in a score."""
    table = {"posology": "seen/1", "tune": sorted(seen.tune), "select": sorted(seen.select)}
    (folder / SEEN_FILE).write_text(json.dumps(table, indent=0) + "\n", encoding="utf-8")


def read_seen(folder: Path) -> Seen:
    """Return what a head has seen; raise ModelError where its folder does not tell."""
    try:
        table = json.loads((folder / SEEN_FILE).read_text(encoding="utf-8"))
        return Seen(frozenset(table["tune"]), frozenset(table["select"]))
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(
            f"{folder}: {SEEN_FILE} is missing or damaged: what it has seen is unknown"
        ) from cause


def head_logits(head: Head, texts: Sequence[tuple[str, str]]) -> list[Floats]:
    """Return the logits of an open head on texts or pairs, one array each."""
    if head.card.kind == "token":
        return head.tag_logits([first for first, _ in texts])
    return list(head.text_logits(texts))


def largest_difference(left: Sequence[Floats], right: Sequence[Floats]) -> float:
    """Return the largest absolute difference of logits; raise ModelError where one is no number."""
    worst = 0.0
    for a, b in zip(left, right, strict=True):
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise ModelError("a logit is no number: the weights are damaged")
        worst = max(worst, float(np.abs(a - b).max(initial=0.0)))
    return worst


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
