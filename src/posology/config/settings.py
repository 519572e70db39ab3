"""Settings: posology.toml and the built-in profiles, checked strictly and frozen.

An unknown key is an error that names the nearest known one. A name in an address is resolved once, and
only that address is used afterwards.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posology.addresses import Address, check_address, resolve_name
from posology.config.profiles import BUILT_IN_PROFILES
from posology.config.tables import ENGINES_OF, Part, Practice, Profile, Serve, SettingsFile
from posology.declarations import parse_declaration, parse_toml
from posology.errors import SettingsError
from posology.files import read_utf8

__all__ = ["Settings", "load_settings", "settings_record"]

DEFAULT_FILE = "posology.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run: the practice, the chosen profile and the addresses it may reach."""

    practice: Practice
    profile_name: str
    profile: Profile
    addresses: tuple[Address, ...]
    source: str  # file name, or "built-in"
    serve: Serve = field(default_factory=Serve)

    def address_of(self, base_url: str) -> Address:
        """Return the pinned address of a part's ``base_url``."""
        for address in self.addresses:
            if address.url == base_url:
                return address
        raise SettingsError(f"{self.source}: the address {base_url} belongs to no part of the profile")


def load_settings(
    path: Path | None = None,
    *,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    resolve: Callable[[str, int], tuple[str, ...]] = resolve_name,
) -> Settings:
    """Read the settings file (default ./posology.toml where it exists) and choose the profile.

    ``resolve`` turns a host name and a port into addresses. Raises SettingsError with the file, the key and
    what to do; an address outside loopback and the private ranges needs an entry under ``remote``.
    """
    environ = os.environ if environ is None else environ
    file = _settings_path(path, environ)
    name = file.name if file else "built-in"
    parsed = _read(file, name) if file else SettingsFile()
    chosen = profile or environ.get("POSOLOGY_PROFILE") or parsed.default_profile
    if chosen not in parsed.profile:
        if chosen not in BUILT_IN_PROFILES:
            raise SettingsError(_no_profile(name, chosen, [*parsed.profile, *BUILT_IN_PROFILES]))
        selected = Profile.model_validate(BUILT_IN_PROFILES[chosen])
    else:
        selected = parsed.profile[chosen]
    where = f"{name}: profile.{chosen}"
    _check_engines(selected, where)
    addresses = _check_addresses(selected, where, resolve)
    return Settings(parsed.practice, chosen, selected, addresses, name, parsed.serve)


def _settings_path(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is None and environ.get("POSOLOGY_CONFIG"):
        path = Path(environ["POSOLOGY_CONFIG"])
    if path is not None:
        return path
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def _read(path: Path, name: str) -> SettingsFile:
    data = parse_toml(read_utf8(path, SettingsError), name, SettingsError)
    profiles = data.get("profile")
    if isinstance(profiles, dict):  # parts a built-in profile's namesake does not give come from the built-in
        filled = {
            key: {**BUILT_IN_PROFILES.get(key, {}), **value} if isinstance(value, dict) else value
            for key, value in profiles.items()
        }
        data = {**data, "profile": filled}
    return parse_declaration(data, SettingsFile, name, "setting", SettingsError)


def _no_profile(name: str, chosen: str, known: list[str]) -> str:
    return f"{name}: there is no profile {chosen!r}; known: {', '.join(sorted(set(known)))}"


def _parts(profile: Profile) -> list[tuple[str, Part]]:
    return [(role, getattr(profile, role)) for role in ENGINES_OF]


def _check_engines(profile: Profile, where: str) -> None:
    for role, part in _parts(profile):
        if part.engine not in ENGINES_OF[role]:
            raise SettingsError(
                f"{where}.{role}: the engine {part.engine!r} cannot be a {role}; "
                f"possible: {', '.join(ENGINES_OF[role])}"
            )
        if part.engine == "openai" and not (part.base_url and part.model):
            raise SettingsError(f"{where}.{role}: the engine openai needs base_url and model")
        if part.engine == "openvino" and not (part.model or part.path):
            raise SettingsError(
                f"{where}.{role}: the engine openvino needs model (see `posology models list`) or path"
            )
    if profile.index != "local" and not re.fullmatch(r"pgvector|qdrant:.+", profile.index):
        raise SettingsError(f"{where}.index: not an index; possible: local, pgvector, qdrant:URL")


def _check_addresses(
    profile: Profile, where: str, resolve: Callable[[str, int], tuple[str, ...]]
) -> tuple[Address, ...]:
    agreements = {remote.host.lower(): remote.agreement for remote in profile.remote}
    found: dict[str, Address] = {}
    for role, part in _parts(profile):
        if part.engine == "openai" and part.base_url not in found:
            place = f"{where}.{role}.base_url"
            found[part.base_url] = check_address(part.base_url, agreements, place, resolve)
    return tuple(found.values())


def settings_record(settings: Settings) -> dict[str, Any]:
    """Return what a manifest records of the settings: profile, models, addresses; no practice data."""
    return {
        "source": settings.source,
        "profile": settings.profile_name,
        **settings.profile.model_dump(mode="json", exclude_defaults=True),
        "addresses": [
            {"url": a.url, "address": a.ip, "agreement": a.agreement or None} for a in settings.addresses
        ],
    }
