"""The API from upload to signed export, with what it answers to what cannot be done."""

import io
import json
import zipfile

import pytest

from posology.config import load_settings
from posology.priorauth import open_models
from tests.web.api import draft, made_case, problem, upload, working


@pytest.fixture(scope="session")
def models():
    return open_models(load_settings(profile="rules", environ={}))


@pytest.fixture
def site(site, models):
    return working(site, models)


@pytest.fixture(scope="session")
def made(policies):
    return made_case(policies)


@pytest.fixture
def ada(signed_in):
    return signed_in("clinician", npi="1234567893", name="Ada Made")


@pytest.fixture
def sam(signed_in):
    return signed_in("staff", name="Sam Made")


@pytest.fixture
def packet(ada, made):
    return f"/api/v1/packets/{draft(ada, made)}"


def test_a_chart_becomes_a_packet_that_is_listed_and_read(ada, made):
    chart = upload(ada, made)
    told = ada.get(f"/api/v1/charts/{chart}").json()
    assert told["id"] == chart
    assert told["resources"]["Patient"] == 1
    packet_id = draft(ada, made, chart)
    page = ada.get("/api/v1/packets").json()
    assert [row["id"] for row in page["packets"]] == [packet_id]
    assert page["states"] == {"drafted": 1}
    read = ada.get(f"/api/v1/packets/{packet_id}").json()
    assert read["head"] == page["packets"][0]
    assert read["record"]["conclusion"] == read["head"]["conclusion"]
    name = read["head"]["card"]["name"]
    found = ada.post("/api/v1/packets/find", json={"q": name})
    assert [row["id"] for row in found.json()["packets"]] == [packet_id]
    assert ada.post("/api/v1/packets/find", json={"q": "nobody"}).json()["packets"] == []
    assert ada.get("/api/v1/packets", params={"q": name}).status_code == 422, "no name stands in an address"


def test_a_search_for_a_patient_is_on_the_record_without_the_name(ada, packet, entries):
    name = ada.get(packet).json()["head"]["card"]["name"]
    for words in (name, name.upper(), "somebody else"):
        ada.post("/api/v1/packets/find", json={"q": words})
    said = [one["details"] for one in entries("worklist.searched")]
    assert [one["found"] for one in said] == [1, 1, 0]
    assert said[0]["hash"] == said[1]["hash"] != said[2]["hash"]
    assert name not in str(said)


def test_an_edit_is_previewed_saved_and_told_apart_from_the_draft(ada, packet):
    record = ada.get(packet).json()["record"]
    sentence = record["narrative"][0]
    good = ada.post(
        f"{packet}/preview", json={"sentence": sentence["id"], "text": sentence["sentence"]}
    ).json()
    assert good["ok"] is True
    false = {"sentence": sentence["id"], "text": "The patient walked 4711 miles on 3 May 1999."}
    bad = ada.post(f"{packet}/preview", json=false).json()
    assert bad["ok"] is False
    assert bad["why"]
    drop = {"act": "drop", "sentence": sentence["id"], "reason": "Not needed."}
    done = ada.post(f"{packet}/acts", json={"seen_version": 1, "act": drop})
    assert done.status_code == 200, done.text
    assert done.json()["version"] == 2
    assert done.headers["Content-Location"] == f"{packet}/versions/2"
    head = ada.get(f"{packet}/head").json()
    assert (head["version"], head["updated_by"], head["state"]) == (2, "Ada Made", "drafted")
    assert [one["cause"] for one in ada.get(f"{packet}/versions").json()] == ["drafted", "drop"]
    assert ada.get(f"{packet}/versions/2").json()["act"]["act"]["reason"] == "Not needed."
    changes = ada.get(f"{packet}/differences").json()
    assert ("sentence", sentence["id"], "removed") in [(c["kind"], c["id"], c["change"]) for c in changes]


def test_the_same_act_sent_twice_is_done_once(ada, packet):
    sentence = ada.get(packet).json()["record"]["narrative"][0]["id"]
    body = {"seen_version": 1, "act": {"act": "drop", "sentence": sentence, "reason": "Not needed."}}
    first, again = (ada.post(f"{packet}/acts", json=body).json() for _ in range(2))
    assert (first["version"], first["again"]) == (2, False)
    assert (again["version"], again["again"]) == (2, True)


def test_two_people_on_one_sentence_see_both_texts(ada, sam, packet):
    sentence = ada.get(packet).json()["record"]["narrative"][0]
    drop = {"act": "drop", "sentence": sentence["id"], "reason": "Not needed."}
    edit = {"act": "edit", "sentence": sentence["id"], "text": sentence["sentence"].replace("The", "This", 1)}
    assert sam.post(f"{packet}/acts", json={"seen_version": 1, "act": edit}).status_code == 200
    told = problem(
        ada.post(f"{packet}/acts", json={"seen_version": 1, "act": {**drop, "reason": "Mine."}}), 409
    )
    conflict = told["conflict"]
    assert conflict["by"] == "Sam Made"
    assert conflict["target"] == f"sentence:{sentence['id']}"
    assert conflict["written"] == "Mine."
    assert conflict["now"]["id"] == sentence["id"]
    assert conflict["at_us"] > 0
    assert (conflict["version"], conflict["current"]) == (2, 2)


