"""The recipe of kind prefer: a causal model learns to prefer faithful answers to faulty ones."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Base, Data, Lora, Optimizer, Recipe, Stop, Table, Texts, field_of

__all__ = ["Contrast", "Policy", "PreferData", "PreferRecipe"]


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
    written: int = field_of(
        40,
        "before and after, write an answer to so many prompts of select that bear out the preferred one, and "
        "count what it invents and leaves out; 0: none",
        least=0,
    )
    answer_tokens: int = field_of(256, "a written answer has at most", unit="tokens", least=1)


class Policy(Table):
    """Learning on policy: from the model's own answers, rewarded by the deterministic checks (TRL's GRPO)."""

    on: bool = field_of(False, "true: learn so, and not from pairs; needs a CUDA GPU and TRL")
    answers: int = field_of(8, "drawn to each prompt", unit="answers", least=2)
    answer_tokens: int = field_of(256, "a drawn answer has at most", unit="tokens", least=1)
    temperature: float = field_of(1.0, "at which answers are drawn", least=0.01)
    beta: float = field_of(0.02, "weight of the divergence from the start", least=0)


class PreferRecipe(Recipe):
    """A recipe of kind prefer."""

    kind: Literal["prefer"] = Field(description="what is made")
    data: PreferData = Field(description="what is learned from")
    base: Base = Field(description="the model that is tuned")
    lora: Lora = Lora()
    contrast: Contrast = Contrast()
    policy: Policy = Policy()
    optimizer: Optimizer = Optimizer(lr=5e-5, batch=8)
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _something(self) -> "PreferRecipe":
        data = self.data
        if not (data.tasks or data.corpora or data.pairs or data.ratings):
            raise ValueError("data: name tasks, corpora, pairs or ratings")
        return self

    @model_validator(mode="after")
    def _one_way(self) -> "PreferRecipe":
        plain = PreferData()
        of_pairs = ("pairs", "ratings", "each", "gap", "balance", "learn")
        idle = [f"data.{key}" for key in of_pairs if getattr(self.data, key) != getattr(plain, key)]
        idle += ["contrast"] * (self.contrast != Contrast()) + ["stop"] * (self.stop != Stop())
        if self.policy.on and idle:
            raise ValueError(f"policy.on: {', '.join(idle)}: of no meaning there; leave it out")
        if self.data.balance != "none":
            raise ValueError("data.balance: pairs weigh alike; leave it out")
        return self
