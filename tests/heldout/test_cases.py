"""Every held-out chart: each leaf, the conclusion, the gaps, and what any packet must hold."""

from pathlib import Path

import pytest

from tests.cli.cli_runs import run
from tests.heldout.case import Case
from tests.heldout.cases import CASES
from tests.heldout.drafting import drafted, leaves_in, policy_texts, resources_of
from tests.heldout.invariants import problems_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_held_out_chart_is_judged_as_the_formats_say(case: Case, tmp_path: Path) -> None:
    outcome = drafted(case, tmp_path)
    packet = outcome.packet
    assert packet["request"]["policy"]["id"] == case.policy
    found = leaves_in(packet)
    assert {name: found[name] for name in case.leaves} == case.leaves
    if case.conclusion is not None:
        assert (packet["conclusion"], packet["provisional"]) == (case.conclusion, case.provisional)
    if case.version is not None:
        assert packet["request"]["policy"]["version"] == case.version
    assert case.gaps <= {(gap["kind"], gap["id"]) for gap in packet["gaps"]}
    assert len(packet["unread"]) >= case.unread
    wrong = problems_of(
        outcome.folder,
        resources_of(outcome.chart),
        lambda source: run("chart", "text", outcome.chart, source).out,
        policy_texts(),
    )
    assert not wrong


def test_the_names_of_cases_are_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
