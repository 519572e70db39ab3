"""Judgements made by rule: a question, a sentence of a note, and the answer that it gives by construction."""

import calendar
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from posology.adapt.teacher.frames import Frame, load_frames
from posology.adapt.teacher.matters import (
    CONDITIONS,
    DRUGS,
    HARMS,
    MEASURES,
    SPECIALISTS,
    SYMPTOMS,
    TESTS,
    THERAPIES,
    Measure,
)

__all__ = ["ANSWERS", "Judged", "Told", "make_judged", "names_of"]

Told = Literal["yes", "no", "not stated"]
ANSWERS: tuple[Told, ...] = ("yes", "no", "not stated")
Names = tuple[str, ...]

_MATTERS: Mapping[str, tuple[Names, ...]] = {
    "condition": CONDITIONS,
    "symptom": SYMPTOMS,
    "treatment failed": DRUGS,
    "therapy failed": THERAPIES,
    "not tolerated": DRUGS,
    "treatment lasted": THERAPIES,
    "test done": TESTS,
    "specialist": SPECIALISTS,
    "above a limit": tuple(measure.names for measure in MEASURES),
    "below a limit": tuple(measure.names for measure in MEASURES),
}
_MEASURES = {measure.names: measure for measure in MEASURES}
_NAMES = {(kind, names[0]): names for kind, rows in _MATTERS.items() for names in rows}
_MONTHS = tuple(calendar.month_name)[1:]
_RELATIVES = ("Mother", "Father", "Brother", "Sister", "Grandmother", "Uncle", "Wife", "Husband", "Son")
_WORKUPS = (
    "repeat testing",
    "the recent evaluation",
    "specialist review",
    "the workup",
    "laboratory testing",
)
_SHORT = (
    (r"\bwithout\b", "w/o"),
    (r"\bwith\b", "w/"),
    (r"\bhistory of\b", "h/o"),
    (r"\bpatient\b", "pt"),
    (r"\bweeks\b", "wks"),
    (r"\bmonths\b", "mos"),
    (r"\bbecause of\b", "2/2"),
    (r"\bdiagnosed\b", "dx'd"),
)
_ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[AEFHILMNORSX][A-Z\d-]|[aeio])")


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and a sentence with the answer; ``trap`` says why one answers nothing, "" if it does.

    ``template`` is what the sentence was made from.
    """

    question: str
    sentence: str
    answer: Told
    kind: str
    matter: str
    trap: str = ""
    template: str = ""


def make_judged(seed: int) -> Iterator[Judged]:
    """Yield judgements without end, none twice: a third each of yes, no and not stated, traps in turn.

    The same seed gives the same judgements in the same order.
    """
    rng = random.Random(f"judged:{seed}")
    frames = load_frames()
    seen: set[tuple[str, str]] = set()
    number = idle = 0
    while idle < 1000:  # the grammar is finite: it ends where nothing new is found
        made = _make(frames[number % len(frames)], ANSWERS[number // len(frames) % 3], rng)
        number += 1
        key = (made.question, made.sentence)
        idle = idle + 1 if key in seen else 0
        if key not in seen:
            seen.add(key)
            yield made


def names_of(one: Judged) -> tuple[str, ...]:
    """Return all names of what a judgement is about."""
    return _NAMES[one.kind, one.matter]


def _make(frame: Frame, answer: Told, rng: random.Random) -> Judged:
    names, other = rng.sample(_MATTERS[frame.kind], 2)
    trap = rng.choice(sorted(frame.silent)) if answer == "not stated" else ""
    pool = frame.silent[trap] if trap else frame.yes if answer == "yes" else frame.no
    words = _words(frame, names, other, rng)
    question = _filled(rng.choice(frame.questions), words)
    template = rng.choice(pool)
    sentence = _styled(_filled(template, words), rng)
    return Judged(question, sentence, answer, frame.kind, names[0], trap, template)


def _words(frame: Frame, names: Names, other: Names, rng: random.Random) -> dict[str, str]:
    """Return what each slot of a frame holds this time."""
    relative = rng.choice(_RELATIVES)
    harm = rng.choice(HARMS)[0]
    need = rng.choice((4, 6, 8, 12))
    measured = _measured(_MEASURES[names], rng) if names in _MEASURES else {}
    asked = names[0] if rng.random() < 0.8 else rng.choice(names)
    return {
        "m": asked if frame.kind in ("test done", "specialist") else _ARTICLE.sub("", asked),
        "s": _said(frame, rng.choice(names)),
        "o": _said(frame, rng.choice(other)),
        "relative": relative,
        "relative_lower": relative.lower(),
        "harm": harm,
        "harm_bare": _ARTICLE.sub("", harm),
        "test": rng.choice(_WORKUPS),
        "year": str(rng.randint(2009, 2025)),
        "month": rng.choice(_MONTHS),
        "n": str(rng.randint(2, 11)),
        "need": str(need),
        "more": str(need + rng.randint(0, need)),
        "less": str(rng.randint(1, need - 2)),
    } | measured


def _said(frame: Frame, name: str) -> str:
    return name if frame.kind == "specialist" else _ARTICLE.sub("", name)


def _measured(measure: Measure, rng: random.Random) -> dict[str, str]:
    """Choose a limit and values on both sides of it, none equal to it."""
    step = 10**-measure.decimals
    limit = rng.choice(measure.limits)
    over = sorted(rng.uniform(limit + step, max(limit + 2 * step, measure.high)) for _ in range(2))
    under = sorted(rng.uniform(min(measure.low, limit - 2 * step), limit - step) for _ in range(2))
    shown = {"over_less": over[0], "over": over[1], "under": under[0], "under_more": under[1]}
    written = {name: f"{value:.{measure.decimals}f}" for name, value in shown.items()}
    return written | {"limit": f"{limit:g}", "unit": measure.unit}


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = _A_BEFORE_VOWEL.sub(r"\1n ", template.format_map(words))
    return text[:1].upper() + text[1:]


def _styled(sentence: str, rng: random.Random) -> str:
    """Write a sentence as notes do: mostly plain, at times in shorthand or as an item of a list."""
    roll = rng.random()
    if roll < 0.7:
        return sentence
    if roll < 0.9:
        return _shortened(sentence, _SHORT)
    return f"- {sentence.rstrip('.')}"


def _shortened(sentence: str, pairs: Sequence[tuple[str, str]]) -> str:
    for pattern, short in pairs:
        sentence = re.sub(pattern, short, sentence)
    return sentence
