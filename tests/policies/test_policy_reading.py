from datetime import date
from decimal import Decimal

import pytest

from posology.errors import PolicyError
from posology.policies import leaves_of, load_policies, load_policy
from posology.policies.policy import Branch, Duration

GOOD = """
posology: policy/1
id: p
title: T
payer: CMS
version: "5"
effective: {from: 2013-09-24, until: null}
jurisdiction: NO
source: {title: S, text: "have a body-mass  index"}
services: [{system: HCPCS, code: 12E4}]
codes:
  bmi: [{system: LOINC, code: 39156-5}]
criteria:
  all:
    - id: a
      text: A.
      find: {resource: Observation, codes: bmi}
      within: 12 months
      compare: {op: ">=", value: 35.5, unit: kg/m2}
    - at_least: {n: 2, of: [{id: b, text: B., question: "B?"}, {id: c, text: C., attest: true}]}
exclusions:
  - {id: d, text: D., find: "Patient.where(active)", near: {leaf: a, within: 6 weeks}}
"""


def load(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return load_policy(path)


def test_scalars_keep_the_meaning_that_the_writer_gave_them(tmp_path):
    policy = load(tmp_path, GOOD)
    first, second = policy.criteria.children
    assert (policy.jurisdiction, policy.services[0].code, policy.version) == ("NO", "12E4", "5")
    assert (policy.effective_from, policy.effective_until) == (date(2013, 9, 24), None)
    assert first.compare.value == Decimal("35.5")
    assert first.within == Duration(12, "month")
    assert isinstance(second, Branch)
    assert second.n == 2
    assert [leaf.id for leaf in leaves_of(policy.criteria, *policy.exclusions)] == ["a", "b", "c", "d"]


BAD = [
    (
        "find: {resource: Observation, codes: bmi}",
        "fnid: {resource: Observation}",
        "criteria.all[0].fnid",
        "'find'",
    ),
    ("within: 12 months", "withn: 12 months", "criteria.all[0].withn", "'within'"),
    ('question: "B?"', 'question: "B?", expct: no', "criteria.all[1].at_least.of[0].expct", "'expect'"),
    ("within: 12 months", "within: a year", "criteria.all[0].within", "12 months"),
    ("within: 12 months", "within: 0 months", "criteria.all[0].within", "12 months"),
    ('op: ">="', 'op: "=>"', "criteria.all[0].compare.op", "did you mean"),
    ("value: 35.5", "value: many", "criteria.all[0].compare.value", "number"),
    ("codes: bmi}", "codes: bmii}", "criteria.all[0].find.codes", "'bmi'"),
    ("resource: Observation", "resource: Observaton", "criteria.all[0].find.resource", "'Observation'"),
    ("posology: policy/1", "posology: policy/2", "", "policy/1"),
    ("from: 2013-09-24", "from: 2013-09-31", "effective.from", "no such day"),
    ("until: null", "until: 2012-01-01", "effective.until", "ends before"),
    ("id: b,", "id: a,", "", "two leaves"),
    ("near: {leaf: a", "near: {leaf: z", "", "no leaf 'z'"),
    ("near: {leaf: a", "near: {leaf: d", "", "circle"),
    ("attest: true", "when_absent: not_met", "criteria.all[1].at_least.of[1]", "find, question and attest"),
    ("compare: {op", "when_absent: met\n      compare: {op", "criteria.all[0]", "absence alone"),
    ("n: 2", "n: 0", "criteria.all[1].at_least.n", "1 or more"),
    ("{system: LOINC, code: 39156-5}", "{system: LOINC}", "codes.bmi[0]", "code or prefix"),
    (
        "{system: LOINC, code: 39156-5}",
        "{system: LOINC, code: a, prefix: b}",
        "codes.bmi[0]",
        "code or prefix",
    ),
    ("payer: CMS\n", "", "", "'payer' is missing"),
    ("text: A.", "text: A.\n      text: B.", "", "stands twice"),
    ("services: [{system: HCPCS, code: 12E4}]", "services: []", "services", "at least one"),
    ('text: "have a body-mass  index"', "file: ../secret.txt", "source.file", "beside"),
    ('text: "have a body-mass  index"', "file: /etc/passwd", "source.file", "beside"),
    ('text: "have a body-mass  index"', "file: gone.txt", "", "gone.txt"),
    ("- at_least:", "- any: []\n      at_least:", "criteria.all[1]", "any and at_least"),
]


@pytest.mark.parametrize(("old", "new", "where", "hint"), BAD)
def test_a_mistake_is_named_with_file_path_and_remedy(tmp_path, old, new, where, hint):
    assert old in GOOD
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    message = str(caught.value)
    assert "p.yaml" in message or "gone.txt" in message
    assert where in message
    assert hint in message


def test_a_source_reached_through_a_link_outside_the_folder_is_refused(tmp_path):
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "link.txt").symlink_to(outside)
    with pytest.raises(PolicyError, match="outside"):
        load(folder, GOOD.replace('text: "have a body-mass  index"', "file: link.txt"))


def test_one_id_and_version_in_two_files_names_both(tmp_path):
    (tmp_path / "one.yaml").write_text(GOOD)
    (tmp_path / "two.yml").write_text(GOOD)
    with pytest.raises(PolicyError, match=r"two\.yml.*one\.yaml"):
        load_policies([tmp_path], shipped=False)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PolicyError, match="nowhere"):
        load_policies([tmp_path / "nowhere"], shipped=False)


@pytest.mark.parametrize("text", ["", "[]", "posology: [", "a: &a [*a]", "\x00", "- " * 3000])
def test_no_text_raises_anything_but_our_error(tmp_path, text):
    with pytest.raises(PolicyError):
        load(tmp_path, text)
