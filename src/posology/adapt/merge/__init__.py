"""Merging what several models learned from one base: TIES, DARE and linear, on whole changes."""

from posology.adapt.merge.methods import METHODS, MergeSettings, Method, merge_changes
from posology.adapt.merge.several import merged_change
from posology.chat.matrices.changes import Change, change_of
from posology.chat.matrices.weights import Weights, open_weights

__all__ = [
    "METHODS",
    "Change",
    "MergeSettings",
    "Method",
    "Weights",
    "change_of",
    "merge_changes",
    "merged_change",
    "open_weights",
]
