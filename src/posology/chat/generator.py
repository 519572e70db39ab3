"""Talking to a model: messages, constraints, completions and the Generator protocol."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = [
    "Choice",
    "Completion",
    "Constraint",
    "Generator",
    "JsonShape",
    "Message",
    "ModelIdentity",
    "Prompt",
]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; its repr hides the text."""

    role: Literal["system", "user", "assistant"]
    content: str

    def __repr__(self) -> str:
        """Show the role and the length only: the content may be patient text."""
        return f"Message({self.role}, {len(self.content)} characters)"


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer is exactly one of these texts."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JsonShape:
    """The answer is one JSON value under a flat, bounded JSON schema (no allOf, no open arrays).

    Each engine passes the schema the way it honours best; whatever comes back is validated again.
    """

    schema: dict[str, Any]


Constraint = Choice | JsonShape


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent: messages, the constraint of the answer and its budget in tokens.

    Prompts of one call that begin with the same messages share a prefix, which engines may reuse.
    """

    messages: tuple[Message, ...]
    constraint: Constraint | None = None
    max_tokens: int = 128


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. ``finish`` is ``stop`` for a complete answer, ``length`` for one that was cut."""

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    output_tokens: int
    logprob: float | None = None  # sum over the output's tokens, natural logarithm


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered: what a packet's manifest and the ledger record."""

    name: str
    family: str  # architecture family, such as "smollm2", "bert", "rules"
    version: str  # of weights or server, as far as known
    sha256: str  # of the weights, "" where a server does not tell
    engine: str  # engine and its version


class Generator(Protocol):
    """A model that answers prompts. Greedy decoding; deterministic for the same calls."""

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        ...

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        ...

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the number of tokens of the prompt as it will be sent, template included."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; ``progress`` is told how many are done.

        Raises PromptTooLong before anything is sent where one does not fit, EngineError where the engine
        fails. A Ctrl-C cancels what is under way and leaves the engine usable.
        """
        ...
