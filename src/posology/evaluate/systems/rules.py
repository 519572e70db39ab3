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
    their first letter, or all of capitals, count as they are written. A place within a longer mention tells
    nothing of the shorter words. A word with several labels has the most frequent one, the first by name of
    equals.
    """
    named: dict[Entry, Counter[str]] = defaultdict(Counter)
    read = [_Read(tokens := _tokens_of(item.text), _places(item, tokens)) for item in items]
    for one in read:
        for (first, last), label in one.mentions:
            named[one.tokens.keys[first : last + 1]][label] += 1
    longest = max((len(entry) for entry in named), default=0)
    seen = Counter(run for one in read for run in _runs(one, longest) if run in named)
    labels = {
        entry: min(counts, key=lambda label: (-counts[label], label))
        for entry, counts in named.items()
        if 2 * counts.total() > seen[entry]
    }
    return Dictionary(labels, longest)


@dataclass(frozen=True, slots=True)
class _Read:
    """The tokens of an item and its mentions: the places of the first and the last token, and the label."""

    tokens: _Tokens
    mentions: tuple[tuple[tuple[int, int], str], ...]


def _places(item: Item, tokens: _Tokens) -> tuple[tuple[tuple[int, int], str], ...]:
    """Return the mentions whose ends are ends of tokens, once per place and label."""
    starts = {start: place for place, (start, _) in enumerate(tokens.spans)}
    ends = {end: place for place, (_, end) in enumerate(tokens.spans)}
    found = []
    for mention in sorted({one for one in item.gold if isinstance(one, Mention)}):
        first, last = starts.get(mention.start), ends.get(mention.end)
        if first is not None and last is not None and 0 <= last - first < _MOST_TOKENS:
            found.append(((first, last), mention.label))
    return tuple(found)


def _runs(read: _Read, longest: int) -> Iterator[Entry]:
    """Yield the runs of tokens, those apart that stand within a longer mention."""
    around: dict[int, tuple[int, int]] = {}
    for (first, last), _ in sorted(read.mentions, key=lambda one: one[0][1] - one[0][0]):
        around |= dict.fromkeys(range(first, last + 1), (first, last))  # the longest stays
    keys = read.tokens.keys
    for start in range(len(keys)):
        inside = around.get(start)
        for end in range(start, min(start + longest, len(keys))):
            if inside is None or inside != around.get(end) or inside == (start, end):
                yield keys[start : end + 1]


def _tokens_of(text: str) -> _Tokens:
    found = list(_TOKEN.finditer(text))
    return _Tokens(tuple(_key(one[0]) for one in found), tuple(one.span() for one in found))


def _key(word: str) -> str:
    abbreviated = len(word) <= _ABBREVIATION and word[1:] != word[1:].lower()
    return word if abbreviated or (len(word) == 1 and word.isupper()) else word.lower()
