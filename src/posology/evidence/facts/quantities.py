"""Numbers with everything that gives them meaning: unit, comparator, range, what was measured."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from posology.evidence.facts.calendar import find_dates
from posology.evidence.facts.lexicon import Found, Phrases, measure_names
from posology.evidence.facts.units import Unit, parse_unit, unit_pattern
from posology.spans import Span

__all__ = ["Quantity", "blank_out", "find_quantities"]

_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "eighteen": 18, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_TEENS = {"thirteen": 13, "fourteen": 14, "sixteen": 16, "seventeen": 17, "nineteen": 19, "seventy": 70}
_ALL_WORDS = {**_WORDS, **_TEENS, "eighty": 80}
_BEFORE = {
    "≥": r"≥|>\s*=|⩾|at\s+least|(?:no|not)\s+(?:less|fewer)\s+than|(?:a\s+)?minimum\s+of|at\s+or\s+above",
    "≤": r"≤|<\s*=|⩽|at\s+most|(?:no|not)\s+(?:more|greater|higher)\s+than|up\s+to|(?:a\s+)?maximum\s+of"
    r"|not\s+exceeding|at\s+or\s+below",
    ">": r">|(?:greater|more|higher|older|longer|larger)\s+than|above|exceed(?:ing|s|ed)|in\s+excess\s+of",
    "<": r"<|(?:less|fewer|lower|younger|shorter|smaller)\s+than|under|below",
    "over": r"over",
    "~": r"~|about|approximately|approx\.?|around|roughly|nearly|almost|close\s+to|some",
}
_AFTER = {
    "≥": r"\+|or\s+(?:more|greater|higher|above|older|longer|over)|and\s+(?:above|over|older|up)",
    "≤": r"or\s+(?:less|fewer|lower|below|under|younger)|and\s+(?:below|under)",
}
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_LINK = re.compile(
    r"[\s,(]*(?:to|and|or|then|versus|vs\.?|from|now|,|→|->|-|–|down\s+to|up\s+to)?[\s,]*", re.I
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text. ``high`` differs from ``low`` for a range; ``second`` is the other half of a pair
    such as 120/80; ``decimals`` those shown; ``comparator`` one of ≥ > ≤ < ~ over, or empty."""

    low: float
    high: float
    decimals: int
    unit: Unit | None
    comparator: str
    span: Span
    second: float | None = None
    measure: str = ""

    def text(self, whole: str) -> str:
        """Return the words of the quantity."""
        return self.span.of(whole).strip()


def blank_out(text: str, spans: Iterable[Span]) -> str:
    """Replace the spans by signs that read as nothing, keeping every offset."""
    for span in spans:
        text = text[: span.start] + "¤" * (span.end - span.start) + text[span.end :]
    return text


@cache
def _number() -> re.Pattern[str]:
    before = "|".join(rf"(?P<b{i}>{form})" for i, form in enumerate(_BEFORE.values()))
    after = "|".join(rf"(?P<a{i}>{form})" for i, form in enumerate(_AFTER.values()))
    words = "|".join(sorted(_ALL_WORDS, key=len, reverse=True))
    value = rf"(?:{_DIGITS}|\b(?:{words})\b(?!-))"
    unit = unit_pattern()
    return re.compile(
        rf"(?:(?<![a-z])(?:{before})\s*(?:(?:a|an|the)\s+)?)?"
        rf"(?:(?<![\w.¤])|(?<=[\s(]x)"
        rf"|(?<=\dx))(?<![a-z]-)(?<!\d,)(?P<neg>(?<![\w)-])-(?=\d))?(?P<low>{value})"
        rf"(?:(?P<pair>\s*/\s*|\s+out\s+of\s+|\s+over\s+)(?P<second>\d+(?:\.\d+)?)(?![\d/]))?"
        rf"(?:(?P<lowunit>[\s-]?{unit})?\s*(?:-|–|—|\bto\b|\bthrough\b)\s*(?P<high>{value})(?![\d/]))?"
        rf"(?:(?:\s{{1,2}}|-|\s-\s)?(?P<unit>{unit}))?(?![a-z])"
        rf"(?:\s*(?:{after}))?",
        re.IGNORECASE,
    )


@cache
def _measures() -> Phrases:
    return Phrases({name: measure for name, measure in measure_names().items() if len(name) > 1})


def find_quantities(text: str, hidden: Iterable[Span] = ()) -> tuple[Quantity, ...]:
    """Find the numbers of a text, dates and the ``hidden`` spans left out.

    >>> [(q.low, q.comparator, q.unit.name) for q in find_quantities("lost at least five lb")]
    [(5.0, '≥', 'lb')]
    """
    spans = [day.span for day in find_dates(text) if day.month or _is_year(text, day.span)]
    plain = blank_out(text, [*spans, *hidden])
    found = [_height(match) for match in _HEIGHT.finditer(plain)]
    plain = blank_out(plain, [quantity.span for quantity in found])
    for match in _number().finditer(plain):
        quantity = _quantity(match, plain)
        if quantity is not None:
            found.append(quantity)
    found.sort(key=lambda quantity: quantity.span)
    return _with_measures(_with_shared_units(found, plain), plain)


