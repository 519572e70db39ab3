"""Constraints as grammars of llguidance, and the tokens that each of them allows next."""

import json
import re
from collections.abc import Sequence
from typing import Any

from posology.chat.copies import flat_words
from posology.chat.generator import Choice, Constraint, Copy, JsonShape, Pattern
from posology.chat.shapes import flatten_schema, require_choice
from posology.errors import EngineError, InternalError

__all__ = ["Grammars", "lark_of"]

_SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def lark_of(constraint: Constraint, lead: str = "") -> str:
    """Return the Lark grammar, as llguidance reads it, of an answer; ``lead`` stands before it."""
    rules = _rules(constraint)
    begin = f"{json.dumps(lead)} " if lead else ""
    return f"start: {begin}answer\n{rules}"


def _rules(constraint: Constraint) -> str:
    if isinstance(constraint, Choice):
        require_choice(constraint)
        return f"answer: {_alternatives(constraint.options)}\n"
    if isinstance(constraint, JsonShape):
        schema = {**flatten_schema(constraint.schema), "x-guidance": _SPACING}
        return f"answer: %json {json.dumps(schema, ensure_ascii=False)}\n"
    if isinstance(constraint, Pattern):
        return f"answer: ANSWER\nANSWER: /{_slashed(constraint.regex)}/\n"
    return _copy_rules(constraint)


def _copy_rules(copy: Copy) -> str:
    """Return rules of lines of words of the text: `%regex substring_words` cut to max_words words."""
    words = flat_words(copy.text)
    nothing = json.dumps(copy.nothing, ensure_ascii=False)
    if not words:
        return f"answer: {nothing}\n"
    label = f'({_alternatives(copy.labels)}) ": " ' if copy.labels else ""
    more = f'("\\n" line){{0,{copy.max_items - 1}}}' if copy.max_items > 1 else ""
    text = json.dumps({"substring_words": words}, ensure_ascii=False)
    return (
        f"answer: {nothing} | line {more}\n"
        f"line: {label}SPAN\n"
        f"SPAN: WORDS & /[^ ]+( [^ ]+){{0,{copy.max_words - 1}}}/\n"
        f"WORDS: %regex {text}\n"
    )


def _alternatives(texts: Sequence[str]) -> str:
    return " | ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _slashed(regex: str) -> str:
    """Return a regular expression as it stands between two slashes."""
    try:
        re.compile(regex)
    except re.error as cause:
        raise InternalError(f"an answer's pattern is no regular expression ({cause.msg})") from cause
    return regex.replace("/", r"\x2f").replace("\n", r"\n").replace("\r", r"\r")


class Grammars:
    """Grammars over one tokenizer's tokens."""

    def __init__(self, llguidance: Any, tokenizer: Any, width: int, end_tokens: Sequence[int]) -> None:
        """Take the module, the model's tokenizer, the width of its logits and the tokens that end a turn."""
        self._llguidance = llguidance
        self._width = width
        vocabulary = max(width, len(tokenizer))
        self._tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=list(end_tokens))

    def matcher(self, constraint: Constraint, lead: str) -> Any:
        """Return a matcher at the beginning of an answer."""
        grammar = self._llguidance.LLMatcher.grammar_from_lark(lark_of(constraint, lead))
        matcher = self._llguidance.LLMatcher(self._tokens, grammar, log_level=0)
        if matcher.is_error():  # its message may quote the grammar, which may hold a patient's text
            raise EngineError(
                f"the form of an answer ({type(constraint).__name__}) cannot be held to: it is too large, or "
                "uses what this engine does not know, such as a look-ahead in a pattern"
            )
        return matcher

    def allowed(self, torch: Any, matchers: Sequence[Any]) -> Any:
        """Return which tokens each matcher allows next: (matchers, width), true and false."""
        words = (max(self._width, self._tokens.vocab_size) + 31) // 32
        mask = torch.zeros((len(matchers), words), dtype=torch.int32)
        for row, matcher in enumerate(matchers):
            line = mask[row]
            matcher.unsafe_compute_mask_ptr(line.data_ptr(), line.numel() * line.element_size())
        bits = (mask[:, :, None] >> torch.arange(32, dtype=torch.int32)) & 1
        return bits.reshape(len(matchers), -1)[:, : self._width].bool()
