"""Electronic mail addresses."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_emails"]

_EMAIL = re.compile(r"[\w.+%'’-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")


def find_emails(text: str) -> list[Replacement]:
    """Find addresses with an @ and a domain."""
    return [Replacement(*match.span(), Kind.EMAIL, "[EMAIL]") for match in _EMAIL.finditer(text)]