def _is_year(text: str, span: Span) -> bool:
    before = text[max(0, span.start - 14) : span.start].lower()
    return bool(
        re.search(
            r"(?:\b(?:in|since|of|during|by|until|from|to|around|early|late|mid|year|before|after)"
            r"|[(,–-])[\s-]*$",
            before,
        )
    )


_HEIGHT = re.compile(
    r"(?<![\w.])(?P<ft>[3-7])\s*(?:feet|foot|ft\.?|')\s*,?\s*(?P<in>\d{1,2}(?:\.\d+)?)\s*(?:inches|inch"
    r"|in\b\.?|\"|'')",
    re.I,
)


def _height(match: re.Match[str]) -> Quantity:
    inches = int(match["ft"]) * 12 + float(match["in"])
    return Quantity(
        inches, inches, 0, parse_unit("inches"), "", Span(match.start(), match.end()), None, "height"
    )


def _value(text: str) -> tuple[float, int]:
    word = text.lower()
    if word in _ALL_WORDS:
        return float(_ALL_WORDS[word]), 0
    digits = word.replace(",", "")
    return float(digits), len(digits.partition(".")[2])


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    low, decimals = _value(match["low"])
    unit_text = match["unit"] or match["lowunit"]
    if match["low"].lower() == "one" and not unit_text:
        return None
    high, more = _value(match["high"]) if match["high"] else (low, decimals)
    if match["high"] and match["second"]:
        return None
    second = float(match["second"]) if match["second"] else None
    sign = -1 if match["neg"] else 1
    unit = parse_unit(unit_text.strip(" -")) if unit_text else None
    low_unit = parse_unit(match["lowunit"].strip(" -")) if match["lowunit"] else unit
    if unit is not None and low_unit is not None and low_unit.dimension == unit.dimension:
        low = low if low_unit == unit else low_unit.to_base(low) / unit.factor
    elif match["high"] and low_unit is not unit:
        return Quantity(low, low, decimals, low_unit, _sign(match), Span(match.start(), match.end("lowunit")))
    if unit is not None and unit.name in {"m", "g"} and text[match.end() : match.end() + 1] == "'":
        unit = None
    span = Span(match.start(), match.end())
    return Quantity(
        sign * low,
        sign * high if not match["high"] else high,
        max(decimals, more),
        unit,
        _sign(match),
        span,
        second,
    )


def _sign(match: re.Match[str]) -> str:
    for group, forms in (("b", _BEFORE), ("a", _AFTER)):
        for index, sign in enumerate(forms):
            if match[f"{group}{index}"] is not None:
                return sign
    return ""


def _with_shared_units(found: list[Quantity], text: str) -> list[Quantity]:
    """Give "10, 20 and 40 mg" its unit three times."""
    shared = list(found)
    for index in range(len(shared) - 2, -1, -1):
        this, following = shared[index], shared[index + 1]
        between = text[this.span.end : following.span.start]
        if this.unit is None and following.unit is not None and this.second is None and _is_list(between):
            shared[index] = replace(this, unit=following.unit)
    return shared


def _is_list(between: str) -> bool:
    return re.fullmatch(r"\s*,?\s*(?:and|or|to|then|,|/|&|-)\s*", between, re.IGNORECASE) is not None


def _with_measures(found: list[Quantity], text: str) -> tuple[Quantity, ...]:
    """Say of each number what it measures: the nearest name before it, or right after it."""
    names = _measures().find(text)
    result: list[Quantity] = []
    for quantity in found:
        if quantity.measure:
            result.append(quantity)
            continue
        name = _measure_before(quantity, names, result, text) or _measure_after(quantity, names, text)
        result.append(replace(quantity, measure=name))
    return tuple(result)


def _measure_before(quantity: Quantity, names: list[Found], earlier: list[Quantity], text: str) -> str:
    floor = 0
    if earlier:
        floor = earlier[-1].span.end
    before = [name for name in names if floor <= name.start and name.end <= quantity.span.start]
    if before:
        between = text[before[-1].end : quantity.span.start]
        return before[-1].value if len(between) < 60 and not re.search(r"[;]|\.\s|\n\n", between) else ""
    if earlier and _LINK.fullmatch(text[floor : quantity.span.start]):
        return earlier[-1].measure
    return ""


def _measure_after(quantity: Quantity, names: list[Found], text: str) -> str:
    for name in names:
        if quantity.span.end <= name.start <= quantity.span.end + 12:
            between = text[quantity.span.end : name.start]
            if re.fullmatch(r"[\s(]*(?:of\s+|for\s+)?(?:the\s+|her\s+|his\s+)?", between):
                following = text[name.end : name.end + 14]
                return "" if re.match(r"\s*(?:of|was|is|:|=|at)?\s*\d", following) else name.value
    return ""
