"""Identity: no name, number or sex in the sentence but the patient's own or one that a source has."""

import re
from collections.abc import Iterator

from posology.evidence.facts.calendar import find_dates
from posology.evidence.facts.identifiers import Identifier, is_npi
from posology.evidence.facts.people import Person, name_parts
from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.values import CheckResult
from posology.spans import Span

__all__ = ["check_identity"]

_FEMALE = re.compile(
    r"(?<![\w-])(?:she|her|hers|herself|woman|female|lady|girl|(?-i:Mrs|Ms|Miss))(?![\w-])", re.I
)
_MALE = re.compile(r"(?<![\w-])(?:he|him|his|himself|man|male|gentleman|boy|(?-i:Mr))(?![\w-])", re.I)
_OTHERS = re.compile(
    r"(?<!\w)(?:mother|father|husband|wife|spouse|son|daughter|brother|sister|partner|parents?|caregiver"
    r"|aunt|uncle|"
    r"grand\w+|friend|nurse|physician|surgeon|provider|therapist|doctor|dr|boyfriend|girlfriend|fianc\w+"
    r"|child|baby|"
    r"cousin|mom|dad|donor|fetus|infant|roommate|girl|coworker|boss)s?(?!\w)",
    re.IGNORECASE,
)


_OPPOSITE = {"female": (_FEMALE, _MALE), "male": (_MALE, _FEMALE)}  # the patient's own words, the other sex's


def check_identity(case: Case) -> list[CheckResult]:
    """Return what the sentence says of who the patient is, or of anybody else, that is not known."""
    return [*_names(case), *_numbers(case), *_sex(case), *_age(case)]


def _names(case: Case) -> Iterator[CheckResult]:
    if not case.sentence.people:
        return
    facts = case.facts
    texts = " ".join(source.text for source in case.sources)
    known = name_parts(texts) | frozenset().union(
        *map(name_parts, (*facts.patient_names, *facts.provider_names))
    )
    patient = frozenset().union(*map(name_parts, facts.patient_names))
    for person in case.sentence.people:
        parts = name_parts(person.name)
        if not parts <= known:
            yield failure("identity", f"the name {person.name} stands in no cited source", person.span)
        elif patient and _is_patient_title(person) and not parts <= (patient | name_parts(texts)):
            yield failure("identity", f"{person.name} is not the patient's name", person.span)


def _is_patient_title(person: Person) -> bool:
    return person.title in ("mr", "mrs", "ms", "miss")


def _numbers(case: Case) -> Iterator[CheckResult]:
    known = {re.sub(r"[\W_]+", "", number).lower() for number in case.facts.identifiers}
    squeezed = [re.sub(r"[\W_]+", "", source.text).lower() for source in case.sources]
    for item in case.sentence.identifiers:
        if item.value in known or any(item.value in text for text in squeezed):
            continue
        yield failure("identity", f"the {item.kind} stands in no cited source{_shape(item)}", item.span)


def _shape(item: Identifier) -> str:
    return " and its check digit is wrong" if item.kind == "NPI" and not is_npi(item.value) else ""


def _sex(case: Case) -> Iterator[CheckResult]:
    text = case.sentence.text
    sex = case.facts.sex if case.facts.sex in ("female", "male") else _sex_of_sources(case)
    if sex not in _OPPOSITE:
        return
    own, other = _OPPOSITE[sex]
    wrong = other.search(text)
    quotes = [source.text for source in case.sources]
    if wrong is None or any(other.search(quote) for quote in quotes):
        return
    if not _OTHERS.search(text) or any(own.search(quote) for quote in quotes):
        yield failure("identity", f"{wrong.group()} does not fit the patient's sex", Span(*wrong.span()), sex)


def _sex_of_sources(case: Case) -> str:
    """Return the sex that the sources speak of, where they speak of one only."""
    female = any(_FEMALE.search(source.text) for source in case.sources)
    male = any(_MALE.search(source.text) for source in case.sources)
    if female == male:
        return "unknown"
    return "female" if female else "male"


def _age(case: Case) -> Iterator[CheckResult]:
    """Yield an age that the patient could not have had on any day from birth to the request."""
    births = [day.exact for day in find_dates(case.facts.birth_date) if day.exact]
    until = [day.exact for day in find_dates(case.facts.service_date) if day.exact]
    if not births or not until or _OTHERS.search(case.sentence.text):
        return
    oldest = (until[0] - births[0]).days
    for age in case.sentence.ages:
        if age.days > oldest + 366:
            words = age.span.of(case.sentence.text)
            yield failure("identity", f"the age {words} does not fit the patient's birth date", age.span)
