"""Weights for the transformers engine: a folder as it is, a GGUF file converted once."""

import hashlib
import importlib.util
import json
import os
from importlib.metadata import version

import numpy as np
import pytest

from posology.chat import Message, ModelIdentity, Prompt, open_generator
from posology.chat.torch_weights import read_source, transformers_folder, transformers_weights
from posology.config import load_settings
from posology.config.tables import Part
from posology.errors import ModelError, SettingsError
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny
from tests.quick import least_seconds

pytestmark = [
    NEEDS_TORCH,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("gguf", "accelerate")),
        reason="needs the extra torch",
    ),
]
WIDTH, HEADS, LAYERS, WINDOW = 64, 4, 2, 128


def write_gguf(path, *, head="copy"):
    """Write a random llama of two layers over bytes; ``head``: a copy of the embedding, its own, or none."""
    import gguf
    from tokenizers import pre_tokenizers

    dice = np.random.default_rng(3)
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "<|im_start|>", "<|im_end|>"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny of bytes")
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 257 + [3, 3])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(258)
    writer.add_bos_token_id(257)

    def add(name, *shape):
        values = np.ones(shape) if len(shape) == 1 else dice.standard_normal(shape) * 0.1
        writer.add_tensor(name, values.astype(np.float32))
        return values

    embedding = add("token_embd.weight", len(tokens), WIDTH)
    if head == "copy":
        noise = dice.standard_normal(embedding.shape) * 0.005
        writer.add_tensor("output.weight", (embedding + noise).astype(np.float32))
    elif head == "own":
        add("output.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_gate.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_up.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, 2 * WIDTH)
        add(f"blk.{layer}.attn_norm.weight", WIDTH)
        add(f"blk.{layer}.ffn_norm.weight", WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def converted(home):
    source = write_gguf(home / "tiny.gguf")
    return source, transformers_folder(source, home)


def test_a_converted_file_tells_what_it_was_made_from(converted):
    source = read_source(converted[1])
    assert (source.name, source.architecture, source.types) == ("tiny of bytes", "llama", ("F32",))
    assert source.precision == "bf16 of F32"
    assert converted[1].name == source.sha256[:16]


def test_two_copies_of_one_matrix_become_one_again_and_it_is_the_heads(converted):
    import gguf
    from safetensors.torch import load_file as load_torch

    assert read_source(converted[1]).retied
    assert json.loads((converted[1] / "config.json").read_text())["tie_word_embeddings"]
    tensors = load_torch(converted[1] / "model.safetensors")
    assert "lm_head.weight" not in tensors
    head = next(one for one in gguf.GGUFReader(converted[0]).tensors if one.name == "output.weight")
    kept = tensors["model.embed_tokens.weight"].float().numpy()
    assert np.abs(kept - head.data.reshape(kept.shape)).max() < 2e-3


def test_a_head_of_its_own_stays(tmp_path):
    folder = transformers_folder(write_gguf(tmp_path / "a.gguf", head="own"), tmp_path)
    assert not read_source(folder).retied
    assert not json.loads((folder / "config.json").read_text())["tie_word_embeddings"]


def test_a_second_call_finds_the_folder_at_once(converted, home):
    def again():
        assert transformers_folder(converted[0], home) == converted[1]

    assert least_seconds(again, under=1) < 1


def test_a_file_that_was_replaced_is_not_taken_for_the_old_one(home):
    path = write_gguf(home / "b.gguf")
    first = transformers_folder(path, home)
    write_gguf(path, head="own")
    os.utime(path, ns=(1, 1))
    assert transformers_folder(path, home) != first


def test_a_profile_opens_the_file_and_it_answers(converted, home):
    settings = load_settings(environ={})
    part = Part(engine="transformers", path=str(converted[0]), family="llama", threads=1)
    engine = open_generator(part, settings, home=home)
    assert engine.window == WINDOW
    assert engine.identity.family == "llama"
    assert "bf16 of F32" in engine.identity.version
    (done,) = engine.generate([Prompt((Message("user", "hello"),), None, 4)])
    assert done.output_tokens <= 4


def test_the_engine_transformers_needs_a_path():
    with pytest.raises(SettingsError, match="needs `path`"):
        open_generator(Part(engine="transformers", model="x"), load_settings(environ={}))


def test_a_folder_with_safetensors_is_used_as_it_is(tmp_path):
    folder = write_tiny(tmp_path / "model")
    weights = transformers_weights(folder)
    assert (weights.path, weights.window, weights.architecture) == (folder, 1024, "llama")
    assert transformers_weights(folder, weights.sha256) == weights
    with pytest.raises(ModelError, match="not the weights expected"):
        transformers_weights(folder, "0" * 64)


CHANGES = {
    "the chat template": ("chat_template.jinja", "{{ messages[0].content }}"),
    "a template beside the main one": ("additional_chat_templates/rag.jinja", "{{ 1 }}"),
    "the vocabulary": ("tokenizer.json", "{}"),
    "how the tokenizer is set": ("tokenizer_config.json", "{}"),
    "added tokens": ("added_tokens.json", '{"<x>": 9}'),
    "which tokens end an answer": ("generation_config.json", '{"eos_token_id": 5}'),
    "the configuration": ("config.json", '{"model_type": "llama", "rope_theta": 7}'),
}


@pytest.mark.parametrize("why", CHANGES)
def test_what_changes_a_folders_answers_changes_its_identity_and_not_its_weights_hash(tmp_path, why):
    folder = write_tiny(tmp_path / "model")
    before = transformers_weights(folder)
    name, content = CHANGES[why]
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    after = transformers_weights(folder)
    assert (after.sha256, after.identity_sha256 == before.identity_sha256) == (before.sha256, False)


def test_a_note_beside_the_weights_does_not_change_their_identity(tmp_path):
    folder = write_tiny(tmp_path / "model")
    before = transformers_weights(folder).identity_sha256
    (folder / "README.md").write_text("who made it")
    assert transformers_weights(folder).identity_sha256 == before


def test_a_gguf_file_is_told_by_its_own_hash_alone_and_its_identity_is_as_it_ever_was(converted, home):
    digest = hashlib.sha256(converted[0].read_bytes()).hexdigest()
    settings = load_settings(environ={})
    part = Part(engine="transformers", path=str(converted[0]), family="llama", threads=1)
    told = open_generator(part, settings, home=home).identity
    assert told == ModelIdentity(
        "tiny", "llama", f"{digest[:12]}, bf16 of F32", digest, f"transformers {version('transformers')}"
    )


def write_adapter(folder, base, alpha):
    """Write an adapter that changes one matrix of the tiny model."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    module = "base_model.model.model.layers.0.self_attn.q_proj"
    sides = {"lora_A": torch.ones(1, 32), "lora_B": torch.ones(32, 1)}
    tensors = {f"{module}.{side}.weight": tensor for side, tensor in sides.items()}
    save_file(tensors, str(folder / "adapter.safetensors"))
    config = {"peft_type": "LORA", "r": 1, "lora_alpha": alpha, "base_model_name_or_path": str(base)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_an_adapters_scale_and_its_bases_template_are_part_of_its_identity(tmp_path):
    base = write_tiny(tmp_path / "base")
    adapter = write_adapter(tmp_path / "a", base, 2)
    found = [transformers_weights(adapter), transformers_weights(write_adapter(tmp_path / "b", base, 4))]
    (base / "chat_template.jinja").write_text("{{ messages[0].content }}")
    found.append(transformers_weights(adapter))
    assert len({one.sha256 for one in found}) == 1
    assert len({one.identity_sha256 for one in found}) == 3


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="no transformers model here"):
        transformers_folder(tmp_path)
    with pytest.raises(ModelError, match="are not there"):
        transformers_folder(tmp_path / "absent.gguf", tmp_path)
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(write_gguf(tmp_path / "whole.gguf").read_bytes()[:3000])
    with pytest.raises(ModelError, match="not a complete GGUF file"):
        transformers_folder(cut, tmp_path)
    assert not list((tmp_path / "models").rglob("model.safetensors"))
