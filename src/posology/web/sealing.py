"""The seal of a serving process: what it may reach, its database through the relay, its proof recorded."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url

from posology.addresses import Address, check_address, is_inside
from posology.config import Settings
from posology.egress import Sealed
from posology.errors import SettingsError
from posology.ledger.entries import Kind
from posology.store import SYSTEM, MasterKeys, open_store

__all__ = ["local_sockets", "outside_addresses", "record_seal", "with_relay"]

_POSTGRESQL_PORT = 5432
_USUAL_FOLDERS = ("/var/run/postgresql", "/tmp")  # where libpq looks where no host is named
_LOOPBACK = ("127.", "::1")


def outside_addresses(settings: Settings) -> tuple[Address, ...]:
    """Return what the application reaches beside its models: a database server, an OpenID provider.

    Each is resolved once, here: a sealed process resolves nothing.
    """
    agreements = {remote.host.lower(): remote.agreement for remote in settings.profile.remote}
    found = []
    url = make_url(settings.profile.store)
    if url.host:
        found.append(_database(url, agreements))
    if settings.serve.openid.issuer:
        origin = _origin(settings.serve.openid.issuer)
        found.append(check_address(origin, agreements, "serve.openid.issuer"))
    return tuple(found)


def local_sockets(settings: Settings) -> tuple[Path, ...]:
    """Return the Unix sockets by which a database server on this machine is reached; they stay in reach."""
    url = make_url(settings.profile.store)
    if url.host or not url.drivername.startswith("postgres"):
        return ()
    named = url.query.get("host") or os.environ.get("PGHOST") or ""
    if not isinstance(named, str) or (named and not named.startswith("/")):
        raise SettingsError(
            "store: a sealed process reaches one database server; "
            "write postgresql+psycopg://USER@HOST:PORT/NAME, or ?host=FOLDER of its Unix socket"
        )
    port = url.query.get("port") or _POSTGRESQL_PORT
    return tuple(Path(folder) / f".s.PGSQL.{port}" for folder in ([named] if named else _USUAL_FOLDERS))


def with_relay(sealed: Sealed) -> Sealed:
    """Return the sealed run with its database and its OpenID provider reached through the relay."""
    settings, relay = sealed.settings, sealed.relay
    known = {address.url: address for address in relay.sockets}
    if settings.serve.openid.issuer:
        provider = known[_origin(settings.serve.openid.issuer)]
        settings = replace(settings, addresses=(*settings.addresses, relay.through(provider)))
    url = make_url(settings.profile.store)
    if url.host:
        address = known[_database_url(url)]
        folder = relay.socket_of(address).parent
        query = {**url.query, "host": str(folder), "port": str(address.port)}
        store = url.set(host="", port=None, query=query).render_as_string(hide_password=False)
        profile = settings.profile.model_copy(update={"store": store})
        settings = replace(settings, profile=profile)
    return replace(sealed, settings=settings)


def _database(url: URL, agreements: dict[str, str]) -> Address:
    """Check and pin a database server; one beyond this machine must be said to be reached without TLS.

    libpq speaks no TLS through a Unix socket, and so none through the relay: a demand for it would be
    dropped in silence.
    """
    address = urlsplit(_database_url(url))
    found = check_address(f"http://{address.netloc}", agreements, "store")
    asked = url.query.get("sslmode") or os.environ.get("PGSSLMODE") or ""
    here = found.ip.startswith(_LOOPBACK) and is_inside(found.ip)
    if asked != "disable" and not (here and asked in ("", "allow", "prefer")):
        raise SettingsError(
            "store: a sealed process reaches the database through a Unix socket, through which PostgreSQL's "
            "library speaks no TLS: run the server, or a tunnel to it, on this machine; where the network "
            "between is trusted, say so with ?sslmode=disable"
        )
    return replace(found, url=_database_url(url))


def _database_url(url: URL) -> str:
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host
    return f"postgresql://{host}:{url.port or _POSTGRESQL_PORT}"


def _origin(address: str) -> str:
    """Return the server of an address: a provider's endpoints stand beside its issuer, not below it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def record_seal(sealed: Sealed, masters: MasterKeys) -> None:
    """Write into the ledger which layers hold, and what each attempt to get out met."""
    store = open_store(sealed.settings.profile.store, masters)
    try:
        with store.write(SYSTEM) as w:
            w.record(Kind.SEAL_PROBED, details=_details(sealed))
    finally:
        store.close()


def _details(sealed: Sealed) -> dict[str, Any]:
    """Return layers, addresses and outcomes as the codes that an entry may hold."""
    return {
        "sealed": True,
        "ok": sealed.proof.proves,
        "layers": [_code(layer) for layer in sealed.seal.layers],
        "allowed": [_place(address) for address in sealed.seal.allowed],
        "probes": {_code(one.name): _code(one.outcome) for one in sealed.proof.after.attempts},
    }


def _place(address: Address) -> str:
    host = f"[{address.ip}]" if ":" in address.ip else address.ip
    return f"{host}:{address.port}"


def _code(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
