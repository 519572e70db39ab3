"""Numbers as people say them, in digits: a note writes 1992 where the patient said "nineteen ninety two"."""

import re

__all__ = ["spoken_in_digits"]

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_NUMBERS = _ONES | _TENS
_SCALES = {"hundred": 100, "thousand": 1000}
_ANY = "|".join(sorted([*_NUMBERS, *_SCALES], key=len, reverse=True))
_SAID = re.compile(rf"(?<![\w-])(?:{_ANY})(?:[\s-]+(?:and\s+)?(?:{_ANY}))*(?![\w])", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")


def spoken_in_digits(text: str) -> str:
    """Return a text with its number words in digits; a year said in two halves is the year.

    >>> spoken_in_digits("In nineteen ninety two I took twenty-five of a hundred and twenty.")
    'In 1992 I took 25 of a 120.'
    >>> spoken_in_digits("it was one forty over ninety")
    'it was 140 over 90'
    """
    return _SAID.sub(lambda match: _digits(match.group()), text)


def _digits(said: str) -> str:
    words = [word for word in _WORD.findall(said.lower()) if word != "and"]
    if any(word in _SCALES for word in words):
        return str(_with_scales(words))
    return " ".join(map(str, _joined(_pairs(words))))


def _with_scales(words: list[str]) -> int:
    """Read hundreds and thousands: "two thousand five", "one hundred twenty"."""
    total = current = 0
    for word in words:
        if word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        elif word == "hundred":
            current = max(current, 1) * 100
        else:
            current += _NUMBERS[word]
    return total + current


def _pairs(words: list[str]) -> list[int]:
    """Read tens with the ones that follow them: "ninety two" -> 92, "two three" -> 2, 3."""
    found: list[int] = []
    for number, word in enumerate(words):
        value = _NUMBERS[word]
        if number and words[number - 1] in _TENS and 0 < value < 10:
            found[-1] += value
        else:
            found.append(value)
    return found


def _joined(values: list[int]) -> list[int]:
    """Join the halves of a year (19 and 92) or of a pressure (1 and 20); other numbers stay apart."""
    if len(values) == 2 and values[0] in (*range(1, 10), 18, 19, 20) and 10 <= values[1] <= 99:
        return [values[0] * 100 + values[1]]
    return values
