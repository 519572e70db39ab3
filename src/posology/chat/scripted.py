"""A Generator whose answers are written beforehand, for tests."""

from collections.abc import Callable, Sequence

from posology.chat.generator import Choice, Completion, ModelIdentity, OptionScore, Prompt
from posology.errors import EngineError, PromptTooLong

__all__ = ["ScriptedGenerator", "ScriptedScorer"]


class ScriptedGenerator:
    """Answers from a list, in order, or from a function of the prompt; counts words as tokens.

    ``calls`` keeps every prompt that was answered. A list that is used up raises EngineError. Answers are
    given as written, whatever the constraint: so a model that breaks its form can be played.
    """

    def __init__(
        self,
        answers: Sequence[str] | Callable[[Prompt], str],
        *,
        window: int = 4096,
        family: str = "scripted",
    ) -> None:
        """Take the answers, or the function that gives them."""
        self._answers = answers
        self._window = window
        self._family = family
        self.calls: list[Prompt] = []

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return ModelIdentity("scripted", self._family, "1", "", "scripted")

    @property
    def window(self) -> int:
        """Return how many words prompt and answer may have together."""
        return self._window

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the number of words of the prompt."""
        return sum(len(message.content.split()) for message in prompt.messages)

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order."""
        for place, prompt in enumerate(prompts, start=1):
            if self.count_tokens(prompt) + prompt.max_tokens > self._window:
                raise PromptTooLong(f"prompt {place} does not fit the window of {self._window} words")
        done = []
        for place, prompt in enumerate(prompts, start=1):
            done.append(self._answer(prompt))
            if progress:
                progress(place)
        return done

    def _answer(self, prompt: Prompt) -> Completion:
        self.calls.append(prompt)
        if callable(self._answers):
            text = self._answers(prompt)
        elif len(self.calls) > len(self._answers):
            raise EngineError(f"the script holds {len(self._answers)} answers; one more was asked for")
        else:
            text = self._answers[len(self.calls) - 1]
        words = text.split()
        if len(words) > prompt.max_tokens and not isinstance(prompt.constraint, Choice):
            cut = " ".join(words[: prompt.max_tokens])
            return Completion(cut, "length", self.count_tokens(prompt), prompt.max_tokens)
        return Completion(text, "stop", self.count_tokens(prompt), len(words))


class ScriptedScorer(ScriptedGenerator):
    """A scripted generator that also scores options, by a function of prompt and option."""

    def __init__(
        self,
        answers: Sequence[str] | Callable[[Prompt], str],
        logprob: Callable[[Prompt, str], float],
        *,
        window: int = 4096,
        family: str = "scripted",
    ) -> None:
        """Take the answers, or the function that gives them, and the function that scores an option."""
        super().__init__(answers, window=window, family=family)
        self._logprob = logprob
        self.scored: list[Prompt] = []

    def score(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> list[list[OptionScore]]:
        """Return the score of each option of each prompt; tokens are words."""
        for place, (prompt, texts) in enumerate(zip(prompts, options, strict=True), start=1):
            longest = max((len(text.split()) for text in texts), default=0)
            if self.count_tokens(prompt) + longest > self.window:
                raise PromptTooLong(f"prompt {place} does not fit the window of {self.window} words")
        self.scored += prompts
        return [
            [OptionScore(self._logprob(prompt, text), len(text.split())) for text in texts]
            for prompt, texts in zip(prompts, options, strict=True)
        ]
