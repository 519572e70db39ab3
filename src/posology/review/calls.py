"""Calls of models as the ledger has them: which model, how long, how much, and keyed hashes; never text."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from posology.chat import Completion, Generator, ModelIdentity, Prompt
from posology.evidence import SupportChecker
from posology.ledger.values import HASH, MODEL, VERSION, Rule
from posology.priorauth import Models
from posology.priorauth.validating import GeneratorChecker

__all__ = ["CallLog", "RecordedChecker", "RecordedGenerator", "record_models"]

Hash = Callable[[str, bytes], str]


def _silent(_stage_done: int, _stage_total: int) -> None:
    """Tell nobody."""


@dataclass
class CallLog:
    """The calls of one draft. ``watch`` is told how much of a call is done, and may raise to stop it."""

    hash: Hash  # purpose, bytes: the keyed hash of the chart's key
    job: str
    watch: Callable[[int, int], None] = _silent
    rows: list[Mapping[str, Any]] = field(default_factory=list)

    def note(self, role: str, identity: ModelIdentity, details: Mapping[str, Any]) -> None:
        """Keep one call."""
        self.rows.append({"role": role, "job": self.job, **_identified(identity), **details})

    def take(self) -> list[Mapping[str, Any]]:
        """Return the calls that were kept, and forget them."""
        taken, self.rows = self.rows, []
        return taken


def record_models(models: Models, log: CallLog) -> Models:
    """Return the same models with every call written down; the embedder, once, as what searched."""
    writer = None if models.writer is None else RecordedGenerator(models.writer, "writer", log)
    log.note("embedder", models.embedder.identity, {"ok": True})
    return replace(models, writer=writer, checker=_recorded_checker(models.checker, log))


def _recorded_checker(checker: SupportChecker | None, log: CallLog) -> SupportChecker | None:
    if checker is None:
        return None
    if isinstance(checker, GeneratorChecker):  # its calls are those of the generator it asks
        return GeneratorChecker(RecordedGenerator(checker.generator, "validator", log))
    return RecordedChecker(checker, log)


@dataclass(frozen=True)
class RecordedGenerator:
    """A generator that writes down each prompt it answers."""

    inner: Generator
    role: str
    log: CallLog

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self.inner.identity

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return self.inner.window

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the number of tokens of the prompt as it will be sent."""
        return self.inner.count_tokens(prompt)

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; prompts of one call share its time evenly."""

        def watched(done: int) -> None:
            self.log.watch(done, len(prompts))
            if progress is not None:
                progress(done)

        self.log.watch(0, len(prompts))
        start = time.perf_counter()
        answers: list[Completion] = []
        try:
            answers = self.inner.generate(prompts, progress=watched)
        finally:
            self._note(prompts, answers, round((time.perf_counter() - start) * 1000))
        return answers

    def _note(self, prompts: Sequence[Prompt], answers: Sequence[Completion], milliseconds: int) -> None:
        share = milliseconds // max(1, len(prompts))
        for place, prompt in enumerate(prompts):
            details: dict[str, Any] = {"milliseconds": share, "ok": place < len(answers)}
            details["prompt_hash"] = self.log.hash("prompt", _prompt_bytes(prompt))
            if place < len(answers):
                details |= _answered(answers[place], self.log.hash)
            self.log.note(self.role, self.identity, details)


def _answered(answer: Completion, keyed: Hash) -> dict[str, Any]:
    return {
        "output_hash": keyed("output", answer.text.encode()),
        "prompt_tokens": answer.prompt_tokens,
        "output_tokens": answer.output_tokens,
    }


def _prompt_bytes(prompt: Prompt) -> bytes:
    return json.dumps([[m.role, m.content] for m in prompt.messages], ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@dataclass(frozen=True)
class RecordedChecker:
    """A support checker that writes down each sentence it scores."""

    inner: SupportChecker
    log: CallLog

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self.inner.identity

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        return self.inner.threshold

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence by its sources."""
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences, each by its own sources, in order."""
        self.log.watch(0, len(pairs))
        start = time.perf_counter()
        scores = self.inner.score_many(pairs)
        share = round((time.perf_counter() - start) * 1000) // max(1, len(pairs))
        for (sentence, sources), score in zip(pairs, scores, strict=True):
            asked = json.dumps([sentence, list(sources)], ensure_ascii=False).encode("utf-8", "surrogatepass")
            hashes = {
                "prompt_hash": self.log.hash("prompt", asked),
                "output_hash": self.log.hash("output", repr(round(score, 6)).encode()),
            }
            self.log.note("validator", self.identity, {"milliseconds": share, "ok": True, **hashes})
        self.log.watch(len(pairs), len(pairs))
        return scores


_RULES: Mapping[str, Rule] = {"name": MODEL, "version": VERSION, "sha256": HASH, "engine": MODEL}


def _identified(identity: ModelIdentity) -> dict[str, str]:
    """Return what the ledger may say of a model: signs that it does not allow are shown as a hyphen."""
    said = {key: value for key, value in asdict(identity).items() if key in _RULES}
    plain = {key: _plain(value) for key, value in said.items()}
    return {key: value for key, value in plain.items() if _RULES[key].holds(value)}


def _plain(value: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._:/+@-") else "-" for c in value)[:64]