def test_unsaved_words_are_their_authors_alone(ada, sam, packet):
    place = f"{packet}/scratch/sentence:s1"
    body = {"text": "Half a sen", "seen_version": 1}
    assert ada.request("PUT", place, json=body).status_code == 204
    assert ada.get(place).json()["text"] == "Half a sen"
    problem(sam.get(place), 404)
    assert sam.get(f"{packet}/head").json()["present"] == ["Ada Made"]
    assert ada.request("DELETE", place).status_code == 204
    problem(ada.get(place), 404)
    problem(ada.request("PUT", f"{packet}/scratch/a%20b", json=body), 422)


def test_sources_are_listed_and_opened_once_a_session(ada, packet, entries):
    listed = ada.get(f"{packet}/sources").json()
    cited = next(one for one in listed if one["cited"])
    for _ in range(2):
        opened = ada.get(f"{packet}/sources/{cited['source']}")
        assert opened.status_code == 200, opened.text
        assert opened.json()["text"]
    assert len(entries("source.read")) == 1
    for path in ("../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "nothing"):
        assert ada.get(f"{packet}/sources/{path}").status_code == 404


def test_a_packet_goes_from_prepared_to_the_payers_answer(ada, sam, packet, entries):
    assert sam.post(f"{packet}/prepare").json() == {"version": 1, "state": "prepared"}
    returned = ada.post(f"{packet}/return", json={"note": "Add the sleep study."}).json()
    assert returned["state"] == "drafted"
    assert ada.post(f"{packet}/assign", json={"user": sam.user_id}).status_code == 200
    assert ada.get("/api/v1/packets", params={"owner": sam.user_id}).json()["total"] == 1
    problem(ada.post(f"{packet}/export", json={"form": "zip"}), 409)
    statement = ada.get(f"{packet}/statement").json()
    sign = {"version": statement["version"], "attested": True, "acknowledged": bool(statement["open"])}
    problem(ada.post(f"{packet}/sign", json={**sign, "attested": False}), 422)
    problem(ada.post(f"{packet}/sign", json={**sign, "version": 99}), 409)
    signed = ada.post(f"{packet}/sign", json=sign)
    assert signed.status_code == 200, signed.text
    assert signed.json()["statement"] == statement["text"]
    made = ada.post(f"{packet}/export", json={"form": "zip"})
    assert zipfile.ZipFile(io.BytesIO(made.content)).testzip() is None
    assert ada.post(f"{packet}/sent", json={"by": "fax"}).json()["state"] == "sent"
    outcome = {"outcome": "approved", "reason": "criteria-met", "note": "Thank you."}
    assert ada.post(f"{packet}/outcome", json=outcome).json()["state"] == "approved"
    problem(ada.post(f"{packet}/withdraw", json={"reason": "mistake"}), 409)
    assert len(entries("packet.exported")) == 1


@pytest.mark.parametrize(
    ("form", "kind", "start"),
    [("pdf", "application/pdf", b"%PDF"), ("html", "text/html", b"<!DOCTYPE"), ("md", "text/markdown", b"")],
)
def test_the_letter_is_a_file_whose_name_says_nothing(ada, packet, form, kind, start):
    name = ada.get(packet).json()["head"]["card"]["name"]
    answer = ada.get(f"{packet}/letter.{form}")
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert answer.content[:9].upper().startswith(start.upper())
    header = answer.headers["content-disposition"]
    assert header.startswith('attachment; filename="letter-')
    assert header.isascii()
    assert not any(part in header for part in name.split())
    problem(ada.get(f"{packet}/letter.exe"), 422)


def test_a_packet_is_deleted_by_an_administrator_only_and_is_gone(ada, signed_in, packet):
    assert problem(ada.request("DELETE", packet, params={"reason": "test"}), 403)
    chief = signed_in("administrator")
    gone = chief.request("DELETE", packet, params={"reason": "test"})
    assert gone.status_code == 200, gone.text
    assert gone.json()["rows"] > 0
    for path in ("", "/head", "/versions", "/sources", "/letter.md", "/statement", "/differences"):
        problem(ada.get(packet + path), 404)


NEVER = "0" * 20


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/head", None),
        ("GET", "/versions", None),
        ("GET", "/versions/1", None),
        ("GET", "/differences", None),
        ("GET", "/sources", None),
        ("GET", "/sources/Patient/x", None),
        ("GET", "/letter.html", None),
        ("GET", "/statement", None),
        ("GET", "/scratch/sentence:s1", None),
        ("PUT", "/scratch/sentence:s1", {"text": "a", "seen_version": 1}),
        ("DELETE", "/scratch/sentence:s1", None),
        ("POST", "/acts", {"seen_version": 1, "act": {"act": "confirm", "criterion": "a"}}),
        ("POST", "/preview", {"sentence": "s1", "text": "a"}),
        ("POST", "/prepare", None),
        ("POST", "/return", {"note": "a"}),
        ("POST", "/assign", {"user": NEVER}),
        ("POST", "/sign", {"version": 1, "attested": True}),
        ("POST", "/export", {"form": "pdf"}),
        ("POST", "/sent", {}),
        ("POST", "/outcome", {"outcome": "denied", "reason": "other"}),
        ("POST", "/withdraw", {"reason": "other"}),
    ],
)
def test_an_id_that_nobody_has_is_not_found_everywhere(ada, method, path, body):
    told = problem(ada.request(method, f"/api/v1/packets/{NEVER}{path}", json=body), 404)
    assert "there is no packet" in told["detail"]


