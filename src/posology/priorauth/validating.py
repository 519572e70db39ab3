"""A generator as validator: it is asked of each sentence whether the sources support it."""

import json
from collections.abc import Sequence

from posology.chat import Choice, Generator, Message, ModelIdentity, Prompt, ask

__all__ = ["GeneratorChecker"]

_SYSTEM = (
    "You check a letter. Answer yes if the sources state everything that the sentence states. Answer no if "
    "any part of the sentence is missing from the sources or differs from them."
)


class GeneratorChecker:
    """A support checker that asks a generator; what gives no valid answer has no support."""

    threshold = 0.5

    def __init__(self, generator: Generator) -> None:
        """Wrap a generator of another family than the writer's."""
        self._generator = generator

    @property
    def identity(self) -> ModelIdentity:
        """Say which model validates."""
        return self._generator.identity

    @property
    def generator(self) -> Generator:
        """Return the generator that is asked."""
        return self._generator

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return 1.0 where the model says that the sources support the sentence, else 0.0."""
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Score many sentences, each against its own sources, in one batch."""
        prompts = [_prompt(sentence, sources) for sentence, sources in pairs]
        return [1.0 if answer.value == "yes" else 0.0 for answer in ask(self._generator, prompts, parse=str)]


def _prompt(sentence: str, sources: Sequence[str]) -> Prompt:
    asked = json.dumps({"sources": list(sources), "sentence": sentence}, ensure_ascii=False)
    user = Message("user", f"{asked}\nDo the sources support the sentence?")
    return Prompt((Message("system", _SYSTEM), user), Choice(("yes", "no")), max_tokens=4)
