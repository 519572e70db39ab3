"""A server's chat completion becomes a Completion: thinking removed, wrapped answers unwrapped."""

import json
from typing import Any

from posology.chat.generator import Choice, Completion, JsonShape, Prompt
from posology.chat.neutral import strip_thinking
from posology.chat.servers import Spelling
from posology.chat.shapes import flatten_schema

__all__ = ["read_choice"]


def read_choice(data: Any, prompt: Prompt, spelling: Spelling) -> Completion:
    """Read the first choice of a reply; KeyError, TypeError and the like where it has another form.

    A message without content, all of whose budget went into thinking, counts as cut.
    """
    choice = data["choices"][0]
    content = choice["message"]["content"]
    stopped = choice.get("finish_reason") == "stop"
    if content is None:
        content, stopped = "", False
    if not isinstance(content, str):
        raise TypeError("the content is no text")
    text, closed = strip_thinking(content)
    if spelling == "response_format":
        text = _unwrap(text, prompt)
    usage = data.get("usage") or {}
    return Completion(
        text,
        "stop" if stopped and closed else "length",
        int(usage.get("prompt_tokens", 0)),
        int(usage.get("completion_tokens", 0)),
        _logprob(choice.get("logprobs")),
    )


def _unwrap(text: str, prompt: Prompt) -> str:
    """Take the answer out of the object that response_format put it in; leave what has another form."""
    constraint = prompt.constraint
    if not isinstance(constraint, Choice | JsonShape):
        return text
    if isinstance(constraint, JsonShape) and flatten_schema(constraint.schema).get("type") == "object":
        return text
    try:
        answer = json.loads(text)["answer"]
    except (ValueError, KeyError, TypeError):
        return text
    if isinstance(constraint, Choice):
        return answer if isinstance(answer, str) else text
    return json.dumps(answer, ensure_ascii=False)


def _logprob(logprobs: Any) -> float | None:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not content:
        return None
    return sum(float(token["logprob"]) for token in content)
