"""Entries of a record as charts name them, and the sentence on each that every check of a draft lets pass.

A name as records write it is long and has brackets, commas and capitals; the model is not told whether it
is a diagnosis, an order or a drug. So its sentence holds the name whole, and adds words only that may be
said of any entry: "is documented in the patient's record", and "was" between a measure and its value.
"""

import random
from collections.abc import Callable, Iterator

from posology.adapt.teacher.facts import Worded
from posology.adapt.teacher.matters import CONDITIONS, DRUGS, MEASURES, SPECIALISTS, TESTS, THERAPIES

__all__ = ["make_recorded", "sentence_of"]

_CONDITION = (
    "{name}",
    "{Name}",
    "{Name}, unspecified",
    "Unspecified {name}",
    "Other specified {name}",
    "{Name} without complications",
    "{Name} with acute exacerbation",
    "{Name} (disorder)",
    "{Name}, severe, without remission",
    "Recurrent {name}, moderate",
    "Personal history of {name}",
    "{Name}, not intractable, without mention of {other}",
    "Encounter for screening for {name}",
    "{Name} due to underlying {other}",
)
# no name with a property in brackets: a sentence would have to drop what stands behind it, the specimen
_SPECIMENS = (
    "",
    "",
    " in Blood by Automated count",
    " in 24 hour Urine",
    " --post dose",
    " (panel)",
    " by calculation",
)
_CODED = (
    "Positive",
    "Negative",
    "Not detected",
    "Present",
    "Abnormal",
    "see report",
    "Stage {n}",
    "Grade {n}",
    "Smokes daily",
    "Never used",
    "Partial response",
)
_QUESTIONS = (
    "Smokeless tobacco status",
    "Functional capacity NYHA-like scale",
    "Tumor stage",
    "Fall risk level",
    "Rheumatic nodules on exam",
    "Response to treatment",
    "Alcohol use screening result",
    "Fibrosis score in Liver",
)
_DRUG = (
    "{name}",
    "{Name}",
    "{name} {dose} MG Oral Tablet",
    "{name} {dose} MG Extended Release Oral Capsule",
    "24 HR {name} {dose} MG Extended Release Oral Tablet",
    "{dose} ML {name} 10 MG/ML Injection",
    "{name} {dose} MG / {other} 12.5 MG Oral Tablet",
    "{name} 0.05 MG/ML Ophthalmic Solution",
    "{Name} {dose} mg tablet",
)
_PROCEDURE = (
    "{name}",
    "{Name}",
    "{Name} (procedure)",
    "{Name} of left side",
    "{Name}, with interpretation and report",
    "{Name} without contrast, followed by contrast",
    "Counseling visit before {name}",
    "Order for {name}, outpatient",
)
_VISIT = (
    "Office visit",
    "Telehealth visit",
    "Inpatient stay",
    "Emergency room visit",
    "Consultation with {name}",
    "Follow-up visit with {name}",
    "Referral to {name}",
)
_DEVICE = (
    "Lightweight manual wheelchair",
    "Portable oxygen concentrator, rental",
    "Hearing aid, digital, binaural, behind the ear",
    "Knee orthosis, prefabricated, off-the-shelf",
    "Negative pressure wound therapy pump, stationary or portable",
    "Nebulizer, with compressor",
    "Walker, folding, wheeled, adjustable",
    "Cochlear device, includes all internal and external components",
    "Hospital bed, semi-electric, with mattress",
    "Compression stocking below knee, 30-40 mmHg",
)

# a value that looks like a year, or a unit that looks like a code, is never written by a model
_PLAIN = tuple(one for one in MEASURES if "^" not in one.unit and one.high < 1900)


def make_recorded(seed: int) -> Iterator[Worded]:
    """Yield entries with their sentences, no line twice; the same seed, the same entries."""
    rng = random.Random(f"recorded:{seed}")
    seen: set[str] = set()
    number = idle = 0
    while idle < 1000:
        kind, matter, line = _MAKERS[number % len(_MAKERS)](rng)
        number += 1
        idle = idle + 1 if line in seen else 0
        if line not in seen:
            seen.add(line)
            yield Worded(line, sentence_of(line), kind, matter)


def sentence_of(line: str) -> str:
    """Return the sentence that says what a line of a record says.

    >>> sentence_of("Ferritin in 24 hour Urine: 12 ng/mL")
    "The patient's Ferritin in 24 hour Urine was 12 ng/mL."
    >>> sentence_of("24 HR metoprolol 25 MG Extended Release Oral Tablet")
    "According to the patient's record, 24 HR metoprolol 25 MG Extended Release Oral Tablet is documented."
    """
    name, colon, value = line.rpartition(": ")
    if colon:
        return f"The patient's {name} was {value}."
    if not line[:1].isalpha():
        return f"According to the patient's record, {line} is documented."
    return f"{line[:1].upper()}{line[1:]} is documented in the patient's record."


Made = tuple[str, str, str]  # kind, matter, line


def _condition(rng: random.Random) -> Made:
    (matter, *_), (other, *_) = rng.sample(CONDITIONS, 2)
    return "condition", matter, _filled(rng.choice(_CONDITION), matter, other, rng)


def _measure(rng: random.Random) -> Made:
    measure = rng.choice(_PLAIN)
    name = _capital(rng.choice(measure.names)) + rng.choice(_SPECIMENS)
    value = f"{rng.uniform(measure.low, measure.high):.{measure.decimals}f}"
    return "measure", measure.names[0], f"{name}: {value} {measure.unit}"


def _coded(rng: random.Random) -> Made:
    name = rng.choice(_QUESTIONS)
    return "coded", name, f"{name}: {rng.choice(_CODED).format(n=rng.randint(1, 4))}"


def _drug(rng: random.Random) -> Made:
    (matter, *_), (other, *_) = rng.sample(DRUGS, 2)
    return "drug", matter, _filled(rng.choice(_DRUG), matter, other, rng)


def _procedure(rng: random.Random) -> Made:
    matter = rng.choice(TESTS + THERAPIES)[0]
    bare = matter.removeprefix("an ").removeprefix("a ")
    return "procedure", matter, _filled(rng.choice(_PROCEDURE), bare, "", rng)


def _visit(rng: random.Random) -> Made:
    if rng.random() < 0.5:
        device = rng.choice(_DEVICE)
        return "device", device, device
    matter = rng.choice(SPECIALISTS)[0]
    return "visit", matter, rng.choice(_VISIT).format(name=matter)


_MAKERS: tuple[Callable[[random.Random], Made], ...] = (
    _condition, _measure, _drug, _procedure, _measure, _condition, _coded, _visit,
)  # fmt: skip


def _filled(form: str, name: str, other: str, rng: random.Random) -> str:
    dose = rng.choice(("1", "2.5", "5", "10", "20", "25", "50", "100", "250"))
    return form.format(name=name, Name=_capital(name), other=other, dose=dose)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
