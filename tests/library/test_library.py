"""The policies that ship with the package."""

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from posology.files import TableReader
from posology.policies.load import load_policies, load_policy, shipped_folder
from posology.policies.policy import Leaf, Policy
from posology.spans import find_quote
from posology.testing.plans import all_leaves

DATA = Path(os.environ.get("POSOLOGY_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
POLICIES = load_policies()
SCT = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"

DIHEDRAL = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
ONCE = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def verhoeff(code: str) -> bool:
    check, places = 0, list(range(10))
    for digit in reversed(code):
        check = DIHEDRAL[check][places[int(digit)]]
        places = [ONCE[p] for p in places]
    return check == 0


def mod_10(code: str) -> bool:
    digits = [int(d) for d in code.replace("-", "")]
    total = sum(sum(divmod(d * 2, 10)) if n % 2 else d for n, d in enumerate(reversed(digits)))
    return total % 10 == 0


def entries(system: str) -> list[tuple[str, str]]:
    return [
        (policy.id, row.code or row.prefix or "")
        for policy in POLICIES
        for rows in policy.codes.values()
        for row in rows
        if row.system == system
    ]


def test_ten_policies_ship_six_of_them_national_coverage_determinations():
    assert len(POLICIES) == 10
    assert sum(policy.payer == "CMS" for policy in POLICIES) == 6


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_every_leaf_quotes_its_source_word_for_word(policy: Policy):
    for leaf in all_leaves(policy):
        assert leaf.source_quote, f"{leaf.id} quotes nothing"
        assert find_quote(policy.source_text, leaf.source_quote), leaf.id


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_every_value_set_is_used(policy: Policy):
    text = (shipped_folder() / f"{policy.id}.yaml").read_text(encoding="utf-8")
    body = text[text.index("\ndocuments:") if "\ndocuments:" in text else text.index("\ncriteria:") :]
    for name in policy.codes:
        assert re.search(rf"(codes|in|component): {re.escape(name)}\b", body), name


def test_over_the_library_every_leaf_key_is_used():
    leaves = [leaf for policy in POLICIES for leaf in all_leaves(policy)]
    defaults = {"expect": "yes", "attest": False, "when_absent": "unknown"}
    for one in fields(Leaf):
        assert any(getattr(leaf, one.name) != defaults.get(one.name) for leaf in leaves), one.name


def test_every_icd_10_cm_code_is_in_the_published_table():
    table = DATA / "icd10cm_codes" / "icd10cm_tabular_descriptions.tsv"
    if not table.is_file():
        pytest.skip(f"no ICD-10-CM table at {table}; set POSOLOGY_DATA")
    known = {line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()}
    assert [entry for entry in entries(ICD) if entry[1] not in known] == []


def test_every_snomed_ct_code_has_a_valid_check_digit():
    services = [(p.id, s.code) for p in POLICIES for s in p.services if s.system == "SNOMED CT"]
    assert [entry for entry in entries(SCT) + services if not verhoeff(entry[1])] == []


def test_every_loinc_code_has_a_valid_check_digit():
    assert [entry for entry in entries("http://loinc.org") if not mod_10(entry[1])] == []


def test_no_service_is_a_cpt_code():
    for policy in POLICIES:
        for service in policy.services:
            assert service.system in {"HCPCS", "ICD-10-PCS", "RxNorm", "SNOMED CT"}
            assert service.system != "HCPCS" or re.fullmatch(r"[A-V]\d{4}", service.code)
            assert service.system != "ICD-10-PCS" or re.fullmatch(r"[0-9A-HJ-NP-Z]{7}", service.code)


def test_the_ncd_texts_agree_with_the_published_table():
    table = DATA / "cms_ncd" / "ncd_trkg.csv"
    if not table.is_file():
        pytest.skip(f"no NCD table at {table}; set POSOLOGY_DATA")
    with table.open(encoding="utf-8", newline="") as stream:
        table_rows = TableReader(stream)
        header = next(table_rows)
        rows = {
            row["NCD_mnl_sect"]: row
            for row in (dict(zip(header, cells, strict=True)) for cells in table_rows)
        }
    for policy in POLICIES:
        if policy.payer == "CMS":
            row = rows[policy.id.removeprefix("cms-ncd-")]
            assert policy.version == row["NCD_vrsn_num"]
            assert policy.effective_from.isoformat() == row["NCD_efctv_dt"][:10]


def test_a_policy_file_loads_by_itself(tmp_path: Path):
    for suffix in ("yaml", "txt"):
        source = shipped_folder() / f"northfield-cgm.{suffix}"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    assert load_policy(tmp_path / "northfield-cgm.yaml").id == "northfield-cgm"
