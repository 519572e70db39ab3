"""The comparing head while it learns: the operations of ``posology.evidence.heads.comparing`` in torch."""

from collections.abc import Iterator
from typing import Any

from posology.evidence.heads.comparing import HEADS, MARKS, OUTSIDE, REACHES

__all__ = ["Side", "build_comparer", "compare", "kept_company"]

Side = tuple[Any, Any, Any]  # of texts: ids and mask (texts, pieces), vectors (texts, pieces, hidden)


def build_comparer(torch: Any, hidden: int, sizes: tuple[int, int, int], epsilon: float) -> Any:
    """Return the head's modules; ``sizes`` are its width, its blocks and the number of labels."""
    nn = torch.nn
    width, blocks, labels = sizes

    def norm() -> Any:
        return nn.LayerNorm(width, eps=epsilon)

    def layer() -> Any:
        attention = {name: nn.Linear(width, width) for name in ("query", "key", "value")}
        mixed = {"dense": nn.Linear(width, width), "LayerNorm": norm()}
        return nn.ModuleDict(
            {
                "attention": nn.ModuleDict(
                    {"self": nn.ModuleDict(attention), "output": nn.ModuleDict(mixed)}
                ),
                "intermediate": nn.ModuleDict({"dense": nn.Linear(width, 2 * width)}),
                "output": nn.ModuleDict({"dense": nn.Linear(2 * width, width), "LayerNorm": norm()}),
            }
        )

    def block() -> Any:
        marks = nn.Linear(MARKS, HEADS)
        with torch.no_grad():  # some heads begin by looking for the same piece, others for its like
            marks.weight[:, 0] = torch.linspace(0, 4, HEADS)
            marks.weight[:, 1] = torch.linspace(2, 8, HEADS)
        attention = {name: nn.Linear(width, width) for name in ("query", "key", "value", "output")}
        told = {"beside": nn.Linear(4 * width + MARKS, 2 * width), "told": nn.Linear(2 * width, width)}
        return nn.ModuleDict({**attention, **told, "marks": marks, "norm": norm(), "layer": layer()})

    return nn.ModuleDict(
        {
            "context": nn.Linear(hidden, width),
            "context_norm": norm(),
            "words": nn.Linear(hidden, width),
            "words_norm": norm(),
            "blocks": nn.ModuleList([block() for _ in range(blocks)]),
            "shares": nn.Linear(width, 1),
            "dense": nn.Linear(2 * width, width),
            "out": nn.Linear(width, labels),
        }
    )


def compare(torch: Any, head: Any, words: Any, sides: tuple[Side, Side], drop: Any) -> Any:
    """Return the logits of pairs, (pairs, labels); ``words`` is the table of the pieces' own vectors."""
    first, second = sides
    marks = _marks(torch, first, second)
    tops = (marks + ((second[1] - 1) * -OUTSIDE)[:, None, :, None]).amax(dim=2)
    own, other = (_put(torch, head, words, side, drop) for side in sides)
    alone, outside = (_bias(side[1]) for side in sides)
    for block in head["blocks"]:
        own = _compared(torch, block, own, other, (marks, tops, outside), drop)
        own = _layer(torch, block["layer"], own, alone, drop)
    beyond = (first[1].unsqueeze(2) - 1) * -OUTSIDE
    shares = (head["shares"](own) + beyond).softmax(dim=1)
    read = torch.cat([(own * shares).sum(dim=1), (own + beyond).amax(dim=1)], dim=1)
    return head["out"](drop(torch.nn.functional.gelu(head["dense"](read))))


def _put(torch: Any, head: Any, words: Any, side: Side, drop: Any) -> Any:
    ids, _, vectors = side
    plain = torch.nn.functional.embedding(ids, words)
    return drop(head["context_norm"](head["context"](vectors)) + head["words_norm"](head["words"](plain)))


def _marks(torch: Any, first: Side, second: Side) -> Any:
    both = first[1].unsqueeze(2) * second[1].unsqueeze(1)
    same = (first[0].unsqueeze(2) == second[0].unsqueeze(1)) * both
    one, two = (torch.nn.functional.normalize(side[2], dim=2) for side in (first, second))
    near = (one @ two.transpose(1, 2)) * both
    return torch.stack([same, near, *kept_company(torch, same)], dim=3)


def kept_company(torch: Any, same: Any) -> Iterator[Any]:
    """Yield for each reach how much of the first text stands around each piece that is the same.

    ``same`` (pairs, pieces of the first, pieces of the second) is 1 where a piece is the same, as is what is
    yielded, 0 to 1: the share that stands within the reach, by how rare its pieces are in the second text, of
    the most that stands so near together anywhere in it. A value taken from another line keeps less company.
    """
    times = same.sum(dim=2, keepdim=True)
    rare = times.clamp(max=1) / times.clamp(min=1)  # what stands there once tells most of where
    steps = torch.arange(same.shape[2], device=same.device)
    apart = (steps[:, None] - steps).abs()
    for reach in REACHES:
        found = (same @ (apart <= reach).to(same.dtype)).clamp(max=1)
        share = rare.transpose(1, 2) @ found  # (pairs, 1, pieces of the second)
        yield same * (share / share.amax(dim=2, keepdim=True).clamp(min=1e-6))


def _compared(torch: Any, block: Any, own: Any, other: Any, seen: tuple[Any, Any, Any], drop: Any) -> Any:
    marks, tops, outside = seen
    bias = block["marks"](marks).permute(0, 3, 1, 2) + outside
    mixed = _attend(torch, (block["query"](own), block["key"](other), block["value"](other)), bias)
    found = block["output"](mixed)
    beside = torch.cat([own, found, own * found, (own - found).abs(), tops], dim=2)
    told = block["told"](drop(torch.nn.functional.gelu(block["beside"](beside))))
    return block["norm"](own + told)


def _layer(torch: Any, layer: Any, own: Any, bias: Any, drop: Any) -> Any:
    """Return one layer of a BERT encoder."""
    attention, output = layer["attention"], layer["output"]
    asked = tuple(attention["self"][name](own) for name in ("query", "key", "value"))
    mixed = drop(attention["output"]["dense"](_attend(torch, asked, bias)))
    own = attention["output"]["LayerNorm"](mixed + own)
    inner = torch.nn.functional.gelu(layer["intermediate"]["dense"](own))
    return output["LayerNorm"](drop(output["dense"](inner)) + own)


def _attend(torch: Any, asked: tuple[Any, ...], bias: Any) -> Any:
    query, key, value = (one.unflatten(2, (HEADS, -1)).transpose(1, 2) for one in asked)
    mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    return mixed.transpose(1, 2).flatten(2)


def _bias(mask: Any) -> Any:
    return ((mask - 1) * -OUTSIDE)[:, None, None, :]
