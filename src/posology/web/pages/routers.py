"""The modules of the pages on which packets are drafted, reviewed, signed, sent, compared and audited."""

from types import ModuleType

from posology.web.pages import (
    compare,
    demo,
    drafts,
    history,
    ledger,
    packets,
    quality,
    signing,
    worklist,
)

__all__ = ["REVIEW"]

REVIEW: tuple[ModuleType, ...] = (
    demo,
    worklist,
    drafts,
    packets,
    signing,
    history,
    compare,
    quality,
    ledger,
)
