"""What turns texts into vectors while it learns: an encoder's mean vector, or a static table's."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.generator import ModelIdentity
from posology.chat.runtime import import_torch, import_transformers
from posology.errors import ModelError
from posology.evidence.embed import Vectors

__all__ = ["Tower", "TowerEmbedder", "open_encoder_tower", "static_tower"]

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Tower:
    """A model from lists of word pieces to vectors of length one. ``core`` is the torch module."""

    torch: Any
    core: Any
    tokenizer: Any  # of the library tokenizers
    pieces: int  # read of a text at most
    forward: Callable[[Sequence[Sequence[int]]], Any]  # ids -> (texts, dimensions), not yet of length one
    special: bool  # texts are opened and closed by special tokens

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the word pieces of texts, cut to what is read."""
        encoded = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        cut = [list(one.ids[: self.pieces]) for one in encoded]
        if not self.special:
            return cut
        begin, end = (int(self.tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]"))
        return [[begin, *one, end] for one in cut]

    def embed(self, ids: Sequence[Sequence[int]]) -> Any:
        """Return vectors of length one: (texts, dimensions)."""
        return self.torch.nn.functional.normalize(self.forward(ids), dim=-1)


class TowerEmbedder:
    """A tower as an Embedder, to be measured."""

    def __init__(self, tower: Tower, name: str) -> None:
        """Take the tower and what it is called."""
        self._tower = tower
        self._name = name

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return ModelIdentity(self._name, "tower", "", "", "torch")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row a text, of length one; an empty text gets the zero vector."""
        tower = self._tower
        rows: list[Vectors] = []
        was = tower.core.training
        tower.core.eval()
        with tower.torch.inference_mode():
            for at in range(0, len(texts), _BATCH):
                ids = tower.ids(texts[at : at + _BATCH])
                rows.append(tower.embed(ids).float().cpu().numpy())
        tower.core.train(was)
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def static_tower(table: NDArray[np.float32], tokenizer: Any, pieces: int) -> Tower:
    """Return a table of word pieces (pieces, dimensions) as a tower: the mean of a text's rows.

    The values are brought to a standard deviation of one, which no cosine sees: so a learning rate means the
    same for every table.
    """
    torch = import_torch()
    tokenizer.no_padding()
    tokenizer.no_truncation()
    core = torch.nn.EmbeddingBag(*table.shape, mode="mean")
    with torch.no_grad():
        core.weight.copy_(torch.from_numpy(np.ascontiguousarray(table / table.std(), dtype=np.float32)))

    def forward(ids: Sequence[Sequence[int]]) -> Any:
        flat = torch.tensor([one for row in ids for one in row], dtype=torch.long)
        offsets = np.cumsum([0, *(len(row) for row in ids)])[:-1]
        return core(flat, torch.tensor(offsets, dtype=torch.long))

    return Tower(torch, core, tokenizer, pieces, forward, special=False)


def open_encoder_tower(folder: Path, pieces: int) -> Tower:
    """Open a BERT encoder as a tower: the mean of all its last vectors, as all-MiniLM-L6-v2 is read."""
    from tokenizers import Tokenizer

    torch, transformers = import_torch(), import_transformers()
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        core = transformers.BertModel.from_pretrained(
            str(folder), add_pooling_layer=False, dtype=torch.float32, local_files_only=True
        )
    except (OSError, ValueError) as cause:
        raise ModelError(f"{folder}: not a readable BERT encoder; run posology models get again") from cause
    if kind != "bert":
        raise ModelError(f"{folder}: config.json describes {kind}, not a BERT encoder")
    rows = int(core.get_input_embeddings().weight.shape[0])
    if tokenizer.get_vocab_size() > rows:
        raise ModelError(
            f"{folder}: the tokenizer is of another model: it has {tokenizer.get_vocab_size():,} word pieces "
            f"and the weights rows for {rows:,}; take tokenizer and weights from one source"
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    most = min(pieces, int(core.config.max_position_embeddings) - 2)

    def forward(ids: Sequence[Sequence[int]]) -> Any:
        width = max(map(len, ids))
        tokens = torch.zeros((len(ids), width), dtype=torch.long)
        mask = torch.zeros((len(ids), width), dtype=torch.long)
        for row, one in enumerate(ids):
            tokens[row, : len(one)] = torch.tensor(one, dtype=torch.long)
            mask[row, : len(one)] = 1
        last = core(input_ids=tokens, attention_mask=mask).last_hidden_state
        weights = mask[:, :, None].to(last.dtype)
        return (last * weights).sum(1) / weights.sum(1)

    return Tower(torch, core, tokenizer, most, forward, special=True)
