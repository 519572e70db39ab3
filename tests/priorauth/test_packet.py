"""The packet: its shape, and that every quote stands where it says."""

import json
import re
from decimal import Decimal

import pytest

from tests.priorauth.drafted import POLICIES, draft_of, drafted, plain_text, raw_bodies, value_at

KEYS = {
    "posology": str,
    "request": dict,
    "policy": dict,
    "patient": dict,
    "conclusion": str,
    "provisional": (str, type(None)),
    "findings_to_confirm": list,
    "criteria": list,
    "evidence": list,
    "narrative": list,
    "withheld": list,
    "gaps": list,
    "unread": list,
    "administrative": dict,
    "validator": (str, type(None)),
    "stale": (str, type(None)),
    "restricted_used": bool,
}
ROWS = {
    "criteria": {
        "id",
        "path",
        "text",
        "status",
        "basis",
        "evidence",
        "contrary",
        "reason",
        "looked",
        "decided_by",
    },
    "narrative": {"section", "sentence", "cites", "verdict", "written_by", "criterion", "checks"},
    "withheld": {"sentence", "why"},
    "gaps": {"kind", "id", "ask"},
    "unread": {"source", "why"},
}
CHOICES = [
    ("criteria", "status", {"met", "not_met", "unknown"}),
    ("criteria", "basis", {"structured", "text", "conflict", "absence", "human", "none"}),
    ("evidence", "kind", {"structured", "text", "derived", "policy", "human"}),
    ("narrative", "section", {"clinical_summary", "medical_necessity", "prior_treatment", "request"}),
    ("narrative", "verdict", {"supported", "unchecked"}),
    ("gaps", "kind", {"criterion", "document", "administrative"}),
]
every_policy = pytest.mark.parametrize("policy_id", sorted(POLICIES))
every_draft = pytest.mark.parametrize(
    ("policy_id", "plan"), [(p, plan) for p in sorted(POLICIES) for plan in ("meet", "mixed")]
)


@every_draft
def test_the_record_has_every_key_of_its_format_and_no_other(policy_id, plan):
    record = json.loads(drafted(policy_id, plan).packet.to_bytes())
    assert record["posology"] == "packet/1"
    assert set(record) == set(KEYS)
    assert [key for key, kind in KEYS.items() if not isinstance(record[key], kind)] == []
    for name, keys in ROWS.items():
        assert [row for row in record[name] if not keys <= set(row)] == [], name
    for name, key, choices in CHOICES:
        assert {row[key] for row in record[name]} <= choices, name
    assert record["conclusion"] in {"ready", "review", "incomplete", "not_supported"}
    assert (record["provisional"] is None) == (record["conclusion"] != "review")
    assert set(record["request"]) == {"service", "date", "policy"}
    assert record["request"]["policy"]["sha256"] == POLICIES[policy_id].sha256


@every_draft
def test_every_leaf_of_the_policy_stands_once_in_order_with_its_path(policy_id, plan):
    one = drafted(policy_id, plan)
    paths = [row["path"] for row in one.record["criteria"]]
    assert len(set(paths)) == len(paths)
    assert {row["id"] for row in one.record["criteria"]} == set(one.truth["leaves"])
    assert all(re.fullmatch(r"[a-z_]+(\[\d+\])?(\.[a-z_]+\[\d+\])*", path) for path in paths)


@every_draft
def test_every_citation_leads_to_evidence_and_all_evidence_is_cited(policy_id, plan):
    record = drafted(policy_id, plan).record
    ids = [row["id"] for row in record["evidence"]]
    assert ids == [f"e{number}" for number in range(1, len(ids) + 1)]
    cited = {key for row in record["criteria"] for key in (*row["evidence"], *row["contrary"])}
    cited |= {row["policy_wording"] for row in record["criteria"] if "policy_wording" in row}
    cited |= {key for row in record["narrative"] for key in row["cites"]}
    assert cited == set(ids)
    assert [row for row in record["narrative"] if not row["cites"]] == []


@every_draft
def test_a_met_leaf_has_evidence_and_an_unknown_one_says_what_was_looked_for(policy_id, plan):
    for row in drafted(policy_id, plan).record["criteria"]:
        if row["status"] == "met":
            assert row["evidence"], row["id"]
        if row["status"] == "unknown":
            assert row["looked"] or row["evidence"] or row["basis"] == "none", row["id"]
        assert row["reason"].endswith("."), row["id"]


