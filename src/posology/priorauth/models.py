"""The models of a draft: who writes, who validates, who finds."""

from dataclasses import asdict, dataclass
from pathlib import Path

from posology.chat import Generator, Reads, open_generator, reads_of
from posology.config import Settings
from posology.errors import SettingsError
from posology.evidence import Embedder, SupportChecker, open_embedder, open_support_checker
from posology.priorauth.validating import GeneratorChecker

__all__ = ["Models", "open_checker", "open_generators", "open_models"]


@dataclass(frozen=True)
class Models:
    """The opened models; ``None`` for a part that the profile leaves to rules and templates."""

    writer: Generator | None
    checker: SupportChecker | None
    embedder: Embedder
    reads: Reads = "named"  # which sentences of notes the writer judges

    def identities(self) -> dict[str, dict[str, str]]:
        """Return which model does which part, as a manifest records it."""
        parts = {"writer": self.writer, "validator": self.checker, "embedder": self.embedder}
        return {name: asdict(part.identity) for name, part in parts.items() if part is not None}


def open_models(settings: Settings) -> Models:
    """Open the models that the profile names; writer and validator must be of different families."""
    profile = settings.profile
    if profile.embedder.engine != "static":
        raise SettingsError(
            f"profile {settings.profile_name}: embedder: this version searches with the engine static only, "
            'which needs nothing: embedder = {engine = "static"}'
        )
    if profile.index != "local":
        raise SettingsError(
            f"profile {settings.profile_name}: index: this version keeps a chart's index in memory only: "
            'index = "local"'
        )
    writer = open_generator(profile.writer, settings)
    checker = open_checker(settings)
    if writer is not None and checker is not None and writer.identity.family == checker.identity.family:
        raise SettingsError(
            f"profile {settings.profile_name}: writer and validator are both of the family "
            f"{writer.identity.family}; a validator must be of another family than the writer"
        )
    embedder = open_embedder(Path(profile.embedder.path) if profile.embedder.path else None)
    reads = profile.writer.reads or reads_of(profile.writer.model)
    return Models(writer, checker, embedder, reads)


def open_generators(settings: Settings) -> dict[str, Generator]:
    """Open the generators of a profile by their part, for testing them."""
    parts = {"writer": settings.profile.writer, "validator": settings.profile.validator}
    opened = {
        name: open_generator(part, settings, probe=False)
        for name, part in parts.items()
        if part.engine != "embedded-checker"
    }
    return {name: generator for name, generator in opened.items() if generator is not None}


def open_checker(settings: Settings, *, threads: int = 0) -> SupportChecker | None:
    """Open the validator alone: what checks a sentence that a person writes.

    ``threads``: of one inference of the embedded one; 0: as many as there are cores.
    """
    part = settings.profile.validator
    if part.engine == "embedded-checker":
        head = Path(part.path) if part.path else None
        return open_support_checker(head, sha256=part.sha256, threads=threads)
    generator = open_generator(part, settings)
    return None if generator is None else GeneratorChecker(generator)
