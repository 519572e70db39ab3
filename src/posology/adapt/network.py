"""A causal model that learns: opened from its weights, with adapters or whole, on processor or GPU."""

import warnings
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from posology.adapt.devices import own_gpu
from posology.adapt.job import Job
from posology.adapt.licences import base_licences
from posology.adapt.lower import KeptLower, keep_lower
from posology.adapt.recipe import Base, Lora
from posology.chat.catalogue import family_of, find_entry
from posology.chat.runtime import import_torch, import_transformers
from posology.chat.torch_adapter import add_adapter, find_adapter
from posology.chat.torch_prompts import PromptCodec, begin_token, end_tokens
from posology.chat.torch_weights import read_source, transformers_weights
from posology.chat.weights import Weights, find_weights
from posology.errors import MissingExtra, ModelError

__all__ = ["Network", "find_base", "open_network", "require_whole"]

_TOLERANCE = 2e-3  # of logits by our head against the model's own, in float32


@dataclass(frozen=True, slots=True)
class Network:
    """A model with what it is trained by. ``core`` is the causal model itself, adapters in place."""

    torch: Any
    core: Any
    tokenizer: Any
    device: Any
    half: bool  # arithmetic in bfloat16
    codec: PromptCodec
    ends: frozenset[int]
    window: int
    wrapped: Any = None  # the same model as peft sees it, None for full tuning
    identity: tuple[tuple[str, str], ...] = ()  # name, sha256, ... of the weights it began with
    kept: KeptLower | None = None  # what layers that do not learn gave, where lora.upper_layers leaves some

    @property
    def trained(self) -> dict[str, Any]:
        """Return the parameters that learn, by name, in a fixed order."""
        named = {name: one for name, one in self.core.named_parameters() if one.requires_grad}
        return {name: named[name] for name in sorted(named)}

    @property
    def parameters(self) -> int:
        """Return the number of weights, tied ones once, adapters included."""
        return sum(int(one.numel()) for one in self.core.parameters())

    def arithmetic(self) -> Any:
        """Return the context in which the model computes."""
        if not self.half:
            return nullcontext()
        return self.torch.autocast(self.device.type, dtype=self.torch.bfloat16)

    def hidden(self, tokens: Any, attention: Any, positions: Any = None) -> Any:
        """Return the last hidden states: (rows, columns, width)."""
        if self.kept is not None and positions is None:
            with self.arithmetic():
                return self.kept.hidden(tokens, attention)
        inputs = {"input_ids": tokens, "attention_mask": attention, "use_cache": False}
        if positions is not None:
            inputs["position_ids"] = positions
        with self.arithmetic():
            return self.core.base_model(**inputs).last_hidden_state

    def logits(self, hidden: Any) -> Any:
        """Return the logits of some hidden states as 32-bit floats: (tokens, vocabulary)."""
        with self.arithmetic():
            found = self.core.get_output_embeddings()(hidden)
        return _shaped(found.float(), self.core.config.get_text_config(), self.torch)


def _shaped(logits: Any, config: Any, torch: Any) -> Any:
    """Apply what some families do to logits after the head."""
    scale = getattr(config, "logits_scaling", None)
    if scale:
        logits = logits / scale
    cap = getattr(config, "final_logit_softcapping", None)
    return torch.tanh(logits / cap) * cap if cap else logits


def find_base(base: Base, job: Job) -> tuple[Weights, dict[str, str]]:
    """Return a base model's weights as a folder of transformers, and its identity for manifests.

    Of a base that is an adapter, ``Weights.adapter`` is the folder and the path is that of its own base.
    """
    import_torch()  # a missing extra is said before weights are looked for
    if base.model:
        entry = find_entry(base.model)
        path, name = find_weights(entry.name, job.home).path, entry.name
    else:
        path, name = job.place(base.path), base.path
    weights = transformers_weights(path, base.sha256, job.home)
    source = read_source(weights.path)
    family = family_of(name) if base.model else weights.architecture
    licence = "; ".join(base_licences(base, job))
    told = {"name": name, "family": family, "sha256": weights.sha256, "licence": licence}
    told |= {"answers": weights.identity_sha256}  # tokenizer and template too
    return weights, told | {"precision": source.precision if source else "as in the folder"}


def open_network(base: Base, lora: Lora, job: Job, *, seed: int, keep: bool = False) -> Network:
    """Load a base model and make it ready to learn; rank 0 tunes every weight, in 32-bit floats.

    A base that is an adapter is added to its own base first; a further adapter on top of it is refused. The
    start values of adapters follow from the seed. ``keep``: what layers below all adapters give is kept, as
    ``lora.keep`` says, for the kinds whose rows of tokens come again. Raises ModelError where our head does
    not compute what the model's own does: an architecture that is not supported.
    """
    torch, transformers = import_torch(), import_transformers()
    weights, told = find_base(base, job)
    added = find_adapter(weights.adapter) if weights.adapter else None
    if lora.rank:
        require_whole(weights, told["name"])
    device = _device(torch, base.device)
    half = base.dtype == "bfloat16" or (base.dtype == "auto" and has_bfloat16(torch, device))
    if base.threads:
        torch.set_num_threads(base.threads)
    torch.manual_seed(seed)
    dtype = torch.bfloat16 if half and lora.rank else torch.float32
    settings = _four_bits(torch, transformers, device) if lora.quantize == "nf4" else {}
    core, tokenizer = _loaded(transformers, weights.path, dtype, settings)
    if added is not None:
        add_adapter(torch, core, added)
    wrapped = _with_adapters(core, lora) if lora.rank else None
    (core if settings else core.to(device)).train()
    codec = PromptCodec(tokenizer, begin_token=begin_token(core, tokenizer))
    window = int(getattr(core.config.get_text_config(), "max_position_embeddings", 0) or 0)
    ends = end_tokens(core, tokenizer)
    identity = tuple(sorted(told.items()))
    network = Network(torch, core, tokenizer, device, half, codec, ends, window, wrapped, identity)
    _check_head(network)
    if not (keep and wrapped is not None and lora.upper_layers and lora.keep):
        return network
    with network.arithmetic():
        kept = keep_lower(torch, core, lora.upper_layers, int(lora.keep * 1e9))
    if kept is None:
        job.tell("This architecture's lower layers are computed each time")
    return replace(network, kept=kept)


