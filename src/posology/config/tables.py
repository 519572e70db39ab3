"""The tables of posology.toml: every setting once, with its meaning, unit and default."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

__all__ = [
    "ENGINES_OF",
    "OpenId",
    "Part",
    "Practice",
    "Profile",
    "Remote",
    "Serve",
    "SettingsFile",
    "Table",
    "is_npi",
]

Engine = Literal["none", "openvino", "transformers", "openai", "embedded-checker", "static"]
ENGINES_OF = {
    "writer": ("none", "openvino", "transformers", "openai"),
    "validator": ("none", "embedded-checker", "openvino", "openai"),
    "embedder": ("none", "static", "openai"),
}


class Table(BaseModel):
    """A table of the settings file: strict types, no unknown key, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _field(default: Any, doc: str, *, unit: str = "", least: float | None = None) -> Any:
    return Field(default, description=doc, json_schema_extra={"unit": unit}, ge=least)


class Practice(Table):
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


class Part(Table):
    """Which model does one part of the work, and how it is reached."""

    engine: Engine = Field(
        description="what runs the model: none; openvino or transformers (in this process); openai (any "
        "OpenAI-compatible server); embedded-checker (validator only); static (embedder only)",
        json_schema_extra={"unit": ""},
    )
    model: str = _field("", "the model's name in the catalogue (openvino) or on the server (openai)")
    path: str = _field(
        "",
        "weights by path: a GGUF file, an OpenVINO folder (openvino) or a folder with safetensors "
        "(transformers); overrides the catalogue; embedded-checker: the folder of a trained head",
    )
    adapter: str = _field("", "a folder with a LoRA adapter for the weights at `path` (transformers)")
    reads: Literal["", "named", "all"] = _field(
        "",
        "writer: the sentences of notes that it judges; named: those that name what is asked; all: the "
        "others too, and its no counts: for a model that was tuned to judge; empty: as the catalogue says of "
        "the model, else named",
    )
    sha256: str = _field("", "the hash that the file at `path` must have; empty: recorded, not compared")
    family: str = _field("", "the model's family where the catalogue does not know it, such as qwen")
    base_url: str = _field("", "address of the server's API, such as http://127.0.0.1:8000/v1")
    api_key_env: str = _field("", "name of the environment variable that holds the server's API key")
    window_tokens: int = _field(0, "the model's window; 0: ask the engine", unit="tokens", least=0)
    timeout_s: float = _field(120.0, "longest wait for one answer", unit="seconds", least=0.1)
    concurrency: int = _field(4, "requests under way at once", unit="requests", least=1)
    repeatable: bool = _field(
        True, "the same answers whatever is asked beside them, at some cost in speed (openvino)"
    )
    cache_gb: int = _field(1, "memory for the key-value cache (openvino, transformers)", unit="GB", least=1)
    threads: int = _field(
        0, "processor threads (openvino, transformers); 0: the engine decides", unit="threads", least=0
    )


class Remote(Table):
    """Leave to reach one host outside loopback and the private ranges."""

    host: str = Field(description="the host as it stands in the address", json_schema_extra={"unit": ""})
    agreement: str = Field(
        description="reference of the agreement that covers what is sent there",
        min_length=1,
        json_schema_extra={"unit": ""},
    )


_Remotes = Annotated[tuple[Remote, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]


class Profile(Table):
    """The models of each part and where things are kept."""

    writer: Part = Field(description="words the letter and judges text criteria")
    validator: Part = Field(description="checks each sentence against its sources")
    embedder: Part = Field(description="the dense leg of the search")
    store: str = _field(
        "sqlite:///posology.db", "database address: sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME"
    )
    index: str = _field("local", "local, qdrant:URL or pgvector; this version reads local only")
    remote: _Remotes = _field((), "hosts outside loopback and private ranges that may be reached")


_Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)]


class OpenId(Table):
    """Sign-in with the hospital's own accounts, by OpenID Connect."""

    issuer: str = _field("", "the provider's address; empty: local accounts only")
    client_id: str = _field("", "what the provider calls this application")
    client_secret_env: str = _field("", "name of the environment variable that holds the client's secret")
    role_claim: str = _field("roles", "the claim that says what a person may do")
    roles: dict[str, str] = Field(
        default={},
        description='a value of the role claim for each role, such as {ward-doctors = "clinician"}',
        json_schema_extra={"unit": ""},
    )
    npi_claim: str = _field("", "the claim that holds a clinician's NPI; empty: an administrator enters it")


class Serve(Table):
    """The web application."""

    host: str = _field("127.0.0.1", "the address to listen on")
    port: int = _field(8642, "the port to listen on; 0: any free one", least=0)
    url: str = _field("", "the address people type, such as https://posology.example; empty: host, port")
    certificate: str = _field("", "file of the TLS certificate chain, where no proxy does that")
    certificate_key: str = _field("", "file of the certificate's private key")
    proxies: _Texts = _field((), "addresses of proxies whose X-Forwarded headers are believed")
    key_file: str = _field("", "file of the encryption key; empty: POSOLOGY_KEY_FILE or POSOLOGY_KEY")
    policies: _Texts = _field((), "folders of further policies")
    pages: int = _field(1, "processes that serve pages and the API", unit="processes", least=1)
    workers: int = _field(1, "processes that draft", unit="processes", least=0)
    heads_file: str = _field("", "file outside this machine's reach to which signed heads are appended")
    heads_minutes: int = _field(15, "how often a head is appended", unit="minutes", least=1)
    idle_minutes: int = _field(30, "a session ends after so long without an act", unit="minutes", least=1)
    session_hours: int = _field(12, "a session ends after so long in any case", unit="hours", least=1)
    require_totp: bool = _field(True, "local accounts need a one-time code as well as the password")
    upload_mb: int = _field(64, "largest upload", unit="MB", least=1)
    requests_per_minute: int = _field(600, "most requests of one session", unit="requests", least=1)
    request_seconds: int = _field(30, "longest time for a request to arrive", unit="seconds", least=1)
    payer_hours_expedited: int = _field(
        72, "the payer's time for an expedited request", unit="hours", least=1
    )
    payer_days_standard: int = _field(7, "the payer's time otherwise", unit="calendar days", least=1)
    consent: str = _field("", "reference of the site's consent to export ratings; empty: none")
    minutes_by_hand: float = _field(
        0.0, "the site's estimate for a letter by hand; 0: none", unit="minutes", least=0
    )
    probe: str = _field("", "HOST:PORT of a listener of the site's, towards which --sealed tries to get out")
    openid: OpenId = Field(default=OpenId(), description="sign-in with the hospital's accounts")


class SettingsFile(Table):
    """What a settings file may hold."""

    default_profile: str = _field("embedded", "the profile used where none is named")
    practice: Practice = Field(default=Practice(), description="who asks")
    serve: Serve = Field(default=Serve(), description="the web application")
    profile: dict[str, Profile] = Field(default={}, description="profiles by name")
