"""The recipe of kind pretrain: a causal model goes on learning from plain text; forgetting is watched."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Base, Lora, Optimizer, Recipe, Stop, Table, Texts, field_of

__all__ = ["Forgetting", "PretrainRecipe", "Rows", "Running"]


class Running(Table):
    """What text is learned: of the domain, and general text replayed beside it."""

    domain: Texts = field_of((), "folders with records.jsonl, from the recipe file's folder")
    general: Texts = field_of((), "folders with general records.jsonl; empty: nothing is replayed or watched")
    replay: float = field_of(0.1, "share of the tokens that is general text", least=0, most=0.9)
    held: float = field_of(0.05, "share of each corpus' groups to measure on", least=0.001, most=0.5)
    held_tokens: int = field_of(
        20_000, "tokens of each domain that are measured on at most", unit="tokens", least=64
    )
    purpose: Literal["study", "ship"] = field_of(
        "study", "ship: the licence of every record and of the base must allow that the model is given away"
    )
    limit: int = field_of(0, "read so many records of each folder at most; 0: all", least=0)


class Rows(Table):
    """How documents are packed into rows."""

    tokens: int = field_of(512, "of a row", unit="tokens", least=16)
    least: int = field_of(8, "shorter pieces of a document are left out, and counted", least=2)


class Forgetting(Table):
    """When to stop because general text is forgotten."""

    most: float = field_of(
        0.05, "end where the loss on general text has risen by so much", unit="nats a token", least=0
    )


class PretrainRecipe(Recipe):
    """A recipe of kind pretrain."""

    kind: Literal["pretrain"] = Field(description="what is made")
    texts: Running = Field(description="what is learned")
    base: Base = Field(description="the model that goes on learning")
    lora: Lora = Lora(rank=0)
    rows: Rows = Rows()
    forgetting: Forgetting = Forgetting()
    optimizer: Optimizer = Optimizer(lr=3e-4, warmup=0.02, final=0.1, weight_decay=0.1)
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _replayed(self) -> "PretrainRecipe":
        if self.texts.replay > 0 and not self.texts.general:
            raise ValueError("texts.replay is above 0 and texts.general names no folder; set replay = 0")
        return self
