"""Ages over 89, in figures and in words."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["LABEL", "find_ages"]

LABEL = "[AGE 90+]"
_FIGURES = r"(?P<age>9\d|1[0-3]\d)"
_WORDS = (
    r"(?P<age>ninety(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one"
    r"|a)[\s-]hundred(?:[\s-](?:and[\s-])?(?:one|two|three|four|five|six|seven|eight|nine|ten))?)"
)
_OLD = (
    r"(?:[\s-]*(?:years?|yrs?\.?|y)[\s-]*(?:old|of\s+age)|[\s-]*(?:y/?o|yo)\b|[\s-]+(?:year"
    r"|yr)\b(?=[\s-]+(?:female|male|man|woman|lady|gentleman|patient))|[\s-]*[MF]\b(?![./]))"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w./]){_FIGURES}{_OLD.replace('[MF]', '(?-i:[MF])')}",
        rf"(?<!\w){_WORDS}[\s-]*(?:years?|yrs?)[\s-]*(?:old|of\s+age)",
        rf"\b(?:aged?|turn(?:ed|s|ing)|age\s+(?:of|is)"
        rf"|at\s+(?:the\s+)?age(?:\s+of)?)\W{{1,3}}{_FIGURES}(?![\w/]|\.\d)",
        rf"\b(?:aged?|turn(?:ed|s|ing)|age\s+of)\s+{_WORDS}\b",
        r"\b(?:his|her|their)\s+(?:early\s+|mid[\s-]?|late\s+)?(?P<age>nineties|90['’]?s"
        r"|hundreds|100['’]?s)\b",
        r"(?<!\w)(?P<age>nonagenarian|centenarian)\b",
    )
)


def find_ages(text: str) -> list[Replacement]:
    """Find ages of 90 years and more; "a 93-year-old man" becomes "a [AGE 90+]-year-old man"."""
    found = [match for pattern in _PATTERNS for match in pattern.finditer(text)]
    return [Replacement(m.start("age"), m.end("age"), Kind.AGE, LABEL) for m in found]
