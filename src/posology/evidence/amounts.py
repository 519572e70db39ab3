"""Durations, counts and rates that a question requires, and those that a sentence states."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from posology.spans import Span

__all__ = ["Amount", "Bound", "Required", "find_amounts", "required_amounts"]

Bound = Literal["exact", "more", "less", "only"]  # six weeks, over six weeks, under six weeks, only six weeks

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty": 20,
    "thirty": 30, "single": 1, "once": 1, "twice": 2, "a": 1, "an": 1,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "twelfth": 12,
}  # fmt: skip
_PLAIN = [
    w for w in _WORDS if w not in ("single", "once", "twice", "a", "an") and not w.endswith(("th", "rd"))
]
_NUMBER = rf"(?:\d+(?:\.\d+)?|{'|'.join(w for w in _PLAIN if w not in ('first', 'second'))})"
_ORDINAL = r"(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twelfth)"
_DAYS = {"day": Decimal(1), "week": Decimal(7), "month": Decimal(30), "year": Decimal(365)}
_SHORT = {"d": "day", "w": "week", "wk": "week", "mo": "month", "mth": "month", "yr": "year", "y": "year"}
_UNIT = r"(?P<unit>days?|weeks?|wks?|months?|mos?|mths?|years?|yrs?)"
_DURATION = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})(?:\s*(?:-|–"
    rf"|to)\s*{_NUMBER})?\+?(?P<half>\s+and\s+a\s+half)?[\s-]*{_UNIT}\b"
    r"(?!\s*(?:old|of age))(?P<ago>\s+ago\b)?",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:for|over|than|least|past|full|lasting|lasted|nearly)\s+(?:the\s+past\s+)?(?P<number>half\s+a"
    r"|an?|the\s+past)\s+"
    r"(?P<unit>week|month|year)(?!['’]s)(?P<ago>\s+ago\b)?",
    re.IGNORECASE,
)
_HALF = re.compile(r"\b(?P<number>half)\s+an?\s+(?P<unit>year)(?:['’]s)?", re.IGNORECASE)
_NTH = re.compile(
    rf"\b(?:in|into)\s+(?:its|the|his|her|their)?\s*(?P<number>{_ORDINAL})\s+{_UNIT}\b", re.IGNORECASE
)
_NOT_LASTING = re.compile(
    r"(?:every|each|q|in|within|after|per|age|aged|next|last|past|previous|follow[- ]?up(?: in)?|return(?: "
    r"in)?|recheck(?: in)?|up to|half of|into (?:an?|the|his|her)|\d\s*(?:of|out of)(?: the| an?| his| her"
    r"| planned| scheduled| prescribed)*)\s*$",
    re.IGNORECASE,
)
_LASTING = re.compile(r"(?:over|during|for|in) the (?:last|past|previous)\s*$", re.IGNORECASE)
_LESS = re.compile(
    r"(?:less than|fewer than|under|below|short of|beneath|<|not even|no more than|at most"
    r"|barely)\s*(?:a\s*)?$",
    re.IGNORECASE,
)
_ONLY = re.compile(r"(?:only|just|merely|as little as)\s*(?:for\s*)?$", re.IGNORECASE)
_MORE = re.compile(
    r"(?:more than|over|>=?|≥|at least|exceeding|beyond|longer than|greater than)\s*(?:a\s*)?$", re.IGNORECASE
)
_AT_LEAST = re.compile(
    rf"(?:at least|a minimum of|no less than|no fewer than|minimum|>=|≥|more than"
    rf"|over)\s+(?P<number>{_NUMBER}|once|twice)[\s-]+(?P<rest>[^,;.?()]*)"
    rf"|(?P<number2>{_NUMBER})[\s-]+(?P<unit2>days?|weeks?|months?|years?)(?:\s+or\s+(?:longer|more))"
    rf"|(?P<number3>{_NUMBER})\s+or\s+more\s+(?P<rest3>[^,;.?()]*)",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w./])(?P<number>{_NUMBER}|{_ORDINAL}"
    rf"|single)(?![a-wyz])(?P<mark>\s*[x×]\b)?(?P<rest>(?:[\s-]+[A-Za-z]+){{0,4}})",
    re.IGNORECASE,
)
_PACK_YEARS = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})\+?[\s-]*(?:pack|pk)[\s-]*(?:years?|yrs?)\b", re.IGNORECASE
)
_PER_DAY = r"(?:\s*/\s*(?:day|d\b)|\s+(?:a|per|each|every)\s+day\b|\s+daily\b)"
_RATE = re.compile(
    rf"(?<![\w./])(?P<number>{_NUMBER}|once|twice)(?:\s*(?:-|–|to)\s*{_NUMBER})?(?P<rest>\s*[x×]"
    rf"|(?:[\s-]+[A-Za-z]+){{0,3}}?)"
    rf"{_PER_DAY}",
    re.IGNORECASE,
)
_RATE_WORDS = {"QID": 4, "TID": 3, "BID": 2}
_ALIKE_NOUNS = (
    frozenset(("time", "check", "test", "reading", "fingerstick", "stick", "measurement", "")),
    frozenset(("injection", "shot")),
    frozenset(("episode", "MDE", "bout", "occurrence", "event", "attack")),
    frozenset(
        ("treatment", "trial", "course", "medication", "drug", "agent", "class", "antidepressant", "failure")
    ),
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A stated length of time in days, and where it stands; ``ago`` where it is counted back from now."""

    days: Decimal
    span: Span
    bound: Bound = "exact"
    ago: bool = False

    def reaches(self, least: Decimal) -> bool | None:
        """Tell whether it is at least so long; ``None`` where its words leave it open."""
        return _reaches(self.days, self.bound, least)


