"""Runs of recipes of kind vocabulary: words that pay become tokens of a model that is otherwise the same.

A new token begins as the mean of the tokens that it replaces, in the embedding and in the head. Before a
folder is written it is read again and compared with the model it came from.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.adapt.expansion import NewToken, choose_words, expand_tokenizer
from posology.adapt.fertility import Fertility, measure_fertility
from posology.adapt.folders import Made, model_folder, write_papers
from posology.adapt.job import Job
from posology.adapt.licences import require_base
from posology.adapt.network import find_base, require_whole
from posology.adapt.plan import Line, Plan, energy_line
from posology.adapt.recipes.vocabulary import VocabularyRecipe
from posology.adapt.texts import TextMaterial, Wanted, gather_texts, left_out_told
from posology.chat.runtime import import_torch, import_transformers
from posology.corpus import Record
from posology.errors import ModelError, UserError
from posology.files import read_utf8, require_free

__all__ = [
    "compare_models",
    "expand_model",
    "open_encode",
    "plan_vocabulary",
    "require_equal",
    "run_vocabulary",
]

TOKENIZER = "tokenizer.json"
_COMPARED = 12  # texts on which the new model is compared with the old one
_CHARACTERS = 400  # of each


def run_vocabulary(recipe: VocabularyRecipe, job: Job) -> Path:
    """Make a model whose tokenizer knows the words that pay; refuse where they save too little.

    Raises UserError where the saving is below the recipe's, ModelError where old and new model differ.
    """
    require_free(job.out, overwrite=job.overwrite)
    began = time.monotonic()
    data = recipe.data
    require_base(recipe.base, job, data.purpose)
    job.tell("Reading texts")
    texts = gather_texts(data.corpora, job, recipe.tests, Wanted("texts", data.purpose, data.limit))
    weights, told = find_base(recipe.base, job)
    require_whole(weights, told["name"])
    old = weights.path
    state = _read_state(old / TOKENIZER)
    encode = open_encode(old / TOKENIZER)
    limits = recipe.words
    words = choose_words(
        texts.records, encode, count=limits.least_count, groups=limits.least_groups, most=limits.most
    )
    before = measure_fertility(encode, texts.records)
    fresh, tokens = expand_tokenizer(state, [word.text for word in words])
    after = measure_fertility(_encode_of(fresh), texts.records)
    _require_pay(_saved(before, after), limits.least_saving)
    job.tell("Writing and comparing the model")
    with model_folder(job.out, overwrite=job.overwrite) as folder:
        parameters = expand_model(old, folder, fresh, tokens)
        compared = compare_models(old, folder, texts.records, tokens)
        require_equal(compared, limits.tolerance)
        report = {
            "posology": "vocabulary/1",
            "words": len(words),
            "tokens_added": len(tokens),
            "parameters_added": parameters,
            "before": before.record(),
            "after": after.record(),
            "tokens_saved": _saved(before, after),
            "compared": compared.record(),
            "licences": texts.licences,
            "left_out": texts.left_out,
            "tests": texts.tests,
        }
        card = _card(recipe, report, texts)
        seconds = {"whole run": time.monotonic() - began}
        write_papers(folder, Made(recipe, report, card, (), texts.inputs, {"base": told}, seconds))
    return job.out


def plan_vocabulary(recipe: VocabularyRecipe, job: Job) -> Plan:
    """Say what a recipe needs: texts are cut once, the weights counted; no model is opened."""
    told, data = recipe.words, recipe.data
    require_base(recipe.base, job, data.purpose)
    job.tell("Reading texts")
    texts = gather_texts(data.corpora, job, recipe.tests, Wanted("texts", data.purpose, data.limit))
    weights, found = find_base(recipe.base, job)
    require_whole(weights, found["name"])
    encode = open_encode(weights.path / TOKENIZER)
    job.tell("Measuring")
    began = time.perf_counter()
    tokens = sum(len(encode(record.text)) for record in texts.records)
    speed = job.tokens_per_second or tokens / max(1e-9, time.perf_counter() - began)
    seconds = 3 * tokens / speed
    old, size = _weights_of(weights.path, told.most)
    disk = 4 * size + 64_000_000
    of = "as stated" if job.tokens_per_second else "measured on these texts"
    lines = (
        Line("examples", len(texts.records), "", "counted", "records"),
        Line("steps", 0, "", "counted", "nothing learns"),
        Line("tokens", tokens, "", "counted", "of the tokenizer as it is"),
        Line(
            "time",
            seconds,
            "seconds",
            "modelled",
            f"3 x {tokens:,} tokens (words chosen, fertility before and after) / {speed:,.0f} a second, {of}",
        ),
        Line(
            "memory",
            4 * (old + size),
            "bytes",
            "modelled",
            f"4 bytes x ({old:,} weights as they are + {size:,} with {told.most:,} new words), to compare",
        ),
        Line("disk", disk, "bytes", "modelled", f"4 bytes x {size:,} weights + 64 MB, at most"),
        energy_line(seconds, job.watts),
    )
    notes = (
        "opening and comparing the two models on 15 texts is not reckoned",
        "texts in memory come on top",
    )
    energy = job.energy_wh(seconds)
    return Plan(len(texts.records), tokens, 0, 4 * (old + size), seconds, disk, energy, lines, notes)


def _weights_of(folder: Path, words: int) -> tuple[int, int]:
    """Return how many weights a model has, and has with so many new tokens; none is read."""
    torch, transformers = import_torch(), import_transformers()
    config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    tables = {id(one.weight): one.weight for one in _tables(model)}
    old = sum(int(one.numel()) for one in model.parameters())
    return old, old + sum(words * int(one.shape[1]) for one in tables.values())


def open_encode(tokenizer: Path) -> Callable[[str], Sequence[int]]:
    """Return what turns a text into tokens, without those that open or end one."""
    return _encode_of(_read_state(tokenizer))


def _encode_of(state: dict[str, Any]) -> Callable[[str], Sequence[int]]:
    from tokenizers import Tokenizer

    opened = Tokenizer.from_str(json.dumps(state))
    opened.no_padding()
    opened.no_truncation()

    def encode(text: str) -> Sequence[int]:
        ids: Sequence[int] = opened.encode(text, add_special_tokens=False).ids
        return ids

    return encode


def _read_state(tokenizer: Path) -> dict[str, Any]:
    try:
        state = json.loads(read_utf8(tokenizer, ModelError))
    except ValueError as cause:
        raise ModelError(f"{tokenizer}: not JSON; take the folder from its source again") from cause
    if not isinstance(state, dict) or not isinstance(state.get("model"), dict):
        raise ModelError(
            f"{tokenizer}: no tokenizer (it has no model); take the folder from its source again"
        )
    return state


def _require_pay(share: float, least: float) -> None:
    if share < least:
        raise UserError(
            f"the words would save {share:.1%} of the tokens, less than words.least_saving ({least:.1%}): it "
            "does not pay here; read more text, or lower the limit"
        )


def _saved(before: Fertility, after: Fertility) -> float:
    return round(1 - after.whole.tokens / before.whole.tokens, 5) if before.whole.tokens else 0.0


def expand_model(old: Path, folder: Path, state: dict[str, Any], tokens: Sequence[NewToken]) -> int:
    """Write the model with its new tokens to a folder; return how many weights came to it.

    Rows that stand unused behind the last token, as some models have them, are used before new ones are made.
    """
    transformers = import_transformers()
    torch = import_torch()
    model = transformers.AutoModelForCausalLM.from_pretrained(str(old), dtype="auto", local_files_only=True)
    before = sum(int(one.numel()) for one in model.parameters())
    rows = int(model.get_input_embeddings().weight.shape[0])
    needed = max([rows, *(token.number + 1 for token in tokens)])
    if needed > rows:
        model.resize_token_embeddings(needed, mean_resizing=False)
    matrices = {id(one.weight): one.weight for one in _tables(model)}  # a tied head is the embedding
    with torch.no_grad():
        for weight in matrices.values():
            begun = [weight[list(token.pieces)].float().mean(0) for token in tokens]
            for token, row in zip(tokens, begun, strict=True):
                weight[token.number] = row.to(weight.dtype)
    model.save_pretrained(str(folder))
    _save_tokenizer(transformers, old, folder, state)
    return sum(int(one.numel()) for one in model.parameters()) - before


def _tables(model: Any) -> list[Any]:
    head = model.get_output_embeddings()
    return [model.get_input_embeddings(), *([head] if head is not None else [])]


def _save_tokenizer(transformers: Any, old: Path, folder: Path, state: dict[str, Any]) -> None:
    """Write the tokenizer's settings and template as they were, and its words as they are now."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(old), local_files_only=True)
    tokenizer.save_pretrained(str(folder))
    (folder / TOKENIZER).write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    for name in ("vocab.json", "merges.txt", "vocab.txt"):  # of the tokenizer as it was
        (folder / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Compared:
    """How the new model differs from the old one, as read again from its folder."""

    texts: int
    same_tokens: int  # texts without a new word, cut as before
    otherwise: int  # texts without a new word, cut otherwise: there must be none
    logits: float | None  # largest difference on those, over the old tokens
    rows: float  # largest difference of a new row from the mean of its pieces
    round_trips: int  # texts that come back from their tokens as before

    def record(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready values."""
        return {
            "texts": self.texts,
            "texts_without_new_words": self.same_tokens,
            "largest_logit_difference": self.logits,
            "largest_row_difference": self.rows,
            "round_trips": self.round_trips,
        }


def compare_models(old: Path, new: Path, records: Sequence[Record], tokens: Sequence[NewToken]) -> Compared:
    """Read both folders and compare cutting, logits of text without new words, and the new rows."""
    transformers, torch = import_transformers(), import_torch()
    one, two = (_opened(transformers, folder) for folder in (old, new))
    texts = _samples(records)
    first, limit = min((token.number for token in tokens), default=0), one[1].shape[0]
    same, otherwise, trips = 0, 0, 0
    apart: list[float] = []
    for text in texts:
        ids, again = one[2](text), two[2](text)
        trips += two[3].decode(again) == one[3].decode(ids)
        otherwise += ids != again and not any(number >= first for number in again)
        if ids == again and ids:
            same += 1
            logits = [_logits(torch, model[0], ids)[:, : min(first, limit)] for model in (one, two)]
            apart.append(float((logits[0] - logits[1]).abs().max()))
    table = two[1]
    means = [float((table[t.number] - one[1][list(t.pieces)].mean(0)).abs().max()) for t in tokens]
    logits_apart = _largest(apart) if same else None
    return Compared(len(texts), same, otherwise, logits_apart, _largest(means), trips)


def _largest(differences: Sequence[float]) -> float:
    """Return the largest difference, no number where one is none."""
    return math.nan if any(map(math.isnan, differences)) else max(differences, default=0.0)


def _opened(transformers: Any, folder: Path) -> tuple[Any, Any, Callable[[str], list[int]], Any]:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=import_torch().float32, local_files_only=True
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    return model.eval(), model.get_input_embeddings().weight.detach(), encode, tokenizer


def _samples(records: Sequence[Record]) -> list[str]:
    """Take sentences with and without new words from across the texts, and fixed plain ones."""
    plain = ["The cat sat on the mat.", "It was a cold day, and we went home early.", "1, 2, 3 and 4."]
    step = max(1, len(records) // _COMPARED)
    return plain + [record.text[:_CHARACTERS] for record in records[::step][:_COMPARED]]


def _logits(torch: Any, model: Any, ids: list[int]) -> Any:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()


def require_equal(compared: Compared, tolerance: float) -> None:
    """Raise ModelError unless the new model is the old one wherever there is no new word."""
    if compared.otherwise:
        raise ModelError(
            f"{compared.otherwise} texts without a new word are cut otherwise than before: the tokenizer "
            "cannot be extended"
        )
    if compared.logits is None:
        raise ModelError(
            "every text is cut otherwise, even plain sentences: the tokenizer cannot be extended"
        )
    if math.isnan(compared.logits) or math.isnan(compared.rows):
        raise ModelError(
            "the base holds weights that are no numbers: it is damaged; take it from its source again"
        )
    if compared.logits > tolerance or compared.round_trips < compared.texts:
        raise ModelError(
            f"the model with new words is not the old one: logits differ by {compared.logits:.2g} "
            f"(allowed {tolerance:.2g}), {compared.texts - compared.round_trips} of {compared.texts} texts "
            "do not come back from their tokens"
        )


def _card(recipe: VocabularyRecipe, report: dict[str, Any], texts: TextMaterial) -> str:
    before, after = report["before"]["whole"], report["after"]["whole"]
    return "\n".join(
        [
            f"# {recipe.name}",
            "",
            recipe.about or "A model whose tokenizer knows clinical words.",
            "",
            f"{report['words']} words in {report['tokens_added']} new tokens; "
            f"{report['parameters_added']:,} weights came to the model.",
            f"Tokens a word: {before['tokens_a_word']} before, {after['tokens_a_word']} after "
            f"({report['tokens_saved']:.1%} fewer tokens on the texts that the words were taken from).",
            "",
            "Each new token begins as the mean of the tokens that it replaces: until the model is trained "
            "further it reads the new words worse than before. Fewer tokens is a claim of speed, not of "
            "accuracy.",
            "",
            f"Texts: {', '.join(f'{name} ({n})' for name, n in texts.sources.items())}.",
            left_out_told(texts.left_out),
            "",
        ]
    )
