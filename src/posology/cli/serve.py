"""posology serve: the web application."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.options import ConfigFile, Listener, ModelProfile, SealedFlag
from posology.cli.show import say, warn
from posology.errors import MissingExtra, RequestError, SettingsError

if TYPE_CHECKING:
    from posology.config import Settings
    from posology.egress import Sealed
    from posology.store import MasterKeys
    from posology.web.demo import Demo
    from posology.web.serving import Plant

__all__ = ["serve"]


def serve(  # noqa: PLR0913 - one option each
    config: ConfigFile = None,
    profile: ModelProfile = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.", min=0, max=65535)] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Made patients, a demonstration clinician, a store in posology-demo."),
    ] = False,
    sealed: SealedFlag = False,
    probe: Listener = None,
) -> None:
    """Serve the web application in which packets are drafted, reviewed, signed and exported."""
    from posology.config import load_settings

    _require_extra()
    from posology.web.serving import Plant

    if probe and not sealed:
        raise RequestError("--probe names the listener that proves a seal: give --sealed with it")
    settings = _with_address(load_settings(config, profile=profile), host, port)
    with ExitStack() as held:
        if demo:
            settings = held.enter_context(_demonstration(settings))
        masters = _masters(settings, demo=demo)
        shown = _prepare(settings, masters, demo=demo)
        listener = held.enter_context(_listen(settings))
        seal = _seal(settings, probe, listener, masters) if sealed else None
        if seal is not None:
            held.enter_context(seal.relay)
            settings = seal.settings
        raise typer.Exit(_run(Plant(settings, masters, (listener,), shown)))


def _require_extra() -> None:
    from importlib.util import find_spec

    for package in ("fastapi", "sqlalchemy", "dbos"):
        if find_spec(package) is None:
            raise MissingExtra(package, "serve", "posology serve")


@contextmanager
def _demonstration(settings: "Settings") -> Iterator["Settings"]:
    from posology.web.demonstration import demo_settings, hold_folder

    settings = demo_settings(settings, Path.cwd())
    with hold_folder(settings):
        yield settings


def _with_address(settings: "Settings", host: str | None, port: int | None) -> "Settings":
    from dataclasses import replace

    given = {key: value for key, value in {"host": host, "port": port}.items() if value is not None}
    return replace(settings, serve=settings.serve.model_copy(update=given))


def _masters(settings: "Settings", *, demo: bool) -> "MasterKeys":
    if demo:
        from posology.web.demonstration import demo_keys

        return demo_keys(settings)
    from posology.store import read_keys

    return read_keys(Path(settings.serve.key_file) if settings.serve.key_file else None, os.environ)


def _prepare(settings: "Settings", masters: "MasterKeys", *, demo: bool) -> "Demo | None":
    """Make the demonstration's store, or try the site's: what is wrong with it is said before all else.

    That is done in a process of its own: this one stays single, to be sealed, and small.
    """
    import json

    from posology.web.demo import Demo
    from posology.web.processes import run_aside
    from posology.web.serving import require_certificate

    def prepare() -> str:
        from posology.web.demonstration import prepare_demo

        made = prepare_demo(settings, masters)
        return json.dumps([made.user_id, made.job_id, made.secret])

    def try_out() -> str:
        from contextlib import closing

        from posology.store import open_store
        from posology.web.site import Site, require_safe

        with closing(open_store(settings.profile.store, masters)) as store:
            require_safe(Site(store, settings))
        return ""

    require_certificate(settings)
    said = run_aside(prepare if demo else try_out)
    return Demo(*json.loads(said)) if demo else None


def _listen(settings: "Settings") -> socket.socket:
    from posology.web.server import open_socket

    host, port = settings.serve.host, settings.serve.port
    try:
        return open_socket(host, port)
    except (OSError, OverflowError) as cause:
        why = getattr(cause, "strerror", None) or "no such port"
        raise SettingsError(
            f"serve: cannot listen on {host}, port {port} ({why}); "
            "another program may have it: choose another with --port"
        ) from cause


def _seal(
    settings: "Settings", probe: str | None, listener: socket.socket, masters: "MasterKeys"
) -> "Sealed":
    """Seal this process and all it will start, prove it, and write the proof into the ledger."""
    from posology.egress import Plan, parse_listener, sealed_run
    from posology.web.sealing import local_sockets, outside_addresses, record_seal, with_relay

    named = probe or settings.serve.probe
    addresses = outside_addresses(settings)
    plan = Plan(addresses, (listener,), local_sockets(settings), parse_listener(named) if named else None)
    sealed = with_relay(sealed_run(settings, plan))
    for doubt in sealed.doubts:
        warn(f"Seal: {doubt}.")
    record_seal(sealed, masters)
    return sealed


def _run(plant: "Plant") -> int:
    from dataclasses import replace
    from functools import partial

    from posology.web.processes import Child, Minder
    from posology.web.serving import draft_jobs, serve_pages

    children = [Child("pages", partial(serve_pages, plant))]
    for number in range(2, plant.settings.serve.pages + 1):  # only the first keeps heads of the ledger
        children.append(Child(f"pages {number}", partial(serve_pages, replace(plant, keeps_heads=False))))
    for number in range(1, plant.settings.serve.workers + 1):
        children.append(Child(f"drafts {number}", partial(draft_jobs, plant)))
    return Minder(children, Child("greeting", lambda _settled: _greet(plant))).run()


def _greet(plant: "Plant") -> int:
    """Say where the application is; of a demonstration when its first draft is there, and where that is."""
    address = _address(plant)
    if plant.demo is None:
        say(f"Posology is at {address}")
        return 0
    from posology.web.demonstration import wait_for_draft

    say("Drafting the first packet with the models of the profile ...")
    wait_for_draft(plant.settings, plant.masters, plant.demo)
    say(f"Open, signed in as the demonstration's clinician: {address}/demo/{plant.demo.secret}")
    say("Made patients only. Ctrl-C ends it.")
    return 0


def _address(plant: "Plant") -> str:
    """Return what people type."""
    host, port = plant.sockets[0].getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if plant.settings.serve.certificate else "http"
    return plant.settings.serve.url or f"{scheme}://{shown}:{port}"
