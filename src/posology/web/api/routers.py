"""The modules of the API that draft, review and audit."""

from types import ModuleType

from posology.web.api import (
    acts,
    charts,
    comparisons,
    drafts,
    ledger,
    letters,
    moves,
    packets,
    policies,
    quality,
    scratch,
    sources,
)

__all__ = ["REVIEW"]

REVIEW: tuple[ModuleType, ...] = (
    charts,
    drafts,
    policies,
    packets,
    sources,
    scratch,
    acts,
    moves,
    letters,
    comparisons,
    quality,
    ledger,
)