@dataclass(frozen=True, slots=True)
class Required:
    """What a question requires at least: a length of time in days, or a number of things named ``noun``."""

    least: Decimal
    noun: str  # "day" for a length of time
    daily: bool = False  # so many a day

    @property
    def is_time(self) -> bool:
        """Tell whether a length of time is required."""
        return self.noun == "day"

    def counted_in(self, text: str) -> list[tuple[Decimal, Bound]]:
        """Return the numbers of the required thing that a text states."""
        if self.noun == "pack-year":
            return [(_value(m["number"]), _bound(text[: m.start()])) for m in _PACK_YEARS.finditer(text)]
        if self.daily:
            return list(self._rates(text))
        found: list[tuple[Decimal, Bound]] = []
        for match in _COUNT.finditer(text):
            words = [_stem(word) for word in re.findall(r"[A-Za-z]+", match["rest"])]
            if any(self._same(word) for word in words) or (match["mark"] and self.noun == "time"):
                found.append((_value(match["number"]), _closed(match["number"], text[: match.start()])))
        return found

    def sufficing(self, text: str) -> bool | None:
        """Tell whether a text states as many as required; ``None`` where it does not say."""
        told = [_reaches(value, bound, self.least) for value, bound in self.counted_in(text)]
        if self.noun != "pack-year" and any(t is False for t in told):
            closed = [b for v, b in self.counted_in(text) if v < self.least and b in ("less", "only")]
            told = [t for t in told if t is not False] or ([False] if closed or self.daily else [None])
        return None if not told or None in told else all(told)

    def _same(self, word: str) -> bool:
        group = next((g for g in _ALIKE_NOUNS if self.noun in g), frozenset((self.noun,)))
        return bool(word) and word in group

    def _rates(self, text: str) -> Iterator[tuple[Decimal, Bound]]:
        group = next((g for g in _ALIKE_NOUNS if self.noun in g), frozenset((self.noun,)))
        group = group | {"time", "", "x"}
        for match in _RATE.finditer(text):
            words = re.findall(r"[A-Za-z]+", match["rest"])
            if group.intersection(map(_stem, words or [""])):
                yield _value(match["number"]), _bound(text[: match.start()])
        for match in re.finditer(r"\b(?:QID|TID|BID)\b", text):
            yield Decimal(_RATE_WORDS[match[0]]), "exact"


