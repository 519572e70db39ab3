"""Which words of a text are denied, uncertain, about the family or only planned, cue by cue.

The scopes follow the idea of NegEx and ConText (Chapman and others): a cue reaches forwards or backwards
to the end of its clause. A unit is what one cue covers, an item of a list at a time, so that two texts
which put the same denial in other words still share a word of the unit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from posology.evidence.facts.lexicon import synonyms
from posology.spans import Span

__all__ = ["Mood", "Statement", "Unit", "read_statement"]

Mood = Literal["negated", "uncertain", "family", "hypothetical"]

_CUES: dict[Mood, str] = {
    "negated": r"no(?:\s+(?:longer|evidence\s+(?:of|for)|signs?\s+of|sign\s+of|history\s+of|complaints?\s+of|further|known|new|current))?"
    r"|not|never|without(?:\s+(?:any|evidence\s+of|signs?\s+of))?|den(?:ies|ied|ying)|negative\s+for|neg\s+for|absence\s+of|free\s+of|free\s+from"
    r"|lacks?|lacking|lack\s+of|neither|nor|none\s+of|cannot|can't|won't|didn't|doesn't|don't|isn't|wasn't|weren't|hasn't|haven't|hadn't|aren't|couldn't|wouldn't"
    r"|rule[sd]?\s+out|ruling\s+out|excluded?|excludes|failed\s+to|fails\s+to|failure\s+to|unable\s+to|inability\s+to|declined|declines|refused|refuses"
    r"|inadequate|inadequately|insufficient|insufficiently|poor|poorly|minimal|minimally|little|limited|non(?=\s|-)|nil|zero|avoid(?:s|ed)?|resolution\s+of|contraindication\s+to",
    "uncertain": r"possibl[ey]|probabl[ey]|suspected|suspicious\s+for|suspicion\s+(?:of|for)|concern(?:ing)?\s+for|may|might|could|(?:un)?likely|rule\s+out|r/o"
    r"|questionable|presumed|presumptive|suggest(?:s|ive|ing)?(?:\s+of)?|apparent(?:ly)?|cannot\s+(?:exclude|rule\s+out)|equivocal|uncertain|unclear|perhaps|differential",
    "family": r"(?:grand)?(?:mother|father)s?|(?:step)?(?:mother|father)|brothers?|sisters?|aunts?|uncles?|cousins?|siblings?|parents?|sons?|daughters?|family\s+(?:history|hx)(?:\s+(?:of|for|is|significant|positive|notable))*|familial|maternal|paternal|mom|dad|husband|wife|nephew|niece|relatives?",
    "hypothetical": r"if|should\s+(?:she|he|they|the|symptoms)|in\s+case\s+of|in\s+the\s+event\s+of|unless|watch(?:ing)?\s+for|monitor(?:ing)?\s+for|to\s+prevent|prevention\s+of|prophylaxis|at\s+risk\s+(?:of|for)|risk\s+of|will|would|plan(?:s|ned|ning)?(?:\s+(?:to|for|on))?|scheduled|recommend(?:s|ed|ing)?|consider(?:s|ing)?|screening\s+for|evaluat(?:e|ion)\s+for|return\s+for|intends?\s+to|going\s+to",
}  # fmt: skip
_AFTER: dict[Mood, str] = {
    "negated": r"(?:(?:was|were|is|are|been|be)\s+)?(?:ruled\s+out|excluded|denied|absent|not\s+(?:present|seen|found|identified|noted|detected|documented|recorded|confirmed|diagnosed|demonstrated|observed|reported|visualized|evident|appreciated|used|tried|taken|given))|(?:has|have|had)?\s*resolved|(?:was|were|is|are|came\s+back|came\s+back\s+as|tested)\s+negative|(?<!\w)negative(?=\s*[.,;)]|\s*$)|unremarkable\s+for",
    "uncertain": r"(?:is|was|are|were)\s+(?:possible|suspected|probable|likely|questionable|in\s+question|not\s+excluded|uncertain)|cannot\s+be\s+(?:excluded|ruled\s+out)",
    "family": r"in\s+(?:her|his|the|their)\s+(?:mother|father|brother|sister|family|aunt|uncle|parents|grandmother|grandfather)|(?:runs?|running)\s+in\s+the\s+family",
    "hypothetical": r"(?:is|are|was|were)\s+(?:planned|recommended|scheduled|considered|being\s+considered)",
}
_PSEUDO = re.compile(
    r"no\s+(?:more\s+than|less\s+than|later\s+than|fewer\s+than|greater\s+than|doubt)|not\s+(?:only|more\s+than|less\s+than|"
    r"fewer\s+than|necessarily|exceeding|greater\s+than|higher\s+than)|gram[\s-]negative|no\.\s*\d|whether\s+or\s+not|if\s+not|may\s+(?=\d)|Rh[\s-]negative|poor\s+historian|limited\s+to",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?-i:(?<=\s)(?=[A-Z][A-Z /&-]{2,}:|[A-Z][a-z]+:\s|(?:She|He|The|There|They|It|Her|His|We|Regarding)\s))|[;\n]|[.!?](?=\s|$)|:(?=\s)|(?<!\w)(?:but|however|although|though|except|apart\s+from|aside\s+from|whereas|while|yet|which|who|because|since|due\s+to|secondary\s+to|owing\s+to|despite|after|before|until|when|nevertheless|so|prior\s+to|other\s+than|as\s+well\s+as\s+having|given\s+that|on\s+account\s+of)(?!\w)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:,|\band\b)\s+(?:she|he|they|it|the\s+patient|patient|there|her|his)?\s*(?:has|have|had|is|was|are|were|reports?|reported|complains?|presents?|notes?|endorses?|admits?|takes?|does|did|denies|denied|continues?|remains?|shows?|showed|positive|improved|responded|reveals?|revealed)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:,|/|\bor\b|\band\b|\bnor\b|&)\s*(?:(?:or|and|nor)\s+)?", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"\b(?:of|in|on|at|with|to|from|for|during|by|over|within|between|under|into|upon|as)\b", re.I
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['-][A-Za-z0-9]+)*")
_NOUN_CUE = re.compile(
    r"no\b(?!\s+longer)|without|den|neg|absence|free|neither|nor|none\s+of|lack(?:s|ing)?\b|nil|zero", re.I
)
_STOP = frozenset(
    """a an the of in on at with to from for by and or nor but is was are were be been being has have had having do does did done
    she he her his him hers they them their it its this that these those there here who which what as also any all both each
    patient patients pt reports reported report states stated complains complaint complaints presents presented presenting notes
    noted note history hx evidence evident signs sign symptoms symptom associated significant otherwise any other some time times
    current currently recent recently past prior previous previously now today visit known new acute chronic since during while
    then than very more most less least much many such so well within between per about approximately over under up down into
    daily day days week weeks month months year years old mg mcg ml kg due after before because when if should would could may
    might will can not no never without denies denied denying neither none cannot found seen identified present shows showed show
    demonstrated reveals revealed documented indicates stating including include includes use used using uses given taken take
    takes taking tried trial had endorses endorsed admits positive negative further again still yet however although though
    underwent received completed course record records chart according first second one two three level levels result results
    mild moderate severe left right bilateral diagnosis diagnoses diagnosed condition problem problems issue issues""".split()
)


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
        """Return the statement with every word of it under the mood, as the section or list around it says."""
        words = self.plain[mood]
        if self.under[mood] or not words:
            return self
        units = tuple(Unit(mood, frozenset({word}), word, span) for word in words)
        nothing: frozenset[str] = frozenset()
        return Statement((*self.units, *units), {**self.under, mood: words}, {**self.plain, mood: nothing})


@cache
def _cues(mood: Mood) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{_CUES[mood]})(?!\w)", re.IGNORECASE)


@cache
def _after(mood: Mood) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{_AFTER[mood]})(?!\w)", re.IGNORECASE)


_FLIPS: tuple[tuple[str, str, bool], ...] = (
        (r"fail\w*|ineffect\w*|unsuccess\w*|non-?respons\w*|unrespons\w*|refractory|unhelpful|futile", "outcome", True),
        (r"effective\w*|efficac\w*|success\w*|respon[ds]\w*|improv\w*|benefi\w*|relie[fv]\w*|help|helps|helped|helpful|helping|worked", "outcome", False),
        (r"intoler\w*", "toler", True), (r"toler\w*", "toler", False),
        (r"abnormal\w*", "normal", True), (r"normal\w*|unremarkable", "normal", False),
        (r"unstable|instability", "stable", True), (r"stable|stability|stabilized", "stable", False),
        (r"uncontrolled", "control", True), (r"control|controlled|controls", "control", False),
        (r"non-?complian\w*|non-?adheren\w*", "adhere", True), (r"complian\w*|adheren\w*|adher\w*", "adhere", False),
        (r"asymptomatic", "symptomatic", True), (r"afebrile", "fever", True), (r"non-?tender", "tender", True),
        (r"non-?smok\w*", "tobacco", True), (r"non-?diabetic", "diabetes", True), (r"ineligible", "eligible", True),
        (r"incomplete\w*", "complete", True), (r"uncomplicated", "complicated", True), (r"unchanged", "changed", True),
        (r"contraindicat\w*", "indicated", True), (r"indicated", "indicated", False),
        (r"discontinu\w*|stopp\w*|ceas\w*|quit", "continue", True), (r"continu\w*|remains|remained", "continue", False),
        (r"decreas\w*|declin\w*|reduc\w*|fell|dropped|lowered", "rise", True),
        (r"increas\w*|rose|risen|elevat\w*", "rise", False),
        (r"unaware", "aware", True), (r"disagree\w*", "agree", True), (r"unilateral\w*", "unilateral", False),
        (r"worsen\w*|worse|deteriorat\w*", "worse", False), (r"non-?ambulatory", "ambulatory", True),
        (r"unmotivated", "motivated", True), (r"non-?reactive", "reactive", True), (r"atraumatic", "traumatic", True),
        (r"non-?distended", "distended", True), (r"unwilling\w*", "willing", True), (r"willing\w*", "willing", False),
)  # fmt: skip


def read_statement(text: str, window: Span | None = None) -> Statement:
    """Read a text's concepts, those within the window alone, and what is said of them."""
    folded = _fold(text)
    words = [
        _Word(*_concept(match.group().lower()), match.start(), match.end())
        for match in _WORD.finditer(folded)
        if window is None or window.start <= match.start() < window.end
    ]
    words = [word for word in words if word.concept]
    pseudo = [match.span() for match in _PSEUDO.finditer(folded)]
    units: list[Unit] = []
    under: dict[Mood, frozenset[str]] = {}
    plain: dict[Mood, frozenset[str]] = {}
    for mood in _CUES:
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
    return re.compile("|".join(f"(?P<f{i}>{pattern})" for i, (pattern, _, _) in enumerate(_FLIPS)))


