"""A generator as an arm: asked in words under a strategy; its first answer is the one that counts."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import cast

from posology.chat import Choice, Completion, Generator, Message, Prompt, Sampling, Scorer
from posology.errors import EngineStopped, UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.items import Item, Response
from posology.evaluate.systems.asking import Asking
from posology.evaluate.systems.digests import digest_of
from posology.evaluate.systems.golds import likeliest
from posology.evaluate.systems.priors import calibrate, mean_probabilities, probabilities_of
from posology.evaluate.systems.prompts import final_answer, second_turn
from posology.evaluate.systems.voting import vote
from posology.evaluate.task import Kind

__all__ = ["GeneratorArm"]

_TEMPLATE = 64  # bytes that a chat template adds to a message, at most


@dataclass(frozen=True, slots=True)
class _Try:
    """One answer that is asked for."""

    place: int  # of the item in the call
    item: Item
    messages: tuple[Message, ...]
    sampling: Sampling | None = None


def _scorer_of(generator: Generator) -> Scorer | None:
    """Return the generator as one that scores given answers, None where it cannot."""
    return cast(Scorer, generator) if callable(getattr(generator, "score", None)) else None


class GeneratorArm:
    """Asks a generator. No second try: what cannot be read is a parse failure with the text kept.

    A choice that is constrained is answered by the probabilities of its labels where the engine tells them,
    else by decoding under the constraint; so are labels of which one begins another ("yes" and "yes, in
    part"): a score does not count where an answer ends, and the longer one could never win. An item that does
    not fit the window is a failure of that item.
    """

    def __init__(self, generator: Generator, asking: Asking, identity: ArmIdentity) -> None:
        """Take an open generator, how it is asked and who it is."""
        self._generator = generator
        self._asking = asking
        self._identity = identity
        self._form = asking.task.form
        self._priors: Mapping[str, float] | None = None
        self._scorer = _scorer_of(generator)
        if asking.strategy.calibrated and self._scorer is None:
            raise UserError(
                f"{identity.system}: calibrated needs an engine that tells how likely each label is; "
                "the engine transformers does"
            )
        if asking.strategy.calibrated and _nested(asking.task.labels):
            raise UserError(
                f"{asking.task.name}: calibrated compares the probabilities of labels, of which one begins "
                "another here; word them apart"
            )

    @property
    def identity(self) -> ArmIdentity:
        """Say who answers."""
        return self._identity

    @property
    def asking(self) -> Asking:
        """Return how items are asked."""
        return self._asking

    @property
    def fingerprint(self) -> str:
        """Return the hash of weights, engine, strategy, words, examples and settings."""
        model = self._generator.identity
        about = [model.name, model.version, model.sha256, model.engine, self._generator.window]
        return digest_of("generator/1", about, self._scorer is not None, self._asking.digest)

    def prompts(self, items: Sequence[Item]) -> list[Prompt]:
        """Return the first prompt of each item: to count its tokens, or to show it."""
        return [self._prompt(one) for one in self._tries(items)[:: self._asking.strategy.votes]]

    def answer(
        self, items: Sequence[Item], *, progress: Callable[[int], None] | None = None
    ) -> list[Response]:
        """Answer items in order; see Arm."""
        if self._asking.strategy.calibrated and self._priors is None and items:
            self._priors = self._measure_priors()
        began = time.perf_counter()
        tries = self._tries(items)
        try:
            found = self._run(tries, _scaled(progress, len(items), len(tries)))
        except EngineStopped as cause:
            first = [one for one in cause.answered if isinstance(one, Response)]
            raise EngineStopped(str(cause), self._voted(first, time.perf_counter() - began)) from cause
        return self._voted(found, time.perf_counter() - began)

    def _voted(self, found: Sequence[Response], seconds: float) -> list[Response]:
        """Return one response for each item whose samples are all there."""
        votes = self._asking.strategy.votes
        whole = len(found) - len(found) % votes
        samples = [found[first : first + votes] for first in range(0, whole, votes)]
        responses = [vote(self._form.kind, one) if votes > 1 else one[0] for one in samples]
        return _share_time(responses, seconds)

    def _tries(self, items: Sequence[Item]) -> list[_Try]:
        tries = []
        for place, item in enumerate(items):
            messages = self._asking.messages(item)
            for number in range(self._asking.strategy.votes):
                tries.append(_Try(place, item, messages, self._asking.sampling(number)))
        return tries

    def _prompt(self, one: _Try) -> Prompt:
        if self._asking.strategy.reason:
            return self._asking.free(one.messages, one.sampling)
        return self._final_prompt(one)

    def _final_prompt(self, one: _Try) -> Prompt:
        held = self._asking.constraint(one.item)
        return Prompt(one.messages, held, self._form.max_tokens, one.sampling)

    def _run(self, tries: Sequence[_Try], progress: Callable[[int], None] | None) -> list[Response]:
        strategy = self._asking.strategy
        if strategy.reason and strategy.constrained:
            return self._reason_then_answer(tries, progress)
        if strategy.reason:
            prompts = [self._prompt(one) for one in tries]
            return self._generated(tries, prompts, self._read_reasoned, progress)
        return self._answered(tries, progress)

    def _answered(self, tries: Sequence[_Try], progress: Callable[[int], None] | None) -> list[Response]:
        prompts = [self._final_prompt(one) for one in tries]
        if self._scorer is not None and all(
            isinstance(prompt.constraint, Choice)
            and prompt.sampling is None
            and not _nested(prompt.constraint.options)
            for prompt in prompts
        ):
            return self._scored(prompts, progress)
        return self._generated(tries, prompts, self._read, progress)

    def _reason_then_answer(
        self, tries: Sequence[_Try], progress: Callable[[int], None] | None
    ) -> list[Response]:
        prompts = [self._prompt(one) for one in tries]
        try:
            reasoned = self._generated(tries, prompts, _keep_text, None)
            going_on = [place for place, first in enumerate(reasoned) if not first.failure]
            seconds = [self._second_try(tries[place], reasoned[place].text) for place in going_on]
            answered = self._answered(seconds, progress)
        except EngineStopped as cause:
            raise EngineStopped(str(cause)) from cause  # reasoning alone is no answer
        for place, second in zip(going_on, answered, strict=True):
            first = reasoned[place]
            reasoned[place] = replace(
                second,
                text=f"{first.text}\n\n{second.text}",
                prompt_tokens=first.prompt_tokens + second.prompt_tokens,
                output_tokens=first.output_tokens + second.output_tokens,
            )
        return reasoned

    def _second_try(self, one: _Try, reasoning: str) -> _Try:
        messages = second_turn(self._asking.task, one.item, one.messages, reasoning)
        return _Try(one.place, one.item, messages)

    def _generated(
        self,
        tries: Sequence[_Try],
        prompts: Sequence[Prompt],
        read: Callable[[Completion, Item], Response],
        progress: Callable[[int], None] | None,
    ) -> list[Response]:
        found = [self._too_long(prompt) for prompt in prompts]
        places = [place for place, failed in enumerate(found) if failed is None]
        try:
            asked = [prompts[place] for place in places]
            done = self._generator.generate(asked, progress=progress) if asked else []
        except EngineStopped as cause:
            answered = [one for one in cause.answered if isinstance(one, Completion)]
            for place, completion in zip(places, answered, strict=False):
                found[place] = read(completion, tries[place].item)
            first = takewhile(lambda one: one is not None, found)
            raise EngineStopped(str(cause), list(first)) from cause
        for place, completion in zip(places, done, strict=True):
            found[place] = read(completion, tries[place].item)
        return [response for response in found if response is not None]

    def _scored(self, prompts: Sequence[Prompt], progress: Callable[[int], None] | None) -> list[Response]:
        found = [self._too_long(prompt) for prompt in prompts]
        places = [place for place, failed in enumerate(found) if failed is None]
        for place, response in zip(places, self._chosen([prompts[at] for at in places]), strict=True):
            found[place] = response
        if progress:
            progress(len(prompts))
        return [response for response in found if response is not None]

    def _chosen(self, prompts: Sequence[Prompt]) -> list[Response]:
        """Answer choices by the probabilities of their labels."""
        labels = [_labels(prompt) for prompt in prompts]
        if not prompts or self._scorer is None:
            return []
        responses = []
        for prompt, names, scores in zip(prompts, labels, self._scorer.score(prompts, labels), strict=True):
            shares = probabilities_of(names, scores)
            if self._priors is not None:
                shares = calibrate(shares, self._priors)
            answer = likeliest(shares)
            tokens = scores[names.index(answer)].tokens
            counted = self._generator.count_tokens(prompt)
            responses.append(
                Response(answer, text=answer, scores=shares, prompt_tokens=counted, output_tokens=tokens)
            )
        return responses

    def _measure_priors(self) -> Mapping[str, float]:
        tries = self._tries(self._asking.calibration)
        prompts = {one.place: self._final_prompt(one) for one in tries}
        fitting = [one for one in tries if self._too_long(prompts[one.place]) is None]
        if not fitting:
            raise UserError(
                f"{self._asking.task.name}: no item to calibrate on fits the window of "
                f"{self._identity.system}"
            )
        found = self._chosen([prompts[one.place] for one in fitting])
        return mean_probabilities([str(one.item.gold) for one in fitting], [one.scores for one in found])

    def _too_long(self, prompt: Prompt) -> Response | None:
        """Return the failure of a prompt that does not fit, None for one that does."""
        budget, window = max(prompt.max_tokens, _longest(prompt)), self._generator.window
        most = sum(len(message.content.encode()) + _TEMPLATE for message in prompt.messages) + _TEMPLATE
        if most + budget <= window:  # a token is a byte or more
            return None
        tokens = self._generator.count_tokens(prompt)
        if tokens + budget <= window:
            return None
        more = " or more" if tokens >= window else ""
        why = f"length: {tokens:,} tokens{more} and {budget:,} for the answer, the window holds {window:,}"
        return Response(None, failure=why, prompt_tokens=tokens)

    def _read(self, completion: Completion, item: Item) -> Response:
        return self._parsed(completion, item, completion.text)

    def _read_reasoned(self, completion: Completion, item: Item) -> Response:
        try:
            said = final_answer(self._asking.task, completion.text)
        except ValueError as cause:
            cut = f", cut after {completion.output_tokens} tokens" if completion.finish == "length" else ""
            return replace(_keep_text(completion, item), answer=None, failure=f"parse: {cause}{cut}")
        return self._parsed(completion, item, said)

    def _parsed(self, completion: Completion, item: Item, said: str) -> Response:
        kept = _keep_text(completion, item)
        whole = _without_cut_line(said, self._form.kind) if completion.finish == "length" else said
        try:
            return replace(kept, answer=self._form.read(whole, item))
        except ValueError as cause:
            return replace(kept, answer=None, failure=f"parse: {cause}")


def _keep_text(completion: Completion, _: Item) -> Response:
    return Response(
        "",
        text=completion.text,
        prompt_tokens=completion.prompt_tokens,
        output_tokens=completion.output_tokens,
    )


def _without_cut_line(text: str, kind: Kind) -> str:
    """Return a cut answer without its last line, which may end amid a mention or a code."""
    lines = text.splitlines()
    return "\n".join(lines[:-1]) if kind in (Kind.ENTITIES, Kind.CODES) and len(lines) > 1 else text


def _labels(prompt: Prompt) -> tuple[str, ...]:
    return prompt.constraint.options if isinstance(prompt.constraint, Choice) else ()


def _nested(labels: Sequence[str]) -> bool:
    """Say whether a label's words begin another label."""
    return any(
        other.startswith(label) and not other[len(label)].isalnum()
        for label in labels
        for other in labels
        if len(other) > len(label)
    )


def _longest(prompt: Prompt) -> int:
    return max((len(label.encode()) for label in _labels(prompt)), default=0)


def _scaled(progress: Callable[[int], None] | None, items: int, tries: int) -> Callable[[int], None] | None:
    if progress is None or not tries:
        return None
    return lambda done: progress(done * items // tries)


def _share_time(responses: Sequence[Response], seconds: float) -> list[Response]:
    """Share the time of a call by the tokens of each item."""
    weights = [
        0 if one.failure.startswith("length") else one.prompt_tokens + one.output_tokens for one in responses
    ]
    total = sum(weights) or 1
    return [
        replace(one, seconds=seconds * weight / total) for one, weight in zip(responses, weights, strict=True)
    ]
