"""The operations of a BERT encoder as OpenVINO nodes, from float32 weights or from int8 ones with scales."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.evidence.nodes import Nodes

__all__ = ["BertGraph", "BertShape", "bert_shape"]


@dataclass(frozen=True, slots=True)
class BertShape:
    """What config.json tells of an encoder."""

    hidden: int
    layers: int
    heads: int
    epsilon: float


def bert_shape(config: Mapping[str, Any]) -> BertShape:
    """Return the shape that a config.json of transformers describes."""
    return BertShape(
        hidden=int(config["hidden_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
    )


class BertGraph(Nodes):
    """Builds the nodes of one encoder; names of weights are those of transformers' BertModel."""

    def __init__(self, op: Any, weights: Mapping[str, NDArray[Any]], shape: BertShape) -> None:
        """Take OpenVINO's operations, the weights and the encoder's shape."""
        super().__init__(op, weights)
        self._shape = shape

    def vectors(self, ids: Any, mask: Any, types: Any | None = None) -> Any:
        """Return the last layer (batch, pieces, hidden); without ``types`` every piece is of type 0."""
        op = self._op
        wide = op.unsqueeze(mask, self.ints([1, 2]))  # (batch, 1, 1, pieces)
        bias = op.multiply(op.subtract(wide, self.scalar(1.0)), self.scalar(1e9))
        hidden = self._norm(self._embeddings(ids, types), "embeddings.LayerNorm")
        for layer in range(self._shape.layers):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}")
        return hidden

    def _layer(self, hidden: Any, bias: Any, at: str) -> Any:
        op, size = self._op, self._shape.hidden
        query, key, value = (
            self._split(self.linear(hidden, f"{at}.attention.self.{name}"))
            for name in ("query", "key", "value")
        )
        mixed = op.scaled_dot_product_attention(query, key, value, bias)
        joined = op.reshape(self._swap(mixed), self.ints([0, 0, size]), True)
        attended = self.linear(joined, f"{at}.attention.output.dense")
        hidden = self._norm(op.add(attended, hidden), f"{at}.attention.output.LayerNorm")
        inner = op.gelu(self.linear(hidden, f"{at}.intermediate.dense"), "erf")
        return self._norm(op.add(self.linear(inner, f"{at}.output.dense"), hidden), f"{at}.output.LayerNorm")

    def _embeddings(self, ids: Any, types: Any | None) -> Any:
        op = self._op
        zero, one = (op.constant(np.array(value, dtype=np.int64)) for value in (0, 1))
        words = op.gather(self._constant("embeddings.word_embeddings.weight"), ids, zero)
        length = op.gather(op.shape_of(ids), one, zero)
        steps = op.range(zero, length, one, "i64")
        places = op.gather(self._constant("embeddings.position_embeddings.weight"), steps, zero)
        kinds = op.gather(
            self._constant("embeddings.token_type_embeddings.weight"), zero if types is None else types, zero
        )
        return op.add(op.add(words, places), kinds)

    def _norm(self, x: Any, name: str) -> Any:
        op = self._op
        centred = op.mvn(x, self.ints([-1]), True, self._shape.epsilon, "inside_sqrt")
        scaled = op.multiply(centred, self._constant(f"{name}.weight"))
        return op.add(scaled, self._constant(f"{name}.bias"))

    def _split(self, x: Any) -> Any:
        shape = self._shape
        wanted = self.ints([0, 0, shape.heads, shape.hidden // shape.heads])
        return self._swap(self._op.reshape(x, wanted, True))