def _concept(word: str) -> tuple[str, bool]:
    """Return the concept of a word and whether the word itself denies it; empty for a word without one."""
    flip = _flip().fullmatch(word)
    if flip is not None:
        return _FLIPS[int((flip.lastgroup or "f0")[1:])][1:]
    if word in _STOP or len(word) < 2:
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
        nouns = mood != "negated" or bool(_NOUN_CUE.match(match.group()))
        start = match.start() if mood == "family" else match.end()
        yield _Scope(start, end, nouns, Span(match.start(), match.end()))
    for match in _after(mood).finditer(text):
        starts = [m.end() for m in _END.finditer(text, 0, match.start())]
        before = text[: match.start()].rstrip()
        comma = text.rfind(",", 0, match.start()) + 1
        if before.endswith(","):  # "asthma, code J45.50, is not documented"
            comma = text.rfind(",", 0, text.rfind(",", 0, len(before) - 1)) + 1
        yield _Scope(max([comma, *starts]), match.start(), False, Span(match.start(), match.end()))


def _scope_end(text: str, start: int, mood: Mood) -> int:
    start += 1 if text[start : start + 1] == ":" else 0  # "Mother: diabetes"
    stop = _END.search(text, start)
    end = stop.start() if stop else len(text)
    verb = _VERB.search(text, start, end) if mood != "hypothetical" else None
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
