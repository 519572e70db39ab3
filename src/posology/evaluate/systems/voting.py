"""Self-consistency: of several answers to one question, the one that most of them give."""

from collections import Counter
from collections.abc import Sequence

from posology.evaluate.items import Answer, Response
from posology.evaluate.systems.golds import likeliest
from posology.evaluate.task import Kind

__all__ = ["vote"]

BETWEEN = "\n---\n"  # between the samples in a response's text


def vote(kind: Kind, samples: Sequence[Response]) -> Response:
    """Return one response for several.

    A choice: the most frequent label, the first of equals, with the shares as scores. Mentions and codes:
    those in more than half of the samples that can be read. Samples without an answer do not vote; where
    none has one, the first failure stands. Tokens add up: every sample was paid for.
    """
    answers = [sample.answer for sample in samples if sample.answer is not None]
    scores = {}
    answer: Answer | None = None
    if answers and kind is Kind.CHOICE:
        counts = Counter(str(one) for one in answers)  # in the order they were first given
        answer = likeliest(counts)
        scores = {label: count / len(answers) for label, count in counts.items()}
    elif answers:
        answer = _in_more_than_half(answers)
    return Response(
        answer,
        failure="" if answers else samples[0].failure,
        text=BETWEEN.join(sample.text for sample in samples),
        scores=scores,
        prompt_tokens=sum(sample.prompt_tokens for sample in samples),
        output_tokens=sum(sample.output_tokens for sample in samples),
    )


def _in_more_than_half(answers: Sequence[Answer]) -> Answer:
    counts = Counter(part for answer in answers for part in set(answer))
    kept = [part for part, count in counts.items() if 2 * count > len(answers)]
    return tuple(sorted(kept))  # type: ignore[type-var, return-value]  # parts of one kind: codes, or mentions
