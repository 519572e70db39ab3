"""A model's own answers, likeliest token after token, and what the deterministic checks say of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from posology.adapt.batches import pieces
from posology.adapt.network import Network
from posology.adapt.preference.reward import fact_reward
from posology.adapt.support import find_support
from posology.chat import Message, Prompt
from posology.chat.runtime import import_transformers
from posology.corpus import Example, Preference

__all__ = ["Checked", "check_answers", "checked_rows", "with_room", "write_answers", "written_examples"]

_MEASURED = {  # of the checks, as the card tells them
    "reward": "reward, mean",
    "answers": "answers",
    "faulty": "answers with an invention",
    "faulty_share": "their share",
    "invented": "facts invented",
    "wanted": "facts wanted",
    "omitted": "of them omitted",
    "empty": "empty answers",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found in answers: inventions, and beside them what was left out."""

    answers: int
    reward: float  # the mean
    faulty: int  # answers with a fact that their source does not bear out
    empty: int
    invented: int  # facts without a word of the source
    omitted: int  # facts of the references that the sources have and the answers lack
    wanted: int  # facts of the references that the sources have

    def record(self) -> dict[str, Any]:
        """Return the figures as JSON-ready values, with the shares."""
        shares = {
            "faulty_share": self.faulty / self.answers,
            "omitted_share": self.omitted / self.wanted if self.wanted else None,
        }
        return asdict(self) | shares


def check_answers(examples: Sequence[Example], answers: Sequence[str]) -> Checked | None:
    """Judge one answer to each example; None where there is none."""
    if not examples:
        return None
    found = [
        fact_reward(answer, one.source_text, one.answer)
        for one, answer in zip(examples, answers, strict=True)
    ]
    return Checked(
        answers=len(found),
        reward=sum(one.value for one in found) / len(found),
        faulty=sum(one.invented > 0 for one in found),
        empty=sum(not answer.strip() for answer in answers),
        invented=sum(one.invented for one in found),
        omitted=sum(one.omitted for one in found),
        wanted=sum(one.wanted for one in found),
    )


def written_examples(pairs: Iterable[Preference]) -> Iterator[Example]:
    """Yield the prompts of pairs as examples to be answered, each once; the prompt is the source.

    Left out are prompts that do not bear out every fact of the preferred answer, or answers that tell none:
    what is invented there, or left out, cannot be told. A prompt that only names what is to be written, as
    those of a site's ratings do, is no source.
    """
    seen: set[tuple[Message, ...]] = set()
    for one in pairs:
        source = "\n".join(message.content for message in one.messages)
        facts = find_support(one.chosen, source)
        if one.messages not in seen and facts.grounded and not facts.unsupported:
            seen.add(one.messages)
            yield Example(one.id, one.messages, one.chosen, one.provenance, source_text=source)


def with_room(network: Network, examples: Iterable[Example], answer_tokens: int) -> Iterator[Example]:
    """Yield the examples whose prompts leave so long an answer room in the window."""
    for one in examples:
        prompt = len(network.codec.context(Prompt(one.messages)).tokens)
        if network.window is None or prompt + answer_tokens <= network.window:
            yield one


def checked_rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a table in Markdown of two records of ``Checked``."""
    rows = [f"| {said} | {_figure(before[key])} | {_figure(after[key])} |" for key, said in _MEASURED.items()]
    return ["| what | before | after |", "|---|---:|---:|", *rows]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def write_answers(
    network: Network, examples: Sequence[Example], answer_tokens: int, most_tokens: int
) -> list[str]:
    """Return the network's answer to each example; at most ``most_tokens`` are computed together."""
    contexts = [network.codec.context(Prompt(one.messages)) for one in examples]
    lengths = [len(one.tokens) + answer_tokens for one in contexts]
    answers = [""] * len(examples)
    network.core.eval()
    for piece in pieces(range(len(examples)), lengths, most_tokens):
        written = _written(network, [contexts[row].tokens for row in piece], answer_tokens)
        for row, tokens in zip(piece, written, strict=True):
            answers[row] = network.codec.decode(tokens, contexts[row].lead)
    network.core.train()
    return answers


def _written(network: Network, prompts: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """Return the tokens that follow each prompt, up to the end of the turn."""
    torch, ends = network.torch, sorted(network.ends)
    width = max(map(len, prompts))
    filler = ends[0] if ends else 0
    tokens = torch.full((len(prompts), width), filler, device=network.device)
    attention = torch.zeros_like(tokens)
    for row, prompt in enumerate(prompts):
        tokens[row, width - len(prompt) :] = torch.tensor(prompt, device=network.device)
        attention[row, width - len(prompt) :] = 1
    config = import_transformers().GenerationConfig(
        max_new_tokens=most,
        do_sample=False,
        repetition_penalty=1.0,
        eos_token_id=ends or None,
        pad_token_id=filler,
    )
    with torch.inference_mode(), network.arithmetic():
        found = network.core.generate(input_ids=tokens, attention_mask=attention, generation_config=config)
    return [_before_end(row, network.ends) for row in found[:, width:].tolist()]


def _before_end(tokens: Sequence[int], ends: frozenset[int]) -> list[int]:
    end = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    return list(tokens[:end])
