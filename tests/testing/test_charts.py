"""Made charts: what they promise and what they must never do."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posology.policies.load import load_policies, parse_policy
from posology.policies.policy import Policy
from posology.records import read_chart
from posology.spans import find_quote
from posology.testing import Plan, Style, make_chart, plans_for, random_plan, remove_witnesses, write_charts
from posology.testing.notes import NOTE_STYLES
from posology.testing.people import make_npi
from posology.testing.phrases import fallback, load_phrases
from posology.testing.plans import favourable_aims
from posology.testing.writing import as_bytes

POLICIES = load_policies()
BY_ID = {policy.id: policy for policy in POLICIES}
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def names(bundle: dict[str, Any]) -> list[str]:
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]]


@every_policy
def test_the_plan_that_meets_everything_meets_the_criteria_but_for_what_a_person_must_attest(policy: Policy):
    truth = make_chart(policy, plan=plans_for(policy)[0], seed=7).truth
    attested = [row for row in truth["leaves"].values() if row["structured"] is None and row["text"] is None]
    assert truth["root"] == "met" or attested
    assert set(truth["exclusions"]) <= {"not_met"}


@every_policy
def test_the_leaf_in_focus_comes_out_as_planned(policy: Policy):
    for plan in plans_for(policy)[1:]:
        row = make_chart(policy, plan=plan, seed=11).truth["leaves"][plan.focus]
        if row["aim"] == "met":
            assert row["status"] == "met", plan.name
        else:
            assert row["status"] != "met", plan.name
        if row["aim"] == "missing":
            assert row["witnesses"] == [], plan.name


@every_policy
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_chart(policy: Policy):
    plan = random_plan(policy, 5)
    first, again = (as_bytes(make_chart(policy, plan=plan, seed=5)) for _ in range(2))
    assert first == again
    assert as_bytes(make_chart(policy, plan=plan, seed=6))[0] != first[0]


@every_policy
def test_every_reference_resolves_inside_the_bundle_and_no_resource_stands_twice(policy: Policy):
    for seed in range(6):
        bundle = make_chart(policy, plan=random_plan(policy, seed), seed=seed).bundle
        known = names(bundle)
        assert len(known) == len(set(known))
        assert set(references(bundle)) <= set(known)


@every_policy
def test_a_made_chart_is_read_whole_and_every_decisive_sentence_stands_where_the_truth_says(
    policy: Policy, tmp_path: Path
):
    for seed in range(4):
        made = make_chart(policy, plan=random_plan(policy, seed), seed=seed)
        path = tmp_path / "chart.json"
        path.write_bytes(as_bytes(made)[0])
        chart = read_chart(path)
        assert chart.unread == ()
        texts = {document.source: document.text for document in chart.documents}
        for row in made.truth["leaves"].values():
            for witness in row["witnesses"]:
                if "quote" not in witness:
                    assert witness["source"] in chart.by_reference
                elif "start" in witness:
                    assert texts[witness["source"]][witness["start"] : witness["end"]] == witness["quote"]
                else:
                    assert find_quote(texts[witness["source"]], witness["quote"])


@every_policy
def test_after_removal_no_witness_of_the_leaf_is_left(policy: Policy, tmp_path: Path):
    made = make_chart(policy, plan=plans_for(policy)[0], seed=3)
    for leaf_id, row in made.truth["leaves"].items():
        left = remove_witnesses(made.bundle, made.truth, leaf_id)
        path = tmp_path / "chart.json"
        path.write_text(json.dumps(left), encoding="utf-8")
        chart = read_chart(path)
        assert set(references(left)) <= set(names(left))
        for witness in row["witnesses"]:
            if "quote" in witness:
                assert all(find_quote(d.text, witness["quote"]) is None for d in chart.documents)
            elif "path" in witness:
                assert witness["path"] not in chart.patient.body
            else:
                assert witness["source"] not in chart.by_reference


def test_removal_leaves_the_original_untouched():
    made = make_chart(BY_ID["cms-ncd-100.1"], plan=plans_for(BY_ID["cms-ncd-100.1"])[0], seed=1)
    before = as_bytes(made)
    remove_witnesses(made.bundle, made.truth, "failed-treatment")
    assert as_bytes(made) == before


@pytest.mark.parametrize("note", NOTE_STYLES)
@pytest.mark.parametrize("encoding", ["plain", "html", "rtf"])
def test_every_note_style_can_be_written_in_every_encoding(note, encoding, tmp_path: Path):
    policy = BY_ID["northfield-lumbar-mri"]
    style = Style(note=note, encodings=(encoding,), typos=True, partial_dates=True)
    made = make_chart(policy, plan=plans_for(policy)[0], seed=2, style=style)
    (tmp_path / "c.json").write_bytes(as_bytes(made)[0])
    chart = read_chart(tmp_path / "c.json")
    quotes = [w for row in made.truth["leaves"].values() for w in row["witnesses"] if "quote" in w]
    assert quotes
    for witness in quotes:
        document = chart.document(witness["source"])
        assert document is not None
        assert find_quote(document.text, witness["quote"])


def test_a_conflict_is_unknown_and_shows_both_sides():
    policy = BY_ID["cms-ncd-100.1"]
    good = favourable_aims(policy)
    plan = Plan("conflict", {**good, "failed-treatment": "conflict", "other-comorbidity": "conflict"})
    leaves = make_chart(policy, plan=plan, seed=4).truth["leaves"]
    assert leaves["other-comorbidity"]["status"] == "unknown"
    assert leaves["other-comorbidity"]["basis"] == "conflict"
    assert leaves["failed-treatment"]["basis"] == "conflict"
    assert {w["answer"] for w in leaves["failed-treatment"]["witnesses"]} == {"yes", "no"}


def test_a_decoy_is_no_witness():
    for policy in POLICIES:
        for seed in range(4):
            truth = make_chart(policy, plan=random_plan(policy, seed), seed=seed).truth
            decoys = {decoy["source"] for decoy in truth["decoys"]}
            used = {w["source"] for row in truth["leaves"].values() for w in row["witnesses"]}
            assert not decoys & used


def luhn(number: str) -> bool:
    return sum(sum(map(int, str(int(d) * (1 + n % 2)))) for n, d in enumerate(reversed(number))) % 10 == 0


def test_an_npi_has_a_valid_check_digit_by_another_luhn():
    assert luhn("80840" + "1234567893"), "the example of the standard"
    rng = random.Random(0)
    assert all(luhn("80840" + make_npi(rng)) for _ in range(50))


@every_policy
def test_every_shipped_question_has_a_rich_phrase_bank_that_repeats_nothing(policy: Policy):
    for leaf_id, phrases in load_phrases(policy).items():
        assert len(phrases.of("yes")) >= 8, leaf_id
        assert len(phrases.of("no")) >= 6, leaf_id
        every = [text for kind in phrases.sentences.values() for text in kind]
        assert len(every) == len(set(every)), leaf_id


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Is the patient allergic to latex?", "a patient as subject becomes a statement"),
        ("Was physical therapy tried?", "any other question is answered beside its wording"),
        ("Has there been a fall", "a missing question mark does no harm"),
    ],
)
def test_an_unknown_question_gets_phrases_for_both_answers(question: str, reason: str):
    phrases = fallback(question)
    assert phrases.of("yes"), reason
    assert phrases.of("no"), reason
    assert not set(phrases.of("yes")) & set(phrases.of("no"))


def test_a_policy_of_ones_own_gets_charts_too(tmp_path: Path):
    policy = parse_policy(
        """
