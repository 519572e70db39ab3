"""A recipe: the TOML file that says how a model is made, and the tables that recipes of every kind share.

``posology = "recipe/1"`` and ``kind`` come first; then a small table per concern. Every key has its
meaning, unit and default here or in the kind's own file; an unknown key is an error.

Where things are, and how a kind is added:

* this file: the tables that kinds share (``Base``, ``Lora``, ``Optimizer``, ``Stop``, ``Data``), and
  ``Recipe``, which every kind extends;
* ``recipes/<kind>.py``: one kind's recipe, with the tables that only it has; one line in ``RECIPES`` of
  ``recipes/__init__.py``, which reads and writes files;
* ``<kind>.py`` beside this file: ``run_<kind>(recipe, job) -> Path`` makes the model folder; one line in
  ``RUNNERS`` of ``running.py``; optionally ``plan_<kind>(recipe, job) -> Plan``, with a line in ``PLANNERS``;
* ``job.py``: what a run is given beside its recipe: folders, the examples of tasks, who hears of progress;
* ``folders.py``: a model folder is written whole or not at all, by ``model_folder``.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["Base", "Data", "Lora", "Optimizer", "Recipe", "Screening", "Stop", "Table", "Texts", "field_of"]


class Table(BaseModel):
    """A table of a recipe: strict types, no unknown key, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]
"""A list of texts in TOML."""


def field_of(
    default: Any, doc: str, *, unit: str = "", least: float | None = None, most: float | None = None
) -> Any:
    """Return a key of a recipe with its default, meaning, unit and bounds."""
    return Field(default, description=doc, json_schema_extra={"unit": unit}, ge=least, le=most)


class Data(Table):
    """What is learned from: tasks by name (their part tune; select says when to stop) and corpus folders."""

    tasks: Texts = field_of((), "tasks by name, as `posology evaluate --list` shows them")
    corpora: Texts = field_of((), "folders with examples.jsonl, from the recipe file's folder")
    select: Texts = field_of(
        (), "folders with examples that are never learned from: they choose when to stop"
    )
    purpose: Literal["study", "ship"] = field_of(
        "study", "ship: the licence of every record and of the base must allow that the model is given away"
    )
    limit: int = field_of(0, "learn from so many examples of each source at most; 0: all", least=0)
    select_limit: int = field_of(200, "measure on so many examples of each source", least=1)
    max_tokens: int = field_of(1024, "longer examples are left out, and counted", unit="tokens", least=8)
    learn: Literal["answer", "turns"] = field_of(
        "answer", "turns: the model's earlier turns of a prompt are learned as its answer is"
    )
    balance: Literal["none", "roots", "answers"] = field_of(
        "none",
        "answers: those of a task weigh the same together, however often each occurs; "
        "roots: as the square root of how often; select is weighed alike",
    )
    answer_limit: int = field_of(
        0, "learn from so many examples of one answer of a task at most; 0: all", least=0
    )


class Base(Table):
    """The model that is adapted; a GGUF file is converted once."""

    model: str = field_of("", "its name in the catalogue, see `posology models list`")
    path: str = field_of("", "a folder with safetensors or a GGUF file, from the recipe file's folder")
    sha256: str = field_of("", "the hash that the weights at `path` must have")
    dtype: Literal["auto", "bfloat16", "float32"] = field_of(
        "auto", "of the arithmetic; auto: bfloat16 on a GPU and on processors that have it, else float32"
    )
    device: Literal["auto", "cpu", "cuda"] = field_of("auto", "auto: a GPU where there is one")
    threads: int = field_of(0, "processor threads; 0: the library decides", least=0)

    @model_validator(mode="after")
    def _one_place(self) -> "Base":
        if bool(self.model) == bool(self.path):
            raise ValueError("name either model or path")
        return self


class Lora(Table):
    """Low-rank adapters; rank 0 tunes every weight instead."""

    rank: int = field_of(16, "0: full tuning, no adapter", least=0)
    alpha: int = field_of(32, "scale of the adapter: alpha / rank", least=1)
    dropout: float = field_of(
        0.0, "share of the adapter's inputs left out while it learns", least=0, most=0.9
    )
    targets: Texts = field_of((), "names of the linear layers that get one; empty: every linear layer")
    upper_layers: int = field_of(0, "only the upper so many layers get one; 0: all", unit="layers", least=0)
    keep: float = field_of(
        2.0,
        "with upper_layers, of kinds tune and prefer: what the lower layers give of an example is computed "
        "once and kept, in so much memory (the GPU's where one computes); 0: computed each time",
        unit="GB",
        least=0,
    )
    quantize: Literal["none", "nf4"] = field_of(
        "none", "nf4: the base's weights in four bits (QLoRA); needs a CUDA GPU and bitsandbytes"
    )

    @model_validator(mode="after")
    def _adapted(self) -> "Lora":
        if self.quantize != "none" and not self.rank:
            raise ValueError("lora.quantize: weights in four bits do not learn; set lora.rank above 0")
        return self


class Optimizer(Table):
    """How the weights move."""

    lr: float = field_of(2e-4, "highest learning rate", least=0)
    schedule: Literal["cosine", "linear", "constant"] = field_of("cosine", "how it falls after the warm-up")
    warmup: float = field_of(0.05, "share of the steps in which it rises from zero", least=0, most=1)
    final: float = field_of(0.0, "learning rate at the end, as a share of the highest", least=0, most=1)
    weight_decay: float = field_of(0.0, "of AdamW", least=0)
    clip: float = field_of(1.0, "largest norm of the gradient; 0: none", least=0)
    epochs: float = field_of(1.0, "times that all examples are seen", least=0)
    steps: int = field_of(0, "end after so many steps; 0: as epochs say", least=0)
    batch: int = field_of(16, "examples of one step, over all devices", unit="examples", least=1)
    micro_tokens: int = field_of(
        4096, "tokens, padding included, that go through the model at once", unit="tokens", least=16
    )


class Stop(Table):
    """When training ends early, and how often it is measured and kept."""

    every: int = field_of(50, "steps between measurements on select; 0: only at the end", least=0)
    patience: int = field_of(3, "end after so many measurements without a lower loss; 0: never", least=0)
    checkpoint: int = field_of(50, "steps between checkpoints; 0: none", unit="steps", least=0)
    minutes: float = field_of(10.0, "one is also kept after so long", unit="minutes", least=0.01)


class Screening(Table):
    """What is done with records that hold a text which scores are measured on."""

    found: Literal["stop", "drop"] = field_of(
        "stop", "stop: the run ends before its first step; drop: they are left out, and counted in the card"
    )
    not_scored: Texts = field_of(
        (), "tasks, or parts such as pubmedqa/select, that this model is never scored on: not looked for"
    )
    files: Texts = field_of(
        (), "files of further test texts, hashed (`posology curate --save-tests`), from the recipe's folder"
    )


class Recipe(Table):
    """What every recipe begins with."""

    posology: Literal["recipe/1"] = Field(description="the form of this file")
    kind: str = Field(description="what is made: tune, encode, prefer, pretrain, embed or vocabulary")
    name: str = Field(description="what the model is called", min_length=1, max_length=80)
    about: str = field_of("", "what it is for, in a sentence")
    cost: str = field_of("", "what a run took, and where")
    seed: int = field_of(0, "fixes order, start values and dropout", least=0)
    tests: Screening = Screening()
