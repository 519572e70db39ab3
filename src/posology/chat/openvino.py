"""The embedded engine: OpenVINO GenAI in this process, on the processor.

One continuous-batching pipeline, stepped by us: settings and grammar per prompt, a prompt's shared prefix
computed once, Ctrl-C between steps. Weights are a GGUF file (Q8_0) or an OpenVINO folder.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.chat.generator import Completion, ModelIdentity, Prompt
from posology.chat.neutral import neutral_messages
from posology.chat.runtime import import_genai
from posology.chat.shapes import grammar_of
from posology.errors import EngineError, ModelError, PromptTooLong

__all__ = ["OpenVinoGenerator", "OpenVinoOptions", "open_openvino"]

SHARED_PREFIX_TOKENS = 64  # from here on a shared prefix is worth one step of waiting


@dataclass(frozen=True, slots=True)
class OpenVinoOptions:
    """How the embedded engine runs."""

    repeatable: bool = True  # the same answer whatever is in the batch or the cache; 1.5 to 3 times the time
    cache_gb: int = 1
    threads: int = 0  # 0: the engine decides
    window_tokens: int = 0  # 0: the model's own


def open_openvino(
    weights: Path, identity: ModelIdentity, window: int, options: OpenVinoOptions
) -> "OpenVinoGenerator":
    """Load weights (GGUF file or OpenVINO folder) and return the engine; ``window`` is the model's."""
    genai = import_genai()
    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = options.cache_gb
    scheduler.max_num_batched_tokens = 4096
    properties: dict[str, Any] = {"EXECUTION_MODE_HINT": "ACCURACY"} if options.repeatable else {}
    if options.threads:
        properties["INFERENCE_NUM_THREADS"] = options.threads
    try:
        pipeline = genai.ContinuousBatchingPipeline(str(weights), scheduler, "CPU", properties)
    except RuntimeError as cause:
        raise ModelError(
            f"{weights}: the engine openvino cannot load these weights (damaged, or an architecture it does "
            "not know); see `posology models list`"
        ) from cause
    window = min(window, options.window_tokens) if options.window_tokens else window
    return OpenVinoGenerator(genai, pipeline, identity, window)


@dataclass(slots=True)
class _Job:
    """One prompt under way."""

    place: int
    tokens: Any  # (1, tokens)
    prompt: Prompt
    handle: Any = None
    outcome: Any = None


class OpenVinoGenerator:
    """A Generator in this process; one call at a time, further callers wait."""

    def __init__(self, genai: Any, pipeline: Any, identity: ModelIdentity, window: int) -> None:
        """Wrap a loaded pipeline; use open_openvino."""
        self._genai = genai
        self._pipeline = pipeline
        self._tokenizer = pipeline.get_tokenizer()
        self._identity = identity
        self._window = window
        self._owner = threading.Lock()

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._identity

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return self._window

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the prompt's tokens, template included; at the window's size the count stops."""
        return int(self._encode(prompt).shape[1])

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; see Generator."""
        with self._owner:
            jobs = [_Job(place, self._encode(prompt).data, prompt) for place, prompt in enumerate(prompts)]
            for job in jobs:
                self._require_fit(job)
            self._run(jobs, progress or _silent)
        return [self._completion(job) for job in jobs]

    def _encode(self, prompt: Prompt) -> Any:
        if not prompt.messages:
            raise EngineError("a prompt without messages cannot be answered")
        text = self._tokenizer.apply_chat_template(
            neutral_messages(prompt.messages), add_generation_prompt=True
        )
        return self._tokenizer.encode(text + prompt.opening, add_special_tokens=False).input_ids

    def _require_fit(self, job: _Job) -> None:
        tokens = int(job.tokens.shape[1])
        if tokens + job.prompt.max_tokens > self._window:
            raise PromptTooLong(
                f"prompt {job.place + 1} has {tokens} tokens or more and asks for {job.prompt.max_tokens}; "
                f"the window of {self._identity.name} holds {self._window}: send less text at once"
            )

    def _run(self, jobs: list[_Job], progress: Callable[[int], None]) -> None:
        finished = False
        try:
            leaders, followers = _plan(jobs)
            self._add(leaders)
            while followers and any(not self._begun(job) for job in leaders):
                self._pipeline.step()
            self._add(followers)
            self._drain(jobs, progress)
            finished = True
        except RuntimeError as cause:
            raise EngineError("the engine openvino failed while it answered; try again") from cause
        finally:
            if not finished:
                self._cancel(jobs)

    def _add(self, jobs: Sequence[_Job]) -> None:
        import openvino

        for job in jobs:
            ids = openvino.Tensor(job.tokens)
            job.handle = self._pipeline.add_request(job.place, ids, self._config(job.prompt))

    def _begun(self, job: _Job) -> bool:
        return bool(job.handle.can_read()) or not self._running(job)

    def _running(self, job: _Job) -> bool:
        return bool(job.handle.get_status() == self._genai.GenerationStatus.RUNNING)

    def _drain(self, jobs: Sequence[_Job], progress: Callable[[int], None]) -> None:
        done = 0
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
            now = sum(not self._running(job) for job in jobs)
            if now > done:
                done = now
                progress(done)

    def _cancel(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            if job.handle is not None:
                job.handle.cancel()
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()

    def _config(self, prompt: Prompt) -> Any:
        config = self._pipeline.get_config()
        config.max_new_tokens = prompt.max_tokens
        config.do_sample = prompt.sampling is not None and prompt.sampling.temperature > 0
        if prompt.sampling is not None and config.do_sample:
            config.temperature = prompt.sampling.temperature
            config.rng_seed = prompt.sampling.seed
        config.apply_chat_template = False
        config.logprobs = 1
        if prompt.constraint is not None:
            form = self._genai.StructuredOutputConfig(grammar=grammar_of(prompt.constraint))
            config.structured_output_config = form
        return config

    def _completion(self, job: _Job) -> Completion:
        ignored = job.handle.get_status() == self._genai.GenerationStatus.IGNORED
        outputs = [] if ignored else job.handle.read_all()
        if not outputs:
            raise EngineError(
                f"prompt {job.place + 1} was passed over: it needs more cache than the engine has; "
                "raise cache_gb in the profile"
            )
        output = outputs[0]
        ids = list(output.generated_ids)
        stopped = output.finish_reason == self._genai.GenerationFinishReason.STOP
        text = str(self._tokenizer.decode(ids))
        return Completion(
            text, "stop" if stopped else "length", int(job.tokens.shape[1]), len(ids), float(output.score)
        )


def _silent(_: int) -> None:
    """Tell nobody."""


def _plan(jobs: Sequence[_Job]) -> tuple[list[_Job], list[_Job]]:
    """Split jobs into those that compute a prefix first and those that will find it in the cache.

    Prompts added together each compute a shared prefix for themselves: 8 of them behind 1,000 tokens took
    10.8 s, with the first one ahead about a quarter of that.
    """
    leaders: list[_Job] = []
    followers: list[_Job] = []
    for job in jobs:
        if any(_shared(job.tokens, leader.tokens) >= SHARED_PREFIX_TOKENS for leader in leaders[-8:]):
            followers.append(job)
        else:
            leaders.append(job)
    return leaders, followers


def _shared(left: Any, right: Any) -> int:
    size = min(left.shape[1], right.shape[1])
    differ = (left[0, :size] != right[0, :size]).nonzero()[0]
    return int(differ[0]) if len(differ) else int(size)
