"""Sides, directions and spinal levels, each with the part of the body it belongs to."""

import itertools
import re
from dataclasses import dataclass

from posology.evidence.facts.lexicon import word_set
from posology.spans import Span

__all__ = ["Level", "Side", "find_levels", "find_sides"]

_PAIRS = {
    "side": {
        "left": r"left(?:-sided|ward)?|lt\.?(?=\s)|L(?=\s(?:knee|hip|shoulder|leg|arm|foot|hand|eye|ear"
        r"|breast|wrist|ankle|elbow|UE|LE|lower|upper))|LLE|LUE|LLQ|LUQ|LLL|LUL|OS",
        "right": r"right(?:-sided|ward)?|rt\.?(?=\s)|R(?=\s(?:knee|hip|shoulder|leg|arm|foot|hand|eye|ear"
        r"|breast|wrist|ankle|elbow|UE|LE|lower|upper))|RLE|RUE|RLQ|RUQ|RLL|RUL|RML|OD",
        "bilateral": r"bilateral(?:ly)?|bilat\.?|both(?=\s+(?:of\s+)?(?:her\s+|his\s+|the\s+"
        r"|their\s+)?(?:\w+\s+)?\w+s\b|\s+feet)|OU|BLE|BUE",
    },
    "height": {"upper": r"upper|superior", "lower": r"lower|inferior", "middle": r"middle|mid(?=\s)"},
    "face": {"anterior": r"anterior(?:ly)?", "posterior": r"posterior(?:ly)?"},
    "middle": {"medial": r"medial(?:ly)?", "lateral": r"(?<!bi)(?<!uni)lateral(?:ly)?"},
    "end": {"proximal": r"proximal(?:ly)?", "distal": r"distal(?:ly)?"},
    "region": {
        "cervical": r"cervical(?=\s+(?:spine|spinal|disc|disk|radiculopathy|stenosis|fusion|myelopathy"
        r"|spondylosis|vertebra))",
        "thoracic": r"thoracic(?=\s+(?:spine|spinal|disc|disk|radiculopathy|stenosis|fusion|myelopathy"
        r"|spondylosis|vertebra))",
        "lumbar": r"lumbar(?=\s+(?:spine|spinal|disc|disk|radiculopathy|stenosis|fusion|myelopathy"
        r"|spondylosis|vertebra))",
    },
}
_ABBREVIATED = {
    "LLE": "leg", "RLE": "leg", "BLE": "leg", "LUE": "arm", "RUE": "arm", "BUE": "arm",
    "OS": "eye", "OD": "eye",
    "OU": "eye", "LLQ": "quadrant", "LUQ": "quadrant", "RLQ": "quadrant", "RUQ": "quadrant", "LLL": "lobe",
    "LUL": "lobe", "RLL": "lobe", "RUL": "lobe", "RML": "lobe",
}  # fmt: skip
_ALIASES = {
    "feet": "foot", "teeth": "tooth", "ovaries": "ovary", "kidneys": "kidney", "renal": "kidney",
    "pulmonary": "lung",
    "lower extremity": "leg", "upper extremity": "arm", "ocular": "eye", "testes": "testis",
    "arteries": "artery",
    "extremities": "extremity", "axillae": "axilla", "limbs": "limb", "meniscal": "meniscus",
}  # fmt: skip
_SIDE = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<{value}>{form})" for group in _PAIRS.values() for value, form in group.items())
    + r")(?![\w])",
    re.IGNORECASE,
)
_GROUP = {value: group for group, values in _PAIRS.items() for value in values}
_EITHER_CASE = {"L", "R", "OS", "OD", "OU", "LT", "RT", *_ABBREVIATED}
_NOT_A_SIDE = re.compile(
    r"right(?:\s+(?:now|away|after|before|about|to|as|here|there|upon|at|when|then)\b|-hand(?:ed|edness)?)"
    r"|\bleft\s+(?:the|without|against|AMA|untreated|over|her|his|with|work|home|alone|off|in\s+place|for)\b",
    re.IGNORECASE,
)
_LIGHT = frozenset(
    [
        "and",
        "or",
        "with",
        "but",
        "left",
        "right",
        "bilateral",
        "is",
        "was",
        "were",
        "are",
        "side",
        "sided",
        "than",
        "greater",
        "worse",
        "more",
        "in",
        "on",
        "at",
        "of",
        "to",
        "for",
        "the",
        "a",
        "an",
    ]
)
_WORD = re.compile(r"[A-Za-z]+")
_LEVEL = re.compile(
    r"(?<![\w.-])(?P<r1>[CTLS])(?P<n1>1[0-2]|[1-9])(?:\s*[-–/]\s*(?P<r2>[CTLS])?(?P<n2>1[0-2]"
    r"|[1-9])(?:\s*[-–/]\s*(?P<r3>[CTLS])?(?P<n3>1[0-2]|[1-9]))?)?(?![\w.]\w|\w)"
)


