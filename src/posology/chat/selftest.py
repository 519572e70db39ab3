"""Canaries that show whether an engine honours constraints and refuses what does not fit.

Servers answer 200 and ignore a schema they do not know. Each canary asks for something that a model would
not do by itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from posology.chat.generator import Choice, Generator, JsonShape, Message, Prompt
from posology.chat.shapes import parse_answer
from posology.errors import EngineError, PromptTooLong

__all__ = ["CANARIES", "Canary", "CanaryResult", "require_sound", "run_canaries"]


@dataclass(frozen=True, slots=True)
class Canary:
    """One question whose free answer would break its constraint."""

    name: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What a canary showed."""

    name: str
    ok: bool
    detail: str
    seconds: float


def _prompt(text: str, constraint: Choice | JsonShape, max_tokens: int) -> Prompt:
    return Prompt((Message("user", text),), constraint, max_tokens)


def _object(properties: dict[str, object]) -> JsonShape:
    return JsonShape(
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    )


CANARIES: tuple[Canary, ...] = (
    Canary("choice", _prompt("Answer with the one word: banana.", Choice(("met", "not_met", "unknown")), 24)),
    Canary(
        "enum",
        _prompt("Write one sentence about the sea.", _object({"status": {"enum": ["amber", "violet"]}}), 32),
    ),
    Canary(
        "nested const",
        _prompt(
            "Say hello.",
            _object({"inner": _object({"mark": {"const": "zq-17"}}).schema}),
            48,
        ),
    ),
    Canary(
        "bounded array",
        _prompt(
            "List the first thirty letters you think of.",
            _object(
                {"letters": {"type": "array", "items": {"enum": ["k", "v"]}, "minItems": 1, "maxItems": 3}}
            ),
            64,
        ),
    ),
    Canary(
        "count",
        _prompt(
            "Give exactly two numbers.",
            _object({"numbers": {"type": "array", "items": {"enum": [7]}, "minItems": 12, "maxItems": 12}}),
            96,
        ),
    ),
)


def run_canaries(generator: Generator) -> tuple[CanaryResult, ...]:
    """Run every canary and the one prompt that must be refused."""
    results = [_timed(canary.name, lambda c=canary: _constrained(generator, c)) for canary in CANARIES]  # type: ignore[misc]
    return (*results, _timed("long prompt refused", lambda: _too_long(generator)))


def require_sound(generator: Generator) -> tuple[CanaryResult, ...]:
    """Run the canaries and raise EngineError where one fails; an unsound engine must not be used."""
    results = run_canaries(generator)
    failed = [f"{result.name} ({result.detail})" for result in results if not result.ok]
    if failed:
        raise EngineError(
            f"{generator.identity.name} on {generator.identity.engine} does not do what it is asked: "
            f"{'; '.join(failed)}. Use a server and model that honour structured output"
        )
    return results


def _timed(name: str, run: Callable[[], str]) -> CanaryResult:
    start = time.perf_counter()
    detail = run()
    return CanaryResult(name, not detail, detail or "right", round(time.perf_counter() - start, 3))


def _constrained(generator: Generator, canary: Canary) -> str:
    done = generator.generate([canary.prompt])[0]
    if done.finish != "stop":
        return f"cut after {done.output_tokens} tokens"
    try:
        parse_answer(done.text, canary.prompt.constraint)
    except ValueError as cause:
        return f"the constraint was ignored: {cause}"
    return ""


def _too_long(generator: Generator) -> str:
    prompt = _prompt("word " * generator.window, Choice(("yes", "no")), 8)
    try:
        generator.generate([prompt])
    except PromptTooLong:
        return ""
    return f"a prompt of {generator.window} words and more was answered"
