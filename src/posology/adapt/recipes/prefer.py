"""The recipe of kind prefer: a causal model learns to prefer faithful answers to faulty ones."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Base, Data, Lora, Optimizer, Recipe, Stop, Table, Texts, field_of

__all__ = ["Contrast", "PreferData", "PreferRecipe"]


class PreferData(Data):
    """What pairs are made from: examples, each against itself with one fault; and pairs that exist."""

    pairs: Texts = field_of((), "folders or files with preferences.jsonl, from the recipe file's folder")
    ratings: Texts = field_of((), "exports of a site's blinded ratings: letters that raters preferred")
    each: int = field_of(1, "pairs made of each example at most", least=1)
    gap: float = field_of(
        0.25, "share of its characters by which a faulty answer may differ in length", least=0, most=1
    )
    select_share: float = field_of(
        0.1, "share of the pairs, by group, that only select, where no select is named", least=0, most=0.5
    )


class Contrast(Table):
    """The loss: DPO, and the supervised term that keeps the faithful answers likely."""

    beta: float = field_of(0.1, "how far the model may go from its reference: lower is farther", least=0.001)
    supervised: float = field_of(0.2, "weight of the likelihood of the faithful answers", least=0)
    fall: float = field_of(
        0.05,
        "end where faithful answers have become less likely than at the start by so much",
        unit="nats a token",
        least=0,
    )


class PreferRecipe(Recipe):
    """A recipe of kind prefer."""

    kind: Literal["prefer"] = Field(description="what is made")
    data: PreferData = Field(description="what is learned from")
    base: Base = Field(description="the model that is tuned")
    lora: Lora = Lora()
    contrast: Contrast = Contrast()
    optimizer: Optimizer = Optimizer(lr=5e-5, batch=8)
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _something(self) -> "PreferRecipe":
        data = self.data
        if not (data.tasks or data.corpora or data.pairs or data.ratings):
            raise ValueError("data: name tasks, corpora, pairs or ratings")
        return self