def require_whole(weights: Weights, name: str) -> None:
    """Raise ModelError where a base is an adapter: what is made from it could not be opened again."""
    if weights.adapter is not None:
        raise ModelError(
            f"{name}: is an adapter: make whole weights of it first, with posology adapt export {name} "
            "--base BASE --to transformers --out FOLDER, and name that folder as base.path"
        )


def _four_bits(torch: Any, transformers: Any, device: Any) -> dict[str, Any]:
    """Return how weights are loaded in four bits; raise ModelError where this machine cannot."""
    hint = 'lora.quantize: nf4: set quantize = "none", or tune where there is an NVIDIA GPU'
    if device.type != "cuda":
        raise ModelError(f"{hint}: torch has none here (and there: pip install bitsandbytes)")
    if find_spec("bitsandbytes") is None:
        raise ModelError(f"{hint} and bitsandbytes, which is missing here: pip install bitsandbytes")
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config, "device_map": {"": device}}


def _device(torch: Any, wanted: str) -> Any:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("base.device: cuda: there is no GPU that torch can use; set auto or cpu")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device(own_gpu(torch.cuda.device_count()))


def has_bfloat16(torch: Any, device: Any) -> bool:
    """Say whether the device computes in bfloat16 faster than in 32 bits."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _loaded(transformers: Any, folder: Path, dtype: Any, settings: dict[str, Any]) -> tuple[Any, Any]:
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        core = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=dtype, attn_implementation="sdpa", local_files_only=True, **settings
        )
    except (OSError, ValueError, KeyError, RuntimeError) as cause:
        raise ModelError(
            f"{folder}: these weights cannot be loaded (no complete folder with config.json, tokenizer.json "
            "and safetensors, or an architecture that transformers does not know)"
        ) from cause
    core.config.use_cache = False
    rows = int(core.get_input_embeddings().weight.shape[0])
    if len(tokenizer) > rows:
        raise ModelError(
            f"{folder}: the tokenizer is of another model: it has {len(tokenizer):,} tokens and the weights "
            f"rows for {rows:,}; take tokenizer and weights from one source"
        )
    return core, tokenizer


def _with_adapters(core: Any, lora: Lora) -> Any:
    """Put adapters into the model's linear layers, in place; weights of 16 bits get adapters of 32."""
    try:
        import peft
    except ImportError as cause:
        raise MissingExtra("peft", "adapt", "Tuning with adapters") from cause
    layers = int(core.config.get_text_config().num_hidden_layers)
    if lora.upper_layers > layers:
        raise ModelError(f"lora.upper_layers: {lora.upper_layers}: the model has {layers} layers")
    upper = list(range(layers - lora.upper_layers, layers)) if lora.upper_layers else None
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or _linear_layers(core),
        layers_to_transform=upper,
    )
    try:
        with warnings.catch_warnings():  # peft asks transformers by a name that will go
            warnings.simplefilter("ignore", FutureWarning)
            return peft.get_peft_model(core, config)
    except ValueError as cause:
        raise ModelError(
            f"lora.targets: {', '.join(lora.targets)}: the model has no such layers; leave the key out for "
            "every linear layer"
        ) from cause


def _linear_layers(core: Any) -> list[str]:
    """Return the names of the linear layers, the head left out."""
    head = core.get_output_embeddings()
    found = {
        name.rpartition(".")[2]
        for name, layer in core.named_modules()
        if type(layer).__name__ in ("Linear", "Linear4bit") and layer is not head
    }
    return sorted(found)


def _check_head(network: Network) -> None:
    """Raise ModelError unless hidden states and head give the model's own logits."""
    torch = network.torch
    width = min(8, int(network.core.get_input_embeddings().weight.shape[0]))
    tokens = torch.arange(width, device=network.device)[None]
    network.core.eval()
    with torch.inference_mode(), network.arithmetic():
        theirs = network.core(input_ids=tokens, use_cache=False).logits[0].float()
        ours = network.logits(network.hidden(tokens, torch.ones_like(tokens))[0])
    network.core.train()
    name = dict(network.identity).get("name")
    if not torch.isfinite(theirs).all():
        raise ModelError(
            f"{name}: the model's logits are no numbers: its weights are damaged, or too large for this "
            "arithmetic; take them from their source again, or set base.dtype to float32"
        )
    allowed = _TOLERANCE * max(1.0, float(theirs.abs().max())) * (10 if network.half else 1)
    if not float((theirs - ours).abs().max()) <= allowed:
        raise ModelError(
            f"{name}: this architecture does more to its logits than the training knows; use a model of the "
            "families Llama, Qwen, Gemma, SmolLM or Granite"
        )
