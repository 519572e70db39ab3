"""Options that several commands have: one name, one help text, one check."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "BatchSize",
    "CacheFolder",
    "ConfigFile",
    "DataFolder",
    "Grid",
    "Listener",
    "ModelProfile",
    "PolicyFolders",
    "SealedFlag",
    "Watts",
]

BatchSize = Annotated[int, typer.Option("--batch", min=1, help="Items given to a system at once.")]
CacheFolder = Annotated[
    Path | None, typer.Option("--cache", help="Keep completions in DIR and ask nothing twice.", metavar="DIR")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings instead of posology.toml.", metavar="FILE")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="The folder of data sets; else POSOLOGY_DATA.", metavar="DIR")
]
Grid = Annotated[str, typer.Option("--grid", help="Country of the electricity, for carbon, such as USA.")]
Listener = Annotated[
    str | None,
    typer.Option(
        "--probe", help="A listener of your site that the start-up probe calls.", metavar="HOST:PORT"
    ),
]
ModelProfile = Annotated[str | None, typer.Option("--profile", help="The profile of models.", metavar="NAME")]
PolicyFolders = Annotated[
    list[Path] | None,
    typer.Option("--policies", help="A folder of further policies; may be given again.", metavar="DIR"),
]
SealedFlag = Annotated[
    bool,
    typer.Option("--sealed", help="Let the kernel keep in all but the profile's addresses; else stop."),
]
Watts = Annotated[
    float | None,
    typer.Option("--watts", help="What the machine draws under load, for modelled energy.", min=0),
]
