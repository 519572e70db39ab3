"""What a model forgot: its loss on text that it did not learn from, held against its base's.

Documents are cut into pieces of at most 512 tokens; each token is predicted from those before it in its
piece. Weights and arithmetic are in 32 bits; intervals draw whole documents, or groups where there are some.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from posology.adapt.job import Job, silent
from posology.adapt.network import Network, open_network
from posology.adapt.objective.plain import PlainObjective
from posology.adapt.packing import Piece, cut_pieces
from posology.adapt.recipe import Base, Lora
from posology.adapt.seen import has_seen
from posology.adapt.tuned import TunedModel
from posology.chat.torch_adapter import add_adapter, find_adapter
from posology.chat.torch_prompts import begin_token
from posology.corpus.readers import READERS, Raw
from posology.corpus.spec import SourceSpec
from posology.errors import ModelError, UserError
from posology.manifest import hash_file
from posology.statistics import clustered_interval

__all__ = ["PlainText", "measure_forgetting", "read_plain_text"]

_WIDTH = 512  # tokens of a piece
_LINES = (".jsonl", ".ndjson")
_DIGITS = 6
_NAMED = 10  # documents in a message
_MOST_NATS = 50.0  # beyond, a perplexity is no number worth telling


@dataclass(frozen=True, slots=True)
class PlainText:
    """The documents of a file or folder, each with the group that it is of; the repr hides them."""

    name: str
    sha256: str
    documents: tuple[tuple[str, str], ...] = field(repr=False)  # group and text
    left_out: dict[str, int]  # reason: how many documents
    compared: Literal["lines", "files"]  # what showed that the model has not learned from it


@dataclass(frozen=True, slots=True)
class _Document:
    group: str
    pieces: tuple[Piece, ...]
    beyond: int  # tokens of it that are left out

    @property
    def tokens(self) -> int:
        """Return how many tokens are predicted."""
        return sum(len(piece.tokens) - 1 for piece in self.pieces)


def read_plain_text(path: Path, tuned: TunedModel) -> PlainText:
    """Read a text file, a JSONL file or corpus, or a folder of texts; refuse what the model learned from.

    Documents are held against the lines of what it learned from and was chosen by; where its folder does not
    hold their hashes, the file alone against the files of its run.
    """
    where = path.expanduser()
    where = where / "records.jsonl" if (where / "records.jsonl").is_file() else where
    kind, name = "jsonl" if where.suffix.lower() in _LINES else "text", path.resolve().name
    source = SourceSpec(
        name="text", kind="jsonl" if kind == "jsonl" else "text", path=str(where.resolve()),
        without_gate="measured, not kept",
    )  # fmt: skip
    left_out = Counter[str]()
    documents, known = [], []
    for one in READERS[source.kind](source, Path()):
        if isinstance(one, Raw) and one.text.strip():
            documents.append((one.group or one.own_id or one.place, one.text))
            if tuned.seen is not None and has_seen(tuned.seen, one.text):
                known.append(one.place)
        else:
            left_out["empty" if isinstance(one, Raw) else one.why] += 1
    if not documents:
        raise UserError(
            f"{path}: no text here: name a text file, a JSONL file of records, or a folder of them"
        )
    sha256 = hash_file("text", where).sha256 if where.is_file() else _digest(documents)
    if known or (where.is_file() and sha256 in tuned.inputs):
        raise UserError(f"{path}: {_learned(tuned, known, len(documents))}")
    compared: Literal["lines", "files"] = "files" if tuned.seen is None else "lines"
    return PlainText(name, sha256, tuple(documents), dict(sorted(left_out.items())), compared)


def _learned(tuned: TunedModel, known: Sequence[str], size: int) -> str:
    """Return why a text cannot be measured on; documents are named by their numbers."""
    name, why = tuned.folder.name, "forgetting shows on text that it did not learn from"
    if not known:
        return f"{name} learned from this file; {why}"
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return (
        f"{name} learned from {len(known):,} of its {size:,} documents, or was chosen by them (number "
        f"{', '.join(known[:_NAMED])}{more}); {why}: leave them out"
    )


def _digest(documents: Sequence[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for _, text in documents:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()


def measure_forgetting(
    tuned: TunedModel,
    base: Path,
    texts: Sequence[PlainText],
    *,
    most_tokens: int,
    seed: int = 0,
    tell: Callable[..., None] = silent,
) -> list[dict[str, Any]]:
    """Return the loss of base and tuned model on each text, with intervals and their difference.

    ``most_tokens``: of each text; what lies beyond is left out and counted. One model is in memory at a time:
    an adapter is added to the base that is open, also to one in another place than its papers name.
    """
    network = _open(base)
    chosen = [_documents(network, text, most_tokens) for text in texts]
    before = [_nats(network, documents, tell, "base") for documents in chosen]
    adapter = find_adapter(tuned.folder)
    if adapter is not None:
        add_adapter(network.torch, network.core, adapter)
    else:
        del network
        network = _open(tuned.folder)
        if [_documents(network, text, most_tokens) for text in texts] != chosen:
            raise UserError(
                f"{tuned.folder}: its tokenizer cuts text otherwise than its base's: losses a token are not "
                "comparable; leave out --text"
            )
    after = [_nats(network, documents, tell, "tuned") for documents in chosen]
    return [_record(*one, most_tokens, seed) for one in zip(texts, chosen, before, after, strict=True)]


def _open(path: Path) -> Network:
    network = open_network(Base(path=str(path), dtype="float32"), Lora(rank=0), Job(path), seed=0)
    network.core.eval()
    return network


def _documents(network: Network, text: PlainText, most_tokens: int) -> list[_Document]:
    """Cut documents into pieces, as many as the limit allows; the last one may be cut short."""
    first = begin_token(network.core, network.tokenizer)
    begin = () if first is None else (first,)
    width = min(_WIDTH, network.window or _WIDTH) - len(begin)
    found, room = [], most_tokens
    for group, words in text.documents:
        ids = network.tokenizer.encode(words, add_special_tokens=False)
        pieces = []
        for piece in cut_pieces(ids, "", width, 2 - len(begin), len(words.encode("utf-8", "surrogatepass"))):
            if room > 0:
                pieces.append(_shortened(begin, piece, room))
                room -= len(pieces[-1].tokens) - 1
        if pieces:
            taken = sum(len(piece.tokens) - len(begin) for piece in pieces)
            found.append(_Document(group, tuple(pieces), len(ids) - taken))
        if room <= 0:
            break
    if not found:
        raise UserError(f"{text.name}: too little text to measure on")
    return found


def _shortened(begin: tuple[int, ...], piece: Piece, room: int) -> Piece:
    """Return a piece with what opens a text, cut where it predicts so many tokens."""
    tokens = (*begin, *piece.tokens)[: room + 1]
    share = (len(tokens) - len(begin)) / len(piece.tokens)
    return Piece(tokens, "", round(piece.size_bytes * share))


def _nats(
    network: Network, documents: Sequence[_Document], tell: Callable[..., None], who: str
) -> list[float]:
    """Return the summed loss of each document."""
    found = []
    with network.torch.inference_mode():
        for number, one in enumerate(documents):
            tell(f"Text, {who}", number, len(documents))
            objective = PlainObjective(network, [(piece,) for piece in one.pieces])
            rows = range(len(one.pieces))
            found.append(sum(objective.losses([row]).parts["answer"] for row in rows))
    if not all(map(math.isfinite, found)):
        raise ModelError(f"the loss of the {who} model on text is no number: its weights are damaged")
    return found


def _record(
    text: PlainText,
    documents: Sequence[_Document],
    before: Sequence[float],
    after: Sequence[float],
    most_tokens: int,
    seed: int,
) -> dict[str, Any]:
    tokens, size = sum(one.tokens for one in documents), sum(_sizes(documents))
    beyond = len(text.documents) - len(documents)
    left_out = dict(text.left_out)
    if beyond:
        left_out[f"too short, or beyond {most_tokens:,} tokens"] = beyond
    change = [later - sooner for later, sooner in zip(after, before, strict=True)]
    return {
        "text": text.name,
        "sha256": text.sha256,
        "documents": len(documents),
        "groups": len({one.group for one in documents}),
        "tokens": tokens,
        "bytes": size,
        "left_out": left_out,
        "tokens_beyond": sum(one.beyond for one in documents),
        "compared": text.compared,
        "base": _loss(documents, before, size, seed),
        "tuned": _loss(documents, after, size, seed),
        "difference": _mean(documents, change, seed),
    }


def _sizes(documents: Sequence[_Document]) -> Iterator[int]:
    return (piece.size_bytes for one in documents for piece in one.pieces)


def _mean(documents: Sequence[_Document], nats: Sequence[float], seed: int) -> dict[str, float | None]:
    """Return the mean of a token with its interval over groups; a document's tokens bear its own mean."""
    groups: dict[str, list[float]] = defaultdict(list)
    for one, total in zip(documents, nats, strict=True):
        groups[one.group] += [total / one.tokens] * one.tokens
    found = asdict(clustered_interval(list(groups.values()), seed=seed))
    return {key: _rounded(found[key]) for key in ("value", "low", "high")}


def _loss(documents: Sequence[_Document], nats: Sequence[float], size: int, seed: int) -> dict[str, Any]:
    mean, total = _mean(documents, nats, seed), sum(nats)
    tokens = sum(one.tokens for one in documents)
    return {
        "nats": mean,
        "perplexity": {key: _exp(value) for key, value in mean.items()},
        "bits_a_byte": _rounded(total / size / math.log(2)) if size else None,
        "tokens": tokens,
    }


def _exp(nats: float | None) -> float | None:
    return None if nats is None or nats > _MOST_NATS else round(math.exp(nats), _DIGITS)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
