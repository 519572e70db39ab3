"""Passes of a transformers model over batches of unequal prompts, with keys and values kept in columns.

Every row's columns bear the position of their token, padding none, and the mask is made of positions: a
row computes the same whatever stands beside it, with or without a beginning computed before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posology.chat.torch_prefixes import CHUNK, Prefix, PrefixStore
from posology.errors import ModelError

__all__ = ["KeyValues", "Network"]

COLUMNS = 512  # tokens of each row that go through the model at once
PAD = -1  # the position of a column that holds no token


class KeyValues:
    """Keys and values of a batch: what a model's attention layers read and append to."""

    def __init__(self, torch: Any, rows: int, capacity: int, device: Any) -> None:
        """Make room for ``capacity`` columns."""
        self._torch = torch
        self._start: list[tuple[Prefix | None, int]] = []
        self.capacity = capacity
        self.positions = torch.full((rows, capacity), PAD, dtype=torch.long, device=device)
        self.layers: dict[int, tuple[Any, Any]] = {}
        self.length = 0

    def begin_with(self, prefixes: Sequence[Prefix | None], tokens: Sequence[int]) -> None:
        """Put a computed beginning, its first ``tokens`` each, before each row."""
        self._start = list(zip(prefixes, tokens, strict=True))
        self.length = max(tokens, default=0)
        for row, count in enumerate(tokens):
            self.positions[row, :count] = self._torch.arange(count, device=self.positions.device)

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002  (transformers' name)
        """Return the columns in use."""
        return self.length

    def update(self, keys: Any, values: Any, layer_idx: int, *_: object) -> tuple[Any, Any]:
        """Append a layer's keys and values and return all of them: (rows, heads, columns, width)."""
        if layer_idx not in self.layers:
            self.layers[layer_idx] = self._room(keys, layer_idx, 0), self._room(values, layer_idx, 1)
        end = self.length + int(keys.shape[2])
        kept_keys, kept_values = self.layers[layer_idx]
        kept_keys[:, :, self.length : end] = keys
        kept_values[:, :, self.length : end] = values
        return kept_keys[:, :, :end], kept_values[:, :, :end]

    def _room(self, fresh: Any, layer: int, which: int) -> Any:
        rows, heads, _, width = fresh.shape
        room = fresh.new_zeros((rows, heads, self.capacity, width))
        for row, (prefix, count) in enumerate(self._start):
            if prefix is not None:
                room[row, :, :count] = prefix.layers[layer][which][0, :, :count]
        return room

    def select(self, rows: Sequence[int], capacity: int) -> "KeyValues":
        """Return a copy of these rows, in this order, with room for ``capacity`` columns."""
        index = self._torch.tensor(list(rows), device=self.positions.device)
        copy = KeyValues(self._torch, len(rows), capacity, self.positions.device)
        copy.length = self.length
        copy.positions[:, : self.length] = self.positions[index, : self.length]
        for layer, (keys, values) in self.layers.items():
            copy.layers[layer] = self._copied(keys, index, capacity), self._copied(values, index, capacity)
        return copy

    def _copied(self, kept: Any, index: Any, capacity: int) -> Any:
        _, heads, _, width = kept.shape
        room = kept.new_zeros((len(index), heads, capacity, width))
        room[:, :, : self.length] = kept[index, :, : self.length]
        return room


@dataclass(frozen=True, slots=True)
class _Attention:
    """How a model's layers look back."""

    window: int | None  # tokens a sliding layer sees; None: no such layer
    mixed: bool  # full and sliding layers: the model takes a mask for each kind


def _attention(config: Any) -> _Attention:
    kinds = set(getattr(config, "layer_types", None) or ())
    unknown = kinds - {"full_attention", "sliding_attention"}
    if unknown:
        raise ModelError(
            f"the engine transformers does not run layers of the kind {', '.join(sorted(unknown))}; serve "
            "this model with vLLM or llama.cpp and use the engine openai"
        )
    window = getattr(config, "sliding_window", None)
    if kinds:
        return _Attention(window if "sliding_attention" in kinds else None, "sliding_attention" in kinds)
    uses = getattr(config, "use_sliding_window", True)
    return _Attention(window if uses else None, False)


class Network:
    """One loaded model and the beginnings it has computed."""

    def __init__(self, torch: Any, model: Any, *, prefix_tokens: int) -> None:
        """Take a model in evaluation mode; ``prefix_tokens`` bounds the beginnings kept."""
        self._torch = torch
        self._model = model
        self._attention = _attention(model.config)
        self._prefixes = PrefixStore(prefix_tokens)
        self.device = model.device
        self.computed = 0  # tokens that went through the model, padding included

    def prefill(
        self, sequences: Sequence[Sequence[int]], shared: Sequence[int], extra: int
    ) -> tuple[KeyValues, Any]:
        """Compute prompts, each with its first ``shared`` tokens computed once: memory and last logits.

        ``extra``: columns to keep free for what follows.
        """
        begun = [
            self._prefix(tuple(tokens[:count])) if count else None
            for tokens, count in zip(sequences, shared, strict=True)
        ]
        own = [list(tokens[count:]) for tokens, count in zip(sequences, shared, strict=True)]
        width = max(map(len, own))
        memory = KeyValues(self._torch, len(own), max(shared) + width + extra, self.device)
        memory.begin_with(begun, shared)
        tokens = self._torch.zeros((len(own), width), dtype=self._torch.long)
        positions = self._torch.full((len(own), width), PAD, dtype=self._torch.long)
        for row, ids in enumerate(own):
            tokens[row, width - len(ids) :] = self._torch.tensor(ids)
            positions[row, width - len(ids) :] = self._torch.arange(shared[row], shared[row] + len(ids))
        logits = None
        for begin in range(0, width, COLUMNS):
            end = min(begin + COLUMNS, width)
            logits = self.step(memory, tokens[:, begin:end], positions[:, begin:end], int(end == width))
        return memory, None if logits is None else logits[:, -1].float()

    def step(self, memory: KeyValues, tokens: Any, positions: Any, logits: int) -> Any:
        """Append tokens (rows, columns) at their positions; return the logits of the last so many columns."""
        tokens, positions = tokens.to(self.device), positions.to(self.device)
        width = int(tokens.shape[1])
        memory.positions[:, memory.length : memory.length + width] = positions
        known = memory.positions[:, : memory.length + width]
        inputs = {
            "input_ids": tokens,
            "attention_mask": self._masks(memory, known, positions),
            "position_ids": positions.clamp(min=0),
            "past_key_values": memory,
            "use_cache": True,
        }
        result = None
        if logits:
            result = self._model(**inputs, logits_to_keep=logits).logits
        else:
            self._model.base_model(**inputs)
        memory.length += width
        self.computed += int(tokens.numel())
        return result

    def _masks(self, memory: KeyValues, known: Any, positions: Any) -> Any:
        """Return what each column sees: earlier positions of its row, and itself (padding: itself only)."""
        queries, keys = positions[:, :, None], known[:, None, :]
        columns = self._torch.arange(known.shape[1], device=self.device)
        own = columns[memory.length :][:, None] == columns[None, :]
        full = (keys >= 0) & (keys <= queries)
        window = self._attention.window
        near = full if window is None else full & (queries - keys < window)
        full, near = (full | own)[:, None], (near | own)[:, None]  # (rows, 1, columns, all columns)
        if self._attention.mixed:
            return {"full_attention": full, "sliding_attention": near}
        return near

    def _prefix(self, tokens: tuple[int, ...]) -> Prefix:
        found, covered = self._prefixes.find(tokens)
        if found is not None and covered == len(tokens):
            return found
        memory = KeyValues(self._torch, 1, len(tokens), self.device)
        memory.begin_with([found], [covered])
        ids = self._torch.tensor([list(tokens)])
        places = self._torch.arange(len(tokens))[None]
        for begin in range(covered, len(tokens), CHUNK):
            end = min(begin + CHUNK, len(tokens))
            self.step(memory, ids[:, begin:end], places[:, begin:end], 0)
        prefix = Prefix(tokens, memory.layers)
        self._prefixes.keep(prefix)
        return prefix
