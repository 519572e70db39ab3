"""De-identifying a text: everything known and everything recognised gives way to labels."""

import re
from collections.abc import Iterable

from posology.records.deidentify.kinds import Deidentified, Kind, Replacement
from posology.records.deidentify.matching import Matcher, build_matcher
from posology.records.deidentify.recognisers import RECOGNISERS
from posology.records.deidentify.values import KnownIdentifiers
from posology.records.deidentify.words import PHRASES

__all__ = ["apply_replacements", "deidentify", "deidentify_with"]

_VAGUE = frozenset({Kind.OTHER, Kind.PHONE})  # any other kind of the same characters says more
_PHRASE = re.compile(
    "|".join(re.escape(phrase).replace("'", "['’]?").replace(r"\.", r"\.?") for phrase in PHRASES),
    re.IGNORECASE,
)


def deidentify(text: str, known: KnownIdentifiers) -> Deidentified:
    """Replace what identifies a person by labels such as ``[NAME]`` and ``[DATE 2019]``.

    >>> from posology.records.deidentify import KnownPerson
    >>> ann = KnownIdentifiers(people=(KnownPerson("Lee", ("Ann",)),))
    >>> deidentify("Ann Lee, seen 3/4/2019: BP 120/80, strength 3/4.", ann).text
    '[NAME], seen [DATE 2019]: BP 120/80, strength 3/4.'
    """
    return deidentify_with(text, build_matcher(known))


def deidentify_with(text: str, matcher: Matcher) -> Deidentified:
    """Do what ``deidentify`` does for one of many texts, with what is known compiled once."""
    kept = [match.span() for match in _PHRASE.finditer(text)]
    recognised = [found for find in RECOGNISERS.values() for found in find(text)]
    replaced = _merged(_outside(matcher.find(text), kept), _outside(recognised, kept))
    return Deidentified(apply_replacements(text, replaced), replaced)


def apply_replacements(text: str, replaced: Iterable[Replacement]) -> str:
    """Return the text with each label in place of its characters; the replacements do not overlap."""
    pieces, place = [], 0
    for one in replaced:
        pieces += [text[place : one.start], one.label]
        place = one.end
    return "".join([*pieces, text[place:]])


def _outside(found: list[Replacement], kept: list[tuple[int, int]]) -> list[Replacement]:
    """Leave out what lies within a clinical phrase, such as the saint of St. John's wort."""
    return [one for one in found if not any(start <= one.start and one.end <= end for start, end in kept)]


def _merged(known: list[Replacement], recognised: list[Replacement]) -> tuple[Replacement, ...]:
    """Join what overlaps, so that no character that anything found is left.

    The label is that of the longest known value in the piece, else of the longest that was recognised.
    """
    certain = set(known)
    ordered = sorted({*known, *recognised}, key=lambda r: (r.start, r.end, r.kind, r.label))
    merged: list[Replacement] = []
    members: list[Replacement] = []
    for one in [*(r for r in ordered if r.end > r.start), Replacement(-1, -1, Kind.OTHER, "")]:
        if members and members[0].start <= one.start < max(m.end for m in members):
            members.append(one)
            continue
        if members:
            best = max(members, key=lambda m: (m in certain, m.end - m.start, m.kind not in _VAGUE))
            merged.append(Replacement(members[0].start, max(m.end for m in members), best.kind, best.label))
        members = [one]
    return tuple(merged)
