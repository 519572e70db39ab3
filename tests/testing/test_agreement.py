"""The truth of made charts and the engine's reading of them, which share no code, agree."""

import json
from datetime import date
from pathlib import Path

import pytest

from posology.policies.load import load_policies
from posology.policies.policy import Policy
from posology.policies.structured import judge_structured
from posology.records import read_chart
from posology.testing import make_chart, plans_for, random_plan, remove_witnesses
from posology.testing.orders import service_entries

every_policy = pytest.mark.parametrize("policy", load_policies(), ids=lambda p: p.id)


def judged(policy: Policy, bundle: dict, truth: dict, path: Path) -> dict[str, str]:
    path.write_text(json.dumps(bundle), encoding="utf-8")
    service = truth["service"]
    system, code = service_entries(service["system"], service["code"])[-1]
    request = {
        "resourceType": "Request",
        "id": "request",
        "code": {"coding": [{"system": system, "code": code}]},
    }
    findings = judge_structured(policy, read_chart(path), request, date.fromisoformat(truth["date"]))
    return {leaf_id: str(finding.status) for leaf_id, finding in findings.items()}


@every_policy
def test_structured_leaves_come_out_as_the_truth_says(policy: Policy, tmp_path: Path):
    for seed, plan in enumerate([*plans_for(policy)[::2], *(random_plan(policy, s) for s in range(5))]):
        made = make_chart(policy, plan=plan, seed=seed)
        found = judged(policy, made.bundle, made.truth, tmp_path / "chart.json")
        rows = made.truth["leaves"].items()
        expected = {leaf_id: row["structured"] for leaf_id, row in rows if row["structured"] is not None}
        assert {leaf_id: found[leaf_id] for leaf_id in expected} == expected, plan.name


@every_policy
def test_without_its_witnesses_no_leaf_is_met(policy: Policy, tmp_path: Path):
    made = make_chart(policy, plan=plans_for(policy)[0], seed=8)
    for leaf_id, row in made.truth["leaves"].items():
        if row["witnesses"]:
            bare = remove_witnesses(made.bundle, made.truth, leaf_id)
            assert judged(policy, bare, made.truth, tmp_path / "chart.json")[leaf_id] != "met"
