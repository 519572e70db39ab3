"""The transformers engine: any causal language model of the transformers library, in this process.

It generates under every constraint and tells how likely given answers are. Prompts of one call that begin
alike compute their beginning once, and the beginnings used last are kept for the calls that follow. The
same calls give the same answers; in bfloat16 a prompt's batch may turn a near tie, in float32 hardly ever.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from posology.chat.generator import Completion, ModelIdentity, OptionScore, Prompt
from posology.chat.runtime import import_llguidance, import_torch, import_transformers
from posology.chat.torch_adapter import add_adapter, find_adapter
from posology.chat.torch_decoding import Answering, Decoder, chance_of
from posology.chat.torch_grammar import Grammars
from posology.chat.torch_network import Network
from posology.chat.torch_prefixes import plan_prefixes
from posology.chat.torch_prompts import Context, PromptCodec, begin_token, end_tokens
from posology.chat.torch_scoring import score_options
from posology.errors import EngineError, ModelError, PromptTooLong

__all__ = ["TransformersGenerator", "TransformersOptions", "open_transformers"]

BATCH_TOKENS = 8192  # tokens of a batch that are computed, not shared


@dataclass(frozen=True, slots=True)
class TransformersOptions:
    """How the transformers engine runs."""

    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    batch_size: int = 16
    cache_gb: float = 1.0  # keys and values of one batch; beginnings that are kept take as much again
    threads: int = 0  # 0: the library decides
    window_tokens: int = 0  # 0: the model's own
    share_prefixes: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"
    adapter: Path | None = None  # a folder whose adapter is added to the weights


def open_transformers(
    weights: Path, identity: ModelIdentity, window: int, options: TransformersOptions
) -> "TransformersGenerator":
    """Load a folder with safetensors and return the engine; ``window`` 0: what its config tells."""
    torch, transformers = import_torch(), import_transformers()
    llguidance = import_llguidance()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = options.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(weights), local_files_only=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            str(weights),
            dtype=getattr(torch, options.dtype),
            attn_implementation="sdpa",
            local_files_only=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as cause:
        raise ModelError(
            f"{weights}: the engine transformers cannot load these weights (no complete folder with "
            "config.json, tokenizer.json and safetensors, or an architecture it does not know)"
        ) from cause
    if options.adapter is not None:
        added = find_adapter(options.adapter)
        if added is None:
            raise ModelError(f"{options.adapter}: no adapter here")
        add_adapter(torch, model, added)
    told = int(getattr(model.config.get_text_config(), "max_position_embeddings", 0) or 0)
    window = min(filter(None, (window, told, options.window_tokens)), default=0)
    if not window:
        raise ModelError(f"{weights}: config.json does not tell the window; set window_tokens in the profile")
    tokenizer.model_max_length = max(window, int(tokenizer.model_max_length))
    loaded = _Loaded(torch, llguidance, model.eval().to(device), tokenizer)
    return TransformersGenerator(loaded, identity, window, options)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The libraries and what they loaded."""

    torch: Any
    llguidance: Any
    model: Any
    tokenizer: Any


