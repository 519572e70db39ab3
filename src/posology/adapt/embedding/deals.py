"""Dealing documents anew once scores of a report part were seen: none of it is measured on again."""

from collections.abc import Sequence

from posology.corpus.parts import part_of
from posology.corpus.spec import Parts

__all__ = ["CHART_SEEDS", "MEDQUAD_DEALS", "dealt_part"]

MEDQUAD_DEALS = (Parts(select=0.15, report=0.3), Parts(select=0.08, report=0.7))
"""The shares of each dealing of MedQuAD, the latest last. The report scores of the first were seen."""

CHART_SEEDS = 1_000
"""By so much the seed of the charts that are measured on differs from one dealing to the next."""


def dealt_part(source: str, group: str, deals: Sequence[Parts]) -> str:
    """Return a group's part in the last of some dealings.

    A group that was in the report part of an earlier one is dealt to tune and select only, in the ratio of
    their shares.
    """
    *earlier, shares = deals
    if any(dealt_part(source, group, deals[:n]) == "report" for n in range(1, len(deals))):
        shares = Parts(select=shares.select / (1 - shares.report), report=0)
    return part_of(f"{source}, dealing {len(earlier)}" if earlier else source, group, shares)
