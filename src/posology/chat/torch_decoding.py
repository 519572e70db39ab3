"""Answers token by token: the likeliest or a drawn one, within each prompt's grammar."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from posology.chat.generator import Prompt, Sampling
from posology.chat.torch_grammar import Grammars
from posology.chat.torch_network import KeyValues, Network
from posology.chat.torch_prompts import Context, PromptCodec
from posology.errors import EngineError

__all__ = ["Answering", "Decoder", "chance_of"]


@dataclass(slots=True)
class Answering:
    """One answer under way; its repr hides the text."""

    prompt: Prompt
    context: Context
    matcher: Any = None
    chance: random.Random | None = None
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    finish: Literal["stop", "length", ""] = ""

    def __repr__(self) -> str:
        """Show how far it is."""
        return f"Answering({len(self.tokens)} tokens, {self.finish or 'under way'})"


def chance_of(sampling: Sampling | None, context: Context) -> random.Random | None:
    """Return the source of chance of one answer: of its seed and prompt alone, whatever stands beside it."""
    if sampling is None or sampling.temperature <= 0:
        return None
    told = f"{sampling.seed}:{','.join(map(str, context.tokens))}"
    return random.Random(hashlib.sha256(told.encode()).digest())


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes batches with one model."""

    torch: Any
    network: Network
    codec: PromptCodec
    grammars: Callable[[], Grammars]  # made when first needed: it takes a second
    end_tokens: frozenset[int]

    def run(
        self, memory: KeyValues, logits: Any, answers: Sequence[Answering], told: Callable[[int], None]
    ) -> None:
        """Decode until every answer is finished; ``told`` hears how many have finished just now."""
        under_way = list(answers)
        positions = [len(answer.context.tokens) for answer in answers]
        while True:
            self._take(logits, under_way)
            alive = [row for row, answer in enumerate(under_way) if not answer.finish]
            finished = sum(bool(answer.finish) for answer in answers)
            told(finished)
            if not alive:
                return
            if len(alive) <= len(under_way) // 2:
                memory = memory.select(alive, memory.capacity)
                under_way = [under_way[row] for row in alive]
                positions = [positions[row] for row in alive]
            # A finished row is computed along and not looked at; an answer may end before its first token.
            tokens = [[answer.tokens[-1] if answer.tokens else 0] for answer in under_way]
            places = [[place] for place in positions]
            tensor = self.torch.tensor
            logits = self.network.step(memory, tensor(tokens), tensor(places), 1)[:, -1].float()
            positions = [place + 1 for place in positions]

    def _take(self, logits: Any, under_way: Sequence[Answering]) -> None:
        """Give each unfinished answer its next token."""
        logits = logits.cpu()
        totals = self.torch.logsumexp(logits, dim=-1)
        bounded = [row for row, a in enumerate(under_way) if a.matcher is not None and not a.finish]
        masked = logits
        if bounded:
            allowed = self.grammars().allowed(self.torch, [under_way[row].matcher for row in bounded])
            masked = logits.clone()
            masked[bounded] = logits[bounded].masked_fill(~allowed, float("-inf"))
        best = masked.argmax(dim=-1).tolist()
        for row, answer in enumerate(under_way):
            if not answer.finish:
                token = best[row] if answer.chance is None else _draw(masked[row].numpy(), answer)
                self._append(answer, token, float(logits[row, token] - totals[row]))

    def _append(self, answer: Answering, token: int, logprob: float) -> None:
        if token in self.end_tokens:
            answer.finish = "stop"
            return
        answer.tokens.append(token)
        answer.logprob += logprob
        if answer.matcher is not None:
            if not answer.matcher.consume_token(token):
                raise EngineError("an answer lost its form while it was written; ask for a smaller one")
            if answer.matcher.is_stopped():
                answer.finish = "stop"
                return
        elif self.codec.is_ended(answer.tokens, answer.context.lead):
            answer.finish = "stop"
            return
        if len(answer.tokens) >= answer.prompt.max_tokens:
            answer.finish = "length"


def _draw(logits: Any, answer: Answering) -> int:
    sampling, chance = answer.prompt.sampling, answer.chance
    if sampling is None or chance is None:
        return int(logits.argmax())
    scaled = logits.astype(np.float64) / sampling.temperature
    weights = np.exp(scaled - scaled.max()).cumsum()
    place = int(np.searchsorted(weights, chance.random() * weights[-1], side="right"))
    return min(place, len(weights) - 1)
