"""Packing documents into rows of one length, and the proof that none sees another.

Each document's positions begin at 0; models of transformers keep documents apart by that alone, where they
get neither an attention mask nor a cache. Since a version that does not would say nothing, it is tried
before training (``require_isolated``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posology.adapt.network import Network
from posology.errors import ModelError

__all__ = ["Piece", "Row", "cut_pieces", "largest_leak", "pack", "require_isolated", "row_tensors"]

_LEAK = 1e-2  # of hidden states in 32 bits, relative to the largest


@dataclass(frozen=True, slots=True)
class Piece:
    """A document's tokens, or as many as fit a row, and the domain that it is of."""

    tokens: tuple[int, ...]
    domain: str
    size_bytes: int = 0  # of the text, for bits a byte

    def __repr__(self) -> str:
        """Show domain and size: the tokens spell a record."""
        return f"Piece({self.domain}, {len(self.tokens)} tokens)"


Row = tuple[Piece, ...]


def cut_pieces(
    tokens: Sequence[int], domain: str, width: int, least: int, size_bytes: int = 0
) -> list[Piece]:
    """Cut a document into pieces that fit a row; a last piece shorter than ``least`` is left out.

    Pieces share no token. A piece is as even as they come, so that none is a short rest.
    """
    number = max(1, -(-len(tokens) // width))
    size = -(-len(tokens) // number)
    parts = [tuple(tokens[at : at + size]) for at in range(0, len(tokens), size or 1)]
    share = size_bytes / len(tokens) if tokens else 0.0
    return [Piece(part, domain, round(share * len(part))) for part in parts if len(part) >= least]


def pack(pieces: Sequence[Piece], width: int) -> list[Row]:
    """Put pieces into rows of at most ``width`` tokens, the longest first, each where it leaves least room.

    >>> rows = pack([Piece((1,) * n, "") for n in (5, 3, 6, 2)], 8)
    >>> [[len(piece.tokens) for piece in row] for row in rows]
    [[6, 2], [5, 3]]
    """
    rows: list[list[Piece]] = []
    room: dict[int, list[int]] = {}  # tokens that are free: rows with so many
    for piece in sorted(pieces, key=lambda one: -len(one.tokens)):
        size = len(piece.tokens)
        free = next((left for left in range(size, width + 1) if room.get(left)), None)
        if free is None:
            rows.append([piece])
            at, left = len(rows) - 1, width - size
        else:
            at, left = room[free].pop(0), free - size
            rows[at].append(piece)
        room.setdefault(left, []).append(at)
    return [tuple(row) for row in rows]


def row_tensors(torch: Any, rows: Sequence[Row]) -> tuple[Any, Any, Any]:
    """Return tokens, positions and the mask of what is predicted, each (rows, width).

    The mask is true at a token that predicts the next one of its own document. What fills a row up counts
    as a document of its own that predicts nothing.
    """
    width = max(sum(len(piece.tokens) for piece in row) for row in rows)
    tokens = torch.zeros((len(rows), width), dtype=torch.long)
    positions = torch.zeros((len(rows), width), dtype=torch.long)
    predicts = torch.zeros((len(rows), width), dtype=torch.bool)
    for number, row in enumerate(rows):
        at = 0
        for piece in row:
            end = at + len(piece.tokens)
            tokens[number, at:end] = torch.tensor(piece.tokens, dtype=torch.long)
            positions[number, at:end] = torch.arange(end - at)
            predicts[number, at : end - 1] = True
            at = end
        positions[number, at:] = torch.arange(width - at)
    return tokens, positions, predicts


def largest_leak(network: Network, row: Row) -> float:
    """Return how far the hidden states of a row's documents are from those of each alone, in 32 bits.

    Relative to the largest value; 0 where no document sees another, no number where a state is none.
    """
    torch = network.torch
    was = network.core.training
    network.core.eval()
    with torch.inference_mode():
        packed = _hidden(network, row)[0]
        at, found = 0, []
        for piece in row:
            alone = _hidden(network, (piece,))[0]
            part = packed[at : at + len(piece.tokens)]
            found.append(float((part - alone).abs().max() / alone.abs().max()))
            at += len(piece.tokens)
    network.core.train(was)
    return math.nan if any(map(math.isnan, found)) else max(found, default=0.0)


def _hidden(network: Network, row: Row) -> Any:
    tokens, positions, _ = row_tensors(network.torch, [row])
    device = network.device
    inputs = {"input_ids": tokens.to(device), "position_ids": positions.to(device), "use_cache": False}
    return network.core.base_model(**inputs).last_hidden_state.float()


def require_isolated(network: Network, rows: Sequence[Row]) -> None:
    """Raise ModelError where a document of a packed row sees another."""
    mixed = next((row for row in rows if len(row) > 1), None)
    if mixed is None:
        return
    leak = largest_leak(network, mixed)
    allowed = _LEAK * (10 if network.core.dtype != network.torch.float32 else 1)
    if math.isnan(leak):
        raise ModelError(
            "the model's hidden states are no numbers: its weights are damaged; take them from their source "
            "again"
        )
    if leak > allowed:
        raise ModelError(
            f"documents of one row see each other with this model (hidden states differ by {leak:.2g} of the "
            "largest): it cannot be trained on packed rows; set rows.tokens to the length of one document"
        )
