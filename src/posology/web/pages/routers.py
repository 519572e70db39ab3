"""The modules of the pages on which packets are drafted, reviewed, signed and sent."""

from types import ModuleType

from posology.web.pages import demo, drafts, history, packets, signing, worklist

__all__ = ["REVIEW"]

REVIEW: tuple[ModuleType, ...] = (demo, worklist, drafts, packets, signing, history)
