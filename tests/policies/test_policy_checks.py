import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from posology.errors import PolicyError
from posology.policies import (
    ELIGIBILITY,
    Code,
    check_paths,
    check_policy,
    choose_policy,
    describe_policy,
    new_policy_text,
    render_policy,
    same_system,
)
from posology.policies.load import parse_policy

DAY = date(2024, 6, 1)


def policy(change=("", ""), identifier="acme-bmi"):
    text = new_policy_text(identifier)
    assert change[0] in text
    return parse_policy(text.replace(*change), name=f"{identifier}.yaml", folder=Path("."))


def test_the_template_loads_and_checks_clean():
    assert check_policy(policy()) == ()


@pytest.mark.parametrize("identifier", ["a: b", "", "../x", "a b", "x\ny"])
def test_an_id_that_would_break_the_file_is_refused(identifier):
    with pytest.raises(PolicyError):
        new_policy_text(identifier)


TEST = '      compare: {op: ">=", value: 35, unit: kg/m2}\n'
FLAWS = [
    ("code: 39156-5", "code: 39156-6", "39156-6", "the check digit is wrong"),
    ("HCPCS, code: E0601", "HCPCS, code: 99213", "99213", "a CPT code under HCPCS"),
    ("HCPCS, code: E0601", "SNOMED CT, code: 44054007", "44054007", "the check digit is wrong"),
    ("HCPCS, code: E0601", "ICD-10-PCS, code: 0DB64ZO", "0DB64ZO", "PCS has no letter O"),
    ("HCPCS, code: E0601", "ICD-10-CM, code: 1A2", "1A2", "no code of ICD-10-CM"),
    ('[{system: "http://loinc.org", code: 39156-5}]', "[]", "empty", "an empty value set"),
    (
        "  bmi: [",
        "  spare: [{system: LOINC, code: 39156-5}]\n  bmi: [",
        "no leaf uses",
        "an unused value set",
    ),
    (
        "a body mass index of 35 or more\n      find",
        "a bodymass index\n      find",
        "word for word",
        "a quote that is not there",
    ),
    (TEST, '      test: "value.valeu > 35"\n', "'valeu'", "a misspelt element"),
    (TEST, '      test: "value.value > "\n', "FHIRPath", "wrong syntax"),
    (TEST, "      test: \"code.text.matches('(a+)+')\"\n", "FHIRPath", "a runaway pattern"),
    ("unit: kg/m2", "unit: kgs/m2", "kgs/m2", "no unit"),
    ("      pick: latest\n", "      count: {min: 3, max: 2}\n", "never met", "a count that cannot be"),
    ("  all:", "  at_least:\n   n: 3\n   of:", "never met", "more than there are"),
    ("resource: Observation, codes: bmi}", "resource: Patient}", "within", "a patient is not dated"),
    (
        "      question: Was",
        "      count: {min: 2}\n      question: Was",
        "needs a find",
        "a key without effect",
    ),
]


@pytest.mark.parametrize(("old", "new", "hint", "reason"), FLAWS)
def test_a_flaw_is_reported(old, new, hint, reason):
    problems = check_policy(policy((old, new)))
    assert any(hint in problem.message for problem in problems), (reason, problems)


def test_versions_and_services_that_overlap_are_reported():
    first = policy()
    later = replace(first, version="2", effective_from=date(2025, 1, 1))
    rival = replace(first, id="rival")
    apart = replace(first, version="2", effective_from=date(2025, 1, 1))
    assert check_policy(first, [later])
    assert check_policy(first, [rival])
    assert check_policy(replace(first, effective_until=date(2024, 12, 31)), [apart]) == ()


def test_the_shipped_policies_have_no_error():
    checked, problems = check_paths([])
    assert checked >= 10
    assert [p for p in problems if p.severity == "error"] == []


def test_a_file_that_does_not_load_is_a_problem_not_an_exception(tmp_path):
    (tmp_path / "bad.yaml").write_text("posology: policy/1\nidd: x\n")
    checked, problems = check_paths([tmp_path])
    assert (checked, problems[0].severity) == (1, "error")
    assert "'id'" in problems[0].message


def test_a_policy_is_shown_as_text_and_as_plain_values():
    shown = policy()
    assert "bmi-35" in render_policy(shown)
    assert json.loads(json.dumps(describe_policy(shown)))["id"] == "acme-bmi"


def test_the_table_of_what_never_counts_stands_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    for kind, rows in ELIGIBILITY.items():
        for element, never, unsure in rows:
            cells = [kind, f"`{element}`", ", ".join(sorted(never)) or "-", ", ".join(sorted(unsure)) or "-"]
            assert f"| {' | '.join(cells)} |" in page


SERVICE = Code("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "e0601")


def choose(policies, **fields):
    return choose_policy(
        policies, **{"service": SERVICE, "payer": None, "day": DAY, "policy_id": None, **fields}
    )


def test_the_one_policy_in_force_is_taken():
    now = policy()
    old = replace(now, version="0", effective_from=date(2020, 1, 1), effective_until=date(2023, 12, 31))
    assert choose([old, now]) is now
    assert choose([old, now], day=date(2023, 12, 31)) is old
    assert choose([now], payer="NAME OF THE  PAYER!") is now
    assert choose([now], policy_id="acme-bmi") is now


NONE = [
    ({"service": Code("HCPCS", "E0602")}, "E0601", "the nearest service is offered"),
    ({"payer": "Somebody else"}, "Name of the payer", "the policies of others"),
    ({"day": date(2019, 1, 1)}, "2024-01-01", "which versions there are, and when"),
    ({"policy_id": "acme-bmy"}, "acme-bmi", "the nearest id"),
    ({"policy_id": "acme-bmi", "day": date(2019, 1, 1)}, "2024-01-01", "the one named is not in force"),
    (
        {"policy_id": "acme-bmi", "service": Code("HCPCS", "L8680")},
        "L8680",
        "the one named governs something else",
    ),
]


@pytest.mark.parametrize(("fields", "hint", "reason"), NONE)
def test_no_single_policy_is_an_error_that_lists_the_candidates(fields, hint, reason):
    with pytest.raises(PolicyError) as caught:
        choose([policy()], **fields)
    assert hint in str(caught.value), reason


def test_two_in_force_are_an_error_that_names_both():
    with pytest.raises(PolicyError, match=r"acme-bmi.*rival|rival.*acme-bmi"):
        choose([policy(), replace(policy(), id="rival")])


SAME = [
    ("LOINC", "http://loinc.org"),
    ("hcpcs", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
    ("ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("icd10pcs", "http://www.cms.gov/Medicare/Coding/ICD10"),
    ("SNOMED CT", "http://snomed.info/sct"),
    ("RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    ("CPT", "http://www.ama-assn.org/go/cpt"),
    ("CVX", "http://hl7.org/fhir/sid/cvx"),
    ("NDC", "http://hl7.org/fhir/sid/ndc"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_system_is_known_by_its_names(one, other):
    assert same_system(one, other)
    assert not same_system(one, "http://example.org/local")


def test_a_payer_that_stands_in_a_chart_is_not_repeated_in_a_message() -> None:
    library = (policy(),)
    asked = {"service": library[0].services[0], "payer": "Made Mutual", "day": DAY}
    with pytest.raises(PolicyError, match="Made Mutual"):
        choose_policy(library, **asked)
    with pytest.raises(PolicyError, match="the chart's payer") as caught:
        choose_policy(library, **asked, quotes_payer=False)
    assert "Made Mutual" not in str(caught.value)
