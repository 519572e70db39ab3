"""Comparing, rating, results, quality and the ledger over HTTP: the whole way, and what nobody is told."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select, update

from posology.store import Role
from posology.store.schema import comparisons, packets
from posology.store.verification import verify_store
from posology.web.app import create_app
from tests.review.conftest import open_clinic

HAND = "She has severe obesity. Diet has failed. Surgery is necessary."
# By case: what three raters give the draft, and the letter by hand, for completeness.
DRAFT = ((8, 8, 8), (7, 7, 7), (9, 9, 9), (6, 7, 8), (5, 5, 5), (8, 9, 10))  # means 8 7 9 7 5 9
MANUAL = ((6, 6, 6), (7, 7, 7), (6, 6, 6), (4, 5, 6), (6, 6, 6), (6, 6, 6))  # means 6 7 6 5 6 6
WOULD_SEND = ("ddd", "nnn", "ddm", "ddd", "mmd", "dnn")  # draft, by hand, no difference


@pytest.fixture
def clinic(store):
    return open_clinic(store)


@pytest.fixture
def raters(signed_in):
    return [signed_in(Role.CLINICIAN, login=f"rater{number}") for number in range(3)]


@pytest.fixture
def staff(signed_in):
    return signed_in(Role.STAFF)


def make(staff, packet_id, **more):
    body = {"packet": packet_id, "letter": HAND, **more}
    answer = staff.post("/api/v1/comparisons", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(answer.json()["id"])
    return answer.json()["id"]


def side_of_draft(store, made):
    with store.read() as connection:
        return connection.execute(
            select(comparisons.c.draft_side).where(comparisons.c.id == made)
        ).scalar_one()


def rubric(completeness, accuracy, necessity, compliance):
    return {
        "completeness": completeness,
        "accuracy": accuracy,
        "necessity": necessity,
        "compliance": compliance,
    }


@pytest.fixture
def rated(clinic, store, staff, raters):
    """Have three people rate six comparisons as the table says, by the API and by the page in turn."""
    cases = []
    for case in range(6):
        made = make(staff, clinic.packet(seed=case + 1))
        cases.append(made)
        draft = side_of_draft(store, made)
        hand = {"a": "b", "b": "a"}[draft]
        for number, rater in enumerate(raters):
            d, m = DRAFT[case][number], MANUAL[case][number]
            scores = {draft: rubric(d, 8, 5, m), hand: rubric(m, 7, 5, d)}
            preferred = {"d": draft, "m": hand, "n": "neither"}[WOULD_SEND[case][number]]
            marks = []
            if (case, number) == (0, 0):
                marks = [{"side": draft, "kind": "invention", "start": 0, "end": 5}]
            if case == 1:
                marks = [{"side": hand, "kind": "omission", "start": 0, "end": 22}]
            send(rater, made, scores, preferred, marks, by_page=(case + number) % 2)
    return cases


def send(rater, made, scores, preferred, marks, *, by_page):
    if by_page:
        fields = {f"{side}-{key}": str(score) for side, its in scores.items() for key, score in its.items()}
        answer = rater.submit(
            f"/compare/{made}", {**fields, "preferred": preferred, "marks": json.dumps(marks)}
        )
        assert answer.status_code == 303, answer.text
        return
    body = {"scores": scores, "preferred": preferred, "marks": marks}
    answer = rater.post(f"/api/v1/comparisons/{made}/ratings", json=body)
    assert answer.status_code == 200, answer.text


def test_three_raters_and_six_comparisons_give_the_figures_of_the_table(rated, store, staff):
    found = staff.get("/api/v1/comparisons/results").json()
    whole = found["whole"]
    assert (whole["comparisons"], whole["ratings"], found["raters"]) == (6, 18, 3)
    assert (found["blind"], found["changed"]) == (18, 0)
    rows = {row["key"]: row for row in whole["rows"]}
    completeness = rows["completeness"]
    assert completeness["draft"]["value"] == 7.5  # 45 / 6
    assert completeness["manual"]["value"] == 6.0  # 36 / 6
    assert completeness["difference"]["value"] == 1.5  # of 2 0 3 2 -1 3
    assert completeness["difference"]["p_value"] == 8 / 64  # the sum of signs is 9 or more in 8 of 64
    assert completeness["difference"]["low"] <= 1.5 <= completeness["difference"]["high"]
    assert rows["accuracy"]["difference"]["value"] == 1.0
    assert rows["accuracy"]["difference"]["p_value"] == 2 / 64  # all one way
    assert rows["necessity"]["difference"]["value"] == 0.0
    assert rows["necessity"]["difference"]["p_value"] == 1.0
    assert rows["compliance"]["difference"]["value"] == -1.5
    assert rows["overall"]["difference"]["value"] == 0.25  # (1.5 + 1 + 0 - 1.5) / 4
    assert rows["inventions"]["draft"]["value"] == pytest.approx(1 / 18)
    assert rows["omissions"]["manual"]["value"] == pytest.approx(1 / 6)
    preference = whole["preference"]
    assert (preference["draft"], preference["manual"], preference["even"]) == (4, 1, 1)
    assert preference["share"]["value"] == 0.8
    agreement = {row["key"]: row for row in found["agreement"]}
    # Do = 36 / (36 * 2) = 1/2; De = 2 (36 * 1707 - 243^2) / (36 * 35) = 4806 / 1260
    assert agreement["completeness"]["interval"]["value"] == pytest.approx(1 - 0.5 / (4806 / 1260))
    assert (agreement["completeness"]["interval"]["n"], agreement["completeness"]["raters"]) == (12, 3)
    assert agreement["accuracy"]["ordinal"]["value"] == 1.0
    assert agreement["necessity"]["ordinal"]["value"] is None  # all the same: nothing to tell
    assert "all ratings are the same" in agreement["necessity"]["words"]
    assert [group["name"] for group in found["by_policy"]] == ["cms-ncd-100.1"]
    assert [group["name"] for group in found["by_writer"]] == ["rules"]
    assert verify_store(store).ok


def test_the_page_of_results_says_the_same_in_tables_and_plots(rated, staff):
    page = staff.get("/compare/results")
    assert page.status_code == 200
    assert page.text.count('<svg xmlns="http://www.w3.org/2000/svg" role="img"') == 3
    assert "18 ratings of 6 comparisons by 3 people" in page.text
    for words in ("7.50", "6.00", "1.50", "0.1250", "0.0312", "0.87", "80 %"):
        assert words in page.text, words


def test_too_few_comparisons_are_said_to_be_few_and_have_no_interval(clinic, staff, raters, store):
    made = make(staff, clinic.packet())
    scores = {side: rubric(5, 6, 7, 8) for side in "ab"}
    send(raters[0], made, scores, "neither", [], by_page=False)
    found = staff.get("/api/v1/comparisons/results").json()
    row = found["whole"]["rows"][0]
    assert row["words"] == "n too small: 1 comparison, an interval needs 6"
    assert (row["draft"]["value"], row["draft"]["low"]) == (5.0, None)
    assert row["difference"]["p_value"] is None
    assert found["whole"]["preference"]["share"] == {"value": None, "n": 0, "low": None, "high": None}
    assert found["agreement"][0]["ordinal"]["value"] is None
    assert "N too small: 1 comparison" in staff.get("/compare/results").text


def test_without_ratings_there_are_no_results(clinic, staff):
    found = staff.get("/api/v1/comparisons/results").json()
    assert found["whole"]["rows"][0]["draft"]["value"] is None
    assert "Nobody has rated yet" in staff.get("/compare/results").text


def test_what_a_rater_receives_is_the_same_whichever_side_is_the_draft(
    clinic, store, staff, raters, settings
):
    """The drawn side and the sealed letters are swapped in the store: not one byte of any answer changes."""
    made = make(staff, clinic.packet(), minutes=45)
    rater = raters[0]
    paths = (f"/compare/{made}", f"/api/v1/comparisons/{made}", "/compare", "/api/v1/comparisons")
    before = [rater.get(path) for path in paths]
    swap(store, made)
    after = [rater.get(path) for path in paths]
    for path, one, other in zip(paths, before, after, strict=True):
        assert one.status_code == 200
        assert one.content == other.content, path
        assert {k: v for k, v in one.headers.items() if k != "date"} == dict(other.headers.items()), path
    assert before[1].json()["draft_side"] == ""
    assert "is the draft" not in before[0].text
    with store.read() as connection:
        packet_id = connection.execute(select(comparisons.c.packet_id)).scalar_one()
    assert packet_id not in before[0].text  # it would lead to the letter
    assert packet_id not in before[1].text
    send(rater, made, {side: rubric(5, 6, 7, 8) for side in "ab"}, "a", [], by_page=False)
    told = rater.get(f"/api/v1/comparisons/{made}").json()["draft_side"]
    assert told == side_of_draft(store, made)
    assert f"Letter {told.upper()} is the draft" in rater.get(f"/compare/{made}").text
    assert raters[1].get(f"/api/v1/comparisons/{made}").json()["draft_side"] == ""


def swap(store, made):
    with store.read() as connection:
        row = connection.execute(select(comparisons).where(comparisons.c.id == made)).one()
        query = select(packets.c.key_id).where(packets.c.id == row.packet_id)
        cipher = store.cipher(connection, connection.execute(query).scalar_one())
    letters = json.loads(cipher.open(row.letter, f"comparisons/letter/{made}"))
    letters["draft"], letters["manual"] = letters["manual"], letters["draft"]
    sealed = cipher.seal(json.dumps(letters).encode(), f"comparisons/letter/{made}")
    other = {"a": "b", "b": "a"}[row.draft_side]
    with store.engine.begin() as connection:
        changed = update(comparisons).where(comparisons.c.id == made)
        connection.execute(changed.values(draft_side=other, letter=sealed))


def test_sentences_are_marked_by_number_without_a_script(clinic, store, staff, raters):
    made = make(staff, clinic.packet())
    rater = raters[0]
    page = rater.get(f"/compare/{made}").text
    hand = {"a": "b", "b": "a"}[side_of_draft(store, made)]
    places = re.findall(rf'name="omission-{hand}" value="(\d+-\d+)"', page)
    assert len(places) == 3  # sentences
    fields = {
        f"{side}-{key}": "7"
        for side in "ab"
        for key in ("completeness", "accuracy", "necessity", "compliance")
    }
    answer = rater.submit(
        f"/compare/{made}", {**fields, "preferred": "a", f"omission-{hand}": [places[0], places[2]]}
    )
    assert answer.status_code == 303
    kept = rater.get(f"/api/v1/comparisons/{made}").json()
    cut = [kept["sides"][hand][mark["start"] : mark["end"]] for mark in kept["rating"]["marks"]]
    assert cut == ["She has severe obesity.", "Surgery is necessary."]
    assert rater.get(f"/compare/{made}").text.count('<mark class="omission">') == 2


def test_a_form_that_cannot_be_kept_comes_back_with_what_was_entered(clinic, staff, raters):
    made = make(staff, clinic.packet())
    answer = raters[0].submit(
        f"/compare/{made}", {"a-completeness": "9", "text": "so <b>it</b> is", "marks": "{"}
    )
    assert answer.status_code == 422
    assert "Nothing was kept" in answer.text
    assert "<option selected>9</option>" in answer.text
    assert "so &lt;b&gt;it&lt;/b&gt; is" in answer.text


def test_letters_and_notes_are_shown_as_text_and_never_as_markup(clinic, staff, raters):
    made = make(staff, clinic.packet(), letter='<script>alert(1)</script> "She" & he <img src=x onerror=y>.')
    page = raters[0].get(f"/compare/{made}").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'alert(1)</script> "She" & he <img src=x onerror=y>.' in unescape(page)


def test_a_comparison_is_made_by_the_page_and_lists_what_was_left_out_for_its_maker(clinic, staff, raters):
    packet_id = clinic.packet()
    page = staff.get(f"/compare?packet={packet_id}").text
    assert f'value="{packet_id}" selected' in page
    fields = {"packet": packet_id, "letter": f"HISTORY\n{HAND}", "minutes": "40", "blinded": "true"}
    answer = staff.submit("/compare", fields)
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert "Left out of the pasted letter (1 line)" in staff.get(where).text
    assert "HISTORY" not in raters[0].get(where).text
    refused = staff.submit("/compare", {**fields, "minutes": "many"})
    assert refused.status_code == 422
    assert "minutes: a whole number" in refused.text


def test_ratings_leave_only_with_consent_and_for_administrators(
    rated, site, store, signed_in, raters, entries
):
    admin = signed_in(Role.ADMINISTRATOR)
    assert admin.get("/compare").headers["location"] == "/compare/results"
    assert "has not consented" in admin.get("/compare/results").text
    assert admin.get("/api/v1/comparisons/export").status_code == 409
    assert admin.submit("/compare/export").status_code == 409
    assert raters[0].get("/api/v1/comparisons/export").status_code == 403
    assert entries("comparison.exported") == []
    serve = site.settings.serve.model_copy(update={"consent": "IRB 2026-7"})
    app = create_app(replace(site, settings=replace(site.settings, serve=serve)))
    answer = browser_on(app, admin).get("/api/v1/comparisons/export")
    assert answer.status_code == 200
    header, *lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (header["consent"], header["ratings"], len(lines)) == ("IRB 2026-7", 18, 18)
    assert len({line["case"] for line in lines}) == 6
    assert len({line["rater"] for line in lines}) == 3
    assert not {line["case"] for line in lines} & set(rated)
    assert not {line["rater"] for line in lines} & {one.user_id for one in raters}
    (entry,) = entries("comparison.exported")
    assert entry["details"]["comparisons"] == 6
    assert "consent_sha256" in entry["details"]


def browser_on(app, browser):
    """Let a signed-in browser talk to another application over the same store."""
    from starlette.testclient import TestClient

    from tests.web.conftest import ORIGIN

    return TestClient(app, base_url=ORIGIN, follow_redirects=False, cookies={"posology": browser.secret})


def test_quality_shows_figures_and_gives_them_as_a_file(clinic, staff, signed_in, entries):
    clinic.packet()
    page = staff.get("/quality")
    assert page.status_code == 200
    assert "1 packet; as of" in page.text
    assert "None is stated" in page.text  # no estimate of the site's
    assert staff.get("/quality?weeks=5").status_code == 422
    file = staff.get("/quality/figures.csv?weeks=13")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.startswith("figure,of,n,value,low,high")
    (entry,) = entries("quality.exported")
    assert entry["actor"] == staff.user_id
    assert staff.get("/api/v1/quality").json()["packets"] == 1
    assert signed_in(Role.AUDITOR).get("/quality").status_code == 403


def test_auditors_search_the_ledger_and_see_whose_account_an_id_is(clinic, signed_in, store):
    packet_id = clinic.packet()
    auditor = signed_in(Role.AUDITOR)
    page = auditor.get(f"/ledger?kind=packet.drafted&packet={packet_id}").text
    assert page.count("data-row>") == 1
    assert "Thistlewood" not in auditor.get("/ledger").text
    number = re.search(r'/ledger/entries/(\d+)"', page)[1]
    entry = auditor.get(f"/ledger/entries/{number}").text
    assert f"Entry {number}: packet.drafted" in entry
    assert f'href="/api/v1/ledger/entries/{number}/proof"' in entry
    assert auditor.get(f"/api/v1/ledger/entries/{number}/proof").status_code == 200
    by_sam = auditor.get("/ledger?actor=sam").text
    assert "Sam Stone (sam)" in by_sam
    assert "No entry matches" in auditor.get("/ledger?from=2999-01-01T00:00").text
    assert auditor.get("/ledger/entries/999999").status_code == 404
    for wrong in ("kind=no.such", "packet=%3Cb%3E", "from=yesterday", "actor=a%20b"):
        answer = auditor.get(f"/ledger?{wrong}")
        assert answer.status_code == 422, wrong
        assert 'role="alert"' in answer.text


def test_pages_of_the_ledger_go_on_to_older_entries(clinic, signed_in):
    for seed in range(8):
        clinic.packet(seed=seed)
    auditor = signed_in(Role.AUDITOR)
    seen, where = [], "/ledger"
    while where:
        page = auditor.get(where).text
        seen += [int(n) for n in re.findall(r'/ledger/entries/(\d+)" data-row', page)]
        older = re.search(r'href="([^"]+)" rel="next"', page)
        where = unescape(older[1]) if older else ""
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    assert len(seen) == len(set(seen)) == seen[0] + 1


def test_verifying_says_in_plain_words_what_was_altered(clinic, signed_in, store, entries):
    packet_id = clinic.packet()
    admin = signed_in(Role.ADMINISTRATOR)
    assert "Verify everything" in admin.get("/ledger").text
    assert "/ledger/entries/" not in admin.get("/ledger").text
    assert "nothing was altered" in admin.submit("/ledger/verify").text
    with store.engine.begin() as connection:
        connection.execute(update(packets).where(packets.c.id == packet_id).values(conclusion="ready!"))
    page = admin.submit("/ledger/verify").text
    assert re.search(r"<strong>\d+ problems? found</strong>", page)
    assert packet_id in page
    assert [one["details"]["ok"] for one in entries("ledger.verified")] == [True, False]
    assert "Whole ledger" not in page  # an auditor's
