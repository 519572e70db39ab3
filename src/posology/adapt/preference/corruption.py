"""One fact of a faithful sentence is changed, so that all else stays as it was: what a model must not prefer.

Every change is of one kind, leaves the sentence readable and about as long, and says something that the
source does not say. The lists here are for training alone: what measures checks and checkers has lists of its
own, so that nothing is measured on the very swaps it was trained with.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence

from posology.evidence.facts.reading import Reading

__all__ = ["FAULTS", "corrupt_sentence"]

Corruptor = Callable[[Reading, str, random.Random], str | None]
"""From a sentence, its source and chance to the sentence with one fault; None: it has no place for it."""

_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_TRIES = 12
_UNITS: Mapping[str, tuple[str, ...]] = {
    "mg": ("mcg", "g"), "mcg": ("mg",), "g": ("mg", "kg"), "kg": ("lb", "g"), "lb": ("kg",), "lbs": ("kg",),
    "cm": ("mm", "m"), "mm": ("cm",), "ml": ("l",), "mL": ("L",), "L": ("mL",), "l": ("ml",),
    "mmol/L": ("mmol/mol", "mg/dL"), "mg/dL": ("g/dL", "mmol/L"), "g/dL": ("mg/dL", "g/L"),
    "%": (" mmol/mol",), "ng/mL": ("mcg/mL", "pg/mL"), "mmHg": ("kPa",), "bpm": ("per second",),
    "days": ("weeks", "months"), "weeks": ("days", "months"), "months": ("weeks", "years"),
    "years": ("months",), "hours": ("minutes", "days"), "minutes": ("hours",),
    "day": ("week",), "week": ("month",), "month": ("year",),
}  # fmt: skip
_UNIT = re.compile(
    r"(?<=\d)(?P<gap>[\s-]?)(?P<unit>"
    + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
    + r")(?![\w/%])"
)
_DRUGS = (
    "acarbose", "allopurinol", "amiodarone", "amoxicillin", "apixaban", "aripiprazole", "atenolol",
    "azathioprine", "azithromycin", "bisoprolol", "budesonide", "bupropion", "candesartan", "carbamazepine",
    "cephalexin", "cetirizine", "ciprofloxacin", "clonazepam", "clozapine", "colchicine", "dabigatran",
    "diazepam", "diclofenac", "diltiazem", "donepezil", "doxycycline", "empagliflozin", "enalapril",
    "escitalopram", "esomeprazole", "ezetimibe", "felodipine", "fluconazole", "fluoxetine", "glipizide",
    "haloperidol", "hydralazine", "indomethacin", "infliximab", "ketoconazole", "lamivudine", "letrozole",
    "levetiracetam", "linagliptin", "lithium", "loratadine", "methylphenidate", "mirtazapine",
    "montelukast", "nitrofurantoin", "olanzapine", "ondansetron", "pantoprazole", "paroxetine", "phenytoin",
    "pioglitazone", "quetiapine", "ramipril", "rivaroxaban", "rosuvastatin", "sitagliptin",
    "spironolactone", "sumatriptan", "tacrolimus", "tamoxifen", "tamsulosin", "ticagrelor", "valproate",
    "verapamil", "zolpidem",
)  # fmt: skip
_SIDES = {"left": "right", "right": "left", "bilateral": "unilateral", "unilateral": "bilateral"}
_SIDE = re.compile(rf"\b(?:{'|'.join(_SIDES)})\b(?! (?:now|away|after)\b)", re.IGNORECASE)
_TURNS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"\bdenies\b", "reports"),
        (r"\breports (?!no\b)", "denies "),
        (r"\bwithout\b(?! (?:which|delay))", "with"),
        (r"\bno (?:evidence|signs?|history) of\b", "clear evidence of"),
        (r"\bhas no\b", "has"),
        (r"\bhad no\b", "had"),
        (r"\bno (?=[a-z]{4})", "marked "),
        (r"\b(is|was|are|were|has|had|did|does|do|can) not\b", r"\1"),
        (r"\b(is|was|are|were) (?!not\b|no\b)(?=\w{2})", r"\1 not "),
        (r"\bhas (?!no\b|not\b|been\b)(?=\w{3})", "has no "),
        (r"\bshows? (?!no\b)(?=\w{3})", "shows no "),
        (r"\bdiagnosed with\b", "cleared of"),
        (r"\bfailed\b", "succeeded with"),
        (r"\bnegative for\b", "positive for"),
        (r"\bpositive for\b", "negative for"),
        (r"\bwith (?=\w{4,} ?\w*\.?$)", "without "),
    )
)
_FINDINGS = (
    "anemia", "angina", "asthma", "chest pain", "chronic cough", "dizziness", "edema", "fatigue",
    "fever", "gastric reflux", "gout", "headache", "insomnia", "jaundice", "joint swelling",
    "migraine", "nausea", "night sweats", "palpitations", "rash", "seizures", "syncope", "tinnitus",
    "tremor", "vertigo", "weight loss",
)  # fmt: skip
_TAIL = re.compile(
    r"^.*\w(?P<tail>(?:,| and| but| with)\s[^,.;]{3,60}?)(?=[.;]?\s*$)", re.DOTALL
)  # the last part
_DENIAL = re.compile(r"\b(?:no|not|without|den(?:y|ies|ied)|negative|never|nor)\b", re.IGNORECASE)


def corrupt_sentence(fault: str, sentence: str, source: str, chance: random.Random) -> str | None:
    """Return a sentence with one fault of a kind, None where the kind has no place in it.

    ``source`` is all that the sentence may draw on; what replaces a fact does not stand there.

    >>> corrupt_sentence("laterality", "Pain in the left knee.", "Left knee pain.", random.Random(1))
    'Pain in the right knee.'
    """
    found = FAULTS[fault](Reading(sentence), source, chance)
    return found if found is not None and found != sentence else None


def _put(text: str, start: int, end: int, words: str) -> str:
    return text[:start] + words + text[end:]


def _stands(words: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(words)}(?![\w]|\.\d)", text, re.IGNORECASE) is not None


def _other_number(digits: str, source: str, chance: random.Random) -> str | None:
    """Return a number of the same look, not far off, that the source does not have."""
    decimals = len(digits.partition(".")[2])
    value = float(digits)
    for _ in range(_TRIES):
        step = (
            chance.choice((1, 2, 3)) * 10**-decimals
            if value < 10
            else value * chance.choice((0.1, 0.2, 0.35))
        )
        written = f"{value + chance.choice((-1, 1)) * step:.{decimals}f}"
        fits = float(written) > 0 and float(written) != value and len(written) <= len(digits) + 1
        if fits and not _stands(written, source):
            return written
    return None


def _number(read: Reading, source: str, chance: random.Random) -> str | None:
    spots = [
        (one.span.start + match.start(), match[0])
        for one in read.quantities
        for match in _DIGITS.finditer(one.span.of(read.text))
    ]
    if not spots:
        return None
    start, digits = chance.choice(spots)
    other = _other_number(digits, f"{source} {read.text}", chance)
    return None if other is None else _put(read.text, start, start + len(digits), other)


def _unit(read: Reading, source: str, chance: random.Random) -> str | None:
    spots = list(_UNIT.finditer(read.text))
    if not spots:
        return None
    spot = chance.choice(spots)
    other = chance.choice(_UNITS[spot["unit"]])
    number = _DIGITS.findall(read.text[: spot.start()])[-1]
    if re.search(rf"(?<![\d.]){re.escape(number)}\s?-?{re.escape(other.strip())}(?!\w)", source):
        return None
    return _put(read.text, *spot.span("unit"), other)


def _date(read: Reading, source: str, chance: random.Random) -> str | None:
    if not read.dates:
        return None
    span = chance.choice(read.dates).span
    written = span.of(read.text)
    parts = list(re.finditer(r"\d+", written))
    if not parts:
        return None
    part = chance.choice(parts)
    number = int(part[0])
    for _ in range(_TRIES):
        other = number + chance.choice((-2, -1, 1, 2))
        most = 12 if number <= 12 else 28 if number <= 31 else 9999
        changed = _put(written, *part.span(), f"{other:0{len(part[0])}d}")
        if 1 <= other <= most and not _stands(changed, source):
            return _put(read.text, span.start, span.end, changed)
    return None


def _drug(read: Reading, source: str, chance: random.Random) -> str | None:
    if not read.mentions:
        return None
    span = chance.choice(read.mentions).span
    name = re.match(r"[A-Za-z][\w-]*", span.of(read.text))
    if name is None:
        return None
    near = sorted(_DRUGS, key=lambda other: abs(len(other) - len(name[0])))[:20]
    free = [other for other in near if not _stands(other, source) and not _stands(other, read.text)]
    if not free:
        return None
    other = chance.choice(free)
    other = other.capitalize() if name[0][0].isupper() else other
    return _put(read.text, span.start, span.start + name.end(), other)


def _negation(read: Reading, source: str, chance: random.Random) -> str | None:  # noqa: ARG001  (the table's)
    spots = [(match, match.expand(words)) for turn, words in _TURNS for match in turn.finditer(read.text)]
    if not spots:
        return None
    match, words = chance.choice(spots)
    words = words[0].upper() + words[1:] if match[0][0].isupper() else words
    return _put(read.text, *match.span(), words)


def _laterality(read: Reading, source: str, chance: random.Random) -> str | None:
    spots = list(_SIDE.finditer(read.text))
    if not spots:
        return None
    spot = chance.choice(spots)
    other = _SIDES[spot[0].lower()]
    if _stands(other, source):  # both sides stand in the source: another fact perhaps, not surely a fault
        return None
    return _put(read.text, *spot.span(), other.capitalize() if spot[0][0].isupper() else other)


def _finding(read: Reading, source: str, chance: random.Random) -> str | None:
    """Add a finding to a sentence that denies nothing."""
    if _DENIAL.search(read.text) or len(read.text.split()) < 4:
        return None
    free = [name for name in _FINDINGS if not any(_stands(word, source) for word in name.split())]
    if not free:
        return None
    body = read.text.rstrip()
    end = body[-1] if body[-1] in ".;" else ""
    return f"{body.removesuffix(end)} and {chance.choice(free)}{end}"


def _omission(read: Reading, source: str, chance: random.Random) -> str | None:  # noqa: ARG001  (the table's)
    """Leave out the last part of a sentence: shorter is not safer."""
    match = _TAIL.search(read.text)
    if match is None or len(read.text[: match.start("tail")].split()) < 3:
        return None
    return _put(read.text, *match.span("tail"), "")


FAULTS: dict[str, Corruptor] = {
    "number": _number,
    "unit": _unit,
    "date": _date,
    "drug": _drug,
    "negation": _negation,
    "laterality": _laterality,
    "finding": _finding,
    "omission": _omission,
}
"""The kinds of fault; ``finding`` adds words, ``omission`` takes some away: pairs hold as many of each."""
