"""Made claims: sentences with their cited source, supported or not, for a checker to learn from."""

from posology.adapt.claims.building import build_claims, deal_claims
from posology.adapt.claims.claim import SUPPORTED, UNSUPPORTED, Claim, labelled_claims
from posology.adapt.claims.lessons import claims_of_lessons
from posology.adapt.claims.matching import match_claims
from posology.adapt.claims.texts import claims_of_pairs, claims_of_passages
from posology.corpus.parts import Part

__all__ = [
    "SUPPORTED",
    "UNSUPPORTED",
    "Claim",
    "Part",
    "build_claims",
    "claims_of_lessons",
    "claims_of_pairs",
    "claims_of_passages",
    "deal_claims",
    "labelled_claims",
    "match_claims",
]