@pytest.mark.parametrize("bad", ["%00", "a'--", "..%2f..", "ABCDEFABCDEFABCDEFAB", "9" * 400])
def test_an_id_that_is_none_is_refused_before_the_store_is_asked(ada, bad):
    assert ada.get(f"/api/v1/packets/{bad}").status_code in (404, 422)
    assert ada.post(f"/api/v1/packets/{bad}/prepare").status_code in (404, 422)


@pytest.mark.parametrize(
    "address",
    ["/packets/%00", "/jobs/%00", "/api/v1/jobs/%00", "/?state=%00", "/api/v1/jobs/%0a", "/jobs/%ED%A0%80"],
)
def test_control_characters_in_an_address_never_reach_the_store(ada, address):
    assert ada.get(address).status_code in (400, 404)


def test_pages_of_the_list_lead_to_each_other(ada, made):
    ids = {draft(ada, made, upload(ada, made)) for _ in range(3)}
    first = ada.get("/api/v1/packets", params={"rows": 2, "sort": "created"})
    assert 'rel="next"' in first.headers["link"]
    assert 'rel="prev"' not in first.headers["link"]
    target = first.headers["link"].split('>; rel="next"')[0].rpartition("<")[2]
    second = ada.get(target)
    assert {row["id"] for row in [*first.json()["packets"], *second.json()["packets"]]} == ids
    problem(ada.get("/api/v1/packets", params={"page": 0}), 422)
    problem(ada.get("/api/v1/packets", params={"sort": "name"}), 422)


def test_policies_are_found_by_service_payer_and_day(ada, made, policies):
    everything = ada.get("/api/v1/policies").json()
    assert len(everything) == len(policies)
    fitting = ada.get("/api/v1/policies", params={"service": made.service, "date": made.day}).json()
    assert "cms-ncd-100.1" in [one["id"] for one in fitting]
    assert ada.get("/api/v1/policies", params={"date": "1900-01-01"}).json() == []
    problem(ada.get("/api/v1/policies", params={"service": "nonsense"}), 422)


def test_a_draft_of_nothing_is_refused_in_words(ada, made):
    asked = {"chart": NEVER, "service": made.service, "date": made.day}
    problem(ada.post("/api/v1/drafts", json=asked), 404)
    chart = upload(ada, made)
    problem(ada.post("/api/v1/drafts", json={**asked, "chart": chart, "policy": "no-such-policy"}), 422)
    problem(ada.post("/api/v1/drafts", json={**asked, "chart": chart, "service": "x"}), 422)
    problem(ada.post("/api/v1/drafts", json={**asked, "chart": chart, "date": "2026-02-31"}), 422)
    problem(ada.post("/api/v1/drafts", json={**asked, "chart": chart, "surprise": 1}), 422)


def test_the_same_request_is_drafted_once(ada, made):
    chart = upload(ada, made)
    asked = {"chart": chart, "service": made.service, "date": made.day}
    jobs = {ada.post("/api/v1/drafts", json=asked).json()["job"] for _ in range(3)}
    assert len(jobs) == 1
    assert ada.get("/api/v1/packets").json()["total"] == 1


def test_an_answer_to_what_was_sent_wrongly_does_not_repeat_it(ada, packet):
    body = {"seen_version": 1, "act": {"act": "edit", "sentence": "s1", "text": "x", "zebra": "Mary Patient"}}
    told = problem(ada.post(f"{packet}/acts", json=body), 422)
    assert "Mary" not in json.dumps(told)
    raw = ada.post(
        f"{packet}/acts", content=b'{"seen_version": ', headers={"Content-Type": "application/json"}
    )
    problem(raw, 422)
