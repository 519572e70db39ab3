"""Examples with known truth that need no teacher: what the judge and the writer of a draft are asked.

The prompts are those that a draft uses today, made by the same functions, so that what is learned is what
is asked. Each example's group is its matter: parts that are kept apart share no disease, drug or test.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from posology.adapt.teacher.elsewhere import make_elsewhere
from posology.adapt.teacher.facts import Worded, make_worded
from posology.adapt.teacher.grammar import Judged, make_judged, names_of
from posology.adapt.teacher.near import make_near
from posology.adapt.teacher.passages import passage_prompt, quoted_answer
from posology.adapt.teacher.questions import make_asked
from posology.adapt.teacher.recorded import make_recorded
from posology.corpus import Example, Provenance
from posology.priorauth.reading import judgement_prompt
from posology.priorauth.writing import wording_prompt

__all__ = ["Lesson", "judgement", "make_lessons", "make_passages"]

Lesson = Literal["judge", "question", "near", "elsewhere", "passage", "write", "record"]
"""Sentences judged (of the grammar, of questions in their own words, near misses, on another matter),
passages, facts worded."""

_SOURCE = "posology lessons"
_SHORT = re.compile(r"\b(?:w/o?|h/o|pt|wks|mos|2/2|dx'd)(?![\w'])")


def make_lessons(kind: Lesson, n: int, *, seed: int = 0) -> list[Example]:
    """Return ``n`` examples: of sentences judged, of passages judged with a quote, or of facts worded.

    The same kind, number and seed give the same examples; a larger number begins with those of a smaller.
    Questions in words of their own are finite: there may be fewer than ``n``.
    """
    return list(islice(_MAKERS[kind](seed), n))


def judgement(name: str, one: Judged, provenance: Provenance) -> Example:
    """Return a judgement as the judge of a draft is asked and answers."""
    return Example(
        name, judgement_prompt(one.question, one.sentence).messages, one.answer, provenance, "judge"
    )


def _judgements(kind: str, rows: Iterable[Judged], seed: int) -> Iterator[Example]:
    for number, one in enumerate(rows):
        yield judgement(f"{kind}-{seed}-{number}", one, _provenance(one.matter))


def _judge(seed: int) -> Iterator[Example]:
    """Ask about sentences of the grammar, none in shorthand: a held-out style of notes is written in it."""
    return _judgements("judge", (one for one in make_judged(seed) if not _SHORT.search(one.sentence)), seed)


def _question(seed: int) -> Iterator[Example]:
    return _judgements("question", make_asked(seed), seed)


def _near(seed: int) -> Iterator[Example]:
    return _judgements("near", make_near(seed), seed)


def _elsewhere(seed: int) -> Iterator[Example]:
    return _judgements(
        "elsewhere", (one for one in make_elsewhere(seed) if not _SHORT.search(one.sentence)), seed
    )


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
    return _written("write", make_worded(seed), seed)


def _record(seed: int) -> Iterator[Example]:
    return _written("record", make_recorded(seed), seed)


def _written(kind: str, rows: Iterable[Worded], seed: int) -> Iterator[Example]:
    for number, one in enumerate(rows):
        answer = json.dumps({"cites": [1], "sentence": one.sentence}, ensure_ascii=False)
        yield Example(
            f"{kind}-{seed}-{number}",
            wording_prompt([one.line]).messages,
            answer,
            _provenance(one.matter),
            "write",
            source_text=_source(one),
        )


_MAKERS = {
    "judge": _judge,
    "question": _question,
    "near": _near,
    "elsewhere": _elsewhere,
    "passage": _passage,
    "write": _write,
    "record": _record,
}


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
