"""Scores of a written text: ROUGE against the reference, inventions and omissions against the source, length.

ROUGE says how alike two texts are in words, not whether either is right: a text with a wrong dose scores
almost as the right one. So inventions and omissions stand beside it; what they see and cannot see is in
``fidelity``. The source is the item's text.
"""

from collections.abc import Callable

from posology.evaluate.items import Outcome
from posology.evaluate.scorers.fidelity import Fidelity, judge_fidelity
from posology.evaluate.scorers.measures import Measure, rate_of
from posology.evaluate.scorers.rouge import rouge_l, rouge_n, rouge_words
from posology.evaluate.task import Task

__all__ = ["text_measures"]

_Score = Callable[[str, str], float]
_Counted = Callable[[Fidelity], tuple[float, float]]


def text_measures(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a written text, ROUGE-L first; inventions and omissions of English ones alone.

    An item without an answer has a ROUGE of 0 and leaves out all of its reference; its inventions and its
    length are not asked about, so their n is smaller.
    """
    measures = (
        _rouge("ROUGE-L", rouge_l, "the longest sequence of words"),
        _rouge("ROUGE-1", lambda gold, said: rouge_n(gold, said, 1), "the words"),
        _rouge("ROUGE-2", lambda gold, said: rouge_n(gold, said, 2), "the pairs of words"),
        _length_ratio(),
    )
    return (*measures, *_inventions(), *_omissions()) if task.language == "en" else measures


def _said(outcome: Outcome) -> str | None:
    response = outcome.response
    if response.failure or response.abstained or not isinstance(response.answer, str):
        return None
    return response.answer


def _gold(outcome: Outcome) -> str:
    if not isinstance(outcome.item.gold, str):
        raise ValueError(f"item {outcome.item.id}: its gold answer is no text")
    return outcome.item.gold


def _rouge(name: str, score: _Score, what: str) -> Measure:
    def counts(outcome: Outcome) -> tuple[float, float] | None:
        said, gold = _said(outcome), _gold(outcome)
        if not rouge_words(gold):
            return None  # nothing to compare with
        return (0.0 if said is None else score(gold, said)), 1.0

    about = f"The mean F1 of {what} that answer and reference share, as rouge-score without stemming."
    return Measure(name, counts, rate_of, about=about)


def _length_ratio() -> Measure:
    def counts(outcome: Outcome) -> tuple[float, float] | None:
        said = _said(outcome)
        if said is None:
            return None
        return float(len(rouge_words(said))), float(len(rouge_words(_gold(outcome))))

    about = "The words of all answers over the words of their references."
    return Measure("length ratio", counts, rate_of, better=0, about=about)


def _inventions() -> tuple[Measure, ...]:
    def measure(name: str, counted: _Counted, about: str) -> Measure:
        def counts(outcome: Outcome) -> tuple[float, float] | None:
            said = _said(outcome)
            if said is None:
                return None
            return counted(judge_fidelity(outcome.item.text, _gold(outcome), said))

        return Measure(name, counts, rate_of, better=-1, about=about, reads_text=True)

    return (
        measure(
            "sentences with an invention",
            lambda found: (float(found.invented), float(found.sentences)),
            "The share of the answers' sentences with a fact that the source does not have.",
        ),
        measure(
            "documents with an invention",
            lambda found: (float(found.invented > 0), 1.0),
            "The share of answers with at least one such sentence.",
        ),
        measure(
            "inventions per document",
            lambda found: (float(found.inventions), 1.0),
            "The mean number of facts of an answer that the source does not have.",
        ),
    )


def _omissions() -> tuple[Measure, ...]:
    def measure(name: str, counted: _Counted, about: str) -> Measure:
        def counts(outcome: Outcome) -> tuple[float, float]:
            return counted(judge_fidelity(outcome.item.text, _gold(outcome), _said(outcome) or ""))

        return Measure(name, counts, rate_of, better=-1, about=about, reads_text=True)

    return (
        measure(
            "sentences with an omission",
            lambda found: (float(found.omitted), float(found.reference_sentences)),
            "The share of the references' sentences with a fact that the source has and the answer lacks.",
        ),
        measure(
            "documents with an omission",
            lambda found: (float(found.omitted > 0), 1.0),
            "The share of references with at least one such sentence.",
        ),
        measure(
            "omissions per document",
            lambda found: (float(found.omissions), 1.0),
            "The mean number of facts of a reference that the source has and the answer lacks.",
        ),
    )
