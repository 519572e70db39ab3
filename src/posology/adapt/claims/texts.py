"""Claims from public texts: sentences of passages, true pairs of tasks, each beside a copy with one fault."""

import random
from collections.abc import Iterable, Iterator, Sequence

from posology.adapt.claims.claim import SUPPORTED, Claim
from posology.adapt.claims.faults import add_fault
from posology.adapt.claims.wordings import reword_claim
from posology.adapt.encoders.labelled import Labelled
from posology.records.sentences import sentence_spans

__all__ = ["claims_of_pairs", "claims_of_passages"]

_LEAST, _MOST = 6, 45  # words of a sentence that becomes a claim
_AROUND = 2  # sentences before and after it that are its source with it


def claims_of_pairs(pairs: Iterable[Labelled], *, seed: int = 0) -> Iterator[Claim]:
    """Yield a task's pairs, labelled supported and unsupported, and of each supported one a faulty copy."""
    rng = random.Random(f"claims of pairs:{seed}")
    for one in pairs:
        supported = one.label == SUPPORTED
        yield Claim(one.id, one.first, one.second, supported, "the task's", one.provenance, one.task)
        fault = add_fault(one.first, one.second, rng) if supported else None
        if fault is not None:
            name = f"{one.task}-{one.id}"
            yield Claim(name, fault[0], one.second, False, fault[1], one.provenance)


def claims_of_passages(texts: Iterable[Labelled], *, each: int = 4, seed: int = 0) -> Iterator[Claim]:
    """Yield up to ``each`` sentences of every text as claims on the text around them, and faulty copies."""
    rng = random.Random(f"claims of passages:{seed}")
    for one in texts:
        sentences = [span.of(one.first) for span in sentence_spans(one.first)]
        usable = [n for n, text in enumerate(sentences) if _LEAST <= len(text.split()) <= _MOST]
        for place in rng.sample(usable, min(each, len(usable))):
            yield from _claimed(one, sentences, place, rng)


def _claimed(one: Labelled, sentences: Sequence[str], place: int, rng: random.Random) -> Iterator[Claim]:
    source = " ".join(sentences[max(0, place - _AROUND) : place + _AROUND + 1])
    said = sentences[place]
    name = f"{one.task}-{one.id}-{place}"
    text = reword_claim(said, rng) if rng.random() < 0.8 else said
    kind = "as stated" if text == said else "reworded"
    yield Claim(name, text, source, True, kind, one.provenance)
    fault = add_fault(said, source, rng)
    if fault is not None:
        faulty = reword_claim(fault[0], rng) if rng.random() < 0.8 else fault[0]
        yield Claim(name, faulty, source, False, fault[1], one.provenance)
