"""Judging a whole passage with a quote: how it is asked, how the answer is written and read."""

import json
from collections.abc import Mapping
from typing import Any

from posology.chat import JsonShape, Message, Prompt

__all__ = ["parse_quoted", "passage_prompt", "quoted_answer"]

_SYSTEM = (
    "You read a passage of a clinical note and answer a question about the patient. Answer yes if a sentence "
    "of the passage says so, no if one says the opposite, and not stated if none does; quote that sentence "
    "word for word. What is said of a relative, planned or only possible does not count. Answer with JSON."
)
_MAX_TOKENS = 120
_QUOTE = 400  # characters
_SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"enum": ["yes", "no", "not stated"]},
        "quote": {"type": "string", "maxLength": _QUOTE},
    },
    "required": ["answer", "quote"],
    "additionalProperties": False,
}


def passage_prompt(question: str, passage: str) -> Prompt:
    """Return how a model is asked what a passage answers to a question, and by which sentence."""
    asked = f"Passage: {' '.join(passage.split())}\nQuestion: {question}"
    messages = (Message("system", _SYSTEM), Message("user", asked))
    return Prompt(messages, JsonShape(_SCHEMA), max_tokens=_MAX_TOKENS)


def quoted_answer(answer: str, quote: str) -> str:
    """Return an answer to ``passage_prompt`` as it is written."""
    return json.dumps({"answer": answer, "quote": quote}, ensure_ascii=False)


def parse_quoted(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return answer and quote; raise ValueError where a quote is missing or stands beside "not stated"."""
    answer, quote = str(record["answer"]), " ".join(str(record["quote"]).split())
    if (answer == "not stated") != (not quote):
        raise ValueError("yes and no need the sentence that says so, not stated needs none")
    return answer, quote
