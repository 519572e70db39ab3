"""Sentence and source pairs made from templates: the same fact in two wordings."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

__all__ = ["Pair", "half_of", "made_pairs"]


@dataclass(frozen=True)
class Pair:
    """A true sentence and the texts it rests on: (quote, context, date, label)."""

    sentence: str
    sources: tuple[tuple[str, str, str, str], ...]
    origin: str
    sex: str = "unknown"
    names: tuple[str, ...] = ()
    born: str = ""
    service: str = ""
    providers: tuple[str, ...] = field(default=())


def half_of(key: str) -> str:
    """Return the half, A for development or B for the report, that a key falls in."""
    return "A" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "B"


_LONG = (
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
_FIRST = {
    "female": ("Maria", "Denise", "Helen", "Priya", "Joanne", "Keisha"),
    "male": ("Walter", "Luis", "Andre", "Peter", "Omar", "Glenn"),
}
_LAST = ("Lopez", "Abbott", "Trantow", "Nguyen", "Okonkwo", "Schmidt", "Petrov", "Marks", "Delgado", "Hsu")
_DRUGS = (
    ("metformin", (500, 850, 1000), "mg"),
    ("lisinopril", (5, 10, 20), "mg"),
    ("gabapentin", (100, 300, 600), "mg"),
    ("sertraline", (25, 50, 100), "mg"),
    ("methotrexate", (7.5, 10, 15), "mg"),
    ("naproxen", (250, 500), "mg"),
    ("topiramate", (25, 50), "mg"),
    ("levothyroxine", (50, 75, 125), "mcg"),
    ("duloxetine", (20, 30, 60), "mg"),
    ("prednisone", (5, 10, 40), "mg"),
    ("propranolol", (40, 80), "mg"),
    ("meloxicam", (7.5, 15), "mg"),
    ("atorvastatin", (10, 20, 80), "mg"),
    ("hydroxychloroquine", (200, 400), "mg"),
    ("tizanidine", (2, 4), "mg"),
    ("amitriptyline", (10, 25), "mg"),
    ("furosemide", (20, 40), "mg"),
    ("liraglutide", (1.2, 1.8), "mg"),
)
_OFTEN = (
    ("daily", "once daily"),
    ("twice daily", "BID"),
    ("three times daily", "TID"),
    ("at bedtime", "QHS"),
    ("weekly", "once a week"),
)
_TESTS = (
    ("Body mass index", "BMI", "kg/m2", 36.0, 55.0, 1),
    ("Hemoglobin A1c", "HbA1c", "%", 7.1, 11.9, 1),
    ("Creatinine", "Serum creatinine", "mg/dL", 0.8, 3.4, 2),
    ("Ejection fraction", "LVEF", "%", 21, 48, 0),
    ("LDL cholesterol", "LDL", "mg/dL", 101, 222, 0),
    ("Apnea-hypopnea index", "AHI", "events per hour", 16.0, 61.0, 1),
    ("Oxygen saturation", "SpO2", "%", 81, 93, 0),
    ("Ferritin", "Serum ferritin", "ng/mL", 6, 29, 0),
    ("Body weight", "Weight", "kg", 92.0, 171.0, 1),
    ("Potassium", "Serum potassium", "mmol/L", 3.1, 5.9, 1),
    ("Triglycerides", "Triglycerides", "mg/dL", 161, 522, 0),
    ("C-reactive protein", "CRP", "mg/L", 12, 96, 0),
    ("Platelet count", "Platelets", "K/uL", 81, 333, 0),
    ("Hemoglobin", "Hgb", "g/dL", 7.6, 11.2, 1),
)
_PARTS = (
    "knee",
    "hip",
    "shoulder",
    "ankle",
    "wrist",
    "elbow",
    "eye",
    "breast",
    "kidney",
    "foot",
    "hand",
    "thigh",
)
_PROBLEMS = (
    "osteoarthritis",
    "effusion",
    "fracture",
    "pain",
    "mass",
    "swelling",
    "weakness",
    "surgery",
    "tenderness",
)
_COMPLAINTS = (
    "chest pain",
    "shortness of breath",
    "fever",
    "headache",
    "dizziness",
    "nausea",
    "vomiting",
    "weight loss",
    "numbness",
    "palpitations",
    "syncope",
    "abdominal pain",
    "dysuria",
    "cough",
    "night sweats",
    "seizures",
)
_DISEASES = (
    "hypertension",
    "asthma",
    "type 2 diabetes",
    "coronary artery disease",
    "rheumatoid arthritis",
    "psoriasis",
    "obstructive sleep apnea",
    "migraine",
    "Crohn disease",
    "multiple sclerosis",
    "heart failure",
    "COPD",
)
_CODES = (
    ("E66.01", "morbid obesity"),
    ("M17.11", "unilateral primary osteoarthritis"),
    ("G47.33", "obstructive sleep apnea"),
    ("M05.79", "rheumatoid arthritis"),
    ("E11.65", "diabetes with hyperglycemia"),
    ("K50.90", "Crohn disease"),
    ("G35.9", "multiple sclerosis"),
    ("L40.50", "psoriatic arthritis"),
    ("J45.50", "severe persistent asthma"),
    ("E0601", "CPAP device"),
    ("J1745", "infliximab infusion"),
    ("A4253", "glucose test strips"),
    ("K0823", "power wheelchair"),
    ("L1833", "knee orthosis"),
    ("J0897", "denosumab injection"),
)
_LEVELS = ("L4-L5", "L5-S1", "C5-C6", "L3-L4", "C6-C7")
_FAILED = (
    "without success",
    "without benefit",
    "with no improvement",
    "but it was ineffective",
    "but it did not help",
)
_WORKED = (
    "with good relief",
    "with benefit",
    "with clear improvement",
    "and it was effective",
    "and it helped",
)


def _iso(day: date) -> str:
    return day.isoformat()


def _long(day: date) -> str:
    return f"{_LONG[day.month - 1]} {day.day}, {day.year}"


def _number(rng: random.Random, low: float, high: float, decimals: int) -> str:
    return f"{rng.uniform(low, high):.{decimals}f}"


def _bare(end: str) -> str:
    return end.removeprefix("but ").removeprefix("and ")


def _subject(rng: random.Random, sex: str) -> str:
    return rng.choice(("She" if sex == "female" else "He", "The patient"))


def _measurement(
    rng: random.Random, sex: str, day: date
) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    name, short, unit, low, high, decimals = rng.choice(_TESTS)
    value = _number(rng, low, high, decimals)
    how = rng.randrange(6)
    sources = (
        ((f"{value} {unit}", "", _iso(day), name),),
        (
            (
                f"{short} {value} {unit}",
                f"Seen on {_iso(day)}. {short} {value} {unit}. Follow up planned.",
                _iso(day),
                "",
            ),
        ),
        ((f"{name} was {value} {unit}", f"On {_long(day)} {name} was {value} {unit}.", "", ""),),
    )[how % 3]
    possessive = "Her" if sex == "female" else "His"
    sentence = (
        f"{name} was {value} {unit} on {_iso(day)}.",
        f"On {_long(day)}, {short} was measured at {value} {unit}.",
        f"{possessive} {short} on {day.month}/{day.day}/{day.year} was {value} {unit}.",
        f"{short} of {value} {unit} was recorded on {_long(day)}.",
        f"The most recent {name} ({_iso(day)}) is {value} {unit}.",
        f"{possessive} {name} measured {value} {unit} on {_long(day)}.",
    )[rng.randrange(6)]
    return sentence, sources, f"measurement-{name}-{how}"


def _trial(rng: random.Random, sex: str, day: date) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    (drug, doses, unit), (often, short), months = rng.choice(_DRUGS), rng.choice(_OFTEN), rng.randrange(2, 23)
    dose, who = f"{rng.choice(doses):g} {unit}", _subject(rng, sex)
    outcomes = rng.choice((_FAILED, _WORKED))
    end, how = rng.choice(outcomes), rng.randrange(4)
    other = rng.choice(outcomes)
    source = (
        f"Took {drug} {dose} {short} for {months} months {end}.",
        f"{drug.capitalize()} {dose} {often} was tried for {months} months {end}.",
        f"{who} was on {drug} {dose} {often} x {months} months {end}.",
        f"Prior therapy: {drug} {dose} {short}, {months} months, {_bare(end)}.",
    )[how]
    sentence = (
        f"{who} tried {drug} {dose} {often} for {months} months {other} (note of {_long(day)}).",
        f"{who} took {drug} {dose} {often} for {months} months {other}.",
        f"According to the note of {_iso(day)}, {who.lower()} used {drug} {dose} {often} for {months} "
        f"months {other}.",
        f"A trial of {drug} at {dose} {often} lasted {months} months, {_bare(other)}.",
    )[rng.randrange(4)]
    return sentence, ((source, f"Medications were reviewed. {source}", _iso(day), ""),), f"trial-{drug}-{how}"


def _side(rng: random.Random, sex: str, day: date) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    side, part, problem = rng.choice(("left", "right")), rng.choice(_PARTS), rng.choice(_PROBLEMS)
    who, how = _subject(rng, sex), rng.randrange(4)
    size = f"{rng.randrange(3, 39)} mm"
    source = (
        f"{problem.capitalize()} of the {side} {part} was noted on {_long(day)}.",
        f"There is {problem} in the {side} {part}, {size}.",
        f"{side.capitalize()} {part} {problem} since {day.year}.",
        f"Exam: {problem} over the {part} on the {side}.",
    )[how]
    sentences = [
        f"{who} has {problem} of the {side} {part}.",
        f"{problem.capitalize()} is documented in the {side} {part}.",
        f"The chart documents {side} {part} {problem}.",
    ]
    if how == 1:
        sentences += [f"{problem.capitalize()} of {size} was seen in the {side} {part}."]
    if how == 0:
        sentences += [f"On {_iso(day)}, {problem} of the {side} {part} was documented."]
    if how == 2:
        sentences += [f"Since {day.year} {who.lower()} has had {side} {part} {problem}."]
    return rng.choice(sentences), ((source, "", _iso(day), ""),), f"side-{part}-{how}"


def _denial(
    rng: random.Random, sex: str, day: date
) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    first, second, third = rng.sample(_COMPLAINTS, 3)
    who, how, denied = _subject(rng, sex), rng.randrange(4), rng.random() < 0.5
    if denied:
        source = (
            f"Denies {first}, {second}, or {third}.",
            f"No {first}. No {second}. Has {third}.",
            f"Negative for {first} and {second}.",
            f"{who} has had no {first} or {second}.",
        )[how]
        sentences = (
            f"{who} denies {first}.",
            f"{who} has no {second}.",
            f"There is no {first} and no {second}.",
            f"{who} reports no {first}.",
            f"{who} is without {second}.",
        )
    else:
        source = (
            f"Reports {first} and {second}.",
            f"{who} complains of {first}. No {third}.",
            f"{first.capitalize()} for {rng.randrange(2, 9)} weeks, also {second}.",
            f"Positive for {first}.",
        )[how]
        sentences = (
            f"{who} reports {first}.",
            f"{who} has {first}.",
            f"{who} presented with {first}.",
            f"{first.capitalize()} is documented.",
        )
    return rng.choice(sentences), ((source, "", _iso(day), ""),), f"denial-{denied}-{first}-{how}"


def _diagnosis(
    rng: random.Random, sex: str, day: date
) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    disease, who, how = rng.choice(_DISEASES), _subject(rng, sex), rng.randrange(4)
    source = (
        (disease, "", _iso(day), "Condition"),
        (f"{disease} diagnosed in {_LONG[day.month - 1]} {day.year}", "", _iso(day), ""),
        (f"History of {disease} since {_iso(day)}", "", "", ""),
        (f"Diagnosed with {disease} on {_long(day)} by Dr. Amara Okafor.", "", "", ""),
    )[how]
    sentence = (
        f"{who} was diagnosed with {disease} in {day.year}.",
        f"{who} has had {disease} since {_LONG[day.month - 1]} {day.year}.",
        f"{disease[0].upper()}{disease[1:]} was diagnosed in {_LONG[day.month - 1][:3]} {day.year}.",
        f"{who} carries a diagnosis of {disease} ({day.year}).",
    )[rng.randrange(4)]
    return sentence, (source,), f"diagnosis-{disease}-{how}"


def _coded(rng: random.Random, _: str, day: date) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    code, name = rng.choice(_CODES)
    how = rng.randrange(3)
    source = (
        (code, "", _iso(day), name),
        (f"{name} ({code})", "", _iso(day), ""),
        (f"Assessment: {name}, {code}.", "", _iso(day), ""),
    )[how]
    sentence = (
        f"The request is for {name} ({code}).",
        f"{name.capitalize()}, code {code}, is documented on {_iso(day)}.",
        f"{code} ({name}) was recorded on {_long(day)}.",
        f"The chart lists {name} [{code}].",
    )[rng.randrange(4)]
    return sentence, (source,), f"coded-{code}-{how}"


def _spine(rng: random.Random, sex: str, day: date) -> tuple[str, tuple[tuple[str, str, str, str], ...], str]:
    level, how = rng.choice(_LEVELS), rng.randrange(2)
    weeks = rng.randrange(6, 13)
    side = rng.choice(("left", "right"))
    source = (
        f"MRI of {_iso(day)}: disc herniation at {level} with {side} radiculopathy; {weeks} weeks of "
        f"physical therapy.",
        f"Disc herniation {level} on MRI {_iso(day)}, {side} leg pain. PT for {weeks} weeks.",
    )[how]
    ends = ("radiculopathy", "leg pain")[how]
    sentence = (
        f"MRI on {_long(day)} showed disc herniation at {level} with {side} {ends}.",
        f"{_subject(rng, sex)} completed {weeks} weeks of physical therapy.",
        f"Disc herniation at {level} and {side} {ends} were documented on {_iso(day)}.",
    )[rng.randrange(3)]
    return sentence, ((source, "", _iso(day), ""),), f"spine-{level}-{how}"


_KINDS: tuple[Callable[..., tuple[str, tuple[tuple[str, str, str, str], ...], str]], ...] = (
    _measurement,
    _trial,
    _side,
    _denial,
    _diagnosis,
    _coded,
    _spine,
)


def made_pairs(seed: int, count: int) -> Iterator[Pair]:
    """Yield true pairs; ``origin`` names the template and the lexical slot that decide the half."""
    rng = random.Random(seed)
    for _ in range(count):
        sex = rng.choice(("female", "male"))
        day = date(2017, 1, 3) + timedelta(days=rng.randrange(2400))
        born = date(1944, 1, 1) + timedelta(days=rng.randrange(18000))
        sentence, sources, origin = rng.choice(_KINDS)(rng, sex, day)
        name = f"{rng.choice(_FIRST[sex])} {rng.choice(_LAST)}"
        service = day + timedelta(days=rng.randrange(20, 90))
        sentence = _named(rng, sentence, name, sex)
        yield Pair(sentence, sources, origin, sex, (name,), _iso(born), _iso(service), ("Dr. Amara Okafor",))


def _named(rng: random.Random, sentence: str, name: str, sex: str) -> str:
    """Put the patient's name in place of "The patient", now and then."""
    if "The patient" in sentence and rng.random() < 0.4:
        title = "Ms." if sex == "female" else "Mr."
        return sentence.replace("The patient", rng.choice((name, f"{title} {name.split()[-1]}")), 1)
    return sentence
