"""The texts on which an export is compared with its source: those given, or a few of our own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.chat import Message
from posology.chat.neutral import neutral_messages
from posology.chat.runtime import import_genai, import_transformers
from posology.corpus import Example, Provenance
from posology.errors import ModelError

__all__ = ["OWN", "Probe", "build_probes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """A text in tokens; the answer begins at ``answer`` (len(ids): there is none)."""

    ids: tuple[int, ...]
    answer: int

    def __repr__(self) -> str:
        """Show the sizes only: the text may be a patient's."""
        return f"Probe({len(self.ids)} tokens)"


_TALKS = (
    (
        "Criterion: body mass index of 35 kg/m2 or more.\nNote: Weight 118 kg, height 172 cm, BMI 39.9. "
        "Metformin 1,000 mg twice daily since March 2021. HbA1c 7.4 %.\nIs the criterion met? Quote.",
        "met: BMI 39.9",
    ),
    (
        "Summarise for the insurer: 61-year-old woman, right knee osteoarthritis, Kellgren-Lawrence grade 4. "
        "Six months of physical therapy and naproxen 500 mg without relief. No infection, no surgery.",
        "She has advanced osteoarthritis of the right knee, and six months of conservative care have failed.",
    ),
    (
        "List the drugs with their doses: She takes lisinopril 10 mg daily, atorvastatin 40 mg at night and "
        "stopped aspirin after a gastrointestinal bleed in 2019.",
        "lisinopril 10 mg daily; atorvastatin 40 mg at night",
    ),
    (
        "Does the source support the claim?\nSource: CT of the chest shows a 6 mm nodule in the left upper "
        "lobe, stable since 2022.\nClaim: The nodule in the right upper lobe has grown.",
        "no",
    ),
    ("Was ist der Blutdruck? Befund: RR 145/90 mmHg, Puls 72/min, afebril.", "145/90 mmHg"),
    ("What does the abbreviation COPD stand for?", "Chronic obstructive pulmonary disease."),
)
OWN: tuple[Example, ...] = tuple(
    Example(f"own-{number}", (Message("user", question),), answer, Provenance("posology", "made here"))
    for number, (question, answer) in enumerate(_TALKS, 1)
)
"""Texts of several kinds, made here; their answers are no task, so they are no task score either."""


def build_probes(examples: Sequence[Example], tokens_from: Path, max_tokens: int = 1024) -> list[Probe]:
    """Return examples in tokens, through the chat template of a GGUF file or of a folder.

    Texts are cut at ``max_tokens``: what differs there differs before.
    """
    encode = _of_folder(tokens_from) if (tokens_from / "config.json").is_file() else _of_genai(tokens_from)
    probes = []
    for example in examples:
        prompt, answer = encode(example)
        if not prompt:
            raise ModelError(f"{tokens_from}: its tokenizer gives no tokens for example {example.id}")
        ids = (*prompt, *answer)[:max_tokens]
        probes.append(Probe(ids, min(len(prompt), len(ids))))
    return probes


def _of_genai(path: Path) -> Any:
    """Return the encoder of a GGUF file, by the embedded engine's tokenizer: no torch."""
    genai = import_genai()
    try:
        tokenizer = genai.Tokenizer(str(path))
    except RuntimeError as cause:
        raise ModelError(f"{path}: the engine openvino cannot read its tokenizer") from cause

    def encode(example: Example) -> tuple[list[int], list[int]]:
        text = tokenizer.apply_chat_template(neutral_messages(example.messages), add_generation_prompt=True)
        return ids_of(text), ids_of(example.answer)

    def ids_of(text: str) -> list[int]:
        return [int(one) for one in tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    return encode


def _of_folder(path: Path) -> Any:
    """Return the encoder of a folder; a tokenizer without a chat template gets the plain texts."""
    tokenizer = import_transformers().AutoTokenizer.from_pretrained(str(path), local_files_only=True)

    def encode(example: Example) -> tuple[list[int], list[int]]:
        if tokenizer.chat_template:
            turns = neutral_messages(example.messages)
            text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        else:
            text = "\n".join(message.content for message in example.messages) + "\n"
        return list(tokenizer.encode(text, add_special_tokens=False)), list(
            tokenizer.encode(example.answer, add_special_tokens=False)
        )

    return encode
