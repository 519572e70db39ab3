"""The head of pairs that compares: two texts read apart, then one held against the other piece by piece.

Each piece of the first text looks for its like in the second (by what it learned, by being the same piece,
by the cosine of their vectors, by how much of the first text stands around the same piece there), is set
beside what it finds, and looks at the other pieces of its own text; after some rounds of that the labels
are read from all of them. The encoder stays as it is, so a text's vectors serve every pair that it stands
in. After "attend, compare, aggregate" (Parikh et al. 2016, arXiv 1606.01933), with the pieces' vectors of
an encoder in place of vectors of words.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.evidence.bert_graph import BertGraph, BertShape

__all__ = ["HEADS", "MARKS", "OUTSIDE", "REACHES", "comparing_graph"]

HEADS = 4  # of each attention
OUTSIDE = -1e4  # added where a text has no piece
REACHES = (6, 16)  # pieces to each side that count as near
MARKS = 2 + len(REACHES)  # what is told of two pieces
_HEAD = "classifier."
_WORDS = "embeddings.word_embeddings.weight"


def comparing_graph(
    openvino: Any, weights: Mapping[str, NDArray[Any]], shape: BertShape, blocks: int, width: int
) -> Any:
    """Return the graph: ids, mask (texts, pieces) and vectors (texts, pieces, hidden) of both -> logits.

    ``weights`` are named as the encoder's own, the head's with "classifier." before them; ``shape`` is the
    encoder's, ``width`` and ``blocks`` are the head's.
    """
    from openvino import opset13 as op

    def inputs(side: str) -> tuple[Any, Any, Any]:
        return (
            op.parameter([-1, -1], openvino.Type.i64, name=f"{side} ids"),
            op.parameter([-1, -1], openvino.Type.f32, name=f"{side} mask"),
            op.parameter([-1, -1, shape.hidden], openvino.Type.f32, name=f"{side} vectors"),
        )

    own = {name.removeprefix(_HEAD): one for name, one in weights.items() if name.startswith(_HEAD)}
    own |= {name: one for name, one in weights.items() if name.startswith(_WORDS)}
    first, second = inputs("first"), inputs("second")
    build = _Comparing(op, own, BertShape(width, blocks, HEADS, shape.epsilon))
    return openvino.Model([build.logits(first, second)], [*first, *second], "comparing")


class _Comparing(BertGraph):
    """Builds the nodes of one comparing head."""

    def logits(self, first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> Any:
        """Return the logits of pairs, (pairs, labels)."""
        op = self._op
        marks, tops = self._marks(first, second)
        own, other = self._put(first[0], first[2]), self._put(second[0], second[2])
        alone = self._bias(first[1])  # (pairs, 1, 1, pieces of the first)
        for block in range(self._shape.layers):
            own = self._compared(f"blocks.{block}", own, other, (marks, tops, self._bias(second[1])))
            own = self._layer(own, alone, f"blocks.{block}.layer")
        return self._labels(op, own, first[1])

    def _labels(self, op: Any, own: Any, mask: Any) -> Any:
        wide = op.unsqueeze(mask, self.ints([2]))
        outside = op.multiply(op.subtract(wide, self.scalar(1.0)), self.scalar(-OUTSIDE))
        shares = op.softmax(op.add(self.linear(own, "shares"), outside), 1)
        mean = op.reduce_sum(op.multiply(own, shares), self.ints([1]), False)
        highest = op.reduce_max(op.add(own, outside), self.ints([1]), False)
        inner = op.gelu(self.linear(op.concat([mean, highest], 1), "dense"), "erf")
        return self.linear(inner, "out")

    def _put(self, ids: Any, vectors: Any) -> Any:
        """Return what is compared of a text: its pieces' vectors in context, and those of the words."""
        op = self._op
        zero = op.constant(np.array(0, dtype=np.int64))
        words = op.gather(self._constant(_WORDS), ids, zero)
        context = self._norm(self.linear(vectors, "context"), "context_norm")
        return op.add(context, self._norm(self.linear(words, "words"), "words_norm"))

    def _marks(self, first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> tuple[Any, Any]:
        """Return what two pieces have in common, (pairs, pieces, pieces, marks), and the most of each."""
        op = self._op
        both = op.multiply(op.unsqueeze(first[1], self.ints([2])), op.unsqueeze(second[1], self.ints([1])))
        alike = op.equal(op.unsqueeze(first[0], self.ints([2])), op.unsqueeze(second[0], self.ints([1])))
        same = op.multiply(op.convert(alike, "f32"), both)
        near = op.multiply(op.matmul(self._unit(first[2]), self._unit(second[2]), False, True), both)
        marks = [same, near, *self._kept_company(same, self._steps(second[0]))]
        joined = op.concat([op.unsqueeze(one, self.ints([3])) for one in marks], 3)
        wide = op.unsqueeze(second[1], self.ints([1, 3]))
        outside = op.multiply(op.subtract(wide, self.scalar(1.0)), self.scalar(-OUTSIDE))
        return joined, op.reduce_max(op.add(joined, outside), self.ints([2]), False)

    def _kept_company(self, same: Any, steps: Any) -> Iterator[Any]:
        """Yield for each reach how much of the first text stands around each piece that is the same."""
        op = self._op
        times = op.reduce_sum(same, self.ints([2]), True)  # (pairs, pieces of the first, 1)
        rare = op.divide(op.minimum(times, self.scalar(1.0)), op.maximum(times, self.scalar(1.0)))
        apart = op.abs(op.subtract(op.unsqueeze(steps, self.ints([1])), op.unsqueeze(steps, self.ints([0]))))
        for reach in REACHES:
            around = op.convert(op.less_equal(apart, op.constant(np.array(reach, dtype=np.int64))), "f32")
            found = op.minimum(op.matmul(same, around, False, False), self.scalar(1.0))
            share = op.matmul(rare, found, True, False)  # (pairs, 1, pieces of the second)
            most = op.maximum(op.reduce_max(share, self.ints([2]), True), self.scalar(1e-6))
            yield op.multiply(same, op.divide(share, most))

    def _steps(self, ids: Any) -> Any:
        op = self._op
        zero, one = (op.constant(np.array(value, dtype=np.int64)) for value in (0, 1))
        return op.range(zero, op.gather(op.shape_of(ids), one, zero), one, "i64")

    def _unit(self, vectors: Any) -> Any:
        return self._op.normalize_l2(vectors, self.ints([2]), 1e-12, "max")

    def _compared(self, at: str, own: Any, other: Any, seen: tuple[Any, Any, Any]) -> Any:
        op = self._op
        marks, tops, outside = seen
        query = self._split(self.linear(own, f"{at}.query"))
        key, value = (self._split(self.linear(other, f"{at}.{name}")) for name in ("key", "value"))
        weighed = op.transpose(self.linear(marks, f"{at}.marks"), self.ints([0, 3, 1, 2]))
        mixed = op.scaled_dot_product_attention(query, key, value, op.add(weighed, outside))
        joined = op.reshape(self._swap(mixed), self.ints([0, 0, self._shape.hidden]), True)
        found = self.linear(joined, f"{at}.output")
        beside = [own, found, op.multiply(own, found), op.abs(op.subtract(own, found)), tops]
        inner = op.gelu(self.linear(op.concat(beside, 2), f"{at}.beside"), "erf")
        return self._norm(op.add(own, self.linear(inner, f"{at}.told")), f"{at}.norm")

    def _bias(self, mask: Any) -> Any:
        op = self._op
        wide = op.unsqueeze(mask, self.ints([1, 2]))
        return op.multiply(op.subtract(wide, self.scalar(1.0)), self.scalar(-OUTSIDE))
