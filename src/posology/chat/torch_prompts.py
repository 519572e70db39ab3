"""A prompt as the transformers engine sends it: template or plain text, tokens, and where an answer begins.

A model with a chat template gets its messages through it. A base model has none and gets plain text,
``{system}``, a blank line, then for each exchange ``{user}``, a line ``Answer: {assistant}`` and a blank
line; the text ends with ``Answer:``. Its answer begins with a space and ends at the first blank line.

An answer's tokens follow lm-evaluation-harness: the tokens of context and answer together, less those of
the context; for plain text the context's trailing spaces count as the answer's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from posology.chat.generator import Prompt
from posology.chat.neutral import neutral_messages, neutral_text
from posology.errors import EngineError

__all__ = ["PLAIN_END", "TURN_ENDS", "Answered", "Context", "PromptCodec", "begin_token", "end_tokens"]

PLAIN_END = "\n\n"  # ends the answer of a base model
TURN_ENDS = ("<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|end|>", "<|endoftext|>")
_PROBE = "Posology"  # an answer by which a template shows how it ends a turn
_WORD_MARKS = ":.,;?!)"  # after these, as after a letter or digit, an answer begins with a space


@dataclass(frozen=True, slots=True)
class Context:
    """The tokens before the answer, and what the answer begins with before its first word."""

    tokens: tuple[int, ...]
    lead: str  # " " or ""

    def __repr__(self) -> str:
        """Show the size only: the tokens are the prompt's text."""
        return f"Context({len(self.tokens)} tokens)"


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt with its answer as a model is to read and to write it, the answer's end included."""

    context: tuple[int, ...]
    answer: tuple[int, ...]
    text: str  # of the answer, control tokens in it made harmless
    spans: tuple[tuple[int, int], ...]  # characters of ``text`` that each token of the answer stands for

    def __repr__(self) -> str:
        """Show the sizes only: the tokens are text."""
        return f"Answered({len(self.context)} and {len(self.answer)} tokens)"


