"""Talking to a model: messages, constraints, completions and the Generator protocol."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = [
    "Choice",
    "Completion",
    "Constraint",
    "Copy",
    "Generator",
    "JsonShape",
    "Message",
    "ModelIdentity",
    "OptionScore",
    "Pattern",
    "Prompt",
    "Sampling",
    "Scorer",
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


@dataclass(frozen=True, slots=True)
class Copy:
    """The answer is lines of words copied from a text, or the one word that says there are none.

    With ``labels`` each line is ``label: words``. The words are whole words of ``text`` in its order.
    """

    text: str
    labels: tuple[str, ...] = ()
    nothing: str = "none"
    max_items: int = 40
    max_words: int = 12

    def __repr__(self) -> str:
        """Show the length only: the text may be a patient's."""
        return f"Copy({len(self.text)} characters, {self.labels})"


@dataclass(frozen=True, slots=True)
class Pattern:
    """The whole answer matches a regular expression: classes, alternatives, bounded repetition."""

    regex: str


Constraint = Choice | JsonShape | Copy | Pattern


@dataclass(frozen=True, slots=True)
class Sampling:
    """An answer drawn at random: the same seed and prompt give the same answer where the engine can."""

    temperature: float = 0.7
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent: messages, the constraint of the answer and its budget in tokens.

    Prompts of one call that begin with the same messages share a prefix, which engines may reuse.
    """

    messages: tuple[Message, ...]
    constraint: Constraint | None = None
    max_tokens: int = 128
    sampling: Sampling | None = None  # None: the likeliest token each time
    opening: str = ""  # how the answer begins: given to the model, not part of what comes back


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
    sha256: str  # of the weights and all beside them that changes answers, "" where a server does not tell
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
        fails: EngineStopped with the completions of the first prompts, where they are there. A Ctrl-C
        cancels what is under way and leaves the engine usable.
        """
        ...


@dataclass(frozen=True, slots=True)
class OptionScore:
    """How likely a text is as the answer to a prompt: natural logarithm, summed over its tokens."""

    logprob: float
    tokens: int


class Scorer(Protocol):
    """A generator that tells how likely given answers are; engines that cannot do not have it."""

    def score(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> list[list[OptionScore]]:
        """Return the score of each option of each prompt, the end of the answer not counted.

        Raises PromptTooLong where a prompt with its longest option does not fit.
        """
        ...
