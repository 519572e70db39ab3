"""The pages on which candidates are reviewed: who may use them, what they write, what they refuse."""

import codecs
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from posology.adapt.teacher import read_reviews
from posology.adapt.teacher.stages import build_reviewed
from posology.cli.adapt_review import review
from posology.errors import SettingsError, UserError
from posology.web.candidates import BODY_BYTES, Reviewing, create_candidates_app

ORIGIN = "http://127.0.0.1:8321"
SAID = "Montelukast brought no relief at all."
DOCUMENT = f"SUBJECTIVE. Comes for a visit.\n{SAID}\nSleeps through most nights."
SECTION = "a leukotriene antagonist was tried and failed"
POLICIES = {"p1": f"Coverage requires that {SECTION}. Requests are reviewed yearly."}
HOSTILE = '<script>alert(1)</script> & "x" </textarea><img src=x onerror=y> {{ csrf }}'


def row(name: str, doubts: tuple[str, ...] = (), **more) -> dict:
    point = {"leaf": "failed", "question": "Did montelukast fail?", "told": "yes", "quote": SAID}
    point |= {"policy_text": "tried and failed", "second": "no"}
    made = {"posology": "review/1", "id": name, "policy": "p1", "doubts": doubts, "document": DOCUMENT}
    made["points"] = [{**point, **more.pop("point", {})}]
    made["provenance"] = {"source": "a teacher", "licence": "made here", "group": name}
    return {**made, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.jsonl"
    rows = [row("one", ("failed: the second model read no",)), row("two"), row("three")]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    return path


@pytest.fixture
def reviewing(file: Path) -> Reviewing:
    return Reviewing(file, POLICIES, port=8321, command="posology adapt accept reviews.jsonl --out taught")


@pytest.fixture
def stranger(reviewing: Reviewing):
    with TestClient(create_candidates_app(reviewing), base_url=ORIGIN, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient, reviewing: Reviewing) -> TestClient:
    answer = stranger.get(f"/open/{reviewing.key}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    return stranger


def fields(page: str) -> dict[str, str]:
    """Return what the form of a page would send if nobody touched it."""
    form = page[page.index('id="decision"') :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    areas = re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form)
    told = re.findall(r'type="radio" name="([^"]+)" value="([^"]+)"[^>]* checked', form)
    by = re.search(r'name="by" value="([^"]*)"', form)
    sent = dict([*hidden, *areas, *told, ("by", by[1])])
    return {key: unescape(value).replace("\n", "\r\n") for key, value in sent.items()}


def submit(client: TestClient, number: int, act: str, show: str = "undecided", **changed):
    sent = fields(client.get(f"/candidates/{number}").text)
    return client.post(f"/candidates/{number}?show={show}", data={**sent, "act": act, **changed})


def lines(file: Path) -> list[dict]:
    return [json.loads(one) for one in file.read_text(encoding="utf-8").splitlines()]


def test_a_verdict_is_in_the_file_at_once_and_leads_to_the_next_candidate(client, file) -> None:
    answer = submit(client, 1, "accept", by="Dr. Ann")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/candidates/2?show=undecided&last=1"
    assert (lines(file)[0]["verdict"], lines(file)[0]["by"]) == ("accept", "Dr. Ann")
    assert lines(file)[0]["document"] == DOCUMENT  # line ends of the form are no correction
    page = client.get(answer.headers["location"]).text
    assert "Candidate 1 is accepted." in page
    assert "1 of 3 decided" in page
    assert 'name="by" value="Dr. Ann"' in page  # asked once


def test_nobody_decides_without_a_name(client, file) -> None:
    before = file.read_bytes()
    for act in ("accept", "reject"):
        answer = submit(client, 1, act)
        assert answer.status_code == 422
        assert "Say who you are before the first verdict." in answer.text
    assert file.read_bytes() == before


def test_corrections_and_a_section_are_kept_and_accept_takes_them(client, file, tmp_path) -> None:
    other = DOCUMENT.replace("no relief", "much relief")
    quote = SAID.replace("no relief", "much relief")
    changed = {"document": other, "told-1": "no", "quote-1": f" {quote} ", "section-1": SECTION}
    assert submit(client, 1, "accept", by="R", **changed).status_code == 303
    kept = read_reviews(file, POLICIES)[0]
    assert (kept.document, kept.points[0].told, kept.points[0].quote) == (other, "no", quote)
    counts = build_reviewed(file, POLICIES, tmp_path / "out")
    assert counts == {"examples": 2, "pairs": 1, "left out": 2}


@pytest.mark.parametrize(
    ("changed", "words", "field"),
    [
        ({"quote-1": "Never said."}, "does not stand in the document", "quote-1"),
        ({"told-1": "not stated"}, "not stated, and yet a quote", "quote-1"),
        ({"section-1": "Never written."}, "does not stand in the text of p1", "section-1"),
        ({"document": "Another."}, "does not stand in the document", "quote-1"),
    ],
)
def test_what_accept_would_refuse_is_told_beside_its_field_with_what_was_entered(
    client, file, changed, words, field
) -> None:
    before = file.read_bytes()
    answer = submit(client, 1, "accept", by="R", **changed)
    assert answer.status_code == 422
    assert words in answer.text
    assert re.search(rf'name="{field}"[^>]* aria-invalid="true"', answer.text)
    assert {key: fields(answer.text)[key] for key in changed} == changed
    assert file.read_bytes() == before


def test_a_candidate_that_was_accepted_by_hand_is_shown_with_what_is_wrong(client, file) -> None:
    wrong = row("one", verdict="accept", by="R", point={"quote": "Never said."})
    file.write_text(json.dumps(wrong) + "\n", encoding="utf-8")
    page = client.get("/candidates/1?show=all").text
    assert "posology adapt accept would refuse it" in page
    assert "does not stand in the document" in page


def test_a_verdict_is_undone_from_the_next_page_and_from_its_own(client, file) -> None:
    page = client.get(submit(client, 1, "reject", by="R").headers["location"]).text
    undo = re.search(r'action="(/candidates/1/undo[^"]*)">(.*?)</form>', page)
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', undo[2]))
    answer = client.post(undo[1], data=sent)
    assert answer.headers["location"] == "/candidates/1?show=undecided&last=1"
    assert (lines(file)[0]["verdict"], lines(file)[0]["by"]) == ("", "")
    submit(client, 1, "accept", by="R")
    assert "Undo the verdict" in client.get("/candidates/1").text
    assert submit(client, 1, "open").status_code == 303
    assert lines(file)[0]["verdict"] == ""


def test_half_corrected_work_is_kept_without_a_verdict(client, file) -> None:
    answer = submit(client, 2, "open", **{"quote-1": "not found yet"})
    assert answer.headers["location"] == "/candidates/2?show=undecided&last=2"
    assert (lines(file)[1]["verdict"], lines(file)[1]["points"][0]["quote"]) == ("", "not found yet")


def test_filters_show_the_undecided_the_doubtful_or_all_and_their_end(client) -> None:
    assert client.get("/").headers["location"] == "/candidates/1?show=undecided"
    assert "With doubts (1)" in client.get("/candidates/2").text
    assert 'rel="next" href="/candidates/3?show=all"' in client.get("/candidates/2?show=all").text
    assert submit(client, 1, "accept", "doubts", by="R").headers["location"] == "/done?show=doubts&last=1"
    assert "No further candidate in this list" in client.get("/done?show=doubts").text
    assert client.get("/").headers["location"] == "/candidates/2?show=undecided"
    submit(client, 3, "reject")  # the first before it that is open comes next
    assert submit(client, 3, "reject").headers["location"] == "/candidates/2?show=undecided&last=3"
    submit(client, 2, "accept")
    page = client.get(client.get("/").headers["location"]).text
    assert "Every candidate is decided" in page
    assert "posology adapt accept reviews.jsonl --out taught" in page


def test_a_file_changed_by_hand_is_never_written_over_and_what_was_entered_stays(client, file) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "accept", "by": "R", "section-1": SECTION}
    file.write_text(file.read_text(encoding="utf-8").replace('"two"', '"second"'), encoding="utf-8")
    before = file.read_bytes()
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == 409
    assert "changed by another program" in answer.text
    assert file.read_bytes() == before
    assert fields(answer.text)["section-1"] == SECTION
    again = client.post("/candidates/1", data={**fields(answer.text), "act": "accept"})
    assert again.status_code == 303
    assert [one["id"] for one in lines(file)] == ["one", "second", "three"]
    assert lines(file)[0]["verdict"] == "accept"


def test_a_candidate_changed_by_hand_is_shown_anew_with_what_was_entered_apart(client, file) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "accept", "by": "R", "section-1": SECTION}
    first, *rest = lines(file)
    first["document"] = first["document"].replace("most", "all")
    file.write_text("".join(f"{json.dumps(one)}\n" for one in (first, *rest)), encoding="utf-8")
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == 409
    assert "all nights" in fields(answer.text)["document"]
    assert fields(answer.text)["section-1"] == ""
    assert SECTION in apart(answer.text)
    assert "most nights" in apart(answer.text)


