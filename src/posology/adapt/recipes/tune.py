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
    cache: str = field_of("", "a folder of the teacher's likeliest tokens; empty: the teacher runs beside")
    teacher: str = field_of("", "the teacher's folder or file, where there is no cache")


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
        if self.distill.on and bool(self.distill.cache) == bool(self.distill.teacher):
            raise ValueError("distill needs either cache or teacher")
        return self


class TuneRecipe(Recipe):
    """A recipe of kind tune."""

    kind: Literal["tune"] = Field(description="what is made")
    data: Data = Field(description="what is learned from")
    base: Base = Field(description="the model that is tuned")
    lora: Lora = Lora()
    objective: Objective = Objective()
    optimizer: Optimizer = Optimizer()
    stop: Stop = Stop()
