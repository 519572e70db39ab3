"""Passing what a model is tuned on: every text of an example passes, or the example does not."""

from dataclasses import replace

from posology.chat import Message
from posology.corpus.example import Example, Preference
from posology.corpus.gate.passing import PatientGate

__all__ = ["passed_example", "passed_preference"]


def passed_example(example: Example, patient: PatientGate, language: str = "en") -> Example | str:
    """Return an example without identifiers, the same stand-ins in all its texts, or why it may not pass.

    A name that only one of its texts gives away is replaced in the others too.
    """
    texts = [*(one.content for one in example.messages), example.answer, example.source_text]
    passed = patient.passed_all(texts, language)
    if isinstance(passed, str):
        return passed
    *turns, answer, source_text = passed
    return replace(example, messages=_turns(example, turns), answer=answer, source_text=source_text)


def passed_preference(preference: Preference, patient: PatientGate, language: str = "en") -> Preference | str:
    """Return a preference, such as a reviewer's edit, without identifiers, or why it may not pass."""
    texts = [*(one.content for one in preference.messages), preference.chosen, preference.rejected]
    passed = patient.passed_all(texts, language)
    if isinstance(passed, str):
        return passed
    *turns, chosen, rejected = passed
    return replace(preference, messages=_turns(preference, turns), chosen=chosen, rejected=rejected)


def _turns(one: Example | Preference, texts: list[str]) -> tuple[Message, ...]:
    return tuple(Message(turn.role, text) for turn, text in zip(one.messages, texts, strict=True))
