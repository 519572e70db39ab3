"""Small random decoders for tests of merging and exporting: as folders, as GGUF files, with adapters."""

import json
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY, HIDDEN, LAYERS = 96, 64, 2
TEXTS = ((3, 17, 42, 5, 81, 9, 60, 2), (90, 1, 1, 33, 7), tuple(range(5, 45)))


def made_model(kind: str = "llama", seed: int = 0, *, tied: bool = False) -> Any:
    """Return a random decoder whose norms and biases are no ones and zeros."""
    import torch

    from posology.chat.runtime import import_transformers

    transformers = import_transformers()
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(
        kind,
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=96,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=128,
        tie_word_embeddings=tied,
        initializer_range=0.15,
    )
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if values.ndim == 1:
                values.add_(torch.randn_like(values) * (0.2 if "norm" in name else 0.1))
    return model.eval()


def saved(model: Any, folder: Path) -> Path:
    """Write a model as a transformers folder."""
    model.save_pretrained(str(folder))
    return folder


def with_adapter(model: Any, folder: Path, seed: int = 1, rank: int = 4, **settings: Any) -> Any:
    """Write a random adapter of a model in peft's form; return the model that carries it."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM", **settings
    )
    adapted = get_peft_model(model, config)
    with torch.no_grad():
        for name, values in adapted.named_parameters():
            if "lora_B" in name:
                values.copy_(torch.randn_like(values) * 0.1)
    adapted.save_pretrained(str(folder))
    return adapted.eval()


def torch_logits(model: Any) -> list[np.ndarray]:
    """Return what a torch model gives for TEXTS."""
    import torch

    with torch.no_grad():
        return [model(torch.tensor([ids])).logits[0].numpy() for ids in TEXTS]


def as_gguf(folder: Path, path: Path, kind: str = "F32") -> Path:
    """Write a folder's model as a GGUF file, by the rules of llama.cpp's own converter."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text())
    name = config["model_type"]
    writer = gguf.GGUFWriter(path, name)
    writer.add_name("tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_rope_dimension_count(16)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{one}" for one in range(VOCABULARY)])
    writer.add_token_types([1] * VOCABULARY)
    writer.add_token_merges(["t 1"])
    writer.add_eos_token_id(2)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[name.upper()], LAYERS)
    wanted = gguf.GGMLQuantizationType[kind]
    for plain, values in load_file(folder / "model.safetensors").items():
        if name == "llama" and ("q_proj" in plain or "k_proj" in plain):
            heads = 4 if "q_proj" in plain else 2
            values = (
                values.reshape(heads, 2, values.shape[0] // heads // 2, -1)
                .swapaxes(1, 2)
                .reshape(values.shape)
            )
        target = names.get_name(plain, try_suffixes=(".weight", ".bias"))
        if values.ndim == 1 or kind == "F32":
            writer.add_tensor(target, np.ascontiguousarray(values, np.float32))
        else:
            writer.add_tensor(target, gguf.quantize(values, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
