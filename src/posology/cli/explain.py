"""posology explain: why a criterion is met, not met or unknown."""

import json
from pathlib import Path
from typing import Annotated

import typer

from posology.cli.show import JsonFlag, print_json, print_text
from posology.errors import UserError
from posology.files import read_utf8

__all__ = ["explain"]


def explain(
    packet: Annotated[Path, typer.Argument(help="A packet folder, or its packet.json.")],
    criterion: Annotated[str | None, typer.Argument(help="A criterion's id; all of them by default.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say why: what was found, what was looked for and where, and what would settle it."""
    from posology.priorauth.explain import explain as explain_packet

    file = packet / "packet.json" if packet.is_dir() else packet
    try:
        record = json.loads(read_utf8(file))
    except (ValueError, RecursionError) as cause:
        raise UserError(f"{file}: not JSON; name a packet folder that posology draft wrote") from cause
    if not isinstance(record, dict) or record.get("posology") != "packet/1":
        raise UserError(f"{file}: not a packet; name a packet folder that posology draft wrote")
    explanation = explain_packet(record, criterion)
    if as_json:
        print_json(explanation.as_json())
    else:
        print_text(explanation.text)
