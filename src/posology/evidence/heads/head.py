"""A trained head at run time, without torch: labels of texts and of pairs, spans of texts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.runtime import import_openvino
from posology.chat.weights import check_sha256
from posology.errors import ModelError
from posology.evidence.heads.apart import PairReader
from posology.evidence.heads.card import WEIGHTS, HeadCard, HeadKind, read_head_card
from posology.evidence.heads.graphs import compile_graphs, head_graphs
from posology.evidence.heads.joining import join_rows, join_texts, log_softmax
from posology.evidence.heads.tags import Span, decode_tags
from posology.evidence.heads.windows import Cutter, Window, by_size, padded

__all__ = ["Head", "Labels", "open_head"]

Floats = NDArray[np.float64]
_Reader = Callable[[Sequence[Window]], list[Floats]]
_AT_ONCE = 2048  # word pieces of one inference, padding included


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one text with their calibrated probabilities, and the likeliest."""

    best: str
    scores: Mapping[str, float]


class Head:
    """A compiled head with its tokenizer and its card."""

    def __init__(self, read: _Reader, cutter: Cutter, card: HeadCard, weights_bytes: int = 0) -> None:
        """Take what reads windows (their logits, in order), cutter, card and the size of the weights."""
        self._read = read
        self.cutter = cutter
        self.card = card
        self.bytes = weights_bytes

    def find_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the spans of each text, in order; offsets are characters of the text as given."""
        self._require("token")
        pieces = self.cutter.pieces(texts)
        card = self.card
        return [
            decode_tags(
                log_softmax(logits / card.temperature), one, card.labels, whole_words=card.whole_words
            )
            for logits, one in zip(self.tag_logits(texts), pieces, strict=True)
        ]

    def label_texts(self, texts: Sequence[str]) -> list[Labels]:
        """Return the labels of texts."""
        self._require("sequence")
        return self._labelled(self.text_logits([(text, "") for text in texts]))

    def label_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Labels]:
        """Return the labels of pairs: a claim with its evidence, a criterion with its passage."""
        self._require("pair")
        return self._labelled(self.text_logits(pairs))

    def tag_logits(self, texts: Sequence[str]) -> list[Floats]:
        """Return the raw logits of each text's word pieces: (pieces, tags)."""
        pieces = self.cutter.pieces(texts)
        windows = self.cutter.single(pieces)
        return join_rows(windows, self._read(windows), [len(one.ids) for one in pieces])

    def text_logits(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Return the raw logits of pairs: (texts, labels); a head of texts reads the first of each."""
        card = self.card
        if not pairs:
            return np.zeros((0, len(card.labels)))
        firsts = self.cutter.pieces([first for first, _ in pairs])
        if card.kind == "pair":
            seconds = self.cutter.pieces([second for _, second in pairs])
            windows = self.cutter.paired(list(zip(firsts, seconds, strict=True)))
        else:
            windows = self.cutter.single(firsts)
        highest = card.labels.index(card.positive) if card.join == "highest" else -1
        return join_texts(windows, self._read(windows), len(pairs), highest)

    def _labelled(self, logits: Floats) -> list[Labels]:
        chances = np.exp(log_softmax(logits / self.card.temperature))
        return [self._decided(row) for row in chances]

    def _decided(self, row: Floats) -> Labels:
        card = self.card
        scores = dict(zip(card.labels, map(float, row), strict=True))
        best = max(card.labels, key=scores.__getitem__)
        if card.threshold is not None:
            others = [label for label in card.labels if label != card.positive]
            above = scores[card.positive] >= card.threshold
            best = card.positive if above else max(others, key=scores.__getitem__)
        return Labels(best, scores)

    def _require(self, kind: str) -> None:
        if self.card.kind != kind:
            raise ModelError(f"{self.card.name}: a head of the kind {self.card.kind}, not {kind}")


def open_head(folder: Path, *, threads: int = 0, home: Path | None = None) -> Head:
    """Open a head's folder: head.json, head.safetensors, config.json and tokenizer.json.

    ``threads``: processor threads; 0: as many as there are cores. ``home``: the folder of models.

    Raises ModelError where a file is missing, damaged or not the one of the card.
    """
    openvino = import_openvino("A trained head")
    from tokenizers import Tokenizer

    card = read_head_card(folder)
    check_sha256(folder / "tokenizer.json", card.tokenizer_sha256)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{folder}: config.json or tokenizer.json cannot be read: damaged") from cause
    try:
        graphs = head_graphs(openvino, folder, config, card, home)
    except KeyError as cause:
        what = f"the weights of {card.base}" if card.network == "decoder" else "config.json"
        raise ModelError(f"{folder}: {WEIGHTS} and {what} do not belong together ({cause})") from cause
    compiled = compile_graphs(
        openvino, graphs, threads=threads, rounds=card.precision == "int8" and card.network == "bert"
    )
    cutter = Cutter(tokenizer, card.window, card.overlap, (card.begin, card.end))
    size = (folder / WEIGHTS).stat().st_size
    return Head(_reader(compiled, card.kind), cutter, card, size)


def _reader(compiled: Sequence[Any], kind: HeadKind) -> _Reader:
    if len(compiled) > 1:
        return PairReader(*compiled)

    def read(windows: Sequence[Window]) -> list[Floats]:
        rows: dict[int, Floats] = {}
        for batch in by_size([len(window.ids) for window in windows], _AT_ONCE):
            result = compiled[0](list(padded([windows[n] for n in batch])))[0]
            for row, n in enumerate(batch):
                one = result[row, : len(windows[n].ids)] if kind == "token" else result[row]
                rows[n] = np.array(one, dtype=np.float64)
        return [rows[n] for n in range(len(windows))]

    return read
