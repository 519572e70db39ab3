"""Groups of items that must stay in one part: those that share a text but for its case and punctuation."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["group_of", "linked_groups", "same_words"]

_WORD = re.compile(r"\w+")


def same_words(text: str) -> str:
    """Return a text's words in lower case, without punctuation: equal for texts that say the same.

    >>> same_words("No known drug allergies.") == same_words("no  known drug-allergies")
    True
    """
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def group_of(*texts: str) -> str:
    """Return the group of a source text: the same for texts with the same words."""
    return _name("\n".join(same_words(text) for text in texts))


def linked_groups(keys: Sequence[Sequence[str]]) -> list[str]:
    """Return a group for each item: items that share a key, also by way of others, share their group.

    A group is named by the hash of the first key of its first item, so that a name tells no text.

    >>> one, two, three, four = linked_groups([("a", "x"), ("b",), ("c", "x"), ("c", "y")])
    >>> one == three == four, one == two
    (True, False)
    """
    leader = list(range(len(keys)))
    seen: dict[str, int] = {}
    for place, own in enumerate(keys):
        for key in own:
            first = _lead(leader, seen.setdefault(key, place))
            mine = _lead(leader, place)
            leader[max(first, mine)] = min(first, mine)
    return [_name(keys[_lead(leader, place)][0]) for place in range(len(keys))]


def _lead(leader: list[int], place: int) -> int:
    while leader[place] != place:
        place = leader[place]
    return place


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
