"""Surrogates: what stands for an identifier reads like one, is the same each time, and belongs to nobody."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from posology.corpus.gate.days import shifted
from posology.records.deidentify import Kind, KnownIdentifiers, Replacement

__all__ = ["Surrogates"]


def _words_of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Given names of women and men alike: "he" and "she" around them stay true.
_GIVEN = _words_of("""
    Alex Ariel Avery Bailey Blair Cameron Casey Charlie Dana Devon Drew Eden Ellis Emerson Finley
    Frankie Harley Hayden Jamie Jesse Jordan Kelly Kendall Kerry Lane Leslie Logan Marley Morgan Parker
    Peyton Quinn Reese Riley Robin Rowan Sawyer Shannon Skyler Stacy Taylor Toby Tracy
""")
_FAMILY = _words_of("""
    Abbot Alder Ashdown Barlow Birchall Bramley Calloway Carver Colby Danvers Delmar Eastwood Ellery
    Fairlie Farrow Garrick Granger Halloran Hartnell Ingram Jessop Keating Kimball Langley Lockhart
    Marlow Merrick Norcross Oakley Pemberton Penrose Quimby Radcliffe Rollins Sedgwick Selby Tarleton
    Thorne Underhill Vickers Wexford Whitlock Winslow Yardley
""")
_PLACES = _words_of("""
    Ashford Bellmore Brookvale Cedarton Clearwick Dunmere Eastbrook Fernhill Glenrock Harborough
    Kingsdale Lakemont Maplewood Millbrook Northfield Oakmere Pinehurst Redfield Riverton Southwick
    Stonebridge Thornbury Westvale Willowdale
""")
_CARE = re.compile(
    r"\b(hospital|clinic|clinics|medical center|medical group|health center|center|centre|associates|practice"
    r"|pharmacy|laboratory|labs?|institute|surgery|hospice|healthcare|health system|health)\b\.?\s*$",
    re.IGNORECASE,
)
_PARTICLES = frozenset(_words_of("van von der den de del della la di da dos bin al el y los las du le"))
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")
_KEPT = frozenset({Kind.AGE, Kind.BINARY})


class Surrogates:
    """Stand-ins for the identifiers of one patient."""

    def __init__(self, key: bytes, known: KnownIdentifiers) -> None:
        """Take the patient's own key; names that are known are given their stand-ins first."""
        self._key = key
        self._names: dict[str, str] = {}
        people = known.people
        self._given = {_plain(word) for one in people for name in one.given for word in _words(name)}
        self._family = {_plain(word) for one in people for word in _words(one.family)}
        for one in people:
            for word in (w for name in (*one.given, one.family) for w in _words(name)):
                self._name_word(word, last=False)
        weeks = 1 + self._number("days") % 104
        self._days = -7 * weeks  # whole weeks: "Monday" stays a Monday
        self._makers: dict[Kind, Callable[[str], str]] = {
            Kind.NAME: self._name,
            Kind.PLACE: self._place,
            Kind.PHONE: self._phone,
            Kind.FAX: self._phone,
            Kind.EMAIL: lambda text: f"person{self._number('email', text.lower()) % 10**6:06d}@example.org",
            Kind.URL: lambda text: f"https://example.org/{self._number('url', text.lower()) % 10**6:06d}",
            Kind.IP: lambda text: f"192.0.2.{self._number('ip', text) % 254 + 1}",
            Kind.ORGANIZATION: self._organization,
        }

    def of(self, text: str, found: Replacement, *, day_first: bool = False) -> str:
        """Return what stands for an identifier; its label where nothing of its form would be safe."""
        if found.kind in _KEPT:
            return found.label
        if found.kind is Kind.DATE:
            return shifted(text, self._days, day_first=day_first) or found.label
        make = self._makers.get(found.kind, self._code)
        return make(text)

    def _number(self, *parts: str) -> int:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.new(self._key, text, hashlib.sha256).digest()[:8], "big")

    def _name(self, text: str) -> str:
        words = list(_LETTERS.finditer(text))
        reversed_order = "," in text
        pieces, place = [], 0
        for number, match in enumerate(words):
            last = number == 0 if reversed_order else number == len(words) - 1
            pieces += [text[place : match.start()], self._name_word(match[0], last=last)]
            place = match.end()
        return "".join([*pieces, text[place:]])

    def _name_word(self, word: str, *, last: bool) -> str:
        bare, tail = (word[:-2], word[-2:]) if word[-2:].lower() in ("'s", "’s") else (word, "")
        plain = _plain(bare)
        if plain in _PARTICLES:
            return word
        if len(plain) == 1:
            return self._initial(plain) + tail
        if plain not in self._names:
            given = plain in self._given or (not last and plain not in self._family)
            self._names[plain] = self._choice(_GIVEN if given else _FAMILY, plain)
        return _cased(self._names[plain], bare) + tail

    def _initial(self, letter: str) -> str:
        """Return the initial of the stand-in of a name that begins so, else any letter."""
        named = next((made for name, made in self._names.items() if name.startswith(letter)), None)
        return named[0] if named else chr(65 + self._number("initial", letter) % 26)

    def _choice(self, choices: Sequence[str], plain: str) -> str:
        """Choose a stand-in that is neither the name itself nor anybody's in the chart nor taken already."""
        start = self._number("name", plain) % len(choices)
        real, taken = self._given | self._family | {plain}, set(self._names.values())
        turn = [choices[(start + step) % len(choices)] for step in range(len(choices))]
        free = [one for one in turn if one.lower() not in real]
        return next((one for one in free if one not in taken), free[0] if free else turn[0])

    def _place(self, text: str) -> str:
        plain = " ".join(text.lower().split())
        if _ZIP.fullmatch(text.strip()):
            return "00" + "".join(self._figures(text.strip()[2:]))
        town = _PLACES[self._number("place", plain) % len(_PLACES)]
        if any(character.isdigit() for character in text):
            return f"{self._number('street', plain) % 900 + 10} {town} Street"
        return _cased(town, text) if text.isupper() else town

    def _organization(self, text: str) -> str:
        plain = " ".join(text.lower().split())
        kind = _CARE.search(text)
        town = _PLACES[self._number("organization", plain) % len(_PLACES)]
        name = f"{town} {kind[0].strip().title() if kind else 'Medical Center'}"
        return name.upper() if text.isupper() else name

    def _phone(self, text: str) -> str:
        figures = list(self._figures(text))
        places = [place for place, character in enumerate(figures) if character.isdigit()]
        if len(places) >= 7:  # 555-01xx is nobody's
            for place, figure in zip(places[-7:-2], "55501", strict=True):
                figures[place] = figure
        return "".join(figures)

    def _code(self, text: str) -> str:
        made = "".join(self._figures(text))
        return made if made != text else "".join(self._figures(text, "again"))

    def _figures(self, text: str, turn: str = "") -> Iterator[str]:
        """Yield another figure for a figure and a letter for a letter; separators stay."""
        plain = "".join(character for character in text.lower() if character.isalnum())
        place = 0
        for character in text:
            if not character.isalnum():
                yield character
                continue
            number = self._number("code", turn, plain, str(place))
            place += 1
            if character.isdigit():
                yield str(number % 10)
            else:
                letter = chr(97 + number % 26)
                yield letter.upper() if character.isupper() else letter


def _words(name: str) -> list[str]:
    return _LETTERS.findall(name)


def _plain(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(character for character in parts if not unicodedata.combining(character))


def _cased(made: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return made.upper()
    return made.lower() if like.islower() else made
