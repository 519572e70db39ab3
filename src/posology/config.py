"""Settings: posology.toml and the built-in profiles, checked strictly and frozen.

Every setting is one field here, with its meaning, unit and default; the file, the manifest and
docs/settings.md derive from it. An unknown key is an error that names the nearest known one. A name in an
address is resolved once, and only that address is used afterwards.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from posology.addresses import Address, check_address, resolve_name
from posology.errors import SettingsError
from posology.files import read_utf8

__all__ = [
    "BUILT_IN_PROFILES",
    "Address",
    "Part",
    "Practice",
    "Profile",
    "Remote",
    "Settings",
    "load_settings",
    "settings_record",
    "settings_reference",
]

DEFAULT_FILE = "posology.toml"
ENVIRONMENT = {
    "POSOLOGY_CONFIG": "the settings file, where --config is not given",
    "POSOLOGY_PROFILE": "the profile, where --profile is not given",
    "POSOLOGY_HOME": "the folder that holds models (in its folder models); default: share/posology of the "
    "Python environment where that holds models, else the user's data folder",
}

Engine = Literal["none", "openvino", "openai", "embedded-checker", "static"]
ENGINES_OF = {
    "writer": ("none", "openvino", "openai"),
    "validator": ("none", "embedded-checker", "openvino", "openai"),
    "embedder": ("none", "static", "openai"),
}


class _Table(BaseModel):
    """A table of the settings file: strict types, no unknown key, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _field(default: Any, doc: str, *, unit: str = "", least: float | None = None) -> Any:
    return Field(default, description=doc, json_schema_extra={"unit": unit}, ge=least)


