"""Preferences of a site's own reviewers: the export of blinded ratings as pairs of letters."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from posology.adapt.preference.pairs import Pairs
from posology.chat import Message
from posology.corpus import Preference, Provenance
from posology.errors import UserError
from posology.files import read_utf8

__all__ = ["read_ratings"]

FORMAT = "ratings/1"
_LICENCE = "not stated"  # a site's letters: never learned from by a model that is given away


class _Header(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    posology: Literal["ratings/1"]
    consent: str


class _Letter(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    text: str


class _Rating(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    case: str
    policy: str
    blind: bool
    preferred: str | None
    draft: _Letter
    manual: _Letter


def read_ratings(path: Path, *, blind_only: bool = True) -> Pairs:
    """Return one pair a compared case: the letter that more raters preferred, against the other one.

    The file is what `review`'s export of ratings gives, already without identifiers. Ratings that were not
    blind are left out unless asked for; ties and cases without a preference are counted as rejected. The
    licence of such pairs is "not stated" and their consent the site's: no shipped model learns from them.
    """
    lines = read_utf8(path).splitlines()
    header = _parsed(_Header, lines[0] if lines else "", f"{path}, line 1")
    cases: dict[str, list[_Rating]] = defaultdict(list)
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            rating = _parsed(_Rating, line, f"{path}, line {number}")
            cases[rating.case].append(rating)
    pairs: list[Preference] = []
    rejected: list[tuple[str, str]] = []
    provenance = Provenance(f"ratings of {path.name}", _LICENCE, header.consent)
    for case, ratings in cases.items():
        seen = [one for one in ratings if one.blind or not blind_only]
        winner = _winner(seen)
        if winner is None:
            reason = "no rater preferred one letter, or as many each" if seen else "no blind rating"
            rejected.append((case, reason))
        else:
            pairs.append(_pair(case, seen[0], winner, provenance))
    return Pairs(tuple(pairs), tuple(rejected))


def _winner(ratings: Sequence[_Rating]) -> str | None:
    votes = Counter(one.preferred for one in ratings if one.preferred in ("draft", "manual"))
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _pair(case: str, rating: _Rating, winner: str, provenance: Provenance) -> Preference:
    chosen, other = (rating.draft, rating.manual) if winner == "draft" else (rating.manual, rating.draft)
    asked = Message("user", f"Write the letter of medical necessity under the policy {rating.policy}.")
    one = Provenance(provenance.source, provenance.licence, provenance.consent, case)
    return Preference(f"rated/{case}", (asked,), chosen.text, other.text, one, "less preferred")


def _parsed(form: type[Any], line: str, where: str) -> Any:
    try:
        return form.model_validate(json.loads(line))
    except ValidationError as cause:
        first = cause.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}: no line of an export of ratings: {place}: {first['msg']}") from None
    except ValueError as cause:
        raise UserError(f"{where}: not JSON; name an export of ratings ({FORMAT})") from cause
