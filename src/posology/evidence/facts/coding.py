"""Codes as they stand in a text: ICD-10-CM and -PCS, HCPCS, CPT, LOINC, RxNorm, SNOMED, NDC."""

import re
from dataclasses import dataclass

from posology.spans import Span

__all__ = ["Code", "find_codes", "is_well_formed"]

_SYSTEMS = {
    "ndc": r"(?<![\w-])\d{4,5}-\d{3,4}-\d{1,2}(?![\w-])",
    "loinc": r"(?<![\w.-])\d{3,5}-\d(?![\w-]|\.\d|\s*(?:mg|mcg|ml|days|weeks|months|years|hours|times|%))",
    "icd-10-cm": r"(?<![\w.-])[A-TV-Za-tv-z]\d[0-9ABab]\.[0-9A-Za-z]{1,4}(?![\w-]|\.\d)",
    "hcpcs": r"(?<![\w.-])[A-CEGHJ-MP-V]\d{4}(?![\w.-]\w|\w)",
    "icd-10-pcs": r"(?<![\w.-])(?=[0-9A-HJ-NP-Z]*[A-HJ-NP-Z])(?=(?:[A-HJ-NP-Z]*\d){2})"
    r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}(?![\w-])",
}
_NAMED = {
    "icd-10-cm": r"(?:ICD-?\s?10(?:-?CM)?|diagnos[ie]s\s+codes?"
    r"|dx\s+codes?)\W{0,3}(?:codes?\W{0,3})?(?:(?:is|of"
    r"|was)\s+)?(?P<NAME>[A-Z]\d[0-9A-Z]{1,5}(?:\.\w{1,5})?)",
    "cpt": r"(?:CPT|procedure\s+code)\W{0,4}(?:codes?\W{0,3})?(?P<NAME>\d{4}[0-9FTU])",
    "rxnorm": r"(?:RxNorm|RxCUI)\W{0,3}(?:codes?\W{0,3}|concept\W{0,3})?(?P<NAME>\d{2,8})",
    "snomed": r"(?:SNOMED(?:[\s-]CT)?|SCTID)\W{0,3}(?:codes?\W{0,3}|concept\W{0,3})?(?P<NAME>\d{6,18})",
    "loinc": r"LOINC\W{0,3}(?:codes?\W{0,3})?(?P<NAME>\d{1,5}-\d)",
    "hcpcs": r"HCPCS\W{0,3}(?:codes?\W{0,3})?(?P<NAME>[A-Z]\d{4})",
}
_PATTERN = re.compile("|".join(f"(?P<k{i}>{form})" for i, form in enumerate(_SYSTEMS.values())))
_BY_NAME = re.compile(
    "|".join(form.replace("NAME", f"n{i}") for i, form in enumerate(_NAMED.values())), re.IGNORECASE
)
_SHAPES = {
    "icd-10-cm": re.compile(r"[A-TV-Z]\d[0-9AB](?:\.?[0-9A-TV-Z]{1,4})?"),
    "hcpcs": re.compile(r"[A-V]\d{4}"),
    "icd-10-pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    "cpt": re.compile(r"\d{4}[0-9FTU]"),
    "rxnorm": re.compile(r"[1-9]\d{1,7}"),
    "ndc": re.compile(r"\d{4,5}-\d{3,4}-\d{1,2}"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it stands in a text; ``value`` in upper case without dots."""

    system: str
    value: str
    written: str
    span: Span


def find_codes(text: str) -> tuple[Code, ...]:
    """Find codes by their shape, or by the name of their system before them.

    >>> [(c.system, c.value) for c in find_codes("E66.01 (BMI Z68.41), device E0601, RxNorm 860975")]
    [('icd-10-cm', 'E6601'), ('icd-10-cm', 'Z6841'), ('hcpcs', 'E0601'), ('rxnorm', '860975')]
    """
    found: dict[int, Code] = {}
    for pattern, prefix, systems in ((_BY_NAME, "n", tuple(_NAMED)), (_PATTERN, "k", tuple(_SYSTEMS))):
        for match in pattern.finditer(text):
            group = next(f"{prefix}{i}" for i in range(len(systems)) if match[f"{prefix}{i}"] is not None)
            system, span = systems[int(group[1:])], Span(*match.span(group))
            if not any(span.overlaps(code.span) for code in found.values()):
                found[span.start] = Code(system, _plain(match[group]), match[group], span)
    return tuple(found[start] for start in sorted(found))


def is_well_formed(code: Code) -> bool:
    """Tell whether a code has the shape, and where there is one the check digit, of its system."""
    if code.system == "loinc":
        digits, _, check = code.written.partition("-")
        return check == str(_luhn(digits))
    if code.system == "snomed":
        return 6 <= len(code.value) <= 18 and _verhoeff(code.value) == 0
    shape = _SHAPES[code.system]
    return shape.fullmatch(code.written.upper()) is not None


def _plain(written: str) -> str:
    return written.upper().replace(".", "")


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


_TIMES = (  # the multiplication of the dihedral group of the pentagon
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_FIRST = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _verhoeff(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _FIRST[value]
        total = int(_TIMES[total][value])
    return total
