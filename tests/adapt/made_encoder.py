"""A tiny encoder of the BERT kind with random weights, recipes of heads on it, and made texts to learn."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from posology.adapt.encoders.labelled import Labelled
from posology.adapt.job import Job
from posology.adapt.recipes import parse_recipe
from posology.adapt.recipes.encode import EncodeRecipe
from posology.corpus import Provenance
from posology.evidence.heads import Span

NEEDS_HEADS = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "openvino")),
    reason="needs the extras adapt and embedded",
)
_WORDS = """
the patient has no signs of asthma gout anemia fever denies reports cough today chronic severe mild and with
takes aspirin works well does not help claim helps drug a it is was rash pain in left right knee
"""
WORDS = tuple(_WORDS.split())
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "##s", "##itis", "arth", ".", ",", "-", ":", "ü", "1")
HIDDEN, LAYERS = 32, 2
ROOT = 'class_weights = "root"'
DISEASES = ("asthma", "gout", "anemia")


def made_tokenizer() -> Tokenizer:
    """Return a word-piece tokenizer of few words, as BERT's: lower case, split at punctuation."""
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    return tokenizer


def write_encoder(folder: Path) -> Path:
    """Write the encoder's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(7)
    sizes = {"word": len(PIECES), "position": 128, "token_type": 2}
    weights = {
        f"embeddings.{name}_embeddings.weight": draw.normal(0, 0.3, (count, HIDDEN))
        for name, count in sizes.items()
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        linear = {f"attention.self.{name}": (HIDDEN, HIDDEN) for name in ("query", "key", "value")}
        linear |= {"attention.output.dense": (HIDDEN, HIDDEN), "intermediate.dense": (2 * HIDDEN, HIDDEN)}
        linear |= {"output.dense": (HIDDEN, 2 * HIDDEN)}
        for name, shape in linear.items():
            weights[f"{at}.{name}.weight"] = draw.normal(0, 0.15, shape)
            weights[f"{at}.{name}.bias"] = draw.normal(0, 0.02, shape[0])
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    for name in norms:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = np.ones(HIDDEN), np.zeros(HIDDEN)
    save_file({k: v.astype(np.float32) for k, v in weights.items()}, str(folder / "model.safetensors"))
    config = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
        "num_attention_heads": 2, "intermediate_size": 2 * HIDDEN, "vocab_size": len(PIECES),
        "max_position_embeddings": 128, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "pad_token_id": 0,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    made_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def recipe(base: Path, kind: str, *tables: str, top: str = "", epochs: float = 10.0) -> EncodeRecipe:
    """Return a recipe on the made encoder that learns in a second; ``tables`` are added as they stand."""
    text = f"""
posology = "recipe/1"
kind = "encode"
name = "made"
{top}
[data]
tasks = ["made"]
[base]
path = "{base}"
dtype = "float32"
device = "cpu"
threads = 1
[windows]
pieces = 40
overlap = 6
[optimizer]
lr = 5e-3
batch = 8
epochs = {epochs}
head_factor = 1.0
[stop]
checkpoint = 5
[head]
kind = "{kind}"
{chr(10).join(tables)}
"""
    made = parse_recipe(text, "made.toml")
    assert isinstance(made, EncodeRecipe)
    return made


def changed(made: EncodeRecipe, table: str, keys: Mapping[str, Any]) -> EncodeRecipe:
    """Return a recipe with some keys of a table changed."""
    return made.model_copy(update={table: getattr(made, table).model_copy(update=keys)})


def origin(group: str, licence: str = "made here") -> Provenance:
    return Provenance(source="made", licence=licence, group=group)


def sentences(count: int, prefix: str = "t") -> list[Labelled]:
    """Return sentences with one disease or none."""
    made = []
    for n in range(count):
        word = (*DISEASES, "cough")[n % 4]
        told = f"{'reports' if n % 3 else 'has'} {'severe' if n % 2 else 'mild'} {word}"
        text = f"{'No rash today . ' * (n % 9)}The patient {told} today."
        at = text.index(word)
        spans = (Span(at, at + len(word), "Disease"),) if word in DISEASES else ()
        made.append(Labelled(f"{prefix}{n}", text, origin(f"{prefix}{n}"), spans=spans, task="made"))
    return made


def texts(count: int, prefix: str = "t", filler: int = 0) -> list[Labelled]:
    """Return texts that help or do not; ``filler`` words stand before what tells."""
    return [
        Labelled(
            f"{prefix}{n}",
            f"{'the knee is mild ' * filler}aspirin {'helps' if n % 2 else 'does not help'}"
            f"{' today' * (n % 3)}.",
            origin(f"{prefix}{n}"),
            label="yes" if n % 2 else "no",
            task="made",
        )
        for n in range(count)
    ]


def pairs(count: int, prefix: str = "t", filler: int = 0) -> list[Labelled]:
    """Return claims with evidence that supports them or not; it stands at the end of the evidence."""
    before = "the knee is mild . " * filler
    return [
        Labelled(
            f"{prefix}{n}",
            "aspirin helps",
            origin(f"{prefix}{n}"),
            second=f"{before}aspirin {'works well' if n % 2 else 'does not help'}{' today' * (n % 3)}.",
            label="supported" if n % 2 else "unsupported",
            task="made",
        )
        for n in range(count)
    ]


def answering(tune: Sequence[Labelled], select: Sequence[Labelled]):
    """Return what ``Job.labelled`` asks, for one task named made."""
    return lambda name, part: {"tune": tune, "select": select}[part]


def job(out: Path, tune: Sequence[Labelled], select: Sequence[Labelled], **more: Any) -> Job:
    """Return a run whose task ``made`` has these parts."""
    return Job(out=out, labelled=answering(tune, select), **more)
