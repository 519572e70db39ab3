"""Examples with known truth that need no teacher: what the judge and the writer of a draft are asked.

The prompts are those that a draft uses today, made by the same functions, so that what is learned is what
is asked. Each example's group is its matter: parts that are kept apart share no disease, drug or test.
"""

import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from posology.adapt.teacher.facts import Worded, make_worded
from posology.adapt.teacher.grammar import Judged, make_judged, names_of
from posology.adapt.teacher.passages import passage_prompt, quoted_answer
from posology.corpus import Example, Provenance
from posology.priorauth.reading import judgement_prompt
from posology.priorauth.writing import wording_prompt

__all__ = ["Lesson", "make_lessons", "make_passages"]

Lesson = Literal["judge", "passage", "write"]
_SOURCE = "posology lessons"


def make_lessons(kind: Lesson, n: int, *, seed: int = 0) -> list[Example]:
    """Return ``n`` examples: of sentences judged, of passages judged with a quote, or of facts worded.

    The same kind, number and seed give the same examples; a larger number begins with those of a smaller.
    """
    return list(islice(_MAKERS[kind](seed), n))


def _judge(seed: int) -> Iterator[Example]:
    for number, one in enumerate(make_judged(seed)):
        prompt = judgement_prompt(one.question, one.sentence)
        where = f"judge-{seed}-{number}"
        yield Example(where, prompt.messages, one.answer, _provenance(one.matter), "judge")


def make_passages(seed: int) -> Iterator[tuple[Judged, str]]:
    """Yield judgements, each with a passage in which its sentence stands among sentences on other matters."""
    rng = random.Random(f"passages:{seed}")
    pool = list(islice(make_judged(-seed - 1), 2000))
    for one in make_judged(seed):
        others = [other.sentence for other in rng.sample(pool, 24) if _apart(one, other)]
        yield one, " ".join(_ended(sentence) for sentence in _mixed(one, others, rng))


def _passage(seed: int) -> Iterator[Example]:
    """Ask what a passage answers; where no sentence decides, nothing is quoted."""
    for number, (one, passage) in enumerate(make_passages(seed)):
        quote = "" if one.answer == "not stated" else _ended(one.sentence)
        yield Example(
            f"passage-{seed}-{number}",
            passage_prompt(one.question, passage).messages,
            quoted_answer(one.answer, quote),
            _provenance(one.matter),
            "passage",
            source_text=passage,
        )


def _write(seed: int) -> Iterator[Example]:
    for number, one in enumerate(make_worded(seed)):
        answer = json.dumps({"cites": [1], "sentence": one.sentence}, ensure_ascii=False)
        yield Example(
            f"write-{seed}-{number}",
            wording_prompt([one.line]).messages,
            answer,
            _provenance(one.matter),
            "write",
            source_text=_source(one),
        )


_MAKERS = {"judge": _judge, "passage": _passage, "write": _write}


def _source(one: Worded) -> str:
    return f"1. {one.line}"


def _provenance(matter: str) -> Provenance:
    return Provenance(_SOURCE, "made here", group=f"matter:{matter}")


def _apart(one: Judged, other: Judged) -> bool:
    """Say whether a sentence has nothing to do with a question: another kind, and its matter not named."""
    words = other.sentence.lower()
    return other.kind != one.kind and not any(name.lower() in words for name in names_of(one))


def _mixed(one: Judged, others: Sequence[str], rng: random.Random) -> list[str]:
    sentences = [one.sentence, *others[: rng.randint(1, 5)]]
    rng.shuffle(sentences)
    return sentences


def _ended(sentence: str) -> str:
    """Return a sentence of running text: no mark of a list, a full stop."""
    text = sentence.removeprefix("- ")
    return text if text.endswith((".", "?", "!")) else f"{text}."
