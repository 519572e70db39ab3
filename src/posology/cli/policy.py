"""posology policy: the library of payers' policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.options import PolicyFolders
from posology.cli.show import JsonFlag, count, print_json, print_table, say
from posology.errors import OutputError

if TYPE_CHECKING:
    from posology.policies import Policy

__all__ = ["app"]

app = typer.Typer(help="List, read, check and begin policies.", no_args_is_help=True)


@app.command("list")
def list_policies(policies: PolicyFolders = None, as_json: JsonFlag = False) -> None:
    """List the policies at hand."""
    from posology.policies import load_policies

    library = load_policies(policies or [])
    if as_json:
        print_json([_row(policy) for policy in library])
        return
    rows = [(p.id, p.version, p.payer, _services(p), p.title) for p in library]
    print_table("", ["id", "version", "payer", "service", "title"], rows)


def _row(policy: "Policy") -> dict[str, object]:
    return {
        "id": policy.id,
        "version": policy.version,
        "payer": policy.payer,
        "from": policy.effective_from.isoformat(),
        "until": policy.effective_until.isoformat() if policy.effective_until else None,
        "services": [f"{service.system}:{service.code}" for service in policy.services],
        "title": policy.title,
    }


def _services(policy: "Policy") -> str:
    """Return the first service, in the form that ``--service`` takes, and how many more there are."""
    first, *others = policy.services
    return f"{first.system}:{first.code}" + (f" and {len(others)} more" if others else "")


@app.command()
def show(
    policy: Annotated[str, typer.Argument(help="A policy's id, or a policy file.")],
    policies: PolicyFolders = None,
    as_json: JsonFlag = False,
) -> None:
    """Show a policy's services and criteria; with --json its value sets too."""
    from posology.policies import describe_policy, open_policy, render_policy

    chosen = open_policy(policy, policies or [])
    if as_json:
        print_json(describe_policy(chosen))
    else:
        typer.echo(render_policy(chosen))


@app.command()
def check(
    targets: Annotated[
        list[Path] | None, typer.Argument(help="Policy files or folders; the shipped library by default.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check policies; exit with 2 where one has a problem."""
    from posology.policies import check_paths

    checked, problems = check_paths(targets or [])
    if as_json:
        rows = [
            {"file": p.file, "where": p.where, "severity": p.severity, "message": p.message} for p in problems
        ]
        print_json({"checked": checked, "problems": rows})
    else:
        for p in problems:
            say(f"{p.file}: {p.where}: {p.severity}: {p.message}")
        say(f"{count(checked, 'policy')} checked, {count(len(problems), 'problem')}.")
    if any(p.severity == "error" for p in problems):
        raise typer.Exit(2)


@app.command()
def new(
    identifier: Annotated[str, typer.Argument(help="The new policy's id.", metavar="ID")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write; ID.yaml by default.", metavar="FILE")
    ] = None,
) -> None:
    """Begin a policy from a commented template that loads and checks clean."""
    from posology.files import write_atomic
    from posology.policies import new_policy_text

    path = out or Path(f"{identifier}.yaml")
    if path.exists():
        raise OutputError(f"{path}: stands there already; name another with --out")
    write_atomic(path, new_policy_text(identifier).encode())
    say(f"{path}: edit it, then run: posology policy check {path}")