class Practice(_Table):
    """Who asks: printed in the letter's header and signature block."""

    name: str = _field("", "the practice's name as the payer knows it")
    npi: str = _field("", "National Provider Identifier, ten digits with a valid check digit")
    address: str = _field("", "postal address; lines separated by a line break")
    phone: str = _field("", "telephone number, at least ten digits")
    fax: str = _field("", "fax number, at least ten digits")
    tax_id: str = _field("", "tax identification number, nine digits, a hyphen after the second allowed")
    email: str = _field("", "e-mail address")
    contact: str = _field("", "the person the payer should call")

    @field_validator("npi")
    @classmethod
    def _npi(cls, value: str) -> str:
        if value and not is_npi(value):
            raise ValueError("not an NPI: ten digits, the last one the check digit (Luhn over 80840 + NPI)")
        return value

    @field_validator("phone", "fax")
    @classmethod
    def _telephone(cls, value: str) -> str:
        if value and not (re.fullmatch(r"[-+0-9 ()./x]+", value) and len(re.findall(r"\d", value)) >= 10):
            raise ValueError("not a telephone number: at least ten digits, with + - ( ) . / x and spaces")
        return value

    @field_validator("tax_id")
    @classmethod
    def _tax_id(cls, value: str) -> str:
        if value and not re.fullmatch(r"[0-9]{2}-?[0-9]{7}|[0-9]{3}-[0-9]{2}-[0-9]{4}", value):
            raise ValueError("not a tax identification number: nine digits, such as 12-3456789")
        return value

    @field_validator("email")
    @classmethod
    def _email(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise ValueError("not an e-mail address")
        return value


def is_npi(text: str) -> bool:
    """Say whether ten digits are a National Provider Identifier: Luhn's check over 80840 and the number."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return False
    digits = [int(character) for character in reversed("80840" + text)]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


class Part(_Table):
    """Which model does one part of the work, and how it is reached."""

    engine: Engine = Field(
        description="what runs the model: none; openvino (in this process); openai (any OpenAI-compatible "
        "server); embedded-checker (validator only); static (embedder only)",
        json_schema_extra={"unit": ""},
    )
    model: str = _field("", "the model's name in the catalogue (openvino) or on the server (openai)")
    path: str = _field("", "weights by path: a GGUF file or an OpenVINO folder; overrides the catalogue")
    sha256: str = _field("", "the hash that the file at `path` must have; empty: recorded, not compared")
    family: str = _field("", "the model's family where the catalogue does not know it, such as qwen")
    base_url: str = _field("", "address of the server's API, such as http://127.0.0.1:8000/v1")
    api_key_env: str = _field("", "name of the environment variable that holds the server's API key")
    window_tokens: int = _field(0, "the model's window; 0: ask the engine", unit="tokens", least=0)
    timeout_s: float = _field(120.0, "longest wait for one answer", unit="seconds", least=0.1)
    concurrency: int = _field(4, "requests under way at once", unit="requests", least=1)
    repeatable: bool = _field(True, "the same answers whatever is asked beside them, at some cost in speed")
    cache_gb: int = _field(1, "memory for the key-value cache (openvino)", unit="GB", least=1)
    threads: int = _field(0, "processor threads (openvino); 0: the engine decides", unit="threads", least=0)


class Remote(_Table):
    """Leave to reach one host outside loopback and the private ranges."""

    host: str = Field(description="the host as it stands in the address", json_schema_extra={"unit": ""})
    agreement: str = Field(
        description="reference of the agreement that covers what is sent there",
        min_length=1,
        json_schema_extra={"unit": ""},
    )


_Remotes = Annotated[tuple[Remote, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]


class Profile(_Table):
    """The models of each part and where things are kept."""

    writer: Part = Field(description="words the letter and judges text criteria")
    validator: Part = Field(description="checks each sentence against its sources")
    embedder: Part = Field(description="the dense leg of the search")
    store: str = _field("sqlite:///posology.db", "database address; nothing reads it in this version")
    index: str = _field("local", "local, qdrant:URL or pgvector; this version reads local only")
    remote: _Remotes = _field((), "hosts outside loopback and private ranges that may be reached")


class SettingsFile(_Table):
    """What a settings file may hold."""

    default_profile: str = _field("embedded", "the profile used where none is named")
    practice: Practice = Field(default=Practice(), description="who asks")
    profile: dict[str, Profile] = Field(default={}, description="profiles by name")


BUILT_IN_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "embedded": {
        "writer": {"engine": "openvino", "model": "smollm2-135m-instruct"},
        "validator": {"engine": "embedded-checker"},
        "embedder": {"engine": "static"},
    },
    "rules": {
        "writer": {"engine": "none"},
        "validator": {"engine": "none"},
        "embedder": {"engine": "static"},
    },
    "workstation": {
        "writer": {"engine": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": "Qwen/Qwen3.5-4B"},
        "validator": {
            "engine": "openai",
            "base_url": "http://127.0.0.1:8001/v1",
            "model": "google/medgemma-4b-it",
        },
        "embedder": {"engine": "static"},
    },
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run: the practice, the chosen profile and the addresses it may reach."""

    practice: Practice
    profile_name: str
    profile: Profile
    addresses: tuple[Address, ...]
    source: str  # file name, or "built-in"

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
    parsed = _parse(_read_toml(file), name) if file else SettingsFile()
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
    return Settings(parsed.practice, chosen, selected, addresses, name)


def _settings_path(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is None and environ.get("POSOLOGY_CONFIG"):
        path = Path(environ["POSOLOGY_CONFIG"])
    if path is not None:
        return path
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_utf8(path, SettingsError)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise SettingsError(f"{path.name}: not TOML ({cause})") from cause


def _parse(data: dict[str, Any], name: str) -> SettingsFile:
    profiles = data.get("profile")
    if isinstance(profiles, dict):  # parts a built-in profile's namesake does not give come from the built-in
        filled = {
            key: {**BUILT_IN_PROFILES.get(key, {}), **value} if isinstance(value, dict) else value
            for key, value in profiles.items()
        }
        data = {**data, "profile": filled}
    try:
        return SettingsFile.model_validate(data)
    except ValidationError as cause:
        lines = [_explain(error["loc"], error["type"], error["msg"]) for error in cause.errors()]
        raise SettingsError(f"{name}: " + f"\n{name}: ".join(lines)) from None


def _explain(location: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(step) for step in location)
    if kind == "extra_forbidden":
        known = sorted(_known_keys(location[:-1]))
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "known keys: " + ", ".join(known)
        return f"{path} is no setting; {hint}"
    if kind == "missing":
        return f"{path} is missing"
    return f"{path}: {message.removeprefix('Value error, ')}"


def _known_keys(location: tuple[int | str, ...]) -> set[str]:
    table: type[BaseModel] = SettingsFile
    for step in location:
        field = table.model_fields.get(str(step))
        if field is not None:
            table = _table_of(field.annotation) or table
    return set(table.model_fields)


def _table_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_of(inner))), None)


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


def settings_reference() -> str:
    """Render every setting as Markdown tables: key, type, unit, default, meaning."""
    tables: dict[str, type[BaseModel]] = {
        "": SettingsFile,
        "[practice]": Practice,
        "[profile.NAME]": Profile,
        "writer, validator, embedder of a profile": Part,
        "remote of a profile (a list of tables)": Remote,
    }
    lines: list[str] = []
    for title, table in tables.items():
        lines += [
            f"### {title or 'Top level'}",
            "",
            "| key | type | unit | default | meaning |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(key, table) for key in table.model_fields]
        lines.append("")
    lines += ["### Environment", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{key}` | {meaning} |" for key, meaning in ENVIRONMENT.items()]
    return "\n".join(lines) + "\n"


def _row(key: str, table: type[BaseModel]) -> str:
    field = table.model_fields[key]
    extra = field.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    nested = _table_of(field.annotation) is not None
    if nested:
        kind, default = "table", "required" if field.is_required() else "empty"
    else:
        kind = _type_name(field.annotation)
        default = "required" if field.is_required() else f"`{_toml_value(field.default)}`"
    return f"| `{key}` | {kind} | {unit} | {default} | {field.description} |"


def _type_name(annotation: Any) -> str:
    names: dict[Any, str] = {str: "text", int: "integer", float: "number", bool: "true or false"}
    return names.get(annotation, "text")


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
