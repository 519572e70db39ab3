"""Problems, drugs and results that have nothing to do with the policy."""

import random
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

from posology.testing.terms import ICD10CM, LOINC, RXNORM

__all__ = ["Distractor", "pick_distractors"]


@dataclass(frozen=True, slots=True)
class Distractor:
    """One unrelated entry of the chart."""

    resource: str
    entry: tuple[str, str]
    name: str
    value: Decimal | None = None
    unit: str = ""


POOL: tuple[Distractor, ...] = (
    Distractor("Condition", (ICD10CM, "E55.9"), "Vitamin D deficiency, unspecified"),
    Distractor("Condition", (ICD10CM, "J30.2"), "Other seasonal allergic rhinitis"),
    Distractor("Condition", (ICD10CM, "B35.1"), "Tinea unguium"),
    Distractor("Condition", (ICD10CM, "H26.9"), "Unspecified cataract"),
    Distractor("Condition", (ICD10CM, "L30.9"), "Dermatitis, unspecified"),
    Distractor("Condition", (ICD10CM, "E03.9"), "Hypothyroidism, unspecified"),
    Distractor("Condition", (ICD10CM, "K21.9"), "Gastro-esophageal reflux disease without esophagitis"),
    Distractor("Condition", (ICD10CM, "J45.909"), "Unspecified asthma, uncomplicated"),
    Distractor("MedicationRequest", (RXNORM, "10582"), "levothyroxine"),
    Distractor("MedicationRequest", (RXNORM, "7646"), "omeprazole"),
    Distractor("MedicationRequest", (RXNORM, "435"), "albuterol"),
    Distractor("Observation", (LOINC, "2951-2"), "Sodium", Decimal("139"), "mmol/L"),
    Distractor("Observation", (LOINC, "2823-3"), "Potassium", Decimal("4.2"), "mmol/L"),
    Distractor("Observation", (LOINC, "2160-0"), "Creatinine", Decimal("0.9"), "mg/dL"),
    Distractor("Observation", (LOINC, "3016-3"), "Thyrotropin", Decimal("2.1"), "m[IU]/L"),
    Distractor("Observation", (LOINC, "718-7"), "Hemoglobin", Decimal("13.6"), "g/dL"),
    Distractor("Observation", (LOINC, "8867-4"), "Heart rate", Decimal("72"), "/min"),
)


def pick_distractors(number: int, avoided: Set[str], rng: random.Random) -> list[Distractor]:
    """Return unrelated entries, none with a code or a word to avoid; a third of each kind where it can be."""
    words = {word.lower() for word in avoided}
    pool = [
        one
        for one in POOL
        if one.entry[1] not in avoided
        and not any(word in one.name.lower() for word in words if len(word) > 3)
    ]
    kinds = ("Condition", "Observation", "MedicationRequest")
    picked: list[Distractor] = []
    for place in range(number):
        rest = [one for one in pool if one.resource == kinds[place % 3] and one not in picked]
        if rest:
            picked.append(rng.choice(rest))
    return picked
