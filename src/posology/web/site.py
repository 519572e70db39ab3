"""What the application works on: the store, the settings, the policies, the models and the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Protocol
from urllib.parse import urlsplit

from posology.config import Serve, Settings
from posology.errors import SettingsError
from posology.policies import Policy
from posology.priorauth.models import Models
from posology.store import Store
from posology.web.demo import Demo

__all__ = ["LOOPBACK_NAMES", "JobQueue", "Reached", "Site", "require_safe"]

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class JobQueue(Protocol):
    """The queue that drafts."""

    def enqueue(self, job_id: str) -> None:
        """Take up a job."""

    def cancel(self, job_id: str) -> None:
        """Stop a job at its next step."""

    def alive(self) -> bool:
        """Say whether the queue takes up jobs."""


class Reached(Protocol):
    """How people reach an application."""

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that a request may name, in lower case and without ports."""

    @property
    def is_https(self) -> bool:
        """Whether people reach it by https."""


@dataclass(frozen=True, slots=True, repr=False)
class Site:
    """One running application. ``models`` opens the models on first use; ``None`` where nobody drafts."""

    store: Store
    settings: Settings
    policies: tuple[Policy, ...] = ()
    queue: JobQueue | None = None
    models: Callable[[], Models] | None = None
    demo: Demo | None = None

    @property
    def serve(self) -> Serve:
        """Return the settings of the web application."""
        return self.settings.serve

    @property
    def policy_hashes(self) -> frozenset[str]:
        """Return the hashes of the policies that the site has."""
        return frozenset(policy.sha256 for policy in self.policies)

    @property
    def is_https(self) -> bool:
        """Say whether people reach the application by https, here or at a proxy."""
        return self.serve.url.startswith("https://") or bool(self.serve.certificate)

    @property
    def hosts(self) -> frozenset[str]:
        """Return the host names that a request may name, in lower case and without ports."""
        named = [urlsplit(self.serve.url).hostname or "", self.serve.host.lower()]
        loopback = LOOPBACK_NAMES if self.is_loopback else ()
        return frozenset(name for name in (*named, *loopback) if name not in ("", "0.0.0.0", "::"))

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach the application."""
        host = self.serve.host.lower()
        try:
            return host in LOOPBACK_NAMES or IPv4Address(host).is_loopback
        except AddressValueError:  # another name, or an address of IPv6
            return False

    def __repr__(self) -> str:
        """Show which store."""
        return f"Site({self.store!r})"


def require_safe(site: Site) -> None:
    """Raise SettingsError where passwords would travel in clear, or people could not reach the address."""
    url = site.serve.url
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise SettingsError(f"serve.url: {url!r} is no address; write it like https://posology.example")
    if not site.is_loopback and not site.is_https:
        raise SettingsError(
            f"serve.host: {site.serve.host} is reached over the network and passwords would travel in clear: "
            "name certificate and certificate_key, or give the https address of your proxy as url"
        )
    if site.demo and not site.is_loopback:
        raise SettingsError(
            "serve.host: the demonstration needs no password and is open to this machine only"
        )
    if bool(site.serve.certificate) != bool(site.serve.certificate_key):
        raise SettingsError("serve.certificate and serve.certificate_key belong together: give both")
    if not site.hosts:
        raise SettingsError(f"serve.url: give the address people type; {site.serve.host} names none")