def put(file: Path, rows: list[dict]) -> None:
    file.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")


def apart(page: str) -> str:
    """Return what a page shows of what was entered, beside the file's own."""
    return unescape(re.search(r"<summary>What you entered</summary>.*?</details>", page, re.S)[0])


@pytest.mark.parametrize(
    "changed", [{"by": ""}, {"quote-1": "Never said."}], ids=["no name", "a quote that does not stand"]
)
def test_a_refused_verdict_does_not_hide_that_another_program_corrected_the_candidate(
    client, file, changed
) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "accept", "by": "R", **changed}
    first, *rest = lines(file)
    put(file, [{**first, "document": first["document"].replace("most", "all")}, *rest])
    before = file.read_bytes()
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == 409
    assert "changed by another program" in answer.text
    assert "all nights" in fields(answer.text)["document"]
    assert "most nights" in apart(answer.text)
    assert file.read_bytes() == before


def test_another_number_of_questions_is_a_change_like_any_other(client, file) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "accept"}
    first, *rest = lines(file)
    put(file, [{**first, "points": first["points"] * 2}, *rest])
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == 409
    assert 'name="told-2"' in answer.text
    more = {"told-2": "yes", "quote-2": "", "section-2": "", "told-3": "no", "quote-3": "", "section-3": ""}
    for forged in ({}, {"seen": "0"}):  # this file, and another
        again = {**fields(answer.text), "act": "accept", **more, **forged}
        assert client.post("/candidates/1", data=again).status_code in (409, 422)


