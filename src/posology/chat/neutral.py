"""Text of a chart that looks like a model's control tokens is made harmless before it is sent."""

import re

from posology.chat.generator import Message

__all__ = ["neutral_messages", "neutral_text", "strip_thinking"]

# Turn marks of the usual chat templates (ChatML, Llama, Gemma, Mistral, Phi) and of thinking.
_CONTROL = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|\[/?INST\]|<</?SYS>>|</?think>",
    re.IGNORECASE,
)
_THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)


def neutral_text(text: str) -> str:
    """Return the text with a space after the first character of whatever looks like a control token."""
    return _CONTROL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def neutral_messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Return messages as chat templates take them, control tokens in their text made harmless."""
    return [{"role": message.role, "content": neutral_text(message.content)} for message in messages]


def strip_thinking(text: str) -> tuple[str, bool]:
    """Return the answer without a leading block of thinking, and whether the block was closed."""
    stripped = _THINKING.sub("", text)
    if stripped.lstrip().startswith("<think>"):
        return "", False
    return stripped.removeprefix("</think>").lstrip() if stripped != text else text, True
