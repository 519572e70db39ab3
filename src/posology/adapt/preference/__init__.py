"""Preferences: faithful text against the same text with one fault, learned by DPO with a supervised term."""

from posology.adapt.preference.corruption import FAULTS, corrupt_sentence
from posology.adapt.preference.pairs import Pairs, build_pairs, length_gap
from posology.adapt.preference.ratings import read_ratings
from posology.adapt.preference.reward import fact_reward

__all__ = [
    "FAULTS",
    "Pairs",
    "build_pairs",
    "corrupt_sentence",
    "fact_reward",
    "length_gap",
    "read_ratings",
]
