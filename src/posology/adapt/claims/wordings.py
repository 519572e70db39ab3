"""Other words for the same facts, and statements for questions: what makes a claim no copy of its source.

These rewordings are for training alone; what measures checkers has rewordings of its own.
"""

import calendar
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache

from posology.adapt.teacher.frames import load_frames
from posology.adapt.teacher.matters import CONDITIONS, DRUGS, MEASURES, SYMPTOMS, TESTS, THERAPIES

__all__ = ["reword_claim", "statement_of"]

_STATEMENTS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "condition": (
        ("The patient has {m}.", "The patient's diagnosis is {m}.", "The patient suffers from {m}."),
        ("The patient does not have {m}.", "There is no {m}.", "The patient is free of {m}."),
    ),
    "symptom": (
        ("The patient reports {m}.", "The patient has experienced {m}.", "There is {m}."),
        ("The patient reports no {m}.", "The patient has no {m}.", "There has been no {m}."),
    ),
    "treatment failed": (
        ("Treatment with {m} failed.", "{m} was tried without success.", "{m} did not help the patient."),
        ("Treatment with {m} has not failed.", "It is not so that {m} failed."),
    ),
    "therapy failed": (
        ("The patient did not benefit from {m}.", "{m} brought no lasting improvement."),
        ("The patient benefited from {m}.", "{m} has been successful."),
    ),
    "not tolerated": (
        ("The patient did not tolerate {m}.", "{m} had to be avoided because of its effects."),
        ("There is no intolerance of {m}.", "{m} is not contraindicated in this patient."),
    ),
    "treatment lasted": (
        ("The patient completed at least {need} weeks of {m}.", "{m} went on for {need} weeks or longer."),
        ("The patient did not complete {need} weeks of {m}.", "{m} did not reach {need} weeks."),
    ),
    "test done": (
        ("The patient had {m}.", "{m} was carried out.", "The patient underwent {m}."),
        ("The patient did not have {m}.", "{m} was not carried out."),
    ),
    "specialist": (
        ("The patient was seen by {m}.", "{m} evaluated the patient."),
        ("The patient was not seen by {m}.", "{m} has not evaluated the patient."),
    ),
    "above a limit": (
        ("The patient's {m} exceeds {limit} {unit}.", "The {m} was above {limit} {unit}."),
        ("The patient's {m} does not exceed {limit} {unit}.", "The {m} was not above {limit} {unit}."),
    ),
    "below a limit": (
        ("The patient's {m} is under {limit} {unit}.", "The {m} was below {limit} {unit}."),
        ("The patient's {m} is not under {limit} {unit}.", "The {m} was not below {limit} {unit}."),
    ),
}
_OPENINGS = (
    "The chart documents that ",
    "The records indicate that ",
    "In this patient's case, ",
    "Notably, ",
)
_TERMS = (
    ("once daily", "every day"), ("twice daily", "two times per day"), ("at bedtime", "before sleep"),
    ("every 8 hours", "three times daily"), ("oral tablet", "tablet by mouth"), ("mg", "milligrams"),
    ("was prescribed", "received a prescription for"), ("has been diagnosed with", "has"),
    ("underwent", "had"), ("was measured at", "came to"), ("The patient takes", "The patient is taking"),
    ("injection", "injectable form"), ("took part in", "attended"), ("The record shows", "The chart lists"),
    ("kg/m2", "kilograms per square meter"), ("%", "percent"), ("active", "currently active"),
    ("abated", "resolved"), ("patients", "participants"), ("significantly", "markedly"),
    ("increased", "raised"), ("decreased", "lowered"), ("associated with", "linked to"),
    ("demonstrated", "showed"), ("in order to", "to"), ("approximately", "about"),
    ("patients with", "those with"),
)  # fmt: skip
_MONTHS = tuple(calendar.month_name)
_ISO = re.compile(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b(?!T)")
_DATE_FORMS = (
    "{name} {day}, {year}",
    "{day} {name} {year}",
    "{month:02d}/{day:02d}/{year}",
    "{short} {day}, {year}",
)


def statement_of(kind: str, question: str, rng: random.Random, *, affirmed: bool) -> str:
    """Return a question of a frame as a statement that affirms or denies it; "" where it is of no frame."""
    for pattern in _question_patterns(kind):
        found = pattern.fullmatch(question)
        if found:
            text = rng.choice(_STATEMENTS[kind][0 if affirmed else 1]).format_map(found.groupdict())
            return text[:1].upper() + text[1:]
    return ""


@cache
def _question_patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    """Return patterns of a frame's questions, the longest first; an article may have become "an"."""
    (frame,) = (one for one in load_frames() if one.kind == kind)
    texts = sorted(frame.questions, key=len, reverse=True)
    return tuple(
        re.compile(
            re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)).replace(r"\ a\ ", r"\ an?\ "),
            re.IGNORECASE,
        )
        for text in texts
    )


def reword_claim(text: str, rng: random.Random) -> str:
    """Return a sentence in other words that say the same: names, terms, dates, opening, each at times."""
    text = _renamed(text, rng) if rng.random() < 0.6 else text
    for pattern, other in _terms():
        found = pattern.search(text)
        if found and rng.random() < 0.5:
            text = text[: found.start()] + other + text[found.end() :]
    if rng.random() < 0.6:
        text = _ISO.sub(lambda match: _dated(match, rng), text)
    if rng.random() < 0.3 and text.startswith(("The ", "There ", "It ")):
        text = rng.choice(_OPENINGS) + text[0].lower() + text[1:]
    return text


@cache
def _terms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?<!\w){re.escape(term)}(?!\w)"), other) for term, other in _TERMS)


def _dated(match: re.Match[str], rng: random.Random) -> str:
    year, month, day = (int(part) for part in match.groups())
    if not 1 <= month <= 12:
        return match[0]
    name = _MONTHS[month]
    return rng.choice(_DATE_FORMS).format(name=name, short=name[:3], month=month, day=day, year=year)


def _renamed(text: str, rng: random.Random) -> str:
    """Write another name for the first matter that stands in a sentence."""
    for pattern, names in _names():
        found = pattern.search(text)
        if found:
            other = rng.choice([name for name in names if name.lower() != found[0].lower()])
            return text[: found.start()] + other + text[found.end() :]
    return text


@cache
def _names() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    rows = [*CONDITIONS, *SYMPTOMS, *DRUGS, *TESTS, *THERAPIES, *(one.names for one in MEASURES)]
    pairs = [(name, names) for names in rows for name in names if len(names) > 1 and len(name) > 3]
    pairs.sort(key=lambda pair: -len(pair[0]))
    return tuple((re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE), names) for name, names in pairs)
