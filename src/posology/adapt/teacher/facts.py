"""Facts of a record and the sentence that words each: what the writer of letters learns from.

A fact is a line as the writer is shown it; its sentence holds every name, number and unit of the line and
nothing else. No line and no sentence holds a date, a code or an identifier: those the program adds itself.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from posology.adapt.teacher.matters import CONDITIONS, DRUGS, MEASURES, TESTS, THERAPIES

__all__ = ["Worded", "make_worded"]

_STRENGTHS = ("5 mg", "10 mg", "20 mg", "25 mg", "40 mg", "50 mg", "100 mg", "250 mg", "500 mg")
_FORMS = ("oral tablet", "oral capsule", "extended release tablet", "oral solution", "injection")
_SEVERITIES = ("mild", "moderate", "severe", "mild persistent", "recurrent", "chronic")
_DOSES = ("once daily", "twice daily", "at bedtime", "every 8 hours", "with meals")
_CONDITION = (
    "The patient has {name}.",
    "The patient's diagnosis is {name}.",
    "{Name} is documented for the patient.",
    "The record shows {name}.",
)
_SERIOUS = ("The patient has {name}.", "The patient has been diagnosed with {name}.")
_MEASURE = (
    "The patient's {name} was {value}.",
    "The {name} was measured at {value}.",
    "{Name} was {value}.",
    "The patient had a {name} of {value}.",
)
_DRUG = (
    "The patient was prescribed {name}.",
    "{Name} was prescribed.",
    "The patient takes {name}.",
    "The record lists {name} for the patient.",
)
_DONE = ("The patient had {name}.", "The patient underwent {name}.", "{Name} was performed.")
_CARE = ("The patient received {name}.", "The patient took part in {name}.", "{Name} was given.")


@dataclass(frozen=True, slots=True)
class Worded:
    """A line of fact and the sentence that says it."""

    line: str
    sentence: str
    kind: str
    matter: str


def make_worded(seed: int) -> Iterator[Worded]:
    """Yield worded facts without end, no line twice with the same sentence; the same seed, the same facts."""
    rng = random.Random(f"worded:{seed}")
    seen: set[tuple[str, str]] = set()
    number = idle = 0
    while idle < 1000:
        made = _MAKERS[number % len(_MAKERS)](rng)
        number += 1
        key = (made.line, made.sentence)
        idle = idle + 1 if key in seen else 0
        if key not in seen:
            seen.add(key)
            yield made


def _condition(rng: random.Random) -> Worded:
    matter = rng.choice(CONDITIONS)[0]
    name = matter
    if rng.random() < 0.4:
        name = f"{rng.choice(_SEVERITIES)} {matter}"
    pool = _CONDITION if name == matter else _SERIOUS
    return _worded("condition", matter, _titled(name, rng), rng.choice(pool), name, "")


def _measure(rng: random.Random) -> Worded:
    measure = rng.choice(MEASURES)
    name = rng.choice(measure.names)
    value = f"{rng.uniform(measure.low, measure.high):.{measure.decimals}f} {measure.unit}"
    return _worded(
        "measure", measure.names[0], f"{_titled(name, rng)}: {value}", rng.choice(_MEASURE), name, value
    )


def _drug(rng: random.Random) -> Worded:
    matter = rng.choice(DRUGS)[0]
    parts = [matter, rng.choice(_STRENGTHS), rng.choice(_FORMS)]
    if rng.random() < 0.3:
        parts.append(rng.choice(_DOSES))
    name = " ".join(parts)
    return _worded("drug", matter, _titled(name, rng), rng.choice(_DRUG), name, "")


def _done(rng: random.Random) -> Worded:
    name = rng.choice(TESTS)[0]
    bare = name.removeprefix("an ").removeprefix("a ")
    return _worded("procedure", name, _titled(bare, rng), rng.choice(_DONE[:2]), name, "")


def _care(rng: random.Random) -> Worded:
    name = rng.choice(THERAPIES)[0]
    bare = name.removeprefix("a ")
    return _worded("therapy", name, _titled(bare, rng), rng.choice(_CARE), name, "")


_MAKERS: tuple[Callable[[random.Random], Worded], ...] = (_condition, _measure, _drug, _done, _care)


def _worded(kind: str, matter: str, line: str, template: str, name: str, value: str) -> Worded:
    sentence = template.format(name=name, Name=name[:1].upper() + name[1:], value=value)
    return Worded(line, sentence, kind, matter)


def _titled(name: str, rng: random.Random) -> str:
    """Write a name as records do: as it is, or with a capital."""
    return name if rng.random() < 0.4 else name[:1].upper() + name[1:]