class PromptCodec:
    """Prompts to tokens and back, for one tokenizer."""

    def __init__(self, tokenizer: Any, *, begin_token: int | None = None) -> None:
        """Take the model's tokenizer; ``begin_token`` opens plain text where the model wants one."""
        self._tokenizer = tokenizer
        self._begin = begin_token
        self._end: int | None = None
        self.templated = bool(tokenizer.chat_template)

    def text(self, prompt: Prompt) -> str:
        """Return a prompt's text as it is sent."""
        if not prompt.messages:
            raise EngineError("a prompt without messages cannot be answered")
        messages = neutral_messages(prompt.messages)
        text = self._templated(messages) if self.templated else _plain(messages)
        gap = "" if self.templated or not prompt.opening else " "
        return text + gap + prompt.opening

    def context(self, prompt: Prompt) -> Context:
        """Return the tokens of a prompt as it is sent."""
        text = self.text(prompt)
        return Context(tuple(self._encode(text)), self._lead(prompt, text))

    def pairs(self, prompt: Prompt, options: Sequence[str]) -> tuple[Context, list[tuple[int, ...]]]:
        """Return the context's tokens and those of each option after it."""
        text = self.text(prompt)
        lead = self._lead(prompt, text)
        kept = text if self.templated else text.rstrip()
        moved = text[len(kept) :]
        context = self._encode(kept)
        tails = []
        for option in options:
            whole = self._encode(kept + moved + lead + option)
            tail = tuple(whole[len(context) :])
            if self.templated and whole[: len(context)] != context:
                tail = tuple(self._encode(moved + lead + option, begin=False))
            if not option or not tail:
                raise EngineError("an option without text cannot be scored")
            tails.append(tail)
        return Context(tuple(context), lead), tails

    def answered(self, prompt: Prompt, answer: str, ends: Collection[int]) -> Answered:
        """Return the tokens of a prompt, as it is sent, and of the answer that it should get.

        After a template's answer comes the token, one of ``ends``, by which the template ends a turn; after
        a plain text's comes the blank line.
        """
        text, said = self.text(prompt), neutral_text(answer)
        lead = self._lead(prompt, text)
        context = self._encode(text)
        written = lead + said if self.templated else lead + said + PLAIN_END
        begin = len(text)
        tokens, spans = self._encode_spans(text + written)
        if tokens[: len(context)] == context:
            tokens, spans = tokens[len(context) :], spans[len(context) :]
        else:
            begin = 0
            tokens, spans = self._encode_spans(written, begin=False)
        begin += len(lead)
        placed = [(max(0, one - begin), min(len(said), max(0, end - begin))) for one, end in spans]
        if self.templated:
            tokens, placed = [*tokens, self._turn_end(prompt, ends)], [*placed, (len(said), len(said))]
        return Answered(tuple(context), tuple(tokens), said, tuple(placed))

    def _turn_end(self, prompt: Prompt, ends: Collection[int]) -> int:
        """Return the token by which the template ends the model's turn."""
        if self._end is None:
            turns = [*neutral_messages(prompt.messages), {"role": "assistant", "content": _PROBE}]
            whole = self._rendered(turns, opened=False)
            tail = self._encode(whole[whole.rfind(_PROBE) + len(_PROBE) :])
            found = next((token for token in tail if token in ends), self._tokenizer.eos_token_id)
            if found is None:
                raise EngineError("neither the chat template nor the tokenizer says how an answer ends")
            self._end = int(found)
        return self._end

    def decode(self, tokens: Sequence[int], lead: str) -> str:
        """Return the answer's text: without special tokens, lead, and whatever follows a plain text's end."""
        text = str(
            self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )
        text = text.removeprefix(lead) if lead else text
        return text if self.templated else self._before_end(text)

    def is_ended(self, tokens: Sequence[int], lead: str) -> bool:
        """Say whether a plain text's answer has come to its blank line."""
        if self.templated:
            return False
        text = str(self._tokenizer.decode(list(tokens), clean_up_tokenization_spaces=False))
        return PLAIN_END in text.removeprefix(lead).lstrip()

    def _before_end(self, text: str) -> str:
        begin = len(text) - len(text.lstrip())
        end = text.find(PLAIN_END, begin)
        return text if end < 0 else text[:end]

    def _templated(self, messages: list[dict[str, str]]) -> str:
        return self._rendered(messages, opened=True)

    def _rendered(self, messages: list[dict[str, str]], *, opened: bool) -> str:
        from jinja2 import TemplateError

        try:
            return str(
                self._tokenizer.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=opened, enable_thinking=False
                )
            )
        except (TemplateError, ValueError, TypeError, KeyError) as cause:
            roles = ", ".join(message["role"] for message in messages)
            raise EngineError(
                f"the model's chat template does not take these messages ({roles}): some templates have no "
                "system message, or want user and assistant in turn; use other messages or another model"
            ) from cause

    def _lead(self, prompt: Prompt, text: str) -> str:
        if self.templated and not prompt.opening:
            return ""
        last = text[-1:]
        return " " if last.isalnum() or last in _WORD_MARKS else ""

    def _encode(self, text: str, *, begin: bool = True) -> list[int]:
        tokens = [int(one) for one in self._tokenizer(text, add_special_tokens=False)["input_ids"]]
        return [*self._opening(begin), *tokens]

    def _encode_spans(self, text: str, *, begin: bool = True) -> tuple[list[int], list[tuple[int, int]]]:
        """Return tokens and the characters that each stands for."""
        if not self._tokenizer.is_fast:
            raise EngineError("the tokenizer does not tell the places of its tokens: no tokenizer.json")
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        opening = self._opening(begin)
        tokens = [*opening, *(int(one) for one in found["input_ids"])]
        return tokens, [(0, 0)] * len(opening) + [(int(a), int(b)) for a, b in found["offset_mapping"]]

    def _opening(self, begin: bool) -> list[int]:
        return [self._begin] if begin and not self.templated and self._begin is not None else []


def _plain(messages: list[dict[str, str]]) -> str:
    parts = []
    for message in messages:
        content = message["content"].strip()
        if message["role"] == "assistant":
            parts.append(f" {content}\n\n")
        elif message["role"] == "user":
            parts.append(f"{content}\nAnswer:")
        else:
            parts.append(f"{content}\n\n")
    return "".join(parts)


def begin_token(model: Any, tokenizer: Any) -> int | None:
    """Return the token that opens a text where tokenizer or family want one, for models without template."""
    begin = tokenizer.bos_token_id
    if begin is None:
        return None
    opens = tokenizer("")["input_ids"][:1] == [begin]
    gemma = str(model.config.model_type).startswith("gemma")
    return int(begin) if opens or gemma else None


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return every token that ends an answer: of the configuration, and the usual ends of a turn."""
    told = [tokenizer.eos_token_id]
    for source in (model.config, model.generation_config):
        value = getattr(source, "eos_token_id", None)
        told += value if isinstance(value, list) else [value]
    known = tokenizer.get_vocab()
    marks = [known.get(mark) for mark in TURN_ENDS]
    return frozenset(int(one) for one in [*told, *marks] if one is not None)
