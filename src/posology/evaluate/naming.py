"""Names that a user mistyped: the nearest known one is offered."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["nearest_words"]


def nearest_words(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?", or the list of what there is, to end a message with."""
    names = sorted(known)
    begun = [one for one in names if name and one.startswith(name)]
    close = begun or get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"