class TransformersGenerator:
    """A Generator and Scorer in this process; one call at a time, further callers wait."""

    def __init__(
        self, loaded: Any, identity: ModelIdentity, window: int, options: TransformersOptions
    ) -> None:
        """Wrap a loaded model; use open_transformers."""
        self._loaded = loaded
        self._identity = identity
        self._window = window
        self._options = options
        self._bytes = _bytes_per_token(loaded.model)
        room = int(options.cache_gb * 1e9 / self._bytes)
        self._batch_columns = max(room, window)
        self._network = Network(loaded.torch, loaded.model, prefix_tokens=room)
        self._codec = PromptCodec(loaded.tokenizer, begin_token=begin_token(loaded.model, loaded.tokenizer))
        self._ends = end_tokens(loaded.model, loaded.tokenizer)
        self._grammars: Grammars | None = None
        self._owner = threading.Lock()

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._identity

    @property
    def window(self) -> int:
        """Return how many tokens prompt and answer may have together."""
        return self._window

    @property
    def parameters(self) -> int:
        """Return the number of the model's parameters, tied ones once."""
        return sum(int(one.numel()) for one in self._loaded.model.parameters())

    @property
    def computed_tokens(self) -> int:
        """Return how many tokens went through the model so far, padding included, shared ones once."""
        return self._network.computed

    def count_tokens(self, prompt: Prompt) -> int:
        """Return the prompt's tokens, template and opening included."""
        return len(self._codec.context(prompt).tokens)

    def text_of(self, prompt: Prompt) -> str:
        """Return the prompt's text as the model reads it, template and opening included."""
        return self._codec.text(prompt)

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        """Answer every prompt, in order; see Generator.

        A completion's log-probability is the model's own, before a constraint narrows it, without the
        end token.
        """
        with self._owner:
            contexts = [self._codec.context(prompt) for prompt in prompts]
            for place, (prompt, context) in enumerate(zip(prompts, contexts, strict=True), start=1):
                self._require_fit(place, len(context.tokens), prompt.max_tokens)
            answers = [self._answering(p, c) for p, c in zip(prompts, contexts, strict=True)]
            self._compute(lambda: self._generate(answers, progress or _silent))
        return [self._completion(answer) for answer in answers]

    def score(self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]) -> list[list[OptionScore]]:
        """Return the score of each option of each prompt; see Scorer.

        Tokens are those of prompt and option together, less those of the prompt; for a model without chat
        template spaces at the prompt's end count as the option's (as lm-evaluation-harness does).
        """
        with self._owner:
            pairs = [self._codec.pairs(p, texts) for p, texts in zip(prompts, options, strict=True)]
            for place, (context, tails) in enumerate(pairs, start=1):
                self._require_fit(place, len(context.tokens), max(map(len, tails), default=0))
            scores: list[list[OptionScore]] = [[] for _ in prompts]
            self._compute(lambda: self._score(pairs, scores))
        return scores

    def _require_fit(self, place: int, tokens: int, wanted: int) -> None:
        if tokens + wanted > self._window:
            raise PromptTooLong(
                f"prompt {place} has {tokens} tokens and asks for {wanted}; the window of "
                f"{self._identity.name} holds {self._window}: send less text at once"
            )

    def _answering(self, prompt: Prompt, context: Context) -> Answering:
        matcher = None
        if prompt.constraint is not None:
            matcher = self._grammar().matcher(prompt.constraint, context.lead)
        return Answering(prompt, context, matcher, chance_of(prompt.sampling, context))

    def _grammar(self) -> Grammars:
        if self._grammars is None:
            loaded = self._loaded
            width = int(loaded.model.get_output_embeddings().weight.shape[0])
            self._grammars = Grammars(loaded.llguidance, loaded.tokenizer, width, sorted(self._ends))
        return self._grammars

    def _compute(self, run: Callable[[], None]) -> None:
        try:
            with self._loaded.torch.inference_mode():
                run()
        except RuntimeError as cause:
            raise EngineError(
                "the engine transformers failed while it answered (often: too little memory); lower cache_gb"
            ) from cause

    def _generate(self, answers: Sequence[Answering], progress: Callable[[int], None]) -> None:
        decoder = Decoder(self._loaded.torch, self._network, self._codec, self._grammar, self._ends)
        tokens = [answer.context.tokens for answer in answers]
        shared = self._plan(tokens)
        done = 0
        for batch in self._batches(tokens, shared, [answer.prompt.max_tokens for answer in answers]):
            rows = [answers[place] for place in batch]
            extra = max(answer.prompt.max_tokens for answer in rows)
            memory, logits = self._network.prefill(
                [tokens[place] for place in batch], [shared[place] for place in batch], extra
            )
            decoder.run(memory, logits, rows, lambda finished, before=done: progress(before + finished))  # type: ignore[misc]
            done += len(batch)

    def _score(
        self, pairs: Sequence[tuple[Context, list[tuple[int, ...]]]], scores: list[list[OptionScore]]
    ) -> None:
        tokens = [context.tokens for context, _ in pairs]
        shared = self._plan(tokens)
        for batch in self._batches(tokens, shared, [0] * len(tokens)):
            rows = [tokens[place] for place in batch]
            memory, logits = self._network.prefill(rows, [shared[place] for place in batch], 0)
            tails = [pairs[place][1] for place in batch]
            found = score_options(
                self._loaded.torch, self._network, memory, logits, [len(row) for row in rows], tails
            )
            for place, values in zip(batch, found, strict=True):
                scores[place] = values

    def _plan(self, tokens: Sequence[tuple[int, ...]]) -> list[int]:
        return plan_prefixes(tokens) if self._options.share_prefixes else [0] * len(tokens)

    def _batches(
        self, tokens: Sequence[tuple[int, ...]], shared: Sequence[int], wanted: Sequence[int]
    ) -> list[list[int]]:
        """Put prompts with the same beginning and like lengths together, within the bounds of memory."""
        own = [len(ids) - count for ids, count in zip(tokens, shared, strict=True)]
        order = sorted(range(len(tokens)), key=lambda p: (tokens[p][: shared[p]], own[p], p))
        batches: list[list[int]] = []
        for place in order:
            batch = [*batches[-1], place] if batches else [place]
            widest = max(own[one] for one in batch)
            columns = widest + max(shared[one] for one in batch) + max(wanted[one] for one in batch)
            fits = len(batch) * columns <= self._batch_columns and len(batch) * widest <= BATCH_TOKENS
            if batches and fits and len(batch) <= self._options.batch_size:
                batches[-1] = batch
            else:
                batches.append([place])
        return batches

    def _completion(self, answer: Answering) -> Completion:
        text = self._codec.decode(answer.tokens, answer.context.lead)
        finish: Literal["stop", "length"] = "stop" if answer.finish == "stop" else "length"
        return Completion(
            text, finish, len(answer.context.tokens), len(answer.tokens), round(answer.logprob, 6)
        )


def _silent(_: int) -> None:
    """Tell nobody."""


def _bytes_per_token(model: Any) -> int:
    """Return the bytes that the keys and values of one token take."""
    config = model.config.get_text_config()
    heads = int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
    width = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    return 2 * int(config.num_hidden_layers) * heads * width * int(model.dtype.itemsize)
