"""What a licence permits: whether weights that learned from a record may be shipped."""

import re
from collections import Counter
from collections.abc import Iterable

from posology.corpus.example import Provenance
from posology.errors import UserError

__all__ = ["SHIPPABLE", "canonical_licence", "may_ship", "require_shippable"]

SHIPPABLE = (
    "made here", "public domain", "CC0", "CC-BY", "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause",
)  # fmt: skip

_WRITTEN = (
    ("made here", r"made[ -]here"),
    ("public domain", r"(?:(?:in the|us(?: government)?|united states(?: government)?|ncbi) )?public domain"
                      r"(?: notice)?"),
    ("CC0", r"cc-?0(?:[ -]1\.0)?(?: universal)?"),
    ("CC-BY", r"cc[ -]by(?:[ -]\d\.\d)?(?: international| unported)?"
              r"|creative commons attribution(?: \d\.\d)?(?: international| unported)?(?: licen[cs]e)?"),
    ("MIT", r"mit(?: licen[cs]e)?"),
    ("Apache-2.0", r"apache(?: licen[cs]e)?,?(?: version)?[ -]2\.0"),
    ("BSD-3-Clause", r"bsd[ -]3[ -]clause(?: licen[cs]e)?"),
    ("BSD-2-Clause", r"bsd[ -]2[ -]clause(?: licen[cs]e)?"),
)  # fmt: skip
_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _WRITTEN)
_REMARK = re.compile(r"\s*\(([^()]*)\)\s*$")
_DOUBT = re.compile(
    r"\b(?:nc|nd|sa|non-?commercial|no ?derivatives?|share-?alike|a?gpl|lgpl|not stated|unknown|research"
    r"|except|only|but|original|upstream cc)\b"
)


def canonical_licence(licence: str) -> str:
    """Return the short name of a licence that allows shipping, else the words as they stand.

    >>> canonical_licence("Creative Commons Attribution 4.0 International")
    'CC-BY'

    A remark in parentheses is left out, unless it takes something back: "Apache 2.0 (upstream CC BY-NC-SA)".
    """
    words = " ".join(licence.lower().split()).rstrip(".")
    remark = _REMARK.search(words)
    if remark is not None and _DOUBT.search(remark[1]) is None:
        words = words[: remark.start()]
    return next((name for name, pattern in _PATTERNS if pattern.fullmatch(words)), licence)


def may_ship(licence: str) -> bool:
    """Say whether weights trained on records of this licence may be given away.

    What is not known to permit it does not: no commercial use, share-alike, no derivatives, the GPL,
    "for research purposes", "not stated", and every licence that is not on the list. Of several, joined by
    semicolons, each must permit it.
    """
    return all(canonical_licence(one) in SHIPPABLE for one in licence.split(";"))


def require_shippable(learned: Iterable[Provenance], what: str, *, key: str = "data.purpose") -> None:
    """Raise UserError where a model that learned from these may not be given away.

    ``what`` they are called in the message, such as "examples"; ``key``: of the recipe, where it was asked.
    """
    barred = Counter(f"{one.source} ({one.licence})" for one in learned if not may_ship(one.licence))
    if barred:
        told = "; ".join(f"{name}: {n} {what}" for name, n in sorted(barred.items()))
        raise UserError(
            f"{key}: ship: the licence forbids it or is not known: {told}; leave these sources out or "
            'set purpose = "study", whose weights stay here'
        )
