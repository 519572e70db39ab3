"""The recipe of kind tune: a causal model learns answers, from examples, a teacher and the sources."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Base, Data, Lora, Optimizer, Recipe, Stop, Table, field_of

__all__ = ["Answering", "Distillation", "Grounding", "Objective", "TuneRecipe"]


class Answering(Table):
    """The first term: the likelihood of the answer's tokens."""

    on: bool = field_of(True, "false: this term is switched off")
    weight: float = field_of(1.0, "its weight in the sum", least=0)


class Distillation(Table):
    """The second term: the teacher's probabilities of the answer's tokens."""

    on: bool = field_of(False, "true: this term counts")
    weight: float = field_of(1.0, "its weight in the sum", least=0)
    divergence: Literal["forward", "jsd"] = field_of(
        "forward", "forward: KL(teacher, student); jsd: generalised Jensen-Shannon"
    )
    beta: float = field_of(0.5, "of jsd; 0 is forward KL, 1 reverse KL", least=0, most=1)
    temperature: float = field_of(1.0, "both distributions are softened by it", least=0.05)
    teacher: str = field_of("", "the teacher's folder or GGUF file, from the recipe file's folder")
    cache: str = field_of(
        "",
        "a folder of the teacher's likeliest tokens, made first where it is not there; empty: it runs beside",
    )
    top: int = field_of(32, "of a cache: likeliest tokens kept of each place", unit="tokens", least=1)

    @model_validator(mode="after")
    def _whole(self) -> "Distillation":
        if self.on and not (self.cache or self.teacher):
            raise ValueError("distill needs a teacher, a cache, or both: the cache is made by the teacher")
        if self.on and self.cache and self.divergence != "forward":
            raise ValueError("a cache holds the likeliest tokens only: divergence must be forward")
        return self


class Grounding(Table):
    """The third term: what the source text does not say becomes unlikely, what it says depends on it."""

    on: bool = field_of(False, "true: this term counts")
    weight: float = field_of(0.5, "its weight in the sum", least=0)
    contrast: float = field_of(0.5, "weight of the context contrast beside the unlikelihood", least=0)
    margin: float = field_of(2.0, "how much likelier the source must make a fact of it", unit="nats", least=0)


class Objective(Table):
    """The sum that is made small; terms that are off cost nothing."""

    answer: Answering = Answering()
    distill: Distillation = Distillation()
    ground: Grounding = Grounding()

    @model_validator(mode="after")
    def _something(self) -> "Objective":
        if not any(term.on and term.weight > 0 for term in (self.answer, self.distill, self.ground)):
            raise ValueError("every term is off or weighs nothing: switch one on")
        return self


class Ending(Stop):
    """When training ends, and which of its weights are kept."""

    take: Literal["best", "last"] = field_of(
        "best", "the weights that are kept: of the lowest loss on select, or of the last step"
    )


class TuneRecipe(Recipe):
    """A recipe of kind tune."""

    kind: Literal["tune"] = Field(description="what is made")
    data: Data = Field(description="what is learned from")
    base: Base = Field(description="the model that is tuned")
    lora: Lora = Lora()
    objective: Objective = Objective()
    optimizer: Optimizer = Optimizer()
    stop: Ending = Ending()

    @model_validator(mode="after")
    def _facts_are_of_the_answer(self) -> "TuneRecipe":
        if self.data.learn == "turns" and self.objective.ground.on:
            raise ValueError(
                'data.learn = "turns": the grounding term looks at the last answer only; switch it off'
            )
        return self
