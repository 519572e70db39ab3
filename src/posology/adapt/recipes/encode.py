"""The recipe of kind encode: a head on an encoder or a frozen decoder learns tags or labels."""

from typing import Literal

from pydantic import Field, model_validator

from posology.adapt.recipe import Base, Optimizer, Recipe, Table, Texts, field_of
from posology.evidence.heads.comparing import HEADS

__all__ = [
    "EncodeData",
    "EncodeExport",
    "EncodeOptimizer",
    "EncodeRecipe",
    "EncodeStop",
    "HeadTable",
    "Rename",
    "Windows",
]


class Rename(Table):
    """What a label of a task is called here, so that tasks can be learned together."""

    task: str = Field(description="a task, or the task named in a corpus", min_length=1)
    label: str = Field(description="its label", min_length=1)
    to: str = field_of("", "its name here; empty: examples with it are left out, and counted")


class EncodeData(Table):
    """What is learned from: tasks by name (their part tune; select says when to stop) and corpus folders."""

    tasks: Texts = field_of((), "tasks by name, as `posology evaluate --list` shows them")
    corpora: Texts = field_of((), "folders with labelled.jsonl, from the recipe file's folder")
    select: Texts = field_of((), "folders with labelled.jsonl that only choose when to stop")
    purpose: Literal["study", "ship"] = field_of(
        "study", "ship: the licence of every record and of the base must allow that the model is given away"
    )
    limit: int = field_of(0, "learn from so many examples of each source at most; 0: all", least=0)
    select_limit: int = field_of(0, "measure on so many examples of each source at most; 0: all", least=0)
    rename: list[Rename] = Field([], description="other names for labels of tasks")
    learn_select: bool = field_of(
        False,
        "learn from select as well, all steps and the last weights: when an earlier run chose the settings",
    )

    @model_validator(mode="after")
    def _something(self) -> "EncodeData":
        if not (self.tasks or self.corpora):
            raise ValueError("name tasks or corpora to learn from")
        if self.corpora and not (self.tasks or self.select):
            raise ValueError("corpora have no part select of their own: name folders under select")
        return self


class HeadTable(Table):
    """What is answered, and how it is learned."""

    kind: Literal["token", "sequence", "pair"] = Field(
        description="token: spans of a text; sequence: a label of a text; pair: a label of two texts"
    )
    reads: Literal["together", "apart"] = field_of(
        "together",
        "a pair: as one text; or each by itself, then compared piece by piece (tune_encoder = false)",
    )
    width: int = field_of(192, "of what is compared of a piece", unit="numbers", least=8, most=1024)
    blocks: int = field_of(2, "rounds of comparing", least=1, most=8)
    pooling: Literal["mean", "first"] = field_of("mean", "what of a text's vectors its label is read from")
    class_weights: Literal["none", "root", "balanced"] = field_of(
        "none", "balanced: rare labels weigh as much as common ones together; root: the root of that"
    )
    join: Literal["mean", "highest"] = field_of(
        "mean", "a long text's windows: their mean, or the one likeliest of `positive`"
    )
    positive: str = field_of("", "the label of join highest and of the threshold, such as supported")
    threshold: Literal["none", "balanced"] = field_of(
        "none", "balanced: that of `positive` with the best balanced accuracy on select"
    )
    passed: float = field_of(
        0.0, "that threshold lets at least this share of `positive` on select pass", least=0, most=1
    )
    whole_words: bool = field_of(True, "spans begin and end at the edges of words")
    layers: int = field_of(0, "the lowest so many layers of the encoder; 0: all", unit="layers", least=0)
    rank: int = field_of(
        0, "the encoder's matrices change by matrices of this rank (LoRA): a few MB; 0: all weights", least=0
    )
    tune_encoder: bool = field_of(True, "false: only the head learns, and only the head is kept")
    tune_words: bool = field_of(
        True, "false: the vectors of word pieces stay the base's, and the head's file holds the layers only"
    )
    dropout: float = field_of(0.1, "share of the head's inputs left out while it learns", least=0, most=0.9)
    hidden: float = field_of(
        0.0, "share of word pieces that the encoder sees as [MASK] while it learns", least=0, most=0.9
    )
    temperature: float = field_of(0.0, "its logits are divided by this; 0: fitted on select", least=0)
    smoothing: float = field_of(0.0, "share of the target spread over all labels", least=0, most=0.5)
    metric: Literal["", "macro-F1", "accuracy", "balanced accuracy"] = field_of(
        "", "what select is measured by; empty: strict F1 of spans, macro-F1 of labels"
    )

    @model_validator(mode="after")
    def _positive_is_named(self) -> "HeadTable":
        if (self.join == "highest" or self.threshold != "none") and not self.positive:
            raise ValueError("join highest and a threshold need `positive`, one of the labels")
        if self.passed and self.threshold == "none":
            raise ValueError("passed is of a threshold: set threshold")
        if self.rank and not self.tune_encoder:
            raise ValueError("rank is of the encoder's changes; with tune_encoder = false there are none")
        if self.reads == "apart" and (self.kind != "pair" or self.tune_encoder or self.hidden):
            raise ValueError("reads = apart is of pairs, with tune_encoder = false, and hides no pieces")
        if self.width % HEADS:
            raise ValueError(f"width is shared by {HEADS} heads: a multiple of {HEADS}")
        if self.kind == "token" and (self.positive or self.metric):
            raise ValueError("a token head takes no positive and no metric")
        return self


