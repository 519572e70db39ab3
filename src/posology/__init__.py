"""Small language models for clinical work, inside the hospital's walls."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posology.policies import load_policies
    from posology.priorauth import draft
    from posology.records import read_chart

__version__ = "0.1.0"

__all__ = ["__version__", "draft", "load_policies", "read_chart"]


def __getattr__(name: str) -> object:
    """Import the public functions on first use, so that importing the package stays fast."""
    if name == "draft":
        from posology.priorauth import draft

        return draft
    if name == "load_policies":
        from posology.policies import load_policies

        return load_policies
    if name == "read_chart":
        from posology.records import read_chart

        return read_chart
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
