"""From a part of a profile to an engine that answers."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from posology.chat.catalogue import family_of, find_entry
from posology.chat.generator import Generator, ModelIdentity
from posology.chat.openvino import OpenVinoOptions, open_openvino
from posology.chat.runtime import import_genai
from posology.chat.weights import find_weights, weights_at
from posology.config import Part, Settings
from posology.errors import EngineError, SettingsError

__all__ = ["open_generator"]


@dataclass(frozen=True, slots=True)
class _Order:
    """What a builder is given."""

    part: Part
    settings: Settings
    home: Path | None
    probe: bool


def open_generator(
    part: Part, settings: Settings, *, home: Path | None = None, probe: bool = True
) -> Generator | None:
    """Return the engine that a part names, None for the engine none.

    A server is probed with the canaries once, here, unless ``probe`` is false; ``home`` is the folder that
    holds models, where it is not $POSOLOGY_HOME.
    """
    builder = BUILDERS.get(part.engine)
    if builder is None:
        raise SettingsError(
            f"{settings.source}: profile.{settings.profile_name}: the engine {part.engine!r} generates no "
            f"text; possible: {', '.join(BUILDERS)}"
        )
    return builder(_Order(part, settings, home, probe))


def _none(_: _Order) -> None:
    return None


def _openvino(order: _Order) -> Generator:
    part = order.part
    import_genai()  # a missing extra is said before weights are looked for
    if part.path:
        weights = weights_at(Path(part.path), part.sha256)
        name = part.model or Path(part.path).name
        family = part.family or (family_of(part.model) if part.model else weights.architecture)
    else:
        entry = find_entry(part.model)
        weights, name, family = find_weights(entry.name, order.home), entry.name, entry.family
    window = weights.window or part.window_tokens
    if not window:
        raise EngineError(f"{name}: the weights do not tell their window; set window_tokens in the profile")
    identity = ModelIdentity(
        name,
        family,
        weights.sha256[:12],
        weights.identity_sha256,
        f"openvino-genai {_version('openvino-genai')}",
    )
    options = OpenVinoOptions(part.repeatable, part.cache_gb, part.threads, part.window_tokens)
    return open_openvino(weights.path, identity, window, options)


def _transformers(order: _Order) -> Generator:
    from posology.chat.runtime import import_torch
    from posology.chat.torch_engine import TransformersOptions, open_transformers
    from posology.chat.torch_weights import read_source, transformers_weights

    part = order.part
    import_torch()  # a missing extra is said before weights are looked for
    if not part.path:
        raise SettingsError(
            f"{order.settings.source}: profile.{order.settings.profile_name}: the engine transformers needs "
            "`path`: a GGUF file or a folder with safetensors"
        )
    adapter = Path(part.adapter) if part.adapter else None
    weights = transformers_weights(Path(part.path), part.sha256, order.home, adapter=adapter)
    source = read_source(weights.path)
    name = part.model or Path(part.path).stem
    family = part.family or (family_of(part.model) if part.model else weights.architecture)
    told = f"{weights.sha256[:12]}, {source.precision}" if source else weights.sha256[:12]
    told += ", with an adapter" if weights.adapter else ""
    engine = f"transformers {_version('transformers')}"
    identity = ModelIdentity(name, family, told, weights.identity_sha256, engine)
    options = TransformersOptions(
        cache_gb=part.cache_gb,
        threads=part.threads,
        window_tokens=part.window_tokens,
        adapter=weights.adapter,
    )
    return open_transformers(weights.path, identity, weights.window or 0, options)


def _openai(order: _Order) -> Generator:
    from posology.chat.openai import OpenAiOptions, open_openai

    part = order.part
    options = OpenAiOptions(
        model=part.model,
        family=part.family or family_of(part.model),
        api_key_env=part.api_key_env,
        window_tokens=part.window_tokens,
        timeout_s=part.timeout_s,
        concurrency=part.concurrency,
    )
    return open_openai(order.settings.address_of(part.base_url), options, probe=order.probe)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


BUILDERS: dict[str, Callable[[_Order], Generator | None]] = {
    "none": _none,
    "openvino": _openvino,
    "transformers": _transformers,
    "openai": _openai,
}
