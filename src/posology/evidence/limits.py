"""Limits that a question sets to a measured value, and the values that a sentence tells beside its name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Limit", "find_limit", "limited_otherwise", "limits_worded_alike"]

Bound = Literal["exact", "above", "below", "at least", "at most"]
Told = tuple[Decimal, Bound]

_ABOVE = r"above|over|greater than|higher than|exceeding|in excess of|more than|>"
_BELOW = r"below|under|less than|lower than|<"
_PER = (
    r"(?:mg|g|kg|ng|mcg|[uµμ]g|pg|mmol|[uµμ]mol|nmol|pmol|mEq|m?I?U|kU|mL|L|cells|copies"
    r"|events)/[\w^²/.]+(?:\s+m[2²])?"
)
_UNIT = rf"(?:%|percent|points?|mm\s?Hg|bpm|SD|kg|lbs?|cm|mm|(?:[x×]\s?)?10\^?\d+/[\w^]+|{_PER})"
_LIMIT = re.compile(
    rf"(?P<word>\b(?:{_ABOVE[:-2]}|{_BELOW[:-2]})|[<>])\s*(?P<value>-?\d+(?:\.\d+)?)\s*(?P<unit>{_UNIT})(?![\w/])",
    re.IGNORECASE,
)
_COMPARISON = re.compile(rf"(?:\b(?:{_ABOVE[:-2]}|{_BELOW[:-2]})|[<>≤≥])\s*(?:an?\s+)?-?\d", re.IGNORECASE)
# a number that is wanted, feared or only possible is no value that was measured
_NOT_MEASURED = re.compile(
    r"\b(?:goals?|targets?|aim\w*|should|keep|maintain\w*|threshold|cut-?off|limits?|range|reference|if|when|until"
    r"|once|unless|needs?|must|requir\w+|criteri\w+|(?-i:may)|might|could|would|will|expect\w*"
    r"|predict\w*|estimat\w+ risk|indications?|errors?|had been|previous(?:ly)?|formerly|before|at diagnosis"
    r"|(?:reductions?|changes?|drops?|decreases?|increases?|rises?|falls?|declines?|improvements?|differences?)"
    r"\s+(?:in|of))\b",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
# what may stand between a name and its value
_BETWEEN = re.compile(
    rf"(?:\s|[:=~,(]|\b(?:is|was|were|are|of|at|an?|the|levels?|values?|readings?|results?|scores?|today|currently|now"
    rf"|still|(?:down|up|dropped|fell|rose|risen|fallen|increased|decreased|improved|worsened)\s+to|came|back|as|measured|found|remains?|remained|has|had|been|stayed|last|latest|again|repeat"
    rf"|only|just|about|approximately|around"
    rf"|elevated|raised|high|low|reduced|recently|this (?:week|month|year|visit|morning)|on|in|not"
    rf"|never|admission|{_ABOVE[:-2]}"
    rf"|{_BELOW[:-2]}|{_MONTH}(?:\s+(?:of\s+)?(?:\d{{1,2}},?\s+)?(?:19|20)\d\d)?|(?:19|20)\d\d(?!\.\d))\b|[<>≥≤]"
    r"|\(?\d{1,2}/\d{1,2}(?:/\d{2,4})?\)?|\d{4}-\d\d(?:-\d\d)?|\))*",
    re.IGNORECASE,
)
_VALUE = re.compile(
    rf"(?P<value>[-−]?\d+(?:,\d{{3}})*(?:\.\d+)?)(?:\s*(?P<unit>{_UNIT})|(?=\s*(?:[.,;)]|$)|\s+(?:today|on|in|at|this|and"
    rf"|from|last|by|now|two|three|a(?!\.))\b))(?![\w/.^-]*\d)",
    re.IGNORECASE,
)
_DATE_BEFORE = re.compile(rf"\b{_MONTH}\s+$", re.IGNORECASE)
# before a further value of the same thing: "now 13 g/dL", but not "albumin 3.2 g/dL"
_AGAIN = re.compile(
    r"(?:[,;)→>]|\b(?:now|then|today|current(?:ly)?|presently|still|is|was|were|been|to|at|of|and|repeat(?:ed)?"
    r"|recheck(?:ed)?|again|later|after|since|latest|last|recent|only|back|about|around|level|value|reading))\s*$",
    re.IGNORECASE,
)
_ONE_SCALE = ("sd", "point")  # units that no other unit is used for
_NEXT = re.compile(r"\s*(?:,\s*(?:and|then)?|and|then|->|→)\s*(?=\d)", re.IGNORECASE)
_BOUNDED = re.compile(
    rf"(?P<word>(?:\b(?:not|never)\s+)?(?:\b(?:{_ABOVE[:-2]}|{_BELOW[:-2]})|[<>]))\s*(?P<value>\d+(?:\.\d+)?)"
    rf"(?:\s*(?P<unit>{_UNIT})|(?=\s*(?:[.,;)]|$)|\s+(?:from|in|at|on|and|or|with|before|after|every|each|most|by)\b))",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    rf"(?P<not>\b(?:not|never)\s+)?(?:(?P<above>\b(?:{_ABOVE[:-2]})|>)"
    rf"|(?P<below>\b(?:{_BELOW[:-2]})|<)|(?P<least>≥|at least)"
    r"|(?P<most>≤|at most))\s*$",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|never)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that must be exceeded, or not be reached, and its unit."""

    above: bool
    value: Decimal
    unit: str

    def met(self, sentence: str, end: int) -> bool | None:
        """Tell whether the value told behind a name that ends at ``end`` lies beyond the limit.

        ``None`` where none is told beside it, in another unit, as a goal, or where the sentence tells values
        on both sides: which of them is today's is not read.
        """
        if _NOT_MEASURED.search(sentence):
            return None
        verdicts = {self._beyond(value, bound) for value, bound in self._told(sentence, end)}
        return verdicts.pop() if len(verdicts) == 1 else None

    def exceeded(self, sentence: str) -> bool:
        """Tell whether a sentence tells a bound that is beyond the limit, of whatever it speaks."""
        told = [
            self._beyond(Decimal(match["value"]), bound)
            for match in _BOUNDED.finditer(sentence)
            if (bound := _bound(match["word"])) and _plain(match["unit"] or self.unit) == _plain(self.unit)
        ]
        return bool(told) and all(told) and not _NOT_MEASURED.search(sentence)

    def _told(self, sentence: str, start: int) -> Iterator[Told]:
        gap = _BETWEEN.match(sentence, start)
        place = gap.end() if gap else start
        before = sentence[start:place]
        while match := _VALUE.match(sentence, place):
            bound, value = _bound(before), self._value(match, before)
            if bound is None or value is None:
                return
            yield value, bound
            following = _NEXT.match(sentence, match.end())
            if not following:
                yield from self._told_again(sentence, match.end())
                return
            place, before = following.end(), ""

    def _told_again(self, sentence: str, start: int) -> Iterator[Told]:
        """Yield the further values of the same thing: "9.2 g/dL in May and is 13 g/dL now"."""
        for match in _VALUE.finditer(sentence, start):
            before = sentence[start : match.start()]
            bound, value = _bound(before), self._value(match, before)
            if bound and value is not None and (bound != "exact" or _AGAIN.search(before)):
                yield value, bound

    def _value(self, match: re.Match[str], before: str) -> Decimal | None:
        """Return a value in the limit's unit; one without a unit only where it is of the limit's order."""
        unit = match["unit"]
        value = Decimal(match["value"].replace("−", "-").replace(",", ""))
        if value < 0 and self.unit != "SD":
            return None
        if unit:
            return value if _plain(unit) == _plain(self.unit) else None
        if _plain(self.unit) in _ONE_SCALE:
            return value
        alike = self.value <= 3 * value <= 9 * self.value
        return value if alike and "," not in match["value"] and not _DATE_BEFORE.search(before) else None

    def _beyond(self, value: Decimal, bound: Bound) -> bool | None:
        """Tell whether a value is beyond the limit; ``None`` where a bound leaves it open."""
        if bound == "exact":
            return value > self.value if self.above else value < self.value
        if bound in ("above", "at least"):
            sure = value >= self.value if bound == "above" else value > self.value
            enough = value >= self.value
            return (True if sure else None) if self.above else (False if enough else None)
        sure = value <= self.value if bound == "below" else value < self.value
        enough = value <= self.value
        return (False if enough else None) if self.above else (True if sure else None)