posology: policy/1
id: own-policy
title: Home oxygen
payer: Some Payer
version: "1"
effective: {from: 2020-01-01, until: null}
jurisdiction: US
source: {title: Own, text: saturation below 88 percent}
services: [{system: HCPCS, code: E1390}]
codes:
  saturation: [{system: "http://loinc.org", code: 59408-5}]
criteria:
  all:
    - id: low
      text: Low saturation.
      find: {resource: Observation, codes: saturation}
      compare: {op: "<=", value: 88, unit: "%"}
    - {id: home, text: At home., question: "Is the patient treated at home?"}
""",
        name="own.yaml",
        folder=tmp_path,
    )
    met, failed, lacking = (
        make_chart(policy, plan=Plan(aim, {"low": aim, "home": aim}), seed=1).truth
        for aim in ("met", "not_met", "missing")
    )
    assert (met["root"], failed["root"], lacking["root"]) == ("met", "not_met", "unknown")


def test_charts_are_written_with_their_truth_and_a_manifest(tmp_path: Path):
    policy = BY_ID["northfield-cgm"]
    paths = write_charts(policy, tmp_path / "out", n=30, seed=9)
    assert len(paths) == 30
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert [row["chart"] for row in manifest["charts"]] == [path.name for path in paths]
    for path in paths:
        truth = json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))
        assert truth["policy"]["id"] == policy.id
    again = write_charts(policy, tmp_path / "again", n=30, seed=9)
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in paths]
