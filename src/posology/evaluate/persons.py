"""The person of a clinical vignette: sex and age as far as its words say, for slices of a score."""

import re

__all__ = ["age_group", "person_slices"]

_FEMALE = re.compile(r"\b(?:woman|female|girl|lady|primigravida)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:man|male|boy|gentleman)\b", re.IGNORECASE)
_OLD = re.compile(r"\b(\d{1,3})[\s-]*(year|yr|month|week|day|hour)s?[\s-]+old\b", re.IGNORECASE)
_NEWBORN = re.compile(r"\b(?:newborn|neonate|infant)\b", re.IGNORECASE)


def person_slices(text: str) -> dict[str, str]:
    """Return sex and age group of the first person of a vignette; "unknown" where its words do not say."""
    return {"sex": _sex(text), "age": _age(text)}


def _sex(text: str) -> str:
    """Return the sex by the first word that names one: later ones may be a relative's."""
    female, male = _FEMALE.search(text), _MALE.search(text)
    if female and (not male or female.start() < male.start()):
        return "female"
    return "male" if male else "unknown"


def _age(text: str) -> str:
    said = _OLD.search(text)
    if not said:
        return "under 18" if _NEWBORN.search(text) else "unknown"
    years = int(said[1]) if said[2].casefold() in ("year", "yr") else 0
    return age_group(years)


def age_group(years: float | None) -> str:
    """Return the age group of an age in years; "unknown" of None.

    >>> age_group(17.9), age_group(64), age_group(None)
    ('under 18', '18 to 64', 'unknown')
    """
    if years is None:
        return "unknown"
    if years < 18:
        return "under 18"
    return "18 to 64" if years < 65 else "65 and over"
