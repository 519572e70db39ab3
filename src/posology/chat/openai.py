"""Any OpenAI-compatible server as an engine: vLLM, llama.cpp's server, Ollama and others.

Servers ignore what they do not know and answer 200. So the kind of server is found out first, then the
spelling of a constraint that it honours, and every answer is checked again by the caller.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from posology.addresses import Address
from posology.chat.generator import Completion, JsonShape, Message, ModelIdentity, Prompt
from posology.chat.neutral import neutral_messages
from posology.chat.selftest import require_sound
from posology.chat.servers import ServerFacts, Spelling, inspect_server, request_body, upper_estimate
from posology.chat.shapes import parse_answer
from posology.chat.transport import Reply, Server
from posology.chat.unwrap import read_choice
from posology.errors import EngineError, EngineStopped, PromptTooLong, SettingsError

__all__ = ["OpenAiGenerator", "OpenAiOptions", "open_openai"]


@dataclass(frozen=True, slots=True)
class OpenAiOptions:
    """Which model of a server, and within which limits."""

    model: str
    family: str = "unknown"
    api_key_env: str = ""
    window_tokens: int = 0  # 0: ask the server
    timeout_s: float = 120.0
    concurrency: int = 4


def open_openai(address: Address, options: OpenAiOptions, *, probe: bool = True) -> "OpenAiGenerator":
    """Connect to a server: find its kind, window and spelling, run the canaries; raise EngineError."""
    key = _api_key(options.api_key_env)
    server = Server(address, options.timeout_s, key)
    facts = inspect_server(server, options.model, options.window_tokens)
    spelling = _find_spelling(server, facts, options) if probe else facts.spellings[0]
    generator = OpenAiGenerator(server, facts, spelling, options)
    if probe:
        require_sound(generator)
    return generator


def _api_key(variable: str) -> str:
    if not variable:
        return ""
    key = os.environ.get(variable, "")
    if not key:
        raise SettingsError(f"the environment variable {variable}, named by api_key_env, is empty or not set")
    return key


def _find_spelling(server: Server, facts: ServerFacts, options: OpenAiOptions) -> Spelling:
    """Return the first spelling of a constraint that the server honours, the last one if none is."""
    properties = {"numbers": {"type": "array", "items": {"enum": [7]}, "minItems": 12, "maxItems": 12}}
    shape = JsonShape({"type": "object", "properties": properties, "required": ["numbers"]})
    prompt = Prompt((Message("user", "Give exactly two numbers."),), shape, 96)
    for spelling in facts.spellings[:-1]:
        trial = OpenAiGenerator(server, facts, spelling, options)
        try:
            parse_answer(trial.generate([prompt])[0].text, shape)
        except (ValueError, EngineError):  # ignored or refused: the next spelling is tried
            continue
        return spelling
    return facts.spellings[-1]


class OpenAiGenerator:
    """A Generator on a server; several requests at once, answers in order."""

    def __init__(
        self, server: Server, facts: ServerFacts, spelling: Spelling, options: OpenAiOptions
    ) -> None:
        """Wrap a server that was inspected; use open_openai."""
        self._server = server
        self._facts = facts
        self._spelling = spelling
        self._options = options

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is, as far as the server tells."""
        engine = f"{self._facts.kind} {self._facts.version}".strip()
        return ModelIdentity(self._options.model, self._options.family, "unknown", "", engine)

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return self._facts.window

    @property
    def spelling(self) -> Spelling:
        """Say how constraints are passed to this server."""
        return self._spelling

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the prompt's tokens as the server counts them, else an estimate from above."""
        messages = neutral_messages(prompt.messages)
        counted = (
            self._facts.count(self._server, self._options.model, messages) if self._facts.count else None
        )
        opening = upper_estimate([{"role": "assistant", "content": prompt.opening}]) if prompt.opening else 0
        return (upper_estimate(messages) if counted is None else counted) + opening

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; see Generator."""
        pool = ThreadPoolExecutor(max_workers=self._options.concurrency, thread_name_prefix="posology-chat")
        finished = False
        try:
            list(pool.map(self._require_fit, range(1, len(prompts) + 1), prompts))
            under_way = [pool.submit(self._answer, place, p) for place, p in enumerate(prompts, start=1)]
            answers = _collect(under_way, progress)
            finished = True
        finally:
            pool.shutdown(wait=finished, cancel_futures=True)
            if not finished:
                self._server.reset()
        return answers

    def _require_fit(self, place: int, prompt: Prompt) -> None:
        if not prompt.messages:
            raise EngineError("a prompt without messages cannot be answered")
        tokens = self.count_tokens(prompt)
        if tokens + prompt.max_tokens > self.window:
            about = "" if self._facts.count else ", counted from above"
            raise PromptTooLong(
                f"prompt {place} has {tokens} tokens{about} and asks for {prompt.max_tokens}; the window of "
                f"{self._options.model} at {self._server.address.url} holds {self.window}: send less text at "
                "once, or raise the server's window and window_tokens"
            )

    def _answer(self, place: int, prompt: Prompt) -> Completion:
        messages = neutral_messages(prompt.messages)
        body = request_body(self._facts, self._spelling, self._options.model, messages, prompt)
        reply = self._server.post_api("/chat/completions", body)
        self._require_ok(place, reply)
        try:
            return read_choice(reply.data, prompt, self._spelling)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as cause:
            raise self._server.fault(
                "the answer is not what the chat API describes; is base_url the address of an "
                "OpenAI-compatible API (it usually ends in /v1)?"
            ) from cause

    def _require_ok(self, place: int, reply: Reply) -> None:
        if reply.status == 400 and _speaks_of_length(reply.data):
            raise PromptTooLong(
                f"prompt {place} does not fit the window of {self._options.model} at "
                f"{self._server.address.url}: send less text at once"
            )
        message = _STATUS.get(reply.status)
        if message is None and reply.status >= 500:
            message = f"the server failed (HTTP {reply.status}); look into its log and try again"
        if message is None and 300 <= reply.status < 400:
            message = "the server sends on to another address, which is not followed; correct base_url"
        if message is None and reply.status != 200:
            message = f"the server refused the request (HTTP {reply.status}); look into its log"
        if message is None and reply.data is None:
            what = "a web page" if reply.html else "something that is no JSON, or cut off"
            message = f"the server answered with {what}; correct base_url (it usually ends in /v1)"
        if message:
            raise self._server.fault(message)


_STATUS = {
    401: "the server wants a key; name the variable that holds it under api_key_env",
    403: "the server refuses this key; correct the variable named by api_key_env",
    404: "the server knows no such address or model; correct base_url and model",
    429: "the server is busy (HTTP 429); lower concurrency in the profile, or try later",
    503: "the server is not ready (HTTP 503): still loading, or overloaded; try again in a while",
}


def _collect(
    under_way: Sequence["Future[Completion]"], progress: Callable[[int], None] | None
) -> list[Completion]:
    answers: list[Completion] = []
    for done, future in enumerate(under_way, start=1):
        try:
            answers.append(future.result())
        except PromptTooLong:
            raise
        except EngineError as cause:
            raise EngineStopped(str(cause), answers) from cause
        if progress:
            progress(done)
    return answers


def _speaks_of_length(data: Any) -> bool:
    text = str(data).lower()
    marks = (
        "context length",
        "context_length",
        "context size",
        "exceed_context",
        "maximum context",
        "too long",
    )
    return any(mark in text for mark in marks)
