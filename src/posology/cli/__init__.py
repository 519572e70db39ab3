"""The command line: verbs in the order of the flow."""

import os
import sys

from posology.errors import InternalError, PosologyError

__all__ = ["app", "main"]

from posology.cli.app import app

_STOPPED = 130  # the exit status after Ctrl-C
_STOP_WORDS = "Stopped. Nothing was left half-written."


def main() -> None:
    """Run the command line; a user's error prints one message and exits with 2, a fault of ours with 1."""
    try:
        code = app(standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the last frame: every error becomes an exit status here
        sys.exit(_report(error))
    except KeyboardInterrupt:
        _say(_STOP_WORDS)
        sys.exit(_STOPPED)
    if code == _STOPPED:
        _say(_STOP_WORDS)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    import typer

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        _say(_STOP_WORDS)
        return _STOPPED
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):  # a usage error of the command line itself
        show()
        return code
    if isinstance(error, BrokenPipeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - nobody reads on; keep the interpreter quiet
        return 0
    if isinstance(error, PosologyError) and not isinstance(error, InternalError):
        _say(f"Error: {error}")
        return 2
    return _fault(error)


def _fault(error: Exception) -> int:
    if os.environ.get("POSOLOGY_DEBUG"):
        raise error
    _say(
        f"A fault of Posology ({type(error).__name__}). Nothing was left half-written. Please report it; "
        "POSOLOGY_DEBUG=1 shows where it happened (a trace may hold patient text)."
    )
    return 1


def _say(message: str) -> None:
    from posology.cli.show import visible

    sys.stderr.write(visible(message) + "\n")
