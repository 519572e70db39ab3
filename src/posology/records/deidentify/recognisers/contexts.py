"""Identifiers that only the words before them give away: numbers of records, plans, licences, devices."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_by_context"]

_NUMBER = r"(?:\s*(?:\b(?:number|numbers|num|no|nr|id|identifier|code|is|was|of)\b\.?|#|:|=|\(|-|\u2013))*\s*"
_VALUE = r"(?P<value>(?=[A-Z0-9/._-]*\d)[A-Z0-9](?:[A-Z0-9/._-]*[A-Z0-9])?(?:[ -]\d{2,})*)"
# Each kind with the words after which the next token with a figure in it is an identifier.
_WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.SOCIAL_SECURITY: (r"ssn", r"social\s+security", r"s\.s\.n\."),
    Kind.RECORD: (
        r"mrn",
        r"medical\s+records?",
        r"med\s+rec",
        r"chart\s+(?:number|no\.?|#|id)",
        r"record\s+(?:number|no\.?|#)",
        r"(?:patient|pt|hospital|unit)\s*(?:id|identifier|number|no\.|#)",
    ),
    Kind.MEMBER: (
        r"(?:member|subscriber|beneficiary|insured|enrollee|medicare|medicaid|plan|policy|group|insurance)\s*(?:id|identifier|number|no\.|#)",
        r"hicn?",
        r"mbi",
    ),
    Kind.ACCOUNT: (
        r"(?:account|acct)\.?(?:\s*(?:number|no\.|#))?",
        r"(?:invoice|claim|bill|order|accession|specimen|encounter|visit|case|authorization|auth|referral|reference|confirmation|tracking|prescription|rx|requisition|job|document|study|trial\s+subject)\s*(?:id|number|no\.|#)",
        r"credit\s+card",
        r"card",
    ),
    Kind.LICENCE: (
        r"npi",
        r"dea",
        r"(?:driver['’]?s?\s+|medical\s+|professional\s+|nursing\s+)?(?:licen[cs]e|certificate|certification|passport)(?!\s+plate)",
        r"upin",
        r"tax\s+id",
        r"ein",
    ),
    Kind.VEHICLE: (
        r"vin",
        r"(?:licen[cs]e|number|registration)\s+plates?",
        r"vehicle\s+(?:id|identification|registration)",
    ),
    Kind.DEVICE: (
        r"serial",
        r"s/n",
        r"udi",
        r"(?:device|implant)\s+(?:id|identifier|number|no\.|#)",
        r"imei",
        r"mac\s+address",
        r"(?:lot|batch)\s+(?:number|no\.|#)",
    ),
}
_LABELS = {
    Kind.SOCIAL_SECURITY: "[SSN]",
    Kind.RECORD: "[MRN]",
    Kind.MEMBER: "[MEMBER ID]",
    Kind.ACCOUNT: "[ACCOUNT]",
    Kind.LICENCE: "[LICENCE]",
    Kind.VEHICLE: "[VEHICLE]",
    Kind.DEVICE: "[DEVICE]",
}
_PATTERNS = {
    kind: re.compile(rf"(?<![A-Z0-9])(?:{'|'.join(words)}){_NUMBER}{_VALUE}", re.IGNORECASE)
    for kind, words in _WORDS.items()
}


def find_by_context(text: str) -> list[Replacement]:
    """Find the token after such words: "MRN: 0012345", "serial number PX-99-1", "NPI 1234567893"."""
    return [
        Replacement(match.start("value"), match.end("value"), kind, _LABELS[kind])
        for kind, pattern in _PATTERNS.items()
        for match in pattern.finditer(text)
        if sum(character.isdigit() for character in match["value"]) >= 4
    ]
