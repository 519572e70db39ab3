"""Words around a thing that keep a sentence from saying it of the patient: by kind, on the side of caution.

The words with which a source denies, doubts or plans what follows are looked up in ``records.triggers``. Here
stands what such a list does not reach: a verb that is denied or put off behind its noun, a person behind a
disease, teaching, forms and general truths, what stands in the place of something else. Where words can be
read in both ways they count as a caution: nothing stated is better than an invented yes.
"""

from posology.evidence.cautions.denial import is_denied
from posology.evidence.cautions.names import is_part_of_a_name
from posology.evidence.cautions.persons import of_another
from posology.evidence.cautions.plans import is_planned
from posology.evidence.cautions.possibility import in_place_of_another, is_possible
from posology.evidence.cautions.surroundings import Surroundings
from posology.evidence.cautions.teaching import is_general, is_taught

__all__ = ["DENIED", "Surroundings", "caution", "is_part_of_a_name"]

DENIED = "it is denied"


def caution(around: Surroundings) -> str:
    """Return why the words around a thing keep it from being said of the patient, or an empty text.

    >>> caution(Surroundings("", " not performed.", "was a skin biopsy performed?"))
    'it is denied'
    """
    if of_another(around):
        return "it is somebody else's"
    if is_taught(around) or is_general(around):
        return "it is taught, asked or said in general"
    if is_possible(around) or in_place_of_another(around):
        return "it is only possible, or another stands in its place"
    if is_planned(around):
        return "it is planned, put off or called off"
    return DENIED if is_denied(around) else ""
