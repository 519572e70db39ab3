"""Patterns of a known text: any case, any white space, with or without accents and separators."""

import re
import unicodedata
from datetime import date

from posology.records.deidentify.recognisers.places import SUFFIXES

__all__ = ["address_form", "birth_forms", "bounded", "code_form", "phone_form", "text_form"]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ACCENTS = {
    "a": "àáâãäåāă", "c": "çćč", "d": "ďđ", "e": "èéêëēėęě", "g": "ğ", "i": "ìíîïīı", "l": "ł", "n": "ñńň",
    "o": "òóôõöøō", "r": "ř", "s": "śšşș", "t": "ťțţ", "u": "ùúûüūů", "y": "ýÿ", "z": "źżž",
}  # fmt: skip
_MARKS = "[\u0300-\u036f]?"


def bounded(pattern: str) -> str:
    """Return a pattern that neither a letter nor a figure touches."""
    return rf"(?<![^\W_])(?:{pattern})(?![^\W_])"


def text_form(text: str) -> str:
    """Return the pattern of words: any space or hyphen between them, with accents or without."""
    words = [word for word in re.split(r"[\s\-\u2010-\u2015]+", text) if word]
    return r"[\s\-\u2010-\u2015]+".join("".join(_character(c) for c in word) for word in words)


def code_form(text: str) -> str:
    """Return the pattern of a number or code: its letters and figures, with or without separators."""
    return r"[\s.\-/]{0,2}".join(re.escape(c) for c in text if c.isalnum())


def phone_form(text: str) -> str:
    """Return the pattern of a telephone number, with or without the country's 1 and the area code."""
    digits = [c for c in text if c.isdigit()]
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    gap = r"[\s().\-/]{0,3}"
    if len(digits) != 10:
        return r"\+?" + gap.join(digits)
    area, local = gap.join(digits[:3]), gap.join(digits[3:])
    return rf"(?:\+?1{gap})?\(?{area}{gap}{local}|{''.join(digits[3:6])}[\s.\-]{''.join(digits[6:])}"


def address_form(text: str) -> str:
    """Return the pattern of an address line: "12 Elm Street" also finds "12 elm st."."""
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    return r"[\s,]+".join(_street(part) or text_form(part.rstrip(".")) + r"\.?" for part in parts)


def birth_forms(born: date) -> list[str]:
    """Return patterns of the ways to write a day: figures in any order, words, and no breaks."""
    year, short = str(born.year), f"{born.year % 100:02d}"
    month, day = f"0?{born.month}", f"0?{born.day}"
    years = rf"(?:{year}|['’]?{short})"
    name = _MONTHS[born.month - 1]
    word = rf"(?:{name}|{name[:3]}t?\.?)"
    nth = rf"{day}(?:st|nd|rd|th)?"
    gap = r"\s?[-/.\s]\s?"
    compact = (f"{born:%Y%m%d}", f"{born:%m%d%Y}", f"{born:%d%m%Y}")
    return [
        rf"{year}{gap}{month}{gap}{day}(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?",
        rf"{month}{gap}{day}{gap}{years}",
        rf"{day}{gap}{month}{gap}{years}",
        rf"{word}[\s-]*{nth}[\s,-]+(?:of\s+)?{years}",
        rf"{nth}(?:\s+(?:day\s+)?of)?[\s-]*{word}[\s,-]*{years}",
        rf"{year}[\s,-]+{word}[\s-]*{nth}",
        *compact,
    ]


def _character(character: str) -> str:
    if character in "'’‘`":
        return "['’‘`]?"
    plain = unicodedata.normalize("NFD", character)[0].lower()
    accents = _ACCENTS.get(plain, "")
    if character.lower() in (plain, *accents) and accents:
        return f"[{plain}{accents}]{_MARKS}"
    return re.escape(character) + (_MARKS if character.isalpha() else "")


def _street(word: str) -> str:
    plain = word.rstrip(".").lower()
    for long, short in SUFFIXES.items():
        if plain in (long, short):
            return rf"(?:{long}|{short})\.?"
    return ""
