"""An encoder, or a frozen decoder, with a head that learns: as a network of torch, and its logits."""

import json
import resource
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from posology.adapt.encoders.bases import EncoderBase
from posology.adapt.encoders.comparing import Side, build_comparer, compare
from posology.adapt.encoders.frozen import FrozenDecoder, open_decoder
from posology.adapt.encoders.prepared import Task, Unit
from posology.adapt.recipes.encode import EncodeRecipe, HeadTable
from posology.chat.runtime import import_torch, import_transformers
from posology.errors import ModelError
from posology.evidence.heads.card import Reads
from posology.evidence.heads.changes import DOWN, UP
from posology.evidence.heads.windows import Window, by_size, padded, padded_ids, sides_of

__all__ = [
    "EncoderNetwork",
    "frozen_weights",
    "learned_weights",
    "open_encoder",
    "peak_memory",
]

HEAD = "classifier"
_AT_ONCE = 4096  # word pieces of texts that are read apart, padding included
_ALPHA = 2  # of changes of a rank: their weight, over the rank


@dataclass(frozen=True, slots=True)
class EncoderNetwork:
    """An encoder with its head. ``layers`` is the number that it keeps."""

    torch: Any
    module: Any  # encoder and head, as one module with the children "bert" and HEAD
    task: Task
    pooling: str
    device: Any
    half: bool
    layers: int
    marks: Mapping[str, int]  # the special pieces' numbers; empty where no piece is hidden
    reads: Reads = "together"
    kept: dict[tuple[int, ...], Any] | None = field(default=None, repr=False)  # vectors of texts read apart
    frozen: FrozenDecoder | None = None  # what reads in the place of "bert"

    def logits(self, windows: Sequence[Window], hidden: float = 0.0) -> Any:
        """Return the logits of windows: (windows, pieces, tags), or (windows, labels); 32-bit floats.

        The encoder sees a share ``hidden`` of the word pieces as [MASK].
        """
        if self.reads == "apart":
            return self._compared(windows)
        torch = self.torch
        if self.frozen:
            found = torch.from_numpy(self.frozen.features(windows)).to(self.device)
            return self.module[HEAD](self.module["dropout"](found)).float()
        ids, mask, types = (torch.from_numpy(one).to(self.device) for one in padded(windows))
        if hidden:
            special = torch.isin(ids, torch.tensor(list(self.marks.values()), device=self.device))
            drawn = torch.rand(ids.shape, device=self.device) < hidden
            ids = ids.masked_fill(drawn & ~special, self.marks["[MASK]"])
        with self._arithmetic():
            found = self.module["bert"](input_ids=ids, attention_mask=mask.long(), token_type_ids=types)
            vectors = found.last_hidden_state.float()
            if self.task.kind != "token":
                vectors = _pooled(vectors, mask, self.pooling)
            return self.module[HEAD](self.module["dropout"](vectors)).float()

    @property
    def remembers(self) -> bool:
        """Say whether texts are read once and their vectors kept: what reads them does not learn."""
        return self.reads == "apart" or self.frozen is not None

    def texts_of(self, units: Iterable[Unit]) -> set[tuple[int, ...]]:
        """Return the texts of examples as they are read and kept, each once."""
        windows = (window for unit in units for window in unit.windows)
        if self.frozen:
            return {window.ids for window in windows}
        return {text for window in windows for text in sides_of(window)}

    def keep(self, tune: Sequence[Unit], select: Sequence[Unit], tell: Callable[[int, int], None]) -> None:
        """Read what is kept, once for the whole training.

        All at once and in one order: how texts are batched shows in the last bits of their vectors.
        """
        if self.frozen:
            learned, others = (
                [window for unit in part for window in unit.windows] for part in (tune, select)
            )
            self.frozen.keep(learned, others, tell)
        else:
            self._vectors(list(self.texts_of([*tune, *select])))

    def forget(self) -> None:
        """Let go of the vectors that are kept."""
        if self.kept:
            self.kept.clear()

    def kept_bytes(self, pieces: int, texts: int) -> int:
        """Return the bytes of the vectors that are kept: one a piece, or one a text of a frozen decoder."""
        if self.frozen:
            return 4 * self.frozen.hidden * texts
        return 2 * int(self.module["bert"].config.hidden_size) * pieces

    def _compared(self, windows: Sequence[Window]) -> Any:
        """Return the logits of pairs, each text read by itself, by an encoder that does not learn."""
        texts = [sides_of(window) for window in windows]
        vectors = self._vectors([text for pair in texts for text in pair])
        first, second = (self._side([pair[n] for pair in texts], vectors) for n in (0, 1))
        words = self.module["bert"].embeddings.word_embeddings.weight
        with self._arithmetic():
            found = compare(self.torch, self.module[HEAD], words, (first, second), self.module["dropout"])
        return found.float()

    def _side(self, texts: Sequence[tuple[int, ...]], vectors: Mapping[tuple[int, ...], Any]) -> Side:
        torch = self.torch
        ids, mask = (torch.from_numpy(one).to(self.device) for one in padded_ids(texts))
        rows = [vectors[text].float() for text in texts]
        return ids, mask, torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self.device)

    def _vectors(self, texts: Sequence[tuple[int, ...]]) -> Mapping[tuple[int, ...], Any]:
        """Return the vectors of texts' pieces; kept, in half precision, where this network keeps any."""
        kept = {} if self.kept is None else self.kept
        fresh = sorted({text for text in texts if text not in kept})
        self.module["bert"].eval()  # no dropout, however the head learns
        for places in by_size([len(text) for text in fresh], _AT_ONCE):
            batch = [fresh[n] for n in places]
            ids, mask = (self.torch.from_numpy(one).to(self.device) for one in padded_ids(batch))
            with self.torch.no_grad(), self._arithmetic():
                found = self.module["bert"](input_ids=ids, attention_mask=mask.long()).last_hidden_state
            found = found.cpu().float() if self.kept is None else found.cpu().half()
            kept.update((text, found[row, : len(text)].clone()) for row, text in enumerate(batch))
        return kept

    @property
    def trained(self) -> dict[str, Any]:
        """Return the parameters that learn, by name."""
        return {name: one for name, one in self.module.named_parameters() if one.requires_grad}

    @property
    def parameters(self) -> int:
        """Return the number of weights."""
        names = self.module.named_parameters()
        below = self.frozen.parameters if self.frozen else 0
        return below + sum(int(one.numel()) for name, one in names if ".lora_" not in name)

    def _arithmetic(self) -> Any:
        if not self.half:
            return nullcontext()
        return self.torch.autocast(self.device.type, dtype=self.torch.bfloat16)


