"""posology serve: the web application."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    config: Annotated[
        Path | None, typer.Option(help="Settings instead of posology.toml.", metavar="FILE")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="The profile of models.", metavar="NAME")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.", min=0, max=65535)] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Made patients, a demonstration clinician, a store in posology-demo."),
    ] = False,
    sealed: Annotated[
        bool,
        typer.Option("--sealed", help="Let the kernel keep in all but the profile's addresses; else stop."),
    ] = False,
    probe: Annotated[
        str | None,
        typer.Option(help="A listener of your site that the start-up probe calls.", metavar="HOST:PORT"),
    ] = None,
) -> None:
    """Serve the web application in which packets are drafted, reviewed, signed and exported."""
    from posology.config import load_settings

    _require_extra()
    from posology.web.serving import Plant

    if probe and not sealed:
        raise RequestError("--probe names the listener that proves a seal: give --sealed with it")
    settings = _with_address(load_settings(config, profile=profile), host, port)
    if demo:
        from posology.web.demonstration import demo_settings

        settings = demo_settings(settings, Path.cwd())
    masters = _masters(settings, demo=demo)
    shown = _prepare(settings, masters, demo=demo)
    listener = _listen(settings)
    seal = _seal(settings, probe, listener, masters) if sealed else None
    plant = Plant(seal.settings if seal else settings, masters, (listener,), shown)
    raise typer.Exit(_run(plant))


def _require_extra() -> None:
    from importlib.util import find_spec

    for package in ("fastapi", "sqlalchemy", "dbos"):
        if find_spec(package) is None:
            raise MissingExtra(package, "serve", "posology serve")


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
    """Make the demonstration's store, or try the site's: what is wrong with it is said before all else."""
    if demo:
        return _prepared_aside(settings, masters)
    from posology.store import open_store

    open_store(settings.profile.store, masters).close()
    return None


def _prepared_aside(settings: "Settings", masters: "MasterKeys") -> "Demo":
    """Make the demonstration's store in a process of its own: this one stays single, to be sealed."""
    import json

    from posology.web.demo import Demo
    from posology.web.processes import run_aside

    def prepare() -> str:
        from posology.web.demonstration import prepare_demo

        made = prepare_demo(settings, masters)
        return json.dumps([made.user_id, made.job_id, made.secret])

    return Demo(*json.loads(run_aside(prepare)))


def _listen(settings: "Settings") -> socket.socket:
    from posology.web.server import open_socket

    host, port = settings.serve.host, settings.serve.port
    try:
        return open_socket(host, port)
    except OSError as cause:
        raise SettingsError(
            f"serve: cannot listen on {host}, port {port} ({cause.strerror}); "
            "another program may have it: choose another with --port"
        ) from cause


def _seal(
    settings: "Settings", probe: str | None, listener: socket.socket, masters: "MasterKeys"
) -> "Sealed":
    """Seal this process and all it will start, prove it, and write the proof into the ledger."""
    from posology.egress import Plan, parse_listener, sealed_run
    from posology.web.sealing import outside_addresses, record_seal, with_relay

    named = probe or settings.serve.probe
    addresses = outside_addresses(settings)
    plan = Plan(addresses, (listener,), (), parse_listener(named) if named else None)
    sealed = with_relay(sealed_run(settings, plan))
    for doubt in sealed.doubts:
        warn(f"Seal: {doubt}.")
    record_seal(sealed, masters)
    return sealed


def _run(plant: "Plant") -> int:
    from posology.web.processes import Child, Minder
    from posology.web.serving import draft_jobs, serve_pages

    children = {"pages": Child("pages", lambda: serve_pages(plant))}
    for number in range(1, plant.settings.serve.workers + 1):
        name = f"drafts {number}"
        children[name] = Child(name, lambda: draft_jobs(plant))
    return Minder(children).run(lambda: _greet(plant))


def _greet(plant: "Plant") -> None:
    """Say where the application is, and in a demonstration wait for the first draft and say where that is."""
    host, port = plant.sockets[0].getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if plant.settings.serve.certificate else "http"
    address = plant.settings.serve.url or f"{scheme}://{shown}:{port}"
    if plant.demo is None:
        say(f"Posology is at {address}")
        return
    from posology.web.processes import run_aside

    say("Drafting the first packet with the models of the profile ...")
    run_aside(lambda: _waited(plant))
    say(f"Open, signed in as the demonstration's clinician: {address}/demo/{plant.demo.secret}")
    say("Made patients only. Ctrl-C ends it.")


def _waited(plant: "Plant") -> str:
    from posology.web.demonstration import wait_for_draft

    if plant.demo is not None:
        wait_for_draft(plant.settings, plant.masters, plant.demo)
    return "done"
