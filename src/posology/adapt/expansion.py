"""New words for a tokenizer and its model: chosen by what they save, begun as the mean of their pieces.

A word is added to byte-level BPE as merges after all others, so that every engine that reads the merges
reads it alike, and text in which no new merge applies is cut as before. WordPiece gets the word itself.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.corpus import Record
from posology.errors import ModelError

__all__ = ["NewToken", "NewWord", "choose_words", "expand_tokenizer"]

_WORD = re.compile(r"(?<= )[A-Za-z]{4,39}(?=[\s.,;:)\]/]|$)")  # a new token begins with the space before it


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word, how often it occurs, how many tokens it was, and what it saves as one."""

    text: str
    count: int
    pieces: int

    @property
    def saving(self) -> int:
        """Return how many tokens of the text it saves."""
        return (self.pieces - 1) * self.count


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that is new: its number, and the old tokens whose mean it begins as."""

    number: int
    pieces: tuple[int, ...]


def choose_words(
    records: Iterable[Record], encode: Callable[[str], Sequence[int]], *, count: int, groups: int, most: int
) -> list[NewWord]:
    """Return the words that save most, those that occur in fewer than ``groups`` groups left out.

    A record without a group is a group of its own.
    """
    times: Counter[str] = Counter()
    where: dict[str, set[str]] = {}
    for record in records:
        group = record.provenance.group or record.id
        for word in _WORD.findall(record.text):
            times[word] += 1
            found = where.setdefault(word, set())
            if len(found) < groups:
                found.add(group)
    words = [
        NewWord(text, n, len(encode(f" {text}")))
        for text, n in times.items()
        if n >= count and len(where[text]) >= groups
    ]
    worth = [word for word in words if word.pieces > 1]
    return sorted(worth, key=lambda word: (-word.saving, word.text))[:most]


def expand_tokenizer(state: Mapping[str, Any], words: Sequence[str]) -> tuple[dict[str, Any], list[NewToken]]:
    """Return a tokenizer.json with the words, and the tokens that are new in it, lowest number first.

    BPE needs the tokens between a word's pieces and the word too. Raises ModelError for other kinds.
    """
    from tokenizers import Tokenizer

    kind = state["model"].get("type") or ("BPE" if "merges" in state["model"] else "")
    if kind not in _EXPANDERS:
        raise ModelError(
            f"the tokenizer is of the kind {kind or 'unknown'}: words are added to BPE and WordPiece only"
        )
    fresh = json.loads(json.dumps(state))
    old = Tokenizer.from_str(json.dumps(state))
    old.no_padding()
    old.no_truncation()
    first = old.get_vocab_size(with_added_tokens=True)
    taken = {entry["id"] for entry in fresh.get("added_tokens", [])} | set(fresh["model"]["vocab"].values())
    return fresh, _EXPANDERS[kind](fresh, old, words, max(first, max(taken) + 1))


def _expand_bpe(fresh: dict[str, Any], old: Any, words: Sequence[str], number: int) -> list[NewToken]:
    """Add merges that join a word's pieces from the left, after all merges that are there."""
    vocabulary, merges = fresh["model"]["vocab"], fresh["model"]["merges"]
    paired = not merges or isinstance(merges[0], list)
    known = {tuple(m) if paired else tuple(m.split(" ")) for m in merges}
    added: list[NewToken] = []
    for word in words:
        encoding = old.encode(f" {word}", add_special_tokens=False)
        if not _is_whole(old, word, encoding.ids):
            continue  # merges never cross the border between two words
        joined, ids = encoding.tokens[0], [encoding.ids[0]]
        for piece, one in zip(encoding.tokens[1:], encoding.ids[1:], strict=True):
            pair, whole, ids = (joined, piece), joined + piece, [*ids, one]
            if pair not in known:
                known.add(pair)
                merges.append(list(pair) if paired else " ".join(pair))
            if whole not in vocabulary:
                vocabulary[whole] = number
                added.append(NewToken(number, tuple(ids)))
                number += 1
            joined = whole
    return added


def _is_whole(old: Any, word: str, ids: Sequence[int]) -> bool:
    """Say whether a word is several tokens within one word of the tokenizer's own cutting."""
    text = old.normalizer.normalize_str(f" {word}") if old.normalizer else f" {word}"
    cut = old.pre_tokenizer.pre_tokenize_str(text) if old.pre_tokenizer else [text]
    return len(ids) > 1 and len(cut) == 1


def _expand_wordpiece(fresh: dict[str, Any], old: Any, words: Sequence[str], number: int) -> list[NewToken]:
    vocabulary = fresh["model"]["vocab"]
    added: list[NewToken] = []
    for word in words:
        normalized = old.normalizer.normalize_str(word) if old.normalizer else word
        ids = old.encode(word, add_special_tokens=False).ids
        if normalized in vocabulary or len(ids) < 2:
            continue
        vocabulary[normalized] = number
        added.append(NewToken(number, tuple(ids)))
        number += 1
    return added


_EXPANDERS = {"BPE": _expand_bpe, "WordPiece": _expand_wordpiece}
