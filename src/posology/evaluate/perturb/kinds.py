"""The kinds of changes, and what each must leave as it is."""

from enum import StrEnum

__all__ = ["KINDS", "Perturbation"]


class Perturbation(StrEnum):
    """One way of changing an item; but for ``withheld``, the right answer stays the same."""

    SEX = "sex"  # he for she
    AGE = "age"  # five years more or less
    ETHNICITY = "ethnicity"  # where the person is from
    INSURANCE = "insurance"  # who pays
    TYPOS = "typos"  # letters that changed places, fell out or stand twice
    ABBREVIATIONS = "abbreviations"  # as clinicians write
    OPTIONS = "options"  # the same answers in another order
    NOTE = "note"  # an irrelevant sentence
    CLAIM = "claim"  # somebody is sure of a wrong answer
    WITHHELD = "withheld"  # the text is not there: declining to answer is right


KINDS: tuple[str, ...] = tuple(Perturbation)
