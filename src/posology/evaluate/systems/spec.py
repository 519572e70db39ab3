"""A rung of the ladder as a person writes it: which system, where its weights or answers are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from posology.chat.torch_adapter import CONFIG
from posology.declarations import parse_declaration

__all__ = ["BASELINES", "ENGINES", "KINDS", "SystemKind", "SystemSpec", "parse_system"]

_BaselineKind = Literal["majority", "prior", "rules", "tf-idf", "boosting"]
SystemKind = Literal[_BaselineKind, "generator", "recorded", "encoder"]
BASELINES: tuple[_BaselineKind, ...] = get_args(_BaselineKind)
"""Systems without a language model, which are named by their kind alone: a dose of zero."""
KINDS: tuple[str, ...] = get_args(SystemKind)
_Engine = Literal["transformers", "openvino", "openai"]
ENGINES: tuple[_Engine, ...] = get_args(_Engine)
"""What runs a generator."""
_MODEL_FIELDS = ("engine", "path", "adapter", "model", "base_url", "api_key_env", "sha256")


class SystemSpec(BaseModel):
    """One system. Strict: an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(description="what tables call it", min_length=1, max_length=80)
    kind: SystemKind = Field(description=f"what it is: {', '.join(KINDS)}")
    engine: Literal["", _Engine] = Field("", description="what runs a generator")
    path: str = Field("", description="weights of a generator by path; an encoder's trained head")
    adapter: str = Field(
        "",
        description="a folder with a LoRA adapter for the weights, or with one a task (transformers)",
    )
    model: str = Field("", description="a generator's name in the catalogue or on the server")
    base_url: str = Field("", description="address of a generator's server")
    api_key_env: str = Field("", description="environment variable that holds the server's API key")
    sha256: str = Field("", description="the hash that the weights at `path` must have")
    window_tokens: int = Field(0, description="the window in tokens; 0: the engine tells", ge=0)
    concurrency: int = Field(4, description="requests under way at once (openai)", ge=1)
    timeout_s: float = Field(120.0, description="longest wait for one answer in seconds (openai)", gt=0)
    threads: int = Field(0, description="processor threads; 0: the engine decides", ge=0)
    family: str = Field("", description="family of models, by which plots mark points")
    parameters: int | None = Field(None, description="number of weights, where it is known", ge=1)
    precision: str = Field("", description="of the weights, such as `bf16 of Q4_1`")
    notes: str = Field("", description="what a reader must know, such as `a code model`")
    file: str = Field("", description="recorded answers: a JSON-lines file")

    @model_validator(mode="after")
    def _require_place(self) -> "SystemSpec":
        """Require what the kind needs, and nothing that it would pass over in silence."""
        if self.kind == "generator":
            self._require_model()
        elif self.kind == "encoder":
            self._require_head()
        else:
            given = [field for field in _MODEL_FIELDS if getattr(self, field)]
            allowed = ("model",) if self.kind == "recorded" else ()
            if unused := [field for field in given if field not in allowed]:
                raise ValueError(f"kind {self.kind} takes no {', '.join(unused)}")
        if self.kind == "recorded" and not self.file:
            raise ValueError("kind recorded needs file, the JSON-lines file of its answers")
        if self.kind != "recorded" and self.file:
            raise ValueError(f"kind {self.kind} takes no file; recorded answers are kind recorded")
        return self

    def on_task(self, task: str) -> "SystemSpec":
        """Return the system as it stands on a task: with its adapter, where the folder has one a task."""
        if not self.adapter or (Path(self.adapter) / CONFIG).is_file():
            return self
        return self.model_copy(update={"adapter": str(Path(self.adapter) / task)})

    def _require_head(self) -> None:
        if not self.path:
            raise ValueError("kind encoder needs path: a trained head, or a folder with one for each task")
        allowed = ("path", "sha256")
        if unused := [field for field in _MODEL_FIELDS if getattr(self, field) and field not in allowed]:
            raise ValueError(f"kind encoder takes no {', '.join(unused)}")

    def _require_model(self) -> None:
        if not self.engine:
            raise ValueError("kind generator needs engine: openvino, transformers or openai")
        if self.adapter and self.engine != "transformers":
            raise ValueError("adapter goes with the engine transformers")
        if self.engine == "openai" and not (self.base_url and self.model):
            raise ValueError("the engine openai needs base_url and model")
        if self.engine != "openai" and not (self.path or self.model):
            raise ValueError(f"the engine {self.engine} needs model (see `posology models list`) or path")


def parse_system(table: Mapping[str, Any], where: str, *, folder: Path | None = None) -> SystemSpec:
    """Read one system's table; raise UserError with ``where``, the key and what to do.

    Paths that are relative are taken from ``folder``, the one of the file that the table stands in.
    """
    spec = parse_declaration(table, SystemSpec, where, "key of a system")
    if folder is None:
        return spec
    placed = {name: _placed(getattr(spec, name), folder) for name in ("path", "adapter", "file")}
    return spec.model_copy(update=placed)


def _placed(path: str, folder: Path) -> str:
    return str(folder / Path(path).expanduser()) if path else ""
