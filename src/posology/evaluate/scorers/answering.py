"""How often there was an answer at all, and why not: counted apart from wrong answers, for every task."""

from posology.evaluate.items import Outcome, Response
from posology.evaluate.scorers.measures import Measure, rate_of

__all__ = ["answering_measures", "why_unanswered"]

_KINDS = {"parse": "parse failures", "length": "too long"}
_OTHER = "engine failures"
_ABOUT = {
    "parse failures": "The share of items whose answer kept no form that could be read.",
    "too long": "The share of items that did not fit the model's window.",
    "engine failures": "The share of items on which the engine failed.",
    "abstained": "The share of items on which the system declined to answer.",
}


def why_unanswered(response: Response) -> str:
    """Return the name of the measure that counts a response without an answer, "" of one with it."""
    if response.abstained:
        return "abstained"
    if response.failure:
        return _KINDS.get(response.failure.partition(":")[0].strip(), _OTHER)
    return _OTHER if response.answer is None else ""


def answering_measures() -> tuple[Measure, ...]:
    """Return the share of items answered, and of those that were not by why; the shares add up to one."""

    def share(name: str) -> Measure:
        def counts(outcome: Outcome) -> tuple[float, float]:
            return float(why_unanswered(outcome.response) == name), 1.0

        return Measure(name, counts, rate_of, 0 if name == "abstained" else -1, "", _ABOUT[name])

    def answered(outcome: Outcome) -> tuple[float, float]:
        return float(not why_unanswered(outcome.response)), 1.0

    about = "The share of items with an answer that could be read."
    return (*(share(name) for name in _ABOUT), Measure("answered share", answered, rate_of, 1, "", about))