def same_value(value, quote: str) -> bool:
    """Tell whether a quote is the value of an element, as a reader of the record would write it."""
    if isinstance(value, bool):
        return quote == str(value).lower()
    if isinstance(value, (int, float)):
        return Decimal(quote) == Decimal(str(value))
    if isinstance(value, dict) and "value" in value:
        number, _, unit = quote.partition(" ")
        return Decimal(number.lstrip("<>=")) == Decimal(str(value["value"])) and unit in (
            value.get("unit", ""),
            value.get("code", ""),
        )
    return quote == value


@every_draft
def test_every_structured_quote_is_the_value_at_its_path(policy_id, plan):
    one = drafted(policy_id, plan)
    bodies = raw_bodies(one.bundle)
    wrong = []
    for row in one.record["evidence"]:
        if row["kind"] == "structured" and row["source"] != "Request/request":
            value = value_at(bodies[row["source"]], row["path"])
            if not same_value(value, row["quote"]):
                wrong.append((row["source"], row["path"], row["quote"], value))
    assert wrong == []


@every_draft
def test_every_text_quote_stands_at_its_characters(policy_id, plan):
    one = drafted(policy_id, plan)
    bodies = raw_bodies(one.bundle)
    for row in one.record["evidence"]:
        if row["kind"] == "text":
            document = one.chart.document(row["source"])
            assert document is not None
            assert document.text[row["start"] : row["end"]] == row["quote"]
            body = bodies.get(row["source"].partition("#")[0])
            decoded = plain_text(body) if body and body["resourceType"] == "DocumentReference" else None
            if decoded is not None:
                assert decoded[row["start"] : row["end"]] == row["quote"]


@every_draft
def test_every_quote_of_the_policy_stands_in_its_source(policy_id, plan):
    one = drafted(policy_id, plan)
    source = " ".join(one.policy.source_text.split())
    quotes = [row["quote"] for row in one.record["evidence"] if row["kind"] == "policy"]
    assert [quote for quote in quotes if " ".join(quote.split()) not in source] == []


@every_draft
def test_derived_evidence_names_what_it_comes_from_and_how(policy_id, plan):
    one = drafted(policy_id, plan)
    known = set(raw_bodies(one.bundle)) | {"Request/request", "request"}
    for row in one.record["evidence"]:
        if row["kind"] == "derived":
            assert row["from"], row["id"]
            assert set(row["from"]) <= known, row["id"]
            assert row["how"], row["id"]


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@every_draft
def test_no_sentence_holds_a_number_that_no_source_of_it_holds(policy_id, plan):
    record = drafted(policy_id, plan).record
    rows = {row["id"]: row for row in record["evidence"]}
    invented = []
    for row in record["narrative"]:
        cited = [rows[key] for key in row["cites"]]
        sources = " ".join(
            " ".join((c["quote"], c.get("date", ""), c.get("label", ""), c.get("how", ""))) for c in cited
        )
        held = set(NUMBER.findall(sources))
        invented += [(n, row["sentence"]) for n in NUMBER.findall(row["sentence"]) if n not in held]
    assert invented == []


@every_draft
def test_what_is_told_passed_every_check_and_what_failed_one_is_withheld_with_its_reason(policy_id, plan):
    record = drafted(policy_id, plan).record
    assert [row for row in record["narrative"] if not all(check["ok"] for check in row["checks"])] == []
    assert [row for row in record["withheld"] if not row["why"]] == []
    told = {row["sentence"] for row in record["narrative"]}
    assert [row for row in record["withheld"] if row["sentence"] in told] == []


@every_draft
def test_the_decisive_fact_of_every_met_criterion_is_told(policy_id, plan):
    record = drafted(policy_id, plan).record
    cited = {key for row in record["narrative"] for key in row["cites"]}
    missing = [
        row["id"]
        for row in record["criteria"]
        if row["status"] == "met" and not row["path"].startswith("exclusions")
        if row["evidence"][0] not in cited
    ]
    assert missing == []


@every_policy
def test_the_same_input_gives_the_same_bytes(policy_id):
    first, again = drafted(policy_id, "mixed"), draft_of(policy_id, "mixed")
    assert first.packet.to_bytes() == again.packet.to_bytes()
    assert first.packet.letter("md") == again.packet.letter("md")


@every_draft
def test_a_packet_that_is_not_supported_argues_no_necessity(policy_id, plan):
    record = drafted(policy_id, plan).record
    if record["conclusion"] == "not_supported":
        assert "medical_necessity" not in {row["section"] for row in record["narrative"]}


def test_some_packet_is_not_supported_and_says_what_speaks_against_it():
    record = drafted("cms-ncd-100.1", "fail-bmi-35").record
    assert record["conclusion"] == "not_supported"
    assert "medical_necessity" not in {row["section"] for row in record["narrative"]}
    assert any(row["criterion"] == "bmi-35" for row in record["narrative"])
