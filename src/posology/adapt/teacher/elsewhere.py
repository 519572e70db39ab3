"""Most of what a judge is shown answers nothing: sentences on quite another matter under a question.

Half are what any note says besides (examinations, headings, closings, plans; ``routine.yaml``), half are
sentences that decide another question. What is asked and what is said share no word of four letters or more;
one matter under two names, such as an abbreviation, may slip through (11 of 18,000 were counted).
"""

import calendar
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import islice

from posology.adapt.teacher.grammar import Judged, make_judged
from posology.adapt.teacher.near import make_near
from posology.adapt.teacher.questions import make_asked
from posology.errors import UserError
from posology.files import parse_yaml

__all__ = ["load_routine", "make_elsewhere"]

_POOL = 1500  # judgements of each sort that questions and sentences are drawn from
_LEAST = 4  # letters of a word that may tell the matter
_NAMES = ("Alvarez", "Brandt", "Castell", "Dubois", "Eriksen", "Fontaine", "Grigoryan", "Hallett")
_COMMON = frozenset(
    (
        *("patient", "patients", "does", "have", "been", "with", "this", "that", "from", "were", "what"),
        *("which", "there", "their", "therapy", "treatment", "than", "more", "least", "over", "under"),
        *("after", "before", "without", "history", "documented", "current", "currently", "recent"),
    )
)  # words that tell no matter


def make_elsewhere(seed: int) -> Iterator[Judged]:
    """Yield judgements without end, none twice, whose sentence says nothing of what is asked.

    The same seed gives the same judgements in the same order.
    """
    rng = random.Random(f"elsewhere:{seed}")
    asked = [*islice(make_judged(seed), _POOL), *make_asked(seed), *islice(make_near(seed), _POOL)]
    said = [*islice(make_judged(-seed - 1), _POOL), *make_asked(-seed - 1)]
    said = [one for one in said if one.answer != "not stated"]
    routine = load_routine()
    seen: set[tuple[str, str]] = set()
    number = idle = 0
    while idle < 1000:
        about = rng.choice(asked)
        sentence = _routine(routine, rng) if number % 2 else rng.choice(said).sentence
        idle += 1
        key = (about.question, sentence)
        if key not in seen and not _shared(*key):
            seen.add(key)
            number, idle = number + 1, 0
            yield replace(about, sentence=sentence, answer="not stated", trap="elsewhere", template="")


@cache
def load_routine() -> tuple[tuple[str, ...], ...]:
    """Return the sentences that notes hold besides, by sort, with their slots."""
    name = "routine.yaml"
    text = resources.files("posology.adapt.teacher").joinpath(name).read_text(encoding="utf-8")
    return tuple(tuple(str(row) for row in rows) for rows in parse_yaml(text, name, UserError).values())


def _routine(routine: Sequence[Sequence[str]], rng: random.Random) -> str:
    clock = f"{rng.randint(8, 17)}:{rng.choice('0135')}5"
    slots = {"date": _date(rng), "n": rng.randint(2, 8), "name": rng.choice(_NAMES), "time": clock}
    filled = rng.choice(rng.choice(routine)).format_map(slots)
    return rng.choice((filled, filled, filled, filled.lower(), filled.upper(), filled.rstrip(".")))


def _date(rng: random.Random) -> str:
    month, day, year = rng.randint(1, 12), rng.randint(1, 28), rng.randint(2019, 2025)
    return rng.choice(
        (
            f"{calendar.month_name[month]} {day}, {year}",
            f"{month:02}/{day:02}/{year}",
            f"{year}-{month:02}-{day:02}",
            f"{month}/{day}/{year % 100}",
        )
    )


def _shared(question: str, sentence: str) -> bool:
    """Say whether a sentence holds a longer word of the question, or one that begins alike."""
    words = {word[:5] for word in _words(question)}
    return any(word[:5] in words for word in _words(sentence))


def _words(text: str) -> Iterator[str]:
    return (
        word for word in re.findall(r"[a-z]+", text.lower()) if len(word) >= _LEAST and word not in _COMMON
    )
