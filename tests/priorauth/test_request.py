"""The request: the service as it is written, and what the request file may say."""

from datetime import date

import pytest

from posology.errors import RequestError
from posology.policies import Code
from posology.priorauth import Request, RequestFile, parse_request, parse_service, read_request_file
from tests.priorauth.drafted import draft_of, drafted

SERVICES = [
    ("ICD-10-PCS:0DB64Z3", Code("ICD-10-PCS", "0DB64Z3"), "a short name"),
    ("http://www.ama-assn.org/go/cpt:72148", Code("http://www.ama-assn.org/go/cpt", "72148"), "a URL"),
    ("urn:oid:2.16.840.1.113883.6.285:E0601", Code("urn:oid:2.16.840.1.113883.6.285", "E0601"), "an OID"),
    (" HCPCS : E0601 ", Code("HCPCS", "E0601"), "spaces"),
]


@pytest.mark.parametrize(("text", "code", "why"), SERVICES, ids=[row[2] for row in SERVICES])
def test_a_service_is_a_system_and_a_code(text, code, why):
    assert parse_service(text) == code


@pytest.mark.parametrize("text", ["", ":", "E0601", "HCPCS:", ":E0601", "http://example.org", "  :  "])
def test_what_is_no_service_is_refused(text):
    with pytest.raises(RequestError, match="SYSTEM:CODE"):
        parse_service(text)


def test_a_request_file_is_the_same_in_yaml_and_in_json(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "quantity: {value: 30, unit: tablet}\nside: left\nprovider: {name: Dr A, npi: '1234567893'}\n"
        "attestations: [{criterion: x, answer: 'yes', statement: So it is., by: Dr A, date: 2024-01-02}]\n"
    )
    (tmp_path / "r.json").write_text(
        '{"quantity": {"value": 30, "unit": "tablet"}, "side": "left", "provider": {"name": "Dr A", '
        '"npi": "1234567893"}, "attestations": [{"criterion": "x", "answer": "yes", "statement": '
        '"So it is.", "by": "Dr A", "date": "2024-01-02"}]}'
    )
    yaml, json = read_request_file(tmp_path / "r.yaml"), read_request_file(tmp_path / "r.json")
    assert yaml == json
    assert yaml.attestations[0].date == date(2024, 1, 2)


def test_yes_and_no_need_no_quotes(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "attestations: [{criterion: x, answer: yes, statement: s, by: Dr A, date: 2024-01-02}]"
    )
    assert read_request_file(tmp_path / "r.yaml").attestations[0].answer == "yes"


@pytest.mark.parametrize("value", ["0", "-1", "1e12", "nan", "inf", "many"])
def test_a_quantity_is_a_positive_number(value):
    with pytest.raises(RequestError, match=r"request: quantity\.value"):
        parse_request({"quantity": {"value": value}}, "request")


def test_the_request_is_a_resource_with_what_was_said_and_nothing_else():
    request = Request(Code("HCPCS", "E0601"), date(2024, 1, 2), RequestFile())
    assert request.as_resource() == {
        "resourceType": "Request",
        "id": "request",
        "code": {"coding": [{"system": "HCPCS", "code": "E0601"}]},
        "date": "2024-01-02",
        "urgency": "standard",
    }


def _attest(criterion: str, answer: str) -> RequestFile:
    row = {
        "criterion": criterion,
        "answer": answer,
        "statement": "I examined her.",
        "by": "Dr A",
        "date": "2023-01-02",
    }
    return parse_request({"attestations": [row]}, "request")


ANSWERS = [
    ("bmi-35", "no", "not_met", "a statement outranks structured data"),
    ("failed-treatment", "yes", "met", "a statement answers the question"),
    ("failed-treatment", "no", "not_met", "a statement answers the question"),
    ("other-non-covered-procedure", "yes", "met", "an exclusion too"),
]


@pytest.mark.parametrize(
    ("criterion", "answer", "status", "why"), ANSWERS, ids=[f"{r[0]}-{r[1]}" for r in ANSWERS]
)
def test_a_persons_statement_outranks_what_was_read(criterion, answer, status, why):
    record = draft_of("cms-ncd-100.1", details=_attest(criterion, answer)).record
    row = next(row for row in record["criteria"] if row["id"] == criterion)
    assert (row["status"], row["basis"], row["decided_by"]) == (status, "human", "person"), why
    quotes = [e for e in record["evidence"] if e["id"] in row["evidence"]]
    assert [(e["kind"], e["quote"]) for e in quotes] == [("human", "I examined her.")]
    others = {r["id"]: r["status"] for r in record["criteria"] if r["id"] != criterion}
    plain = {
        r["id"]: r["status"] for r in drafted("cms-ncd-100.1").record["criteria"] if r["id"] != criterion
    }
    assert others == plain


def test_a_statement_on_an_unknown_criterion_is_refused():
    with pytest.raises(RequestError, match="bmi-53"):
        draft_of("cms-ncd-100.1", details=_attest("bmi-53", "yes"))
