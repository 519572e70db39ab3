"""Which words of a text are denied, uncertain, about the family or only planned, cue by cue.

The scopes follow the idea of NegEx and ConText (Chapman and others): a cue reaches forwards or backwards
to the end of its clause. A unit is what one cue covers, an item of a list at a time, so that two texts
which put the same denial in other words still share a word of the unit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from posology.evidence.facts.cues import AFTER, CUES, END, FLIPS, NOUN_CUE, PSEUDO, VERB, Mood
from posology.evidence.facts.lexicon import synonyms, word_set
from posology.spans import Span

__all__ = ["Mood", "Statement", "Unit", "read_statement"]


_ITEM = re.compile(r"\s*(?:,|/|\bor\b|\band\b|\bnor\b|&)\s*(?:(?:or|and|nor)\s+)?", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"\b(?:of|in|on|at|with|to|from|for|during|by|over|within|between|under|into|upon|as)\b", re.I
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Unit:
    """What one cue covers: ``words`` are concepts, ``head`` the one that matters most."""

    mood: Mood
    words: frozenset[str]
    head: str
    span: Span


@dataclass(frozen=True, slots=True)
class Statement:
    """A text's concepts by mood: ``plain[mood]`` are those that stand outside it, ``under[mood]`` inside."""

    units: tuple[Unit, ...]
    under: dict[Mood, frozenset[str]]
    plain: dict[Mood, frozenset[str]]

    def wholly(self, mood: Mood, span: Span) -> "Statement":
        """Return the statement with every word under the mood, as its section or list says."""
        words = self.plain[mood]
        if self.under[mood] or not words:
            return self
        units = tuple(Unit(mood, frozenset({word}), word, span) for word in words)
        nothing: frozenset[str] = frozenset()
        return Statement((*self.units, *units), {**self.under, mood: words}, {**self.plain, mood: nothing})


@cache
def _cues(mood: Mood) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{CUES[mood]})(?!\w)", re.IGNORECASE)


@cache
def _after(mood: Mood) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{AFTER[mood]})(?!\w)", re.IGNORECASE)


def read_statement(text: str, window: Span | None = None) -> Statement:
    """Read a text's concepts, those within the window alone, and what is said of them."""
    folded = _fold(text)
    words = [
        _Word(*_concept(match.group().lower()), match.start(), match.end())
        for match in _WORD.finditer(folded)
        if window is None or window.start <= match.start() < window.end
    ]
    words = [word for word in words if word.concept]
    pseudo = [match.span() for match in PSEUDO.finditer(folded)]
    units: list[Unit] = []
    under: dict[Mood, frozenset[str]] = {}
    plain: dict[Mood, frozenset[str]] = {}
    for mood in CUES:
        scopes = list(_scopes(folded, mood, pseudo))
        inside, outside, flipped = _sort(words, scopes, mood)
        units += _units(folded, words, scopes, mood) + flipped
        under[mood], plain[mood] = frozenset(inside), frozenset(outside)
    return Statement(tuple(units), under, plain)


@cache
def _phrases() -> re.Pattern[str]:
    ordered = sorted((name for name in synonyms() if " " in name or len(name) <= 5), key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, ordered)) + r")(?![\w-])", re.IGNORECASE)


def _fold(text: str) -> str:
    """Write each phrase of the synonyms as one word of the same length, so that offsets stay."""
    table = synonyms()

    def one_word(match: re.Match[str]) -> str:
        written = match.group()
        concept = table[re.sub(r"\s+", " ", written.lower())]
        return concept[: len(written)].ljust(len(written), "x") if " " in written else written

    return _phrases().sub(one_word, text)


@cache
def _flip() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<f{i}>{pattern})" for i, (pattern, _, _) in enumerate(FLIPS)))


def _concept(word: str) -> tuple[str, bool]:
    """Return the concept of a word and whether the word itself denies it; empty for a word without one."""
    flip = _flip().fullmatch(word)
    if flip is not None:
        return FLIPS[int((flip.lastgroup or "f0")[1:])][1:]
    if word in word_set("stopwords.txt") or len(word) < 2:
        return "", False
    concept = synonyms().get(word, "") or synonyms().get(_stem_x(word), "")
    return concept or _stem(word), False


