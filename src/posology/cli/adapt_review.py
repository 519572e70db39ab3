"""posology adapt review: the pages on which a person reviews a teacher's candidates."""

from pathlib import Path
from typing import Annotated

import typer

from posology.cli.options import PolicyFolders
from posology.cli.show import say
from posology.errors import MissingExtra, SettingsError

__all__ = ["review"]

_HOST = "127.0.0.1"


def review(
    reviews: Annotated[Path, typer.Argument(help="The candidates.", metavar="REVIEWS.jsonl")],
    port: Annotated[int, typer.Option(help="The port; 0: any free one.", min=0, max=65535)] = 8321,
    by: Annotated[str, typer.Option(help="Who reviews; else the page asks.", metavar="NAME")] = "",
    policies: PolicyFolders = None,
) -> None:
    """Show a teacher's candidates on pages of this machine, to be corrected, accepted or rejected."""
    _require_extra()
    from posology.adapt.teacher.editing import read_open
    from posology.config import Serve
    from posology.policies import load_policies
    from posology.web.candidates import Reviewing, create_candidates_app
    from posology.web.server import open_socket, run_server

    file = reviews.resolve()
    read_open(file)
    texts = {policy.id: policy.source_text for policy in load_policies(policies or [])}
    try:
        listener = open_socket(_HOST, port)
    except OSError as cause:
        raise SettingsError(
            f"review: cannot listen on port {port} ({cause.strerror}); choose another with --port"
        ) from cause
    with listener:
        bound: int = listener.getsockname()[1]
        reviewing = Reviewing(file, texts, by=by, port=bound, command=_accept(reviews, policies or []))
        app = create_candidates_app(reviewing)
        say(f"Review {reviews} at http://{_HOST}:{bound}/open/{reviewing.key}")
        say("Only this machine reaches it; it opens once. Verdicts are in the file at once; Ctrl-C ends it.")
        run_server(app, [listener], Serve())


def _accept(reviews: Path, policies: list[Path]) -> str:
    import shlex

    given = [word for folder in policies for word in ("--policies", str(folder))]
    return shlex.join(["posology", "adapt", "accept", str(reviews), "--out", "taught", *given])


def _require_extra() -> None:
    from importlib.util import find_spec

    for package in ("fastapi", "sqlalchemy", "uvicorn", "multipart"):
        if find_spec(package) is None:
            raise MissingExtra(package, "serve", "posology adapt review")
