"""Internet protocol addresses, version 4 and 6."""

import ipaddress
import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_ips"]

_FOUR = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_SIX = re.compile(r"(?<![\w:.])(?=[0-9a-fA-F:]*[0-9a-fA-F]:)[0-9a-fA-F:]{6,39}(?![\w:])")


def find_ips(text: str) -> list[Replacement]:
    """Find what reads as an address; a time of day or an object identifier does not."""
    found = [match for pattern in (_FOUR, _SIX) for match in pattern.finditer(text)]
    return [Replacement(*m.span(), Kind.IP, "[IP]") for m in found if _is_address(m[0])]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
