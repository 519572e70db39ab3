"""Claims from the lessons' grammar: facts worded beside other facts, and statements on sentences of notes."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import TypeVar

from posology.adapt.claims.building import claims_part
from posology.adapt.claims.claim import Claim
from posology.adapt.claims.faults import add_fault
from posology.adapt.claims.wordings import reword_claim, statement_of
from posology.adapt.teacher.facts import Worded, make_worded
from posology.adapt.teacher.grammar import Judged, make_judged
from posology.corpus import Provenance
from posology.corpus.parts import PARTS

__all__ = ["claims_of_lessons"]

T = TypeVar("T")

_FACTS, _NOTES = "posology facts", "posology notes"
_SAID_ON = (", dated {day}.", ", recorded on {day}.", " on {day}.", " ({day}).")


def claims_of_lessons(n: int, *, seed: int = 0) -> Iterator[Claim]:
    """Yield claims of ``n`` facts and of ``n`` sentences of notes; the same seed gives the same claims.

    A claim's group is its matter, and what stands beside it in its source is of matters of the same part.
    """
    yield from _of_facts(n, seed)
    yield from _of_notes(n, seed)


def _of_facts(n: int, seed: int) -> Iterator[Claim]:
    rng = random.Random(f"claims of facts:{seed}")
    near: dict[int, list[Worded]] = defaultdict(list)
    facts = list(islice(make_worded(seed), n))
    for one in facts:
        near[_shard(one.matter)].append(one)
    for number, one in enumerate(facts):
        others = [other for other in _drawn(near[_shard(one.matter)], 4, rng) if other.matter != one.matter]
        yield from _fact(one, others[: rng.randint(0, 3)], f"fact-{seed}-{number}", rng)


def _fact(one: Worded, others: Sequence[Worded], name: str, rng: random.Random) -> Iterator[Claim]:
    """Yield a true claim on a fact and two false ones: a fault of its own, another's fact in its place."""
    days = [_day(rng) for _ in range(len(others) + 1)]
    lines = [f"{fact.line} ({day})" for fact, day in zip((one, *others), days, strict=True)]
    shuffled = "\n".join(rng.sample(lines, len(lines)))
    provenance = Provenance(_FACTS, "made here", group=f"matter:{one.matter}")
    said = one.sentence
    if rng.random() < 0.5:
        said = said.removesuffix(".") + rng.choice(_SAID_ON).format(day=days[0])
    yield from _both(Claim(name, said, shuffled, True, "as stated", provenance), rng)
    if others:
        taken = _other_in_place(one, others[0], said, days)
        if taken is not None and taken != said:
            text = _perhaps_reworded(taken, rng)
            yield Claim(name, text, shuffled, False, "another's fact", provenance)


def _other_in_place(one: Worded, other: Worded, said: str, days: Sequence[str]) -> str | None:
    """Put the other's value or day where the claim has its own: each word of it stands in the source."""
    value, foreign = (fact.line.partition(": ")[2] for fact in (one, other))
    if value and foreign and value in said:
        return said.replace(value, foreign)
    return said.replace(days[0], days[1]) if days[0] in said and days[0] != days[1] else None


def _both(true: Claim, rng: random.Random) -> Iterator[Claim]:
    """Yield a true claim, perhaps in other words, and the claim with a fault, perhaps in other words."""
    text = _perhaps_reworded(true.sentence, rng)
    kind = true.kind if text == true.sentence else "reworded"
    yield Claim(true.id, text, true.source, True, kind, true.provenance, true.task)
    fault = add_fault(true.sentence, true.source, rng)
    if fault is not None:
        faulty = _perhaps_reworded(fault[0], rng)
        yield Claim(true.id, faulty, true.source, False, fault[1], true.provenance, true.task)


def _perhaps_reworded(text: str, rng: random.Random) -> str:
    return reword_claim(text, rng) if rng.random() < 0.7 else text


def _of_notes(n: int, seed: int) -> Iterator[Claim]:
    rng = random.Random(f"claims of notes:{seed}")
    judged = list(islice(make_judged(seed), n))
    near: dict[int, list[Judged]] = defaultdict(list)
    for one in judged:
        near[_shard(one.matter)].append(one)
    for number, one in enumerate(judged):
        others = [other for other in _drawn(near[_shard(one.matter)], 6, rng) if other.kind != one.kind]
        yield from _note(one, others[: rng.randint(0, 4)], f"note-{seed}-{number}", rng)


def _note(one: Judged, others: Sequence[Judged], name: str, rng: random.Random) -> Iterator[Claim]:
    """Yield what a sentence of a note supports and what it does not: the opposite, or what it leaves open."""
    lines = [_ended(fact.sentence) for fact in (one, *others)]
    source = " ".join(rng.sample(lines, len(lines)))
    if rng.random() < 0.4:
        source = f"{source} ({_day(rng)})"
    provenance = Provenance(_NOTES, "made here", group=f"matter:{one.matter}")
    for affirmed in (True, False):
        text = statement_of(one.kind, one.question, rng, affirmed=affirmed)
        supported = one.answer == ("yes" if affirmed else "no")
        kind = one.trap or ("stated" if supported else "opposite")
        side = "affirmed" if affirmed else "denied"
        if text and (one.answer != "not stated" or rng.random() < (0.6 if affirmed else 0.15)):
            yield Claim(name, text, source, supported, f"{kind}, {side}", provenance)


def _drawn(pool: Sequence[T], most: int, rng: random.Random) -> list[T]:
    return rng.sample(pool, min(most, len(pool)))


def _ended(sentence: str) -> str:
    text = sentence.removeprefix("- ")
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _day(rng: random.Random) -> str:
    return str(date(2015, 1, 1) + timedelta(days=rng.randrange(4000)))


def _shard(matter: str) -> int:
    """Return the part's number of a matter, the one that ``deal_claims`` deals it to."""
    return PARTS.index(claims_part(f"matter:{matter}"))