class Meddling(dict):
    """Policies that another program's save comes with, just when they are looked up."""

    def __init__(self, file: Path, rows: list[dict]) -> None:
        super().__init__(POLICIES)
        self.file, self.rows = file, rows

    def __contains__(self, key: object) -> bool:
        put(self.file, self.rows)
        return super().__contains__(key)


def test_findings_are_shown_with_the_reading_that_they_were_found_in(client, reviewing, file) -> None:
    first, *rest = lines(file)
    changed = {**first, "document": "Rewritten.", "points": first["points"] * 2}
    sent = {**fields(client.get("/candidates/1").text), "act": "accept", "by": "R", "section-1": "Nowhere."}
    reviewing.policies = Meddling(file, [changed, *rest])
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == 422
    assert "Nothing was kept" in answer.text
    assert fields(answer.text)["seen"] == sent["seen"]
    assert client.post("/candidates/1", data={**fields(answer.text), "act": "reject"}).status_code == 409
    assert lines(file)[0]["document"] == "Rewritten."


@pytest.mark.parametrize("seen_before", [True, False], ids=["meanwhile", "while it was decided"])
@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("", 404, "does not stand in the file any more"),
        ('{"posology": "review/1"', 422, "reviews.jsonl, line 1"),
    ],
    ids=["the candidate is gone", "a line is broken"],
)
def test_what_was_entered_is_shown_where_its_candidate_cannot_be(
    client, reviewing, file, content, status, words, seen_before
) -> None:
    mine = DOCUMENT.replace("most", "all")
    entered = {"document": mine, "section-1": SECTION, "quote-1": "<b>new</b>", "by": "R"}
    sent = {**fields(client.get("/candidates/3").text), "act": "accept", **entered}
    if seen_before:
        file.write_text(content, encoding="utf-8")
    else:
        sent["quote-1"] = SAID
        reviewing.policies = Vanishing(file, content)
    answer = client.post("/candidates/3", data=sent)
    assert answer.status_code == status
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert all(text in apart(answer.text) for text in (mine, SECTION, sent["quote-1"]))
    assert "<b>" not in answer.text
    assert file.read_text(encoding="utf-8") == content


class Vanishing(Meddling):
    """Policies with whose look-up the whole file becomes another."""

    def __contains__(self, key: object) -> bool:
        self.file.write_text(str(self.rows), encoding="utf-8")
        return key in POLICIES


