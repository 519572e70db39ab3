"""The tree of commands."""

from typing import Annotated

import typer

from posology.cli import adapt, chart, ledger, models, policy, store, user
from posology.cli.batch import batch
from posology.cli.compare import compare
from posology.cli.curate import curate
from posology.cli.draft import draft
from posology.cli.evaluate import evaluate
from posology.cli.explain import explain
from posology.cli.label import label
from posology.cli.serve import serve
from posology.cli.synth import synth
from posology.cli.titrate import titrate
from posology.cli.worker import worker

__all__ = ["app"]

app = typer.Typer(
    name="posology",
    help="Small language models for clinical work, inside the hospital's walls.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from posology import __version__

        typer.echo(f"posology {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Small language models for clinical work, inside the hospital's walls."""


app.add_typer(chart.app, name="chart")
app.add_typer(policy.app, name="policy")
app.add_typer(models.app, name="models")
app.add_typer(store.app, name="store")
app.add_typer(ledger.app, name="ledger")
app.add_typer(user.app, name="user")
app.command()(draft)
app.command()(batch)
app.command()(serve)
app.command()(worker)
app.command()(explain)
app.command()(synth)
app.command()(curate)
app.add_typer(adapt.app, name="adapt")
app.command()(label)
app.command()(evaluate)
app.command()(compare)
app.command()(titrate)