@dataclass(frozen=True, slots=True)
class Side:
    """A side or direction; ``head`` is the body part it stands with, or empty."""

    group: str
    value: str
    head: str
    span: Span


@dataclass(frozen=True, slots=True)
class Level:
    """One or several vertebrae, such as L4 and L5 of "L4-5"."""

    vertebrae: tuple[str, ...]
    span: Span


def find_levels(text: str) -> tuple[Level, ...]:
    """Find levels of the spine.

    >>> [level.vertebrae for level in find_levels("fusion at L4-5, disc at C5/C6")]
    [('L4', 'L5'), ('C5', 'C6')]
    """
    levels = []
    for match in _LEVEL.finditer(text):
        region, vertebrae = match["r1"], [match["r1"] + match["n1"]]
        for letter, number in (("r2", "n2"), ("r3", "n3")):
            if match[number]:
                region = match[letter] or region
                vertebrae.append(region + match[number])
        levels.append(Level(tuple(vertebrae), Span(match.start(), match.end())))
    return tuple(levels)


def find_sides(text: str) -> tuple[Side, ...]:
    """Find sides and directions with their body part.

    >>> [(s.value, s.head) for s in find_sides("pain of the left knee, right-sided sciatica")]
    [('left', 'knee'), ('right', 'sciatica')]
    """
    found = []
    for match in _SIDE.finditer(text):
        word = match.group().strip(".")
        if _NOT_A_SIDE.match(text, match.start()) or (word.upper() in _EITHER_CASE and not word.isupper()
                                                      and word.upper() not in {"LT", "RT"}):  # fmt: skip
            continue
        value = match.lastgroup or ""
        head = _ABBREVIATED.get(word) or _head(text, match)
        found.append(Side(_GROUP[value], value, head, Span(match.start(), match.end())))
    return tuple(found)


def _head(text: str, match: re.Match[str]) -> str:
    after = re.split(r"[,;.:]", text[match.end() : match.end() + 60])[0]
    words = [word.lower() for word in _WORD.findall(after)[:5]]
    for first, second in itertools.pairwise(words):
        if f"{first} {second}" in _ALIASES:
            return _ALIASES[f"{first} {second}"]
    for word in words:
        if word in {"and", "or", "with", "but", "left", "right", "bilateral"}:
            break
        head = _as_head(word)
        if head:
            return head
    if words and words[0] not in _LIGHT:
        return str(words[0]).rstrip("s")
    before = [word.lower() for word in _WORD.findall(text[max(0, match.start() - 40) : match.start()])[-4:]]
    return next((head for head in map(_as_head, reversed(before)) if head), "")


def _as_head(word: str) -> str:
    word = _ALIASES.get(word, word)
    singular = word[:-1] if word.endswith("s") and word[:-1] in word_set("body_parts.txt") else word
    return singular if singular in word_set("body_parts.txt") else ""