def _stem_x(word: str) -> str:
    return word.rstrip("x")


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in (
        "ically",
        "ations",
        "ation",
        "ings",
        "ing",
        "edly",
        "ied",
        "ies",
        "ed",
        "es",
        "ly",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@dataclass(frozen=True, slots=True)
class _Word:
    concept: str
    negative: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Scope:
    start: int
    end: int
    nouns: bool
    cue: Span


def _scopes(text: str, mood: Mood, pseudo: list[tuple[int, int]]) -> Iterator[_Scope]:
    for match in _cues(mood).finditer(text):
        shouted = match.group().isupper() and len(match.group()) > 3  # "PLAN" as a heading
        if shouted or any(start <= match.start() < end for start, end in pseudo):
            continue
        end = _scope_end(text, match.end(), mood)
        nouns = mood != "negated" or bool(NOUN_CUE.match(match.group()))
        start = match.start() if mood == "family" else match.end()
        yield _Scope(start, end, nouns, Span(match.start(), match.end()))
    for match in _after(mood).finditer(text):
        starts = [m.end() for m in END.finditer(text, 0, match.start())]
        before = text[: match.start()].rstrip()
        comma = text.rfind(",", 0, match.start()) + 1
        if before.endswith(","):  # "asthma, code J45.50, is not documented"
            comma = text.rfind(",", 0, text.rfind(",", 0, len(before) - 1)) + 1
        yield _Scope(max([comma, *starts]), match.start(), False, Span(match.start(), match.end()))


def _scope_end(text: str, start: int, mood: Mood) -> int:
    start += 1 if text[start : start + 1] == ":" else 0  # "Mother: diabetes"
    stop = END.search(text, start)
    end = stop.start() if stop else len(text)
    verb = VERB.search(text, start, end) if mood != "hypothetical" else None
    end = verb.start() if verb else end
    words = [match.end() for match in _WORD.finditer(text, start, end)]
    reach = 30 if mood == "negated" else 8 if mood == "uncertain" else 14
    return words[reach - 1] if len(words) > reach else end


def _sort(words: list[_Word], scopes: list[_Scope], mood: Mood) -> tuple[set[str], set[str], list[Unit]]:
    """Part the concepts into those inside and outside the mood; a word that denies itself is a unit."""
    inside: set[str] = set()
    outside: set[str] = set()
    flipped: list[Unit] = []
    for word in words:
        if any(scope.cue.start <= word.start < scope.cue.end for scope in scopes):
            continue
        covered = any(scope.start <= word.start < scope.end for scope in scopes)
        denies_itself = word.negative and mood == "negated"
        (inside if covered != denies_itself else outside).add(word.concept)
        if denies_itself and not covered:
            span = Span(word.start, word.end)
            flipped.append(Unit(mood, frozenset({word.concept}), word.concept, span))
    return inside, outside, flipped


def _units(text: str, words: list[_Word], scopes: list[_Scope], mood: Mood) -> list[Unit]:
    units = []
    for scope in scopes:
        for start, end in _items(text, scope):
            covered = [
                (word.concept, word.start)
                for word in words
                if start <= word.start and word.end <= end and not (word.negative and mood == "negated")
            ]
            if covered:
                head = _head(text, covered, start, end, scope)
                units.append(Unit(mood, frozenset(concept for concept, _ in covered), head, scope.cue))
    return units


def _items(text: str, scope: _Scope) -> Iterator[tuple[int, int]]:
    if not scope.nouns:
        yield scope.start, scope.end
        return
    start = scope.start
    for match in _ITEM.finditer(text, scope.start, scope.end):
        yield start, match.start()
        start = match.end()
    yield start, scope.end


def _head(text: str, covered: list[tuple[str, int]], start: int, end: int, scope: _Scope) -> str:
    if not scope.nouns:
        return covered[0][0]
    preposition = next(
        (m.start() for m in _PREPOSITION.finditer(text, start, end) if m.start() > covered[0][1]), end
    )
    return [concept for concept, position in covered if position < preposition][-1]
