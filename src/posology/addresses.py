"""Network addresses a run may reach: loopback and private ranges, or a host under a named agreement."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from posology.errors import SettingsError

__all__ = ["Address", "check_address", "is_inside", "resolve_name"]

# RFC 1918, RFC 4193 and loopback. Link-local (169.254.0.0/16, where clouds keep credentials), shared
# (100.64.0.0/10) and unspecified addresses count as outside.
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address, its name resolved once."""

    url: str
    host: str
    port: int
    ip: str
    agreement: str  # reference of the agreement; "" inside loopback and the private ranges
    socket: str = ""  # path of the Unix socket by which a relay reaches it; "" where it is reached directly


def is_inside(ip: str) -> bool:
    """Say whether an IP address lies in loopback or a private range."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in _INSIDE)


def resolve_name(host: str, port: int) -> tuple[str, ...]:
    """Return the IP addresses of a host name; none where it does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_address(
    url: str,
    agreements: Mapping[str, str],
    where: str,
    resolve: Callable[[str, int], tuple[str, ...]] = resolve_name,
) -> Address:
    """Resolve a URL's host once and return the pinned address; raise where it may not be reached.

    ``agreements`` maps host names in lower case to the reference of the agreement that covers them.
    """
    host, port, scheme = _split(url, where)
    found = _literal(host) or resolve(host, port)
    if not found:
        raise SettingsError(
            f"{where}: the host {host} does not resolve; check the name or give its IP address"
        )
    outside = [ip for ip in found if not is_inside(ip)]
    if not outside:
        return Address(url, host, port, found[0], "")
    agreement = agreements.get(host.lower(), "")
    if not agreement:
        raise SettingsError(
            f"{where}: {host} ({outside[0]}) lies outside loopback and the private ranges; "
            f'if an agreement covers it, add {{host = "{host}", agreement = "its reference"}} to the '
            "profile's `remote`"
        )
    if scheme != "https":
        raise SettingsError(f"{where}: {host} lies outside the private ranges and must be reached by https")
    return Address(url, host, port, found[0], agreement)


def _split(url: str, where: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise SettingsError(f"{where}: not an address; write it like http://127.0.0.1:8000/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{where}: not an http address; write it like http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise SettingsError(
            f"{where}: an address holds no user, password, query or fragment; "
            "name the variable that holds the key under api_key_env"
        )
    return parts.hostname, port, parts.scheme


def _literal(host: str) -> tuple[str, ...]:
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return ()
