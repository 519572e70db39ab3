"""Trained heads on a small encoder, run without torch: entities, labels of texts, labels of pairs."""

from posology.evidence.heads.card import HeadCard, read_head_card
from posology.evidence.heads.checker import HeadChecker, open_head_checker
from posology.evidence.heads.head import Head, Labels, open_head
from posology.evidence.heads.shipped import find_head, head_card_text, head_rows, shipped_heads
from posology.evidence.heads.tags import Span

__all__ = [
    "Head",
    "HeadCard",
    "HeadChecker",
    "Labels",
    "Span",
    "find_head",
    "head_card_text",
    "head_rows",
    "open_head",
    "open_head_checker",
    "read_head_card",
    "shipped_heads",
]