def required_amounts(question: str) -> tuple[list[Required], str]:
    """Return what a question requires at least, and the question without it.

    >>> required_amounts("Completed at least 6 weeks of therapy?")
    ([Required(least=Decimal('42'), noun='day', daily=False)], 'Completed of therapy?')
    """
    found: list[Required] = []
    rest = question
    for match in _AT_LEAST.finditer(question):
        told = match["rest"] or match["rest3"] or ""
        unit = match["unit2"] or _first_noun(told)
        number = _value(match["number2"] or match["number"] or match["number3"])
        days = _DAYS.get(_stem(unit)) if unit else None
        daily = bool(re.search(r"\b(?:a|per|each|every)\s+day\b|\bdaily\b", told))
        found.append(Required(number * days, "day") if days else Required(number, _stem(unit), daily))
        removed = match[0] if match["unit2"] else match[0][: len(match[0]) - len(told)] + _time(told)
        rest = rest.replace(removed, "  ", 1)
        if found[-1].noun == "pack-year":
            rest = re.sub(r"pack[\s-]*years?", " ", rest, flags=re.IGNORECASE)
    return found, " ".join(rest.split())


def find_amounts(text: str) -> list[Amount]:
    """Return the lengths of time that a text states of something; not ages, intervals or dates of return."""
    found = []
    for match in _DURATION.finditer(text):
        before = text[: match.start()]
        if _NOT_LASTING.search(before) and not _LASTING.search(before):
            continue
        found.append(_amount(match, before, Decimal("0.5") if match["half"] else Decimal(0)))
    for pattern in (_ONE, _HALF):
        found.extend(
            _amount(match, text[: match.start("number")])
            for match in pattern.finditer(text)
            if not any(Span(*match.span("number")).overlaps(other.span) for other in found)
        )
    found.extend(_amount(match, "", Decimal(-1)) for match in _NTH.finditer(text))
    return sorted(found, key=lambda amount: amount.span)


def _amount(match: re.Match[str], before: str, add: Decimal = Decimal(0)) -> Amount:
    unit = match["unit"].lower().rstrip("s")
    days = _DAYS[_SHORT.get(unit, unit)]
    said = match["number"].lower()
    number = (
        Decimal("0.5") if said.startswith("half") else Decimal(1) if said.startswith("the") else _value(said)
    )
    ago = bool(match.groupdict().get("ago"))
    return Amount((number + add) * days, Span(match.start("number"), match.end()), _bound(before), ago)


def _bound(before: str) -> Bound:
    if _LESS.search(before):
        return "less"
    if _ONLY.search(before):
        return "only"
    return "more" if _MORE.search(before) else "exact"


def _closed(number: str, before: str) -> Bound:
    """An ordinal or a single one says how many there are in all: the second episode."""
    ordinal = number.lower() == "single" or re.fullmatch(_ORDINAL, number, re.IGNORECASE)
    return "only" if ordinal else _bound(before)


def _reaches(value: Decimal, bound: Bound, least: Decimal) -> bool | None:
    if bound == "less":
        return False if value <= least else None
    if bound == "more":
        return True if value >= least else None
    return value >= least


def _value(number: str) -> Decimal:
    lower = number.lower()
    return Decimal(_WORDS.get(lower) or re.sub(r"(?:st|nd|rd|th)$", "", lower))


def _stem(word: str) -> str:
    if word == "classes":
        return "class"
    lower = word if word == "MDE" else "MDE" if word == "MDEs" else word.lower()
    return lower[:-1] if lower.endswith("s") and not lower.endswith("ss") and len(lower) > 3 else lower


def _time(rest: str) -> str:
    first = rest.split(maxsplit=1)[0] if rest.split() else ""
    return first if _stem(first) in _DAYS else ""


_NOUNS = (
    "pack",
    "time",
    "injection",
    "episode",
    "treatment",
    "trial",
    "visit",
    "session",
    "event",
    "dose",
    "test",
)


def _first_noun(rest: str) -> str:
    """Return the thing that is counted: a unit of time, one of a few nouns, or the first word."""
    words: list[str] = re.findall(r"[A-Za-z]+", rest)
    if re.match(r"pack[\s-]*years?", rest, re.IGNORECASE):
        return "pack-year"
    if words and _stem(words[0]) in _DAYS:
        return words[0]
    return next((w for w in words[:4] if _stem(w) in _NOUNS), words[0] if words else "")
