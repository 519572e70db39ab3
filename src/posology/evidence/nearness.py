"""Whether a thing and a further word of its question are said together: osteoarthritis, and of the knee."""

import re
from collections.abc import Sequence

from posology.spans import Span

__all__ = ["said_together"]

# a site with a complaint or an injury of its own: "knee pain", "knees swelling"
_COMPLAINT = re.compile(
    r"^s?(?:\s+joints?)?\s+(?:pains?|aches?|swelling|stiffness|effusions?|injur\w+|sprains?|strains?"
    r"|contusions?|lacerations?|bruis\w+|discomfort|tenderness|instability|weakness|numbness)\b",
    re.IGNORECASE,
)
# the thing has ended before the site: behind a comma, or behind a site of its own and "and"
_ENDED = re.compile(r",[^,;]*$|^\s+(?:of|in|at)\s.*\b(?:and|with|plus)\b[^,;]*$", re.IGNORECASE)
_OWN_SITE = re.compile(r"^\s+(?:of|in|at)\s", re.IGNORECASE)


def said_together(sentence: str, name: Span, places: Sequence[Span]) -> bool:
    """Tell whether a further word, at ``places``, is said of the thing named.

    It stands in the same part of a sentence with semicolons, and is no complaint of its own.

    >>> said_together("Osteoarthritis of the hip, knee pain.", Span(0, 14), [Span(27, 31)])
    False
    """
    if not places:
        return True
    parts = [Span(*part.span()) for part in re.finditer(r"[^;]+", sentence)]
    shared = len(parts) < 2 or any(
        part.overlaps(name) and any(part.overlaps(place) for place in places) for part in parts
    )
    return shared and not all(_complained_of(sentence, name, place) for place in places)


def _complained_of(sentence: str, name: Span, place: Span) -> bool:
    if not _COMPLAINT.match(sentence[place.end :]):
        return False
    if place.start >= name.end:
        return bool(_ENDED.search(sentence[name.end : place.start]))
    between = sentence[place.end : name.start]
    return "," in between and bool(_OWN_SITE.match(sentence[name.end :]))
