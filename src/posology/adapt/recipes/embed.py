"""The recipe of kind embed: a retrieval model learns which passage answers which question."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Optimizer, Recipe, Stop, Table, Texts, field_of

__all__ = ["EmbedRecipe", "EmbeddingBase", "Form", "Pairs"]


class Pairs(Table):
    """Files of pairs: learned from, choosing when to stop, and scored on at the end."""

    tune: Texts = field_of((), "files or folders with pairs-tune.jsonl")
    select: Texts = field_of((), "files or folders with pairs-select.jsonl")
    report: Texts = field_of((), "files or folders with pairs-report.jsonl: scored once, at the end")
    purpose: Literal["study", "ship"] = field_of(
        "study", "ship: the licence of every pair and of the base must allow that the model is given away"
    )
    pieces: int = field_of(160, "word pieces of a text that are read at most", unit="word pieces", least=8)
    negatives: int = field_of(1, "hard negatives of a pair that a batch holds, where it has some", least=0)


class EmbeddingBase(Table):
    """What the embedder begins as."""

    model: str = field_of("", "an encoder by its name in the catalogue")
    path: str = field_of("", "a folder with a BERT encoder, or with a static embedder")
    sha256: str = field_of("", "the hash that model.safetensors must have")
    threads: int = field_of(0, "processor threads; 0: the library decides", least=0)

    @model_validator(mode="after")
    def _one_place(self) -> "EmbeddingBase":
        if self.model and self.path:
            raise ValueError("name either model or path, or neither: the static embedder that ships")
        return self


class Form(Table):
    """What is made: an encoder, or a static table of word pieces, which needs no network at run time."""

    static: bool = field_of(True, "false: the base must be an encoder, and an encoder is made")
    dimensions: int = field_of(256, "of a table that is distilled from an encoder", least=2)
    scale: float = field_of(20.0, "cosines are multiplied by it before the softmax", least=1)
    anchor: float = field_of(
        0.0, "weight of the squared distance from the start: keeps what was not in the pairs", least=0
    )


class EmbedRecipe(Recipe):
    """A recipe of kind embed."""

    kind: Literal["embed"] = Field(description="what is made")
    pairs: Pairs = Field(description="what is learned from")
    base: EmbeddingBase = EmbeddingBase()
    form: Form = Form()
    optimizer: Optimizer = Optimizer(batch=64, lr=1e-3, epochs=3.0)
    stop: Stop = Stop()
