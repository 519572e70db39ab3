"""Codes: every code of the sentence must stand in a cited source."""

from posology.evidence.facts.coding import is_well_formed
from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.values import CheckResult

__all__ = ["check_codes"]


def check_codes(case: Case) -> list[CheckResult]:
    """Return the codes of the sentence that stand in no cited source."""
    known = {code.value for source in case.sources for code in source.codes}
    found = []
    for code in case.sentence.codes:
        if code.value in known or any(_stands(code.written, source.text) for source in case.sources):
            continue
        malformed = "" if is_well_formed(code) else f" and is not a well-formed {code.system.upper()} code"
        near = next((c.written for s in case.sources for c in s.codes if c.system == code.system), "")
        found.append(
            failure("codes", f"{code.written} stands in no cited source{malformed}", code.span, near)
        )
    return found


def _stands(written: str, text: str) -> bool:
    """Tell whether the code stands in the text as a word of its own, with or without its dot."""
    words = text.upper().replace(".", "").replace(",", " ").replace("(", " ").replace(")", " ").split()
    return written.upper().replace(".", "") in words
