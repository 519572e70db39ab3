"""Single faults put into a true sentence, each the kind that a letter must not carry."""

import random
import re
from collections.abc import Callable

from corruptions.pairs import Pair

__all__ = ["FAULTS"]

_NUMBER = re.compile(r"(?<![\w./,:-])\d{1,4}(?:\.\d{1,2})?(?![\w/:]|\.\d|,\d|-\d)")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATES = re.compile(
    rf"\b(?:19|20)\d\d-\d\d-\d\d\b|\b(?:{_MONTHS})(?: \d{{1,2}},)? \d{{4}}\b"
    rf"|\b\d{{1,2}}/\d{{1,2}}/\d{{2,4}}\b"
    rf"|(?<=in )(?:19|20)\d\d\b|(?<=since )(?:19|20)\d\d\b|\b\d+(?= (?:days?|weeks?"
    rf"|months?|years?)\b)|\b\d+(?=-(?:year|month|week)-old)"
)
_UNITS = {
    "kg/m2": "kg",
    "mg/dL": "g/dL",
    "ng/mL": "mg/dL",
    "mmol/L": "mg/dL",
    "mg/L": "g/L",
    "g/dL": "mg/dL",
    "K/uL": "/uL",
    "events per hour": "events per day",
    "mcg": "mg",
    "mg": "mcg",
    "kg": "lb",
    "pounds": "kg",
    "lbs": "kg",
    "cm": "mm",
    "mm": "cm",
    "mL": "L",
    "months": "weeks",
    "month": "week",
    "weeks": "days",
    "week": "day",
    "years": "months",
    "days": "weeks",
    "hours": "days",
    "minutes": "hours",
    "percent": "mg",
    "%": " mg/dL",
    "milligrams": "micrograms",
    "millimeters": "centimeters",
    "units": "mL",
    "inches": "cm",
    "feet": "inches",
    "mmHg": "cm",
    "grams": "mg",
}
_UNIT = re.compile(
    r"(?<=\d)(?P<gap>[\s-]?)(?P<unit>"
    + "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
    + r")(?![\w/])"
)
_SWAPS = {
    "metformin": "glipizide",
    "lisinopril": "losartan",
    "gabapentin": "pregabalin",
    "sertraline": "citalopram",
    "methotrexate": "leflunomide",
    "naproxen": "ibuprofen",
    "topiramate": "lamotrigine",
    "levothyroxine": "liothyronine",
    "duloxetine": "venlafaxine",
    "prednisone": "prednisolone",
    "propranolol": "metoprolol",
    "meloxicam": "celecoxib",
    "atorvastatin": "simvastatin",
    "hydroxychloroquine": "sulfasalazine",
    "tizanidine": "baclofen",
    "amitriptyline": "nortriptyline",
    "furosemide": "torsemide",
    "liraglutide": "semaglutide",
    "aspirin": "clopidogrel",
    "lasix": "bumex",
    "tylenol": "motrin",
    "ibuprofen": "naproxen",
    "warfarin": "apixaban",
    "coumadin": "eliquis",
    "albuterol": "levalbuterol",
    "amlodipine": "nifedipine",
    "metoprolol": "atenolol",
    "insulin": "metformin",
    "omeprazole": "famotidine",
    "simvastatin": "pravastatin",
    "acetaminophen": "ibuprofen",
    "oxycodone": "hydrocodone",
    "tramadol": "codeine",
    "norvasc": "cozaar",
    "lantus": "humalog",
    "zoloft": "paxil",
    "lipitor": "crestor",
    "plavix": "brilinta",
    "synthroid": "cytomel",
    "motrin": "aleve",
    "advil": "aleve",
    "vancomycin": "ceftriaxone",
    "percocet": "vicodin",
    "prilosec": "nexium",
    "digoxin": "amiodarone",
    "carvedilol": "labetalol",
    "lexapro": "celexa",
    "penicillin": "cephalexin",
    "levaquin": "cipro",
    "zocor": "zetia",
    "hydrochlorothiazide": "chlorthalidone",
    "heparin": "enoxaparin",
    "morphine": "hydromorphone",
    "xanax": "ativan",
    "flexeril": "robaxin",
    "vicodin": "percocet",
}
_DRUG = re.compile(r"\b(?:" + "|".join(_SWAPS) + r")\b", re.IGNORECASE)
_FLIPS = (
    (r"\bdenies any (?=\w)", "reports "),
    (r"\bdenies (?=\w)", "reports "),
    (r"\bdenied (?=\w)", "reported "),
    (r"\bwithout success\b", "with success"),
    (r"\bwithout benefit\b", "with benefit"),
    (r"\bwith no improvement\b", "with improvement"),
    (r"\bwas ineffective\b", "was effective"),
    (r"\bdid not help\b", "helped"),
    (r"\bwith good relief\b", "without relief"),
    (r"\bwith benefit\b", "without benefit"),
    (r"\bwith clear improvement\b", "without improvement"),
    (r"\bwas effective\b", "was not effective"),
    (r"\band it helped\b", "and it did not help"),
    (r"\bis without (?=\w)", "has "),
    (r"\bhas no (?=\w)", "has "),
    (r"\breports no (?=\w)", "reports "),
    (r"\bhas had no (?=\w)", "has had "),
    (r"\bThere is no ", "There is "),
    (r"\bThere was no ", "There was "),
    (r"\bwithout evidence of\b", "with evidence of"),
    (r"\bno evidence of\b", "evidence of"),
    (r"\bNo (?=[a-z]{4})", "There is "),
    (r"\bNegative for\b", "Positive for"),
    (r"\bnegative for\b", "positive for"),
    (r"\bdid not have\b", "had"),
    (r"\bdoes not have\b", "has"),
    (r"\bhas not had\b", "has had"),
    (r"\bnever\b", "often"),
    (r"\breports (?!no )(?=[a-z]{4})", "denies "),
    (r"\bcomplains of\b", "denies"),
    (r"\bpresented with\b", "presented without"),
    (r"\bpresents with\b", "presents without"),
    (r"\bhas had (?!no )(?=[a-z]{4})", "has never had "),
    (r"\bhas (?:a |an )?(?=(?:history|hypertension|asthma|pain|diabetes|chest|fever)\b)", "has no "),
    (r"\bwas diagnosed with\b", "was not diagnosed with"),
    (r"\bcarries a diagnosis of\b", "has no diagnosis of"),
    (r"\bshowed (?=[a-z]{4})", "showed no "),
    (r"\bshows (?!no )(?=[a-z]{4})", "shows no "),
    (r"\bis documented\b", "is not documented"),
    (r"\bwas documented\b", "was not documented"),
    (r"\breveals (?!no )(?=[a-z]{4})", "reveals no "),
    (r"\bdenying\b", "reporting"),
    (r"\bdid not (?=\w{4})", "did "),
    (
        r"\bhas (?=(?:pain|swelling|weakness|effusion|fracture|osteoarthritis|tenderness|mass|surgery)\b)",
        "has no ",
    ),
    (r"\b(?:is|was) not (?=\w{4})", "was "),
)
_FLIP = tuple((re.compile(pattern), repl) for pattern, repl in _FLIPS)
_SIDES = {
    "left": "right",
    "right": "left",
    "Left": "Right",
    "Right": "Left",
    "bilateral": "left",
    "L4-L5": "L5-S1",
    "L5-S1": "L4-L5",
    "C5-C6": "C4-C5",
    "L3-L4": "L2-L3",
    "C6-C7": "C5-C6",
    "bilaterally": "on the right",
}
_SIDE = re.compile(
    r"\b(?:" + "|".join(_SIDES) + r")\b(?! (?:now|away|after|the|without|against|her|his|to|hand-)|-hand)"
)
_CODE = re.compile(r"(?<![\w.])[A-Z]\d{2}\.\d{1,3}\b|(?<![\w.])[A-Z]\d{4}(?![\w.])")
_GENDER = {
    "she": "he",
    "he": "she",
    "her": "his",
    "his": "her",
    "woman": "man",
    "man": "woman",
    "female": "male",
    "male": "female",
    "gentleman": "lady",
    "lady": "gentleman",
    "Ms.": "Mr.",
    "Mr.": "Ms.",
    "Mrs.": "Mr.",
}
_SEXED = re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(w) for w in _GENDER) + r")(?![\w-])", re.IGNORECASE)
_STRANGERS = (
    "Harold Finch",
    "Beatrice Quimby",
    "Leonard Voss",
    "Rosalind Achebe",
    "Cedric Haverford",
    "Ingrid Solberg",
)


