"""A site with a certificate of its own and its key in the environment: nothing travels in clear."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serve.commands import Commands
from tests.serve.site import Served, make_site, serving, settings


def write_certificate(folder: Path, password: bytes = b"") -> None:
    """Write a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "posology test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "site.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    sealing = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing)
    (folder / "site.key").write_bytes(pem)


@pytest.fixture(scope="module")
def site(program: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a site whose settings name a certificate and no key of the store."""
    folder = tmp_path_factory.mktemp("tls")
    make_site(program, folder, settings())
    text = settings('certificate = "site.pem"\ncertificate_key = "site.key"')
    (folder / "posology.toml").write_text(text.replace('key_file = "key"\n', ""))
    write_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[Served]:
    key = (site / "key").read_text()
    with serving(site, more={"POSOLOGY_KEY": key}) as served:
        trusted = ssl.create_default_context(cafile=str(site / "site.pem"))
        served.client = httpx.Client(trust_env=False, verify=trusted, timeout=30)
        yield served


def test_the_session_travels_by_https_only(served) -> None:
    assert served.url.startswith("https://127.0.0.1:")
    answer = served.sign_in()
    assert answer.status_code == 201
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "__Host-posology=" in one)
    marks = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= marks
    assert not any(mark.startswith("domain") for mark in marks)
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert served.get("/api/v1/session").status_code == 200


def test_a_request_in_clear_gets_no_answer(served) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(served.url.replace("https", "http") + "/healthz", trust_env=False)


def test_a_key_of_the_certificate_with_a_password_is_refused_and_nobody_is_asked(
    site, program, tmp_path
) -> None:
    folder = make_site(program, tmp_path, settings('certificate = "site.pem"\ncertificate_key = "site.key"'))
    write_certificate(folder, b"a password")
    said = program.run(folder, "serve")
    assert said.startswith("2 Error: serve.certificate: site.pem with the key site.key cannot be used")
    assert "without a password" in said
