"""Asking for answers of a given form: every answer checked again, one more try, then unknown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from posology.chat.generator import Choice, Completion, Generator, Message, Prompt
from posology.chat.shapes import parse_answer

__all__ = ["Answer", "ask"]

T = TypeVar("T")
ECHO_LIMIT = 600  # characters of a refused answer that the second try is shown


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What one prompt came to. ``value`` is None where no answer kept its form: the caller's "unknown"."""

    value: T | None
    attempts: int
    why: str  # why there is no value; "" where there is one
    completion: Completion

    def __repr__(self) -> str:
        """Show whether there is a value, never the value: it may quote a chart."""
        state = "value" if self.value is not None else f"unknown: {self.why}"
        return f"Answer({state}, attempts={self.attempts})"


def ask(
    generator: Generator,
    prompts: Sequence[Prompt],
    *,
    parse: Callable[[Any], T],
    progress: Callable[[int], None] | None = None,
) -> list[Answer[T]]:
    """Answer every prompt and parse each answer; an answer that breaks its form is asked for once more.

    ``parse`` takes the checked value (text of a choice or of a free answer, the JSON value of a shape) and
    raises ValueError where it cannot be used. EngineError and PromptTooLong are the caller's.
    """
    first = generator.generate(prompts, progress=progress)
    answers = [_judge(prompt, done, parse, 1) for prompt, done in zip(prompts, first, strict=True)]
    again = [place for place, answer in enumerate(answers) if answer.value is None]
    retries = {place: _second(prompts[place], answers[place]) for place in again}
    fitting = [place for place in again if _fits(generator, retries[place])]
    second = generator.generate([retries[place] for place in fitting]) if fitting else []
    for place, done in zip(fitting, second, strict=True):
        answers[place] = _judge(prompts[place], done, parse, 2)
    return answers


def _judge(prompt: Prompt, done: Completion, parse: Callable[[Any], T], attempts: int) -> Answer[T]:
    if done.finish == "length" and not _whole_option(done.text, prompt):
        return Answer(None, attempts, f"the answer was cut after {done.output_tokens} tokens", done)
    try:
        return Answer(parse(parse_answer(done.text, prompt.constraint)), attempts, "", done)
    except ValueError as cause:
        return Answer(None, attempts, str(cause), done)


def _whole_option(text: str, prompt: Prompt) -> bool:
    """Say whether a cut answer can only be one option: no other one begins with it."""
    options = prompt.constraint.options if isinstance(prompt.constraint, Choice) else ()
    return [option for option in options if option.startswith(text)] == [text]


def _second(prompt: Prompt, answer: Answer[T]) -> Prompt:
    shown = answer.completion.text[:ECHO_LIMIT] or "(nothing)"
    complaint = f"That cannot be used: {answer.why}. Answer again, in the form asked for and shorter."
    messages = (*prompt.messages, Message("assistant", shown), Message("user", complaint))
    return replace(prompt, messages=messages)


def _fits(generator: Generator, prompt: Prompt) -> bool:
    return generator.count_tokens(prompt) + prompt.max_tokens <= generator.window
