"""All held-out charts: what each leaf must be, reasoned from the written formats alone."""

from tests.heldout.cases_asked import ATTEST_CASES, REQUEST_CASES
from tests.heldout.cases_counts import COUNT_CASES
from tests.heldout.cases_forms import QUIET_CASES, VERSION_CASES
from tests.heldout.cases_notes import NOTE_CASES
from tests.heldout.cases_paths import PATH_CASES
from tests.heldout.cases_states import STATE_CASES
from tests.heldout.cases_trees import DRUG_CASES, NESTED_CASES
from tests.heldout.cases_values import VALUE_CASES

__all__ = ["CASES"]

CASES = [
    *VALUE_CASES,
    *STATE_CASES,
    *COUNT_CASES,
    *PATH_CASES,
    *REQUEST_CASES,
    *ATTEST_CASES,
    *NESTED_CASES,
    *DRUG_CASES,
    *QUIET_CASES,
    *VERSION_CASES,
    *NOTE_CASES,
]
