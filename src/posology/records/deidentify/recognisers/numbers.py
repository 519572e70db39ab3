"""Numbers that are identifiers by their form alone: security, card, bank, vehicle, network, and long ones."""

import re
from collections.abc import Iterable

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_numbers"]

_SECURITY = re.compile(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-]|\.\d)")
_BANK = re.compile(
    r"(?<!\w)[A-Za-z]{2}\d{2}(?:[A-Za-z0-9]{11,30}|(?: [A-Za-z0-9]{4}){2,7}(?: \w{1,3})?)(?!\w)"
)
_VEHICLE = re.compile(r"(?<!\w)(?=[A-HJ-NPR-Z0-9]*[A-Z])(?=(?:[A-Z]*\d){5})[A-HJ-NPR-Z0-9]{17}(?!\w)")
_NETWORK = re.compile(r"(?<![\w:-])[0-9A-F]{2}(?:([:-])[0-9A-F]{2})(?:\1[0-9A-F]{2}){4}(?![\w:-])", re.I)
_UNIQUE = re.compile(r"(?<!\w)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?!\w)", re.IGNORECASE)
# Nine figures and more without a break measure nothing in a chart: they number something.
_LONG = re.compile(r"(?<![\d.])\d{9,}(?!\d|\.\d)")


def find_numbers(text: str) -> list[Replacement]:
    """Find identifiers that need no word before them; card and bank numbers by their check digits."""
    cards = [m for m in _CARD.finditer(text) if _passes_luhn(m[0])]
    banks = [m for m in _BANK.finditer(text) if _passes_modulo(m[0])]
    return [
        *_all(_SECURITY.finditer(text), Kind.SOCIAL_SECURITY, "[SSN]"),
        *_all(cards, Kind.ACCOUNT, "[ACCOUNT]"),
        *_all(banks, Kind.ACCOUNT, "[ACCOUNT]"),
        *_all(_VEHICLE.finditer(text), Kind.VEHICLE, "[VEHICLE]"),
        *_all(_NETWORK.finditer(text), Kind.DEVICE, "[DEVICE]"),
        *_all(_UNIQUE.finditer(text), Kind.OTHER, "[ID]"),
        *_all(_LONG.finditer(text), Kind.OTHER, "[ID]"),
    ]


def _all(matches: Iterable[re.Match[str]], kind: Kind, label: str) -> list[Replacement]:
    return [Replacement(*match.span(), kind, label) for match in matches]


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _passes_modulo(text: str) -> bool:
    """Check an international bank account number: modulo 97 of the rearranged number is 1 (ISO 13616)."""
    plain = text.replace(" ", "").upper()
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1