class Windows(Table):
    """How long texts are read."""

    pieces: int = field_of(256, "of one window, special ones included", unit="word pieces", least=32)
    overlap: int = field_of(48, "that neighbouring windows share", unit="word pieces", least=0)
    at_most: int = field_of(
        6, "windows of a text that are learned from, its first ones; the others are counted", least=1
    )


class EncodeOptimizer(Optimizer):
    """How the weights move; see ``Optimizer``."""

    lr: float = field_of(
        2e-4, "highest learning rate of the encoder; the head's is head_factor times that", least=0
    )
    schedule: Literal["cosine", "linear", "constant"] = field_of("linear", "how it falls after the warm-up")
    warmup: float = field_of(0.1, "share of the steps in which it rises from zero", least=0, most=1)
    weight_decay: float = field_of(0.01, "of AdamW; biases and norms have none", least=0)
    epochs: float = field_of(5.0, "times that all examples are seen", least=0)
    head_factor: float = field_of(5.0, "the head's learning rate over the encoder's", least=0)
    layer_decay: float = field_of(
        1.0, "each layer's learning rate over that of the layer above", least=0.1, most=1
    )


class EncodeStop(Table):
    """When training ends early, and how often it is measured and kept."""

    every: int = field_of(0, "steps between measurements on select; 0: after each epoch", least=0)
    patience: int = field_of(3, "end after so many measurements without a better score; 0: never", least=0)
    checkpoint: int = field_of(200, "steps between checkpoints; 0: none", unit="steps", least=0)


class EncodeExport(Table):
    """The int8 form of the head, compared with it on select, and refused beyond these limits."""

    int8: bool = field_of(True, "true: written to the folder int8 of the model's folder")
    logits: float = field_of(1.0, "largest difference of a logit", least=0)
    answers: float = field_of(0.98, "least share of answers that are alike", least=0, most=1)
    score: float = field_of(0.01, "largest loss of the score", least=0, most=1)
    examples: int = field_of(500, "compared, of select, at most", least=1)


class EncodeRecipe(Recipe):
    """A recipe of kind encode."""

    kind: Literal["encode"] = Field(description="what is made")
    data: EncodeData = Field(description="what is learned from")
    base: Base = Field(description="the encoder, or a writing model that only reads")
    head: HeadTable = Field(description="what is answered")
    windows: Windows = Windows()
    optimizer: EncodeOptimizer = EncodeOptimizer()
    stop: EncodeStop = EncodeStop()
    export: EncodeExport = EncodeExport()

    @model_validator(mode="after")
    def _select_still_judges(self) -> "EncodeRecipe":
        if self.data.learn_select and (not self.head.temperature or self.head.threshold != "none"):
            raise ValueError(
                "data.learn_select leaves nothing to fit on: state head.temperature, and take no threshold"
            )
        return self