def test_a_line_that_is_broken_is_told(client, file) -> None:
    file.write_text('{"posology": "review/1"', encoding="utf-8")
    answer = client.get("/candidates/1")
    assert answer.status_code >= 400
    assert "reviews.jsonl, line 1" in answer.text


def test_a_byte_order_mark_outlives_a_verdict(client, file) -> None:
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    assert submit(client, 1, "accept", by="R").status_code == 303
    assert file.read_bytes().startswith(codecs.BOM_UTF8 + b'{"posology"')


@pytest.mark.parametrize("letter", ["a", "ä", "中", "\n"], ids=["1 byte", "6 as sent", "9 as sent", "an end"])
def test_all_that_the_fields_take_can_be_sent(client, file, letter) -> None:
    first, *rest = lines(file)
    put(file, [{**first, "points": first["points"] * 4}, *rest])
    page = client.get("/candidates/1").text
    sent = fields(page)
    for name, most in re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]* maxlength="(\d+)"', page):
        sent[name] = ("\r\n" if letter == "\n" else letter) * int(most)
    assert len(sent["document"]) >= 100_000
    assert client.post("/candidates/1", data={**sent, "act": "reject", "by": "R"}).status_code == 303
    assert lines(file)[0]["document"] == letter * len(lines(file)[0]["document"])


def test_everything_from_the_file_is_shown_as_text_and_never_as_markup(client, file) -> None:
    hostile = row(
        HOSTILE,
        (f"failed: {HOSTILE}", HOSTILE),
        document=f"{HOSTILE}\n{SAID}",
        point={"question": HOSTILE, "section": HOSTILE, "policy_text": HOSTILE},
        provenance={"source": HOSTILE, "licence": HOSTILE, "consent": HOSTILE},
    )
    file.write_text(json.dumps(hostile) + "\n", encoding="utf-8")
    page = client.get("/candidates/1")
    for text in (page.text, submit(client, 1, "accept", by=HOSTILE).text):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "{{" in text  # a template in a document is words
    assert unescape(page.text).count(HOSTILE) >= 8
    assert "Coverage requires" in page.text


def test_a_quote_is_marked_in_the_document_however_its_lines_are_broken(client, file) -> None:
    broken = DOCUMENT.replace("brought no", "brought\n   no")
    file.write_text(json.dumps(row("one", document=broken)) + "\n", encoding="utf-8")
    page = client.get("/candidates/1").text
    assert '<mark data-question="1">Montelukast brought\n   no relief at all.</mark>' in page


def test_a_document_that_begins_with_a_blank_line_keeps_it(client, file) -> None:
    file.write_text(json.dumps(row("one", document=f"\n\n{DOCUMENT}")) + "\n", encoding="utf-8")
    submit(client, 1, "accept", by="R")
    assert lines(file)[0]["document"] == f"\n\n{DOCUMENT}"


def test_without_the_policy_no_section_is_offered(file) -> None:
    reviewing = Reviewing(file, {})
    with TestClient(create_candidates_app(reviewing), base_url=ORIGIN) as client:
        page = client.get(f"/open/{reviewing.key}").text
    assert "is not among those given" in page
    assert "policy-text" not in page


# ---- who may use the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/candidates/1", "/done", "/candidates/1/undo", "/nowhere"])
def test_nobody_reaches_a_page_without_the_printed_address(stranger, path) -> None:
    for answer in (
        stranger.get(path),
        stranger.get("/open/wrong"),
        stranger.post(path, data={"act": "accept"}),
    ):
        assert answer.status_code in (403, 404, 405)
        assert SAID not in answer.text
        assert "set-cookie" not in answer.headers


def test_the_printed_address_works_once_and_is_not_what_the_browser_keeps(stranger, reviewing) -> None:
    key = reviewing.key
    assert stranger.head(f"/open/{key}").status_code == 405  # a look at a link is no visit
    kept = stranger.get(f"/open/{key}").headers["set-cookie"]
    assert key not in kept
    assert stranger.get("/candidates/1").status_code == 200
    stranger.cookies.clear()
    for known in (key, "", "wrong"):
        answer = stranger.get(f"/open/{known}")
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers
    assert "works once" in stranger.get(f"/open/{key}").text
    for known in (key, "", reviewing.csrf):
        stranger.cookies.set("posology-review-8321", known)
        assert stranger.get("/candidates/1").status_code == 403


