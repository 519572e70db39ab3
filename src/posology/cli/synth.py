"""posology synth: charts made from a policy, with the truth beside each."""

from pathlib import Path
from typing import Annotated

import typer

from posology.cli.options import PolicyFolders
from posology.cli.show import count, say

__all__ = ["synth"]


def synth(
    policy: Annotated[str, typer.Argument(help="A policy's id, or a policy file.")],
    out: Annotated[Path, typer.Option(help="The folder to write.", metavar="DIR")],
    number: Annotated[int, typer.Option("--n", min=1, help="How many charts.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed gives the same charts.")] = 0,
    policies: PolicyFolders = None,
) -> None:
    """Make synthetic charts that meet, fail or lack each criterion, with the truth beside each."""
    from posology.policies import open_policy
    from posology.testing import write_charts

    write_charts(open_policy(policy, policies or []), out, n=number, seed=seed)
    say(f"{count(number, 'chart')}, each with its truth beside it: {out}")
