"""The seal of a serving process: what it may reach, its database through the relay, its proof recorded."""

import re
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import URL, make_url

from posology.addresses import Address, check_address
from posology.config import Settings
from posology.egress import Sealed
from posology.ledger.entries import Kind
from posology.store import SYSTEM, MasterKeys, open_store

__all__ = ["outside_addresses", "record_seal", "with_relay"]

_POSTGRESQL_PORT = 5432


def outside_addresses(settings: Settings) -> tuple[Address, ...]:
    """Return what the application reaches beside its models: a database server, an OpenID provider."""
    agreements = {remote.host.lower(): remote.agreement for remote in settings.profile.remote}
    database = _database(make_url(settings.profile.store), agreements)
    issuer = settings.serve.openid.issuer
    provider = (check_address(issuer, agreements, "serve.openid.issuer"),) if issuer else ()
    return (*((database,) if database else ()), *provider)


def _database(url: URL, agreements: dict[str, str]) -> Address | None:
    if not url.host:
        return None
    port = url.port or _POSTGRESQL_PORT
    found = check_address(f"http://{url.host}:{port}", agreements, "store")
    return replace(found, url=f"postgresql://{url.host}:{port}")


def with_relay(sealed: Sealed) -> Sealed:
    """Return the sealed run with its database reached through the relay's socket."""
    url = make_url(sealed.settings.profile.store)
    address = _database(url, {r.host.lower(): r.agreement for r in sealed.settings.profile.remote})
    if address is None:
        return sealed
    folder = sealed.relay.socket_of(address).parent
    through = url.set(host="", port=None, query={**url.query, "host": str(folder), "port": str(address.port)})
    store = through.render_as_string(hide_password=False)
    profile = sealed.settings.profile.model_copy(update={"store": store})
    return replace(sealed, settings=replace(sealed.settings, profile=profile))


def record_seal(sealed: Sealed, masters: MasterKeys) -> None:
    """Write into the ledger which layers hold, and what each attempt to get out met."""
    store = open_store(sealed.settings.profile.store, masters)
    try:
        with store.write(SYSTEM) as w:
            w.record(Kind.SEAL_PROBED, details=_details(sealed))
    finally:
        store.close()


def _details(sealed: Sealed) -> dict[str, Any]:
    """Return layers and outcomes as the codes that an entry may hold."""
    return {
        "sealed": True,
        "layers": [_code(layer) for layer in sealed.seal.layers],
        "probes": {_code(one.name): _code(one.outcome) for one in sealed.proof.after.attempts},
    }


def _code(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