def test_the_address_opened_again_by_the_browser_that_opened_it_leads_to_the_candidates(client) -> None:
    assert client.get("/open/spent").headers["location"] == "/"


def test_of_many_who_open_the_address_at_once_one_is_let_in(reviewing) -> None:
    key = reviewing.key
    with ThreadPoolExecutor(16) as pool:
        secrets = list(pool.map(reviewing.open, [key] * 200))
    assert [one for one in secrets if one] == [reviewing.secret]


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"host": "evil.example"}, 421, "a name that was bent to loopback"),
        ({"host": "127.0.0.1.evil.example"}, 421, "a name that only begins like loopback"),
        ({"host": "192.0.2.1"}, 421, "an address of another machine"),
        ({"origin": "http://evil.example"}, 403, "a form of another site"),
        ({"origin": "http://127.0.0.1:9"}, 403, "a page of another port"),
        ({"sec-fetch-site": "cross-site"}, 403, "the browser says so"),
        ({"sec-fetch-site": "same-site"}, 403, "another port is the same site"),
    ],
)
def test_other_hosts_and_other_sites_change_nothing(client, file, headers, status, reason) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "reject", "by": "R"}
    before = file.read_bytes()
    assert client.post("/candidates/1", data=sent, headers=headers).status_code == status, reason
    assert file.read_bytes() == before


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 32])
def test_a_form_without_this_run_s_token_changes_nothing(client, file, token) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "reject", "by": "R"}
    sent.pop("csrf")
    before = file.read_bytes()
    answer = client.post("/candidates/1", data=sent if token is None else {**sent, "csrf": token})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    undo = client.post("/candidates/1/undo", data={"seen": sent["seen"], "id": "one"})
    assert undo.status_code == 403
    assert file.read_bytes() == before


def test_every_answer_carries_the_security_headers_and_no_page_an_inline_script(client) -> None:
    for path in ("/candidates/1", "/done", "/nowhere", "/"):
        answer = client.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", answer.text)


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"document": "x" * BODY_BYTES}, 413, "a body beyond the limit"),
        ({"document": "x" * 900_000}, 422, "a document beyond the limit"),
        ({"quote-1": "x" * 50_000}, 422, "a quote beyond the limit"),
        ({"by": "x" * 300}, 422, "a name beyond the limit"),
        ({"act": "delete"}, 422, "no such act"),
        ({"told-1": "maybe"}, 422, "no such answer"),
        ({"other": "1"}, 422, "a field that no form has"),
        ({"told-2": "yes", "quote-2": "", "section-2": ""}, 422, "a question that is not there"),
        ({"quote-1": ["a", "b"]}, 422, "a field twice"),
        ({"id": "nobody"}, 404, "no such candidate"),
        ({"seen": "0"}, 409, "another file"),
    ],
)
def test_a_form_that_no_page_sends_changes_nothing(client, file, changed, status, reason) -> None:
    sent = {**fields(client.get("/candidates/1").text), "act": "accept", "by": "R", **changed}
    before = file.read_bytes()
    answer = client.post("/candidates/1", data=sent)
    assert answer.status_code == status, reason
    assert "x" * 1000 not in answer.text
    assert file.read_bytes() == before


@pytest.mark.parametrize("number", ["0", "4", "-1", "999999999999999999999", "one"])
def test_a_candidate_that_is_not_there_is_not_found(client, number) -> None:
    assert client.get(f"/candidates/{number}").status_code in (404, 422)


def test_two_runs_do_not_know_each_other_s_keys(client, reviewing, file) -> None:
    other = Reviewing(file, POLICIES, port=8321)
    assert other.key not in repr(other)
    assert reviewing.secret not in repr(reviewing)
    other.open(other.key)
    assert other.secret != reviewing.secret
    with TestClient(create_candidates_app(other), base_url=ORIGIN, cookies=client.cookies) as stranger:
        assert stranger.get("/candidates/1").status_code == 403


def test_a_taken_port_and_a_file_of_another_kind_are_told_before_anything_is_served(file, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen on port {port}.*--port"):
            review(file, port=port)
    other = tmp_path / "scenarios.jsonl"
    other.write_text('{"posology": "scenario/1"}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"scenarios\.jsonl, line 1"):
        review(other)
    with pytest.raises(UserError, match="cannot be read"):
        review(tmp_path / "nowhere.jsonl")
