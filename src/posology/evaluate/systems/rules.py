"""A dictionary of mentions: the words of *tune* that are mentions more often than not, looked up again."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from posology.evaluate.arm import Learning
from posology.evaluate.items import Item, Mention, Response
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import learnable
from posology.evaluate.task import Task

__all__ = ["Dictionary", "build_dictionary", "learn_dictionary"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MOST_TOKENS = 12  # of an entry
_ABBREVIATION = 5  # letters up to which a word with capitals is matched as written

Entry = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of a text: as they are compared, and where they stand."""

    keys: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Entries, each a run of tokens, with their label."""

    labels: Mapping[Entry, str]
    longest: int

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return the mentions: from left to right, the longest entry at each place, none within another."""
        tokens = _tokens_of(text)
        found, place = [], 0
        while place < len(tokens.keys):
            size = next(
                (
                    size
                    for size in range(min(self.longest, len(tokens.keys) - place), 0, -1)
                    if tokens.keys[place : place + size] in self.labels
                ),
                0,
            )
            if size:
                label = self.labels[tokens.keys[place : place + size]]
                start, end = tokens.spans[place][0], tokens.spans[place + size - 1][1]
                found.append(Mention(start, end, label, text[start:end]))
            place += size or 1
        return tuple(found)


def learn_dictionary(task: Task, learning: Learning) -> Respond:
    """Answer entities by a dictionary of *tune*."""
    dictionary = build_dictionary(learnable(task, learning.tune))
    return lambda items: [Response(dictionary.find(item.text)) for item in items]


def build_dictionary(items: Sequence[Item]) -> Dictionary:
    """Keep the words that are a mention in more than half of the places where they stand.

    Words are whole tokens without regard to case, but for abbreviations: short words with a capital after
    their first letter, or all of capitals, count as they are written. A word with several labels has the
    most frequent one, the first by name of equals.
    """
    named: dict[Entry, Counter[str]] = defaultdict(Counter)
    texts = [_tokens_of(item.text) for item in items]
    for item, tokens in zip(items, texts, strict=True):
        for entry, label in _entries(item, tokens):
            named[entry][label] += 1
    longest = max((len(entry) for entry in named), default=0)
    seen = Counter(run for tokens in texts for run in _runs(tokens.keys, longest) if run in named)
    labels = {
        entry: min(counts, key=lambda label: (-counts[label], label))
        for entry, counts in named.items()
        if 2 * counts.total() > seen[entry]
    }
    return Dictionary(labels, longest)


def _entries(item: Item, tokens: _Tokens) -> Iterator[tuple[Entry, str]]:
    """Yield the mentions of an item whose ends are ends of tokens, once per place and label."""
    starts = {start: place for place, (start, _) in enumerate(tokens.spans)}
    ends = {end: place for place, (_, end) in enumerate(tokens.spans)}
    for mention in sorted({one for one in item.gold if isinstance(one, Mention)}):
        first, last = starts.get(mention.start), ends.get(mention.end)
        if first is not None and last is not None and 0 <= last - first < _MOST_TOKENS:
            yield tokens.keys[first : last + 1], mention.label


def _runs(keys: tuple[str, ...], longest: int) -> Iterator[Entry]:
    for start in range(len(keys)):
        for end in range(start + 1, min(start + longest, len(keys)) + 1):
            yield keys[start:end]


def _tokens_of(text: str) -> _Tokens:
    found = list(_TOKEN.finditer(text))
    return _Tokens(tuple(_key(one[0]) for one in found), tuple(one.span() for one in found))


def _key(word: str) -> str:
    abbreviated = len(word) <= _ABBREVIATION and word[1:] != word[1:].lower()
    return word if abbreviated or (len(word) == 1 and word.isupper()) else word.lower()
