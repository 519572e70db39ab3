"""Numbers and addresses that identify a person: telephone, member id, NPI, record number, e-mail, street."""

import re
from dataclasses import dataclass

from posology.spans import Span

__all__ = ["Identifier", "find_identifiers", "is_npi"]

_ID = r"(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{3,}"
_LINK = r"(?:\s*(?:number|no\.?|id|identifier|#))?\W{0,3}(?:is\s+|was\s+)?"
_FORMS = {
    "e-mail address": r"(?<![\w.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "web address": r"https?://\S+|(?<!\w)www\.[\w.-]+\w",
    "NPI": rf"(?<!\w)(?:NPI|national provider identifier){_LINK}(?P<npi>\d{{4,12}})(?!\w)",
    "record number": rf"(?<!\w)(?:MRN|medical record|chart|record|account|acct|encounter"
    rf"|accession)(?:\s*(?:number|no\.|id|#))\W{{0,3}}(?:is\s+|was\s+)?(?P<mrn>{_ID})"
    rf"|(?<!\w)MRN\W{{0,3}}(?P<mrn2>{_ID})",
    "member id": rf"(?<!\w)(?:member|subscriber|policy|group|insurance|medicare|medicaid|beneficiary|plan"
    rf"|MBI)(?:\s*(?:number|no\.|id|identifier|#))\W{{0,3}}(?:is\s+|was\s+)?(?P<member>{_ID})",
    "social security number": r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])",
    "telephone number": r"(?<![\w.-])(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s*|\d{3}[\s.-])\d{3}[\s.-]\d{4}(?!\w)",
    "street address": r"(?<!\w)\d{1,5}\s+(?:[NSEW]\.?\s+)?(?:[A-Z][a-z]+\s+){1,3}(?:Street|St|Avenue|Ave"
    r"|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Circle"
    r"|Parkway|Highway)\b\.?",
    "number": r"(?<![\w.,/-])\d{9,12}(?![\w,/-]|\.\d)",
}
_CASELESS = {"NPI", "record number", "member id"}
_PATTERN = re.compile(
    "|".join(
        f"(?P<k{i}>{f'(?i:{form})' if kind in _CASELESS else form})"
        for i, (kind, form) in enumerate(_FORMS.items())
    )
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """Something that identifies a person; ``value`` has neither blanks nor punctuation."""

    kind: str
    value: str
    span: Span


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Find identifying numbers and addresses.

    >>> [(i.kind, i.value) for i in find_identifiers("MRN: A-12345, call (555) 201-9999")]
    [('record number', 'a12345'), ('telephone number', '5552019999')]
    """
    return tuple(_identifier(match) for match in _PATTERN.finditer(text))


def _identifier(match: re.Match[str]) -> Identifier:
    kind = next(kind for i, kind in enumerate(_FORMS) if match[f"k{i}"] is not None)
    named = next((name for name in ("npi", "mrn", "mrn2", "member") if match[name] is not None), None)
    start, end = match.span(named) if named else match.span()
    return Identifier(kind, re.sub(r"[\W_]+", "", match.string[start:end]).lower(), Span(start, end))


def is_npi(digits: str) -> bool:
    """Tell whether ten digits carry the check digit of a National Provider Identifier."""
    if not re.fullmatch(r"[12]\d{9}", digits):
        return False
    total = 24  # what the prefix 80840 adds to the sum
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