def _pooled(vectors: Any, mask: Any, pooling: str) -> Any:
    if pooling == "first":
        return vectors[:, 0]
    shares = mask / mask.sum(dim=1, keepdim=True)
    return (vectors * shares.unsqueeze(2)).sum(dim=1)


def open_encoder(recipe: EncodeRecipe, base: EncoderBase, task: Task) -> EncoderNetwork:
    """Load an encoder and put a head on it; the head's start values follow from the recipe's seed."""
    torch, transformers = import_torch(), import_transformers()
    if recipe.base.threads:
        torch.set_num_threads(recipe.base.threads)
    if base.decoder:
        return _on_decoder(torch, recipe, base, task)
    config = _config(transformers, base, recipe)
    torch.manual_seed(recipe.seed)
    encoder = transformers.BertModel(config, add_pooling_layer=False)
    _load(encoder, base, config.num_hidden_layers)
    head = _head(torch, recipe.head, config, len(task.outputs))
    module = torch.nn.ModuleDict(
        {"bert": encoder, "dropout": torch.nn.Dropout(recipe.head.dropout), HEAD: head}
    )
    encoder.requires_grad_(recipe.head.tune_encoder and not recipe.head.rank)
    encoder.embeddings.word_embeddings.weight.requires_grad_(_tunes_words(recipe.head))
    if recipe.head.rank:
        _change_by_rank(encoder, recipe.head.rank)
    device = _device(torch, recipe.base.device)
    half = recipe.base.dtype == "bfloat16" or (recipe.base.dtype == "auto" and _has_bfloat16(torch, device))
    module.to(device)
    return EncoderNetwork(
        torch, module, task, recipe.head.pooling, device, half, config.num_hidden_layers,
        _marks(base.folder / "tokenizer.json") if recipe.head.hidden else {},
        recipe.head.reads, {},
    )  # fmt: skip


def _head(torch: Any, settings: HeadTable, config: Any, outputs: int) -> Any:
    if settings.reads == "apart":
        sizes = (settings.width, settings.blocks, outputs)
        return build_comparer(torch, config.hidden_size, sizes, config.layer_norm_eps)
    return _linear(torch, config.hidden_size, outputs)


def _linear(torch: Any, hidden: int, outputs: int) -> Any:
    head = torch.nn.Linear(hidden, outputs)
    torch.nn.init.normal_(head.weight, std=0.02)
    torch.nn.init.zeros_(head.bias)
    return head


