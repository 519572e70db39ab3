"""Near misses: sentences that would answer, were it not for the other side, drug, time or number.

A question with its deciding sentence and the same sentence of what was not asked: what differs is one
word. The frames stand in ``near.yaml``; the matters are those of the lessons.
"""

import random
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from posology.adapt.teacher.grammar import ANSWERS, Judged, Told
from posology.adapt.teacher.matters import HARMS, MEASURES, SYMPTOMS, TESTS, Measure
from posology.errors import UserError
from posology.files import parse_yaml

__all__ = ["LOOKALIKES", "make_near"]

Frames = Mapping[str, Mapping[str, tuple[str, ...]]]
Words = dict[str, str]

LOOKALIKES = (
    ("hydroxyzine", "hydralazine"),
    ("lamotrigine", "levetiracetam"),
    ("clonidine", "clonazepam"),
    ("prednisone", "prednisolone"),
    ("glipizide", "glyburide"),
    ("metoprolol", "metolazone"),
    ("bupropion", "buspirone"),
    ("cetirizine", "sertraline"),
    ("citalopram", "escitalopram"),
    ("losartan", "valsartan"),
    ("amlodipine", "amiloride"),
    ("tramadol", "trazodone"),
    ("risperidone", "ropinirole"),
    ("dexamethasone", "dexmethylphenidate"),
    ("azathioprine", "azithromycin"),
    ("topiramate", "torsemide"),
    ("oxybutynin", "oxycodone"),
    ("allopurinol", "alprazolam"),
    ("duloxetine", "fluoxetine"),
    ("gabapentin", "pregabalin"),
)
_MEASURES = tuple(one for one in MEASURES if one.low > 0)
_JOINTS = ("knee", "hip", "shoulder", "ankle", "wrist", "elbow", "thumb base")
_EVENTS = ("flares", "hospital stays", "falls", "kidney stones", "sinus infections", "ED visits", "relapses")
_RELATIVES = ("Mother", "Father", "Brother", "Sister", "Son", "Aunt")


def make_near(seed: int) -> Iterator[Judged]:
    """Yield judgements without end, none twice: a third each of yes, no and not stated.

    The same seed gives the same judgements in the same order.
    """
    rng = random.Random(f"near:{seed}")
    frames = _load()
    kinds = sorted(frames)
    seen: set[tuple[str, str]] = set()
    number = idle = 0
    while idle < 1000:
        made = _make(kinds[number % len(kinds)], frames, ANSWERS[number // len(kinds) % 3], rng)
        number += 1
        key = (made.question, made.sentence)
        idle = idle + 1 if key in seen else 0
        if key not in seen:
            seen.add(key)
            yield made


@cache
def _load() -> Frames:
    name = "near.yaml"
    text = resources.files("posology.adapt.teacher").joinpath(name).read_text(encoding="utf-8")
    data = parse_yaml(text, name, UserError)
    return {kind: {key: tuple(rows) for key, rows in entry.items()} for kind, entry in data.items()}


def _make(kind: str, frames: Frames, answer: Told, rng: random.Random) -> Judged:
    words, matter = _words(kind, rng)
    frame = frames[kind]
    question = rng.choice(frame["questions"]).format_map(words)
    sentence = rng.choice(frame["near" if answer == "not stated" else answer]).format_map(words)
    sentence = sentence[:1].upper() + sentence[1:]
    return Judged(
        question, sentence, answer, f"near {kind}", matter, "near" if answer == "not stated" else ""
    )


def _words(kind: str, rng: random.Random) -> tuple[Words, str]:
    """Return what the slots of a frame hold, and the matter that groups it."""
    drug, like = rng.sample(rng.choice(LOOKALIKES), 2)
    side, other = rng.sample(("left", "right"), 2)
    measure, other_measure = rng.sample(_MEASURES, 2)
    test, other_test = (names[0] for names in rng.sample(TESTS, 2))
    symptom, other_symptom = (names[0] for names in rng.sample(SYMPTOMS, 2))
    joint = rng.choice(_JOINTS)
    event = rng.choice(_EVENTS)
    words = {
        "side": side,
        "other": other,
        "joint": joint,
        "drug": drug,
        "like": like,
        "harm": rng.choice(HARMS)[0],
        "test": test,
        "bare": test.removeprefix("an ").removeprefix("a "),
        "other_test": other_test,
        "symptom": symptom,
        "other_symptom": other_symptom,
        "event": event,
        "relative": rng.choice(_RELATIVES),
        "year": str(rng.randint(2005, 2016)),
        "n": str(rng.randint(2, 4)),
        "m": measure.names[0],
        "other_m": other_measure.names[0],
        "unit": measure.unit,
    }
    words |= _amounts(kind, rng) | _around(measure, rng)
    capital = {name.capitalize(): text[:1].upper() + text[1:] for name, text in words.items()}
    matter = {"drug failed": drug, "drug harmed": drug, "recent": test, "lasting": symptom, "often": event}
    return capital | words, matter.get(kind, measure.names[0] if kind == "limit" else joint)


def _amounts(kind: str, rng: random.Random) -> Words:
    """Return an amount that is asked for, and others on both sides of it."""
    asked = rng.choice({"recent": (6, 12, 18), "lasting": (4, 6, 8, 12)}.get(kind, (2, 3, 4)))
    weeks = rng.randint(asked, 2 * asked)
    return {
        "k": str(asked),
        "sooner": str(rng.randint(2, asked - 1)) if asked > 2 else "2",
        "later": str(asked + rng.randint(3, 12)),
        "years": str(rng.randint(3, 9)),
        "more": str(weeks),
        "fewer": str(rng.randint(2, max(2, asked - 1))),
        "days": str(rng.randint(3, 9)),
        "months": str(rng.randint(asked // 4 + 2, asked // 4 + 9)),
    }


def _around(measure: Measure, rng: random.Random) -> Words:
    """Return a limit with a value above it and one below, both near to it."""
    limit, step = rng.choice(measure.limits), 10**-measure.decimals
    gap = max(limit * 0.2, 2 * step)
    over = max(limit + step, min(measure.high, limit + rng.uniform(0, gap)))
    under = limit - max(step, rng.uniform(gap / 4, gap))
    shown = {"over": over, "under": under}
    return {name: f"{value:.{measure.decimals}f}" for name, value in shown.items()} | {"limit": f"{limit:g}"}
