"""Finding the known names, dates of birth and values in a text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from posology.records.deidentify.ambiguity import is_name_here
from posology.records.deidentify.forms import (
    address_form,
    birth_forms,
    bounded,
    code_form,
    phone_form,
    text_form,
)
from posology.records.deidentify.kinds import Kind, Replacement
from posology.records.deidentify.recognisers.dates import OLDEST_YEAR
from posology.records.deidentify.values import KnownIdentifiers, KnownPerson, KnownValue
from posology.records.deidentify.words import COMMON, EPONYMS, MONTHS

__all__ = ["Matcher", "build_matcher"]

_LABELS = {
    Kind.SOCIAL_SECURITY: "[SSN]",
    Kind.RECORD: "[MRN]",
    Kind.MEMBER: "[MEMBER ID]",
    Kind.LICENCE: "[LICENCE]",
    Kind.OTHER: "[ID]",
    Kind.PLACE: "[ADDRESS]",
}
_FORMS: dict[Kind, Callable[[str], str]] = {
    Kind.NAME: text_form, Kind.ORGANIZATION: text_form, Kind.PLACE: address_form,
    Kind.PHONE: phone_form, Kind.FAX: phone_form, Kind.EMAIL: text_form, Kind.URL: text_form,
}  # fmt: skip
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "del",
        "della",
        "la",
        "di",
        "da",
        "dos",
        "bin",
        "al",
        "el",
        "st",
        "san",
        "santa",
        "mac",
        "mc",
        "le",
        "du",
    ]
)
_NO_INITIALS = frozenset(
    {"md", "do", "pa", "rn", "np", "dr", "pt", "ot", "iv", "im", "po", "er", "or", "us", "am", "pm"}
)
_ORDINARY = COMMON | MONTHS | EPONYMS


@dataclass(frozen=True)
class Matcher:
    """Compiled patterns of what is known; building them takes longer than one text does."""

    patterns: tuple[tuple[re.Pattern[str], Kind, str], ...]
    doubtful: re.Pattern[str] | None  # single names that are words as well

    def find(self, text: str) -> list[Replacement]:
        """Find every mention of a known identifier."""
        found = [
            Replacement(*match.span(), kind, label)
            for pattern, kind, label in self.patterns
            for match in pattern.finditer(text)
        ]
        if self.doubtful is not None:
            found += [
                Replacement(*match.span(), Kind.NAME, "[NAME]")
                for match in self.doubtful.finditer(text)
                if is_name_here(text, match.start(), match.end())
            ]
        return found

    def __repr__(self) -> str:
        """Show counts only: the patterns spell names."""
        return f"Matcher({len(self.patterns)} patterns)"


def build_matcher(known: KnownIdentifiers) -> Matcher:
    """Compile what is known into patterns."""
    people = [_trimmed(person) for person in known.people]
    singles = set(chain.from_iterable(_singles(person) for person in people))
    sure = {name for name in singles if not _is_doubtful(name)}
    alternatives: dict[tuple[Kind, str, bool], set[str]] = {}

    def add(kind: Kind, label: str, forms: Iterable[str], *, exact_case: bool = False) -> None:
        alternatives.setdefault((kind, label, exact_case), set()).update(form for form in forms if form)

    add(Kind.NAME, "[NAME]", chain.from_iterable(_full_forms(person) for person in people))
    add(Kind.NAME, "[NAME]", (text_form(name) for name in sure))
    initials = chain.from_iterable(_initial_forms(person) for person in people)
    add(Kind.NAME, "[NAME]", initials, exact_case=True)
    for born in known.births:
        add(Kind.DATE, "[BIRTH DATE]", birth_forms(born))
        add(Kind.DATE, "[BIRTH DATE]", [str(born.year)] if born.year < OLDEST_YEAR else [])
    for value in known.values:
        add(value.kind, _LABELS.get(value.kind, f"[{value.kind.upper()}]"), [_value_form(value)])
    patterns = tuple(
        (_compile(forms, exact_case=exact_case), kind, label)
        for (kind, label, exact_case), forms in alternatives.items()
        if forms
    )
    doubtful = {text_form(name) for name in singles - sure}
    return Matcher(patterns, _compile(doubtful, exact_case=False) if doubtful else None)


def _compile(forms: set[str], *, exact_case: bool) -> re.Pattern[str]:
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(bounded("|".join(longest_first)), 0 if exact_case else re.IGNORECASE)


def _trimmed(person: KnownPerson) -> KnownPerson:
    given = tuple(word for name in person.given for word in name.split() if word.strip("."))
    return KnownPerson(" ".join(person.family.split()), given)


def _full_forms(person: KnownPerson) -> list[str]:
    """Return the name with given or family name first, with middle names, initials or neither."""
    if not person.family or not person.given:
        return []
    family, first = text_form(person.family), text_form(person.given[0].strip("."))
    middle = (
        rf"(?:\s+(?:{'|'.join([text_form(m.strip('.')) for m in person.given[1:]] + ['(?-i:[A-Z])'])})\b\.?)*"
    )
    return [rf"{first}{middle}\s+{family}", rf"{family}\s*,?\s*{first}{middle}"]


def _initial_forms(person: KnownPerson) -> list[str]:
    """Return initials with the family name ("M. Abernethy", "Abernethy, M.") and initials alone ("M.A.")."""
    letters = [name[0].upper() for name in (*person.given, person.family) if name]
    if not person.family or not person.given or not letters[0].isalpha():
        return []
    family = (
        rf"(?-i:{re.escape(person.family[0].upper())})(?i:{text_form(person.family[1:])})"
        if len(person.family) > 1
        else ""
    )
    if not family:
        return []
    middle = r"(?:\s?[A-Z]\b\.?)?"
    first = (
        letters[0] + r"\b" + (r"\." if letters[0] in "AI" and person.family.lower() in _ORDINARY else r"\.?")
    )
    forms = [
        rf"{first}{middle}\s?{family}",
        rf"{family}\s*,\s*{letters[0]}\b\.?{middle}",
        rf"{family}\s+{letters[0]}\.",
    ]
    if "".join(letters).lower() not in _NO_INITIALS:
        forms.append(r"\.\s?".join(letters) + r"\.")
        forms.append(rf"{letters[0]}\.\s?{letters[-1]}\.")
    return [form for form in forms if form != "M\\.D\\."]


def _singles(person: KnownPerson) -> list[str]:
    """Return the names that may stand alone: each given name, the family name and its longer parts."""
    parts = [part for part in re.split(r"[\s-]+", person.family) if len(part) > 3]
    names = [person.family, *parts, *(name.strip(".") for name in person.given)]
    return [name for name in names if len(name) > 1 and name.lower() not in _PARTICLES]


def _is_doubtful(name: str) -> bool:
    return len(name) < 3 or name.lower() in _ORDINARY or name.lower().removesuffix("s") in _ORDINARY


def _value_form(value: KnownValue) -> str:
    """Return the pattern of a value; empty where it is too short to tell from a measurement."""
    text = value.text.strip()
    form = _FORMS.get(value.kind)
    if form in (phone_form,) and sum(c.isdigit() for c in text) < 7:
        return ""
    if form is not None:
        return form(text) if len(text) > 2 else ""
    letters = [c for c in text if c.isalnum()]
    if len(letters) < 5 or not any(c.isdigit() for c in letters):
        return text_form(text) if len(letters) >= 8 else ""
    return code_form(text)