def _on_decoder(torch: Any, recipe: EncodeRecipe, base: EncoderBase, task: Task) -> EncoderNetwork:
    frozen = open_decoder(recipe, base)
    torch.manual_seed(recipe.seed)
    head = _linear(torch, frozen.hidden, len(task.outputs))
    module = torch.nn.ModuleDict({"dropout": torch.nn.Dropout(recipe.head.dropout), HEAD: head})
    cpu = torch.device("cpu")
    return EncoderNetwork(torch, module, task, "mean", cpu, False, frozen.layers, {}, frozen=frozen)


def _marks(path: Path) -> dict[str, int]:
    """Return the numbers of a BERT tokenizer's special pieces."""
    tokenizer = Tokenizer.from_file(str(path))
    names = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")
    found = {name: number for name in names if (number := tokenizer.token_to_id(name)) is not None}
    if len(found) < len(names):
        raise ModelError(f"{path}: lacks one of {', '.join(names)}: nothing can be hidden from this encoder")
    return found


def _tunes_words(head: HeadTable) -> bool:
    return head.tune_encoder and head.tune_words and not head.rank


def _change_by_rank(encoder: Any, rank: int) -> None:
    """Let each matrix of the layers learn a change of a rank; norms and token types learn whole."""
    from peft import LoraConfig, inject_adapter_in_model

    matrices = ["query", "key", "value", "dense"]
    settings = LoraConfig(r=rank, lora_alpha=_ALPHA * rank, target_modules=matrices)
    inject_adapter_in_model(settings, encoder)
    for name, one in encoder.named_parameters():
        if "LayerNorm" in name or "token_type_embeddings" in name:
            one.requires_grad_(True)


def learned_weights(network: EncoderNetwork) -> dict[str, Any]:
    """Return what learned, as a head keeps it beside its base: factors of changes, norms, the head itself."""
    kept = {}
    for name, one in network.trained.items():
        weights = one.detach().cpu().float().numpy()
        if ".lora_B." in name:
            kept[name.replace(".lora_B.default.weight", f".weight{UP}")] = _ALPHA * weights
        else:
            kept[name.replace(".lora_A.default.weight", f".weight{DOWN}")] = weights
    return {**kept, **network.frozen.standard} if network.frozen else kept


def frozen_weights(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return an encoder's own weights by their names, without what changes them."""
    kept = {name.replace(".base_layer", ""): one for name, one in state.items() if ".lora_" not in name}
    return {name: one.detach().cpu().float().numpy() for name, one in kept.items()}


def _config(transformers: Any, base: EncoderBase, recipe: EncodeRecipe) -> Any:
    path = base.folder / "config.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{path}: cannot be read, or is not JSON") from cause
    if table.get("model_type") != "bert" or table.get("hidden_act") != "gelu":
        raise ModelError(f"{path}: does not describe a BERT encoder with gelu; heads are made for those")
    layers = base.head.layers if base.head else int(table["num_hidden_layers"])  # a head may keep fewer
    wanted = recipe.head.layers
    if wanted > layers:
        raise ModelError(f"head.layers: {wanted}, but the encoder has {layers}")
    window = int(table["max_position_embeddings"])
    if recipe.windows.pieces > window:
        raise ModelError(f"windows.pieces: {recipe.windows.pieces}, but the encoder reads {window} at most")
    table["num_hidden_layers"] = wanted or layers
    known = {key: value for key, value in table.items() if not key.startswith("_")}
    return transformers.BertConfig(**known, attn_implementation="sdpa")


def _load(encoder: Any, base: EncoderBase, layers: int) -> None:
    """Load the weights; what is missing is an error, and so is what is over but a pooler and upper layers."""
    torch = import_torch()
    state = {name: torch.from_numpy(one) for name, one in base.load().items()}
    missing, over = encoder.load_state_dict(state, strict=False)
    upper = tuple(f"encoder.layer.{n}." for n in range(layers, 1000))
    known = ("pooler.", "cls.", "embeddings.position_ids", *upper)
    unknown = [n for n in over if not n.startswith(known)]
    if missing or unknown:
        name = (missing or unknown)[0]
        raise ModelError(
            f"{base.weights}: {'lacks' if missing else 'holds'} {name}: not the weights of its config.json"
        )


def _device(torch: Any, wanted: str) -> Any:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("base.device: cuda: there is no GPU that torch can use; set auto or cpu")
    name = "cuda" if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()) else "cpu"
    return torch.device(name)


def _has_bfloat16(torch: Any, device: Any) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


def peak_memory(network: EncoderNetwork) -> int:
    """Return the most memory in bytes that this process has held, on the GPU where one computes."""
    if network.device.type == "cuda":
        return int(network.torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