def _replace(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _everything(pair: Pair) -> str:
    return " ".join(part for source in pair.sources for part in source) + " " + pair.sentence


def _changed(digits: str, rng: random.Random, text: str) -> str | None:
    """Return another number of the same look that stands nowhere in the text and is no rounding."""
    decimals = len(digits.partition(".")[2])
    value = float(digits)
    for _ in range(20):
        other = (
            value * rng.choice((0.7, 0.8, 0.88, 1.12, 1.25, 1.4))
            if value >= 10
            else value + rng.choice((-2, -1, 1, 2, 3))
        )
        written = f"{other:.{decimals}f}"
        if (
            other > 0
            and float(written) != value
            and not re.search(rf"(?<![\d.]){re.escape(written)}(?![\d])", text)
        ):
            return written
    return None


def _value(pair: Pair, rng: random.Random) -> str | None:
    text = pair.sentence
    taken = [match.span() for match in (*_DATES.finditer(text), *_CODE.finditer(text))]
    spots = [m for m in _NUMBER.finditer(text) if not any(a <= m.start() < b for a, b in taken)]
    if not spots:
        return None
    spot = rng.choice(spots)
    new = _changed(spot.group(), rng, _everything(pair))
    return _replace(text, *spot.span(), new) if new else None


def _unit(pair: Pair, rng: random.Random) -> str | None:
    spots = list(_UNIT.finditer(pair.sentence))
    if not spots:
        return None
    spot = rng.choice(spots)
    return _replace(pair.sentence, *spot.span("unit"), _UNITS[spot["unit"]])


def _date(pair: Pair, rng: random.Random) -> str | None:
    spots = list(_DATES.finditer(pair.sentence))
    if not spots:
        return None
    spot = rng.choice(spots)
    written = spot.group()
    digits = list(re.finditer(r"\d+", written))
    part = rng.choice(digits)
    number = int(part.group())
    if len(part.group()) == 4:
        new = str(number + rng.choice((-2, -1, 1, 2)))
    elif re.fullmatch(r"\d+", written):
        new = str(number + rng.choice((1, 2, 3)))
    else:
        new = f"{number % 12 + 1:0{len(part.group())}d}"
    fault = _replace(written, *part.span(), new)
    if re.search(rf"(?<!\d){re.escape(fault)}(?!\d)", _everything(pair)):
        return None
    return _replace(pair.sentence, *spot.span(), fault)


def _drug(pair: Pair, rng: random.Random) -> str | None:
    spots = list(_DRUG.finditer(pair.sentence))
    if not spots:
        return None
    spot = rng.choice(spots)
    new = _SWAPS[spot.group().lower()]
    if new in _everything(pair).lower():
        return None
    return _replace(pair.sentence, *spot.span(), new.capitalize() if spot.group()[0].isupper() else new)


def _tenfold(pair: Pair, rng: random.Random) -> str | None:
    spots = list(
        re.finditer(r"\d+(?:\.\d+)?(?= ?(?:mg|mcg|milligrams|units|g|mL|tablets?)\b(?!/))", pair.sentence)
    )
    if not spots:
        return None
    spot = rng.choice(spots)
    new = f"{float(spot.group()) * rng.choice((10, 0.1)):g}"
    if re.search(rf"(?<![\d.]){re.escape(new)}(?![\d.])", _everything(pair)):
        return None
    return _replace(pair.sentence, *spot.span(), new)


def _negation(pair: Pair, rng: random.Random) -> str | None:
    spots = [(m, new) for pattern, new in _FLIP for m in pattern.finditer(pair.sentence)]
    if not spots:
        return None
    spot, new = rng.choice(spots)
    return _replace(pair.sentence, *spot.span(), new)


def _side(pair: Pair, rng: random.Random) -> str | None:
    spots = list(_SIDE.finditer(pair.sentence))
    if not spots:
        return None
    spot = rng.choice(spots)
    new = _SIDES[spot.group()]
    rest = _everything(pair).replace(pair.sentence, " ")
    if len({m.group().lower() for m in _SIDE.finditer(rest)}) > 1:
        return None  # both sides stand in the source: another fact, not a fault of this kind
    return _replace(pair.sentence, *spot.span(), new)


def _code(pair: Pair, rng: random.Random) -> str | None:
    spots = list(_CODE.finditer(pair.sentence))
    if not spots:
        return None
    spot = rng.choice(spots)
    places = [i for i, sign in enumerate(spot.group()) if sign.isdigit() and i > 0]
    place = rng.choice(places)
    new = _replace(
        spot.group(), place, place + 1, str((int(spot.group()[place]) + rng.randrange(1, 10)) % 10)
    )
    return None if new in _everything(pair) else _replace(pair.sentence, *spot.span(), new)


def _patient(pair: Pair, rng: random.Random) -> str | None:
    text = pair.sentence
    for name in pair.names:
        for written in (name, name.split()[-1]):
            if written in text:
                stranger = rng.choice(_STRANGERS)
                return text.replace(written, stranger if written == name else stranger.split()[-1], 1)
    if "The patient" in text and rng.random() < 0.6:
        return text.replace(
            "The patient",
            rng.choice((rng.choice(_STRANGERS), f"Mr. {rng.choice(_STRANGERS).split()[-1]}")),
            1,
        )
    if pair.sex == "unknown" or not _SEXED.search(text):
        return None
    return _SEXED.sub(_other_sex, text)


def _other_sex(match: re.Match[str]) -> str:
    word = match.group()
    other = _GENDER.get(word) or _GENDER[word.lower()]
    return other.capitalize() if word[0].isupper() else other


FAULTS: dict[str, Callable[[Pair, random.Random], str | None]] = {
    "value": _value,
    "unit": _unit,
    "date": _date,
    "drug": _drug,
    "dose_x10": _tenfold,
    "negation": _negation,
    "side": _side,
    "code": _code,
    "wrong_patient": _patient,
}
