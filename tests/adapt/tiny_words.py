"""Small tokenizers trained on the spot, with random decoders and encoders of their size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posology.corpus import Provenance, Record

PLAIN = (
    "The cat sat on the mat. It was a cold day, and we went home early. The dog ran over the hill. "
    "We saw a boat and a bird on the water. Some of them came with us in the evening for tea and bread. "
) * 4
CLINICAL = (
    "The patient takes metformin and lisinopril. Hypertension is stable on lisinopril. Hypothyroidism is "
    "treated. Metformin was continued, and hypertension was discussed with the patient."
)


def records(texts: Sequence[str] = (CLINICAL,), times: int = 6, licence: str = "made here") -> list[Record]:
    """Return records of the texts, each of several groups."""
    return [
        Record(f"r{n}-{k}", text, Provenance("made", licence, group=f"g{n}"))
        for n in range(times)
        for k, text in enumerate(texts)
    ]


def byte_level(texts: Sequence[str] = (PLAIN,), size: int = 400) -> Any:
    """Return a byte-level BPE tokenizer that learned from a few texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(list(texts), trainer)
    return made


def word_piece(texts: Sequence[str] = (PLAIN,), size: int = 200) -> Any:
    """Return a WordPiece tokenizer as BERT has it."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    made.train_from_iterator([*texts, "abcdefghijklmnopqrstuvwxyz"], trainer)
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", made.token_to_id("[CLS]")), ("[SEP]", made.token_to_id("[SEP]"))],
    )
    return made


def decoder_folder(folder: Path, tokenizer: Any, *, tied: bool = True, spare: int = 0, seed: int = 0) -> Path:
    """Write a random small Llama with this tokenizer as a transformers folder whose licence is told."""
    import torch

    from posology.chat.runtime import import_transformers

    transformers = import_transformers()
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size() + spare,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=tied,
        initializer_range=0.15,
        bos_token_id=None,
        eos_token_id=0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(str(folder))
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA made model.\n")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")
    fast.save_pretrained(str(folder))
    return folder


def encoder_folder(folder: Path, tokenizer: Any, seed: int = 0) -> Path:
    """Write a random small BERT with this tokenizer as a transformers folder whose licence is told."""
    import torch

    from posology.chat.runtime import import_transformers

    transformers = import_transformers()
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=128,
        initializer_range=0.15,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(str(folder))
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA made model.\n")
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )
    fast.save_pretrained(str(folder))
    return folder