def find_limit(text: str) -> tuple[Limit | None, str]:
    """Return the limit that a question sets, and the question without it.

    >>> find_limit("Is the hemoglobin below 10 g/dL?")
    (Limit(above=False, value=Decimal('10'), unit='g/dL'), 'Is the hemoglobin  ?')
    """
    match = _LIMIT.search(text)
    if not match:
        return None, text
    above = bool(re.fullmatch(_ABOVE, match["word"], re.IGNORECASE))
    limit = Limit(above, Decimal(match["value"]), match["unit"])
    return limit, text[: match.start()] + " " + text[match.end() :]


def limits_worded_alike(text: str) -> str:
    """Write every limit of a question with "above" or "below": the words "more than" count things too.

    >>> limits_worded_alike("Is a score of more than 15 points documented?")
    'Is a score of above 15 points documented?'
    """

    def worded(match: re.Match[str]) -> str:
        word = "above" if re.fullmatch(_ABOVE, match["word"], re.IGNORECASE) else "below"
        return f"{word} {match['value']} {match['unit']}"

    return _LIMIT.sub(worded, text)


def limited_otherwise(text: str) -> bool:
    """Tell whether a question compares with a number in a way that is not read here.

    >>> limited_otherwise("Is the ratio above 3?"), limited_otherwise("Is the ratio above 3 %?")
    (True, False)
    """
    return bool(_COMPARISON.search(_LIMIT.sub(" ", text)))


def _bound(before: str) -> Bound | None:
    """Return how the words before a value bound it; ``None`` where the value itself is denied."""
    match = _COMPARED.search(before)
    if not match:
        return None if _NEGATED.search(before) else "exact"
    if _NEGATED.search(before[: match.start()]):
        return None
    if match["above"]:
        return "at most" if match["not"] else "above"
    if match["below"]:
        return "at least" if match["not"] else "below"
    if match["not"]:
        return None
    return "at least" if match["least"] else "at most"


def _plain(unit: str) -> str:
    plain = unit.lower().replace("²", "2").replace("μ", "u").replace("µ", "u").replace("mcg", "ug")
    plain = "%" if plain == "percent" else re.sub(r"^[x×]\s?", "", plain)
    return re.sub(r"[\s^]|(?<=point)s$", "", plain).rstrip(".")
