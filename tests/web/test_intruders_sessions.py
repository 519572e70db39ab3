"""Against intruders: sessions, cookies, forged requests, guesses, and ways out of the application."""

import re
from dataclasses import replace

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from starlette.testclient import TestClient

from posology.config import Serve
from posology.review.accounts import change_account, reset_account
from posology.review.signing_in import MOST_FAILURES, REFUSED
from posology.review.totp import seal_secret
from posology.store import SYSTEM, Role
from posology.store.schema import sessions
from posology.store.store import SYSTEM_KEY
from posology.web.app import create_app
from posology.web.signposts import safe_next
from posology.web.site import Demo, Site
from tests.web.conftest import ORIGIN, add_user, new_session

PASSWORD = "correct horse staple 9"


@pytest.fixture(scope="session")
def cheap_hash():
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def site(store, settings, policies):
    return Site(store, replace(settings, serve=Serve(require_totp=False)), policies)


@pytest.fixture
def ada(store, cheap_hash):
    return add_user(store, Role.CLINICIAN, "ada", password_hash=cheap_hash)


def token_of(page):
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def sign_in(client, login="ada", password=PASSWORD, code="", **more):
    token = token_of(client.get("/sign-in"))
    form = {"csrf": token, "login": login, "password": password, "code": code, **more}
    return client.post("/sign-in", data=form)


def test_a_session_that_an_intruder_planted_is_not_the_one_that_is_used(client, store, site, ada):
    planted = "planted-by-somebody-else"
    client.cookies.set("posology", planted)
    assert sign_in(client).status_code == 303
    assert client.cookies.get("posology", domain="127.0.0.1") != planted
    stranger = TestClient(client.app, base_url=ORIGIN, cookies={"posology": planted})
    assert stranger.get("/api/v1/session").status_code == 401


def test_a_new_sign_in_ends_the_session_before_it(client, store, ada):
    sign_in(client)
    first = client.cookies["posology"]
    token = client.get("/api/v1/session").json()["csrf"]
    assert (
        client.post(
            "/api/v1/session", json={"login": "ada", "password": PASSWORD}, headers={"X-CSRF-Token": token}
        ).status_code
        == 201
    )
    assert client.cookies["posology"] != first
    with store.read() as connection:
        assert len(connection.execute(select(sessions)).all()) == 1


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client, ada):
    set_cookie = sign_in(client).headers.get_list("set-cookie")
    session = next(line for line in set_cookie if line.startswith("posology="))
    assert "HttpOnly" in session
    assert "samesite=lax" in session.lower()
    assert "domain" not in session.lower()


def test_over_https_the_cookie_is_bound_to_the_host(store, settings, policies, ada):
    serve = Serve(host="0.0.0.0", url="https://posology.example", require_totp=False)
    app = create_app(Site(store, replace(settings, serve=serve), policies))
    client = TestClient(app, base_url="https://posology.example", follow_redirects=False)
    answer = sign_in(client)
    session = next(x for x in answer.headers.get_list("set-cookie") if x.startswith("__Host-posology="))
    assert "Secure" in session
    assert "Path=/" in session
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert client.get("/account").status_code == 200


# -- forged requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "form", "why"),
    [
        ({}, {}, "no token"),
        ({}, {"csrf": ""}, "an empty one"),
        ({}, {"csrf": "x" * 43}, "a wrong one"),
        ({"X-CSRF-Token": "wrong"}, {}, "a wrong header"),
        ({"Origin": "https://evil.example"}, {"csrf": "RIGHT"}, "another origin"),
        ({"Origin": "http://127.0.0.1:9999"}, {"csrf": "RIGHT"}, "another port of this machine"),
        ({"Origin": "null"}, {"csrf": "RIGHT"}, "an origin that hides"),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf": "RIGHT"}, "the browser says cross-site"),
        ({"Sec-Fetch-Site": "same-site"}, {"csrf": "RIGHT"}, "another host of the same site"),
        ({"Sec-Fetch-Site": "none"}, {"csrf": "RIGHT"}, "from nowhere"),
    ],
)
def test_a_forged_form_changes_nothing_and_is_recorded(signed_in, entries, headers, form, why):
    browser = signed_in(Role.ADMINISTRATOR)
    form = {key: browser.csrf if value == "RIGHT" else value for key, value in form.items()}
    more = {"login": "new-one", "name": "New One", "role": "staff"}
    answer = browser.client.post("/users", data={**form, **more}, headers=headers)
    assert answer.status_code == 403, why
    assert len(entries("user.created")) == 1, why
    assert entries("access.refused")[-1]["details"]["reason"] in ("csrf", "origin")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_form_is_taken(signed_in, headers):
    browser = signed_in(Role.CLINICIAN)
    assert browser.submit("/sign-out", headers=headers).headers["location"] == "/sign-in"


def test_another_persons_token_is_no_good(signed_in):
    first, second = signed_in(Role.STAFF), signed_in(Role.STAFF)
    assert first.client.post("/sign-out", data={"csrf": second.csrf}).status_code == 403


def test_the_token_of_a_multipart_form_stands_first(signed_in):
    browser = signed_in(Role.STAFF)
    files = {"file": ("a.txt", b"text")}
    late = browser.client.post("/sign-out", data={"x": "1", "csrf": browser.csrf}, files=files)
    assert late.status_code == 403
    first = browser.client.post("/sign-out", data={"csrf": browser.csrf}, files=files)
    assert first.status_code == 303


def test_two_tokens_in_one_form_are_refused(signed_in):
    browser = signed_in(Role.STAFF)
    body = f"csrf={browser.csrf}&csrf=x"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/sign-out", content=body, headers=kind).status_code == 403


def test_a_token_in_the_address_or_in_json_is_no_token(signed_in):
    browser = signed_in(Role.STAFF)
    assert browser.client.post(f"/sign-out?csrf={browser.csrf}").status_code == 403
    assert browser.client.request("DELETE", "/api/v1/session", json={"csrf": browser.csrf}).status_code == 403


def test_the_sign_in_form_cannot_be_forged_either(client, ada):
    assert client.post("/sign-in", data={"login": "ada", "password": PASSWORD}).status_code == 403
    token = token_of(client.get("/sign-in"))
    stranger = TestClient(client.app, base_url=ORIGIN, follow_redirects=False)
    form = {"login": "ada", "password": PASSWORD, "csrf": token}
    assert stranger.post("/sign-in", data=form).status_code == 403, "a token of another browser"
    evil = {"Origin": "https://evil.example"}
    assert client.post("/sign-in", data=form, headers=evil).status_code == 403
    assert client.post("/sign-in", data=form).status_code == 303


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_site_cannot_pose_as_json(client, ada, kind):
    body = '{"login": "ada", "password": "' + PASSWORD + '"}'
    answer = client.post("/api/v1/session", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)
    assert "posology" not in client.cookies


# -- guesses -------------------------------------------------------------------------------------------


def test_pages_and_api_lock_alike_and_say_the_same(client, ada, entries):
    for _ in range(MOST_FAILURES):
        assert REFUSED in sign_in(client, password="wrong").text
    api = client.post("/api/v1/session", json={"login": "ada", "password": PASSWORD})
    assert (api.status_code, api.json()["detail"]) == (403, REFUSED)
    assert len(entries("sign-in.locked")) == 1
    unknown = client.post("/api/v1/session", json={"login": "nobody", "password": PASSWORD})
    assert unknown.json() == api.json()


def test_one_address_may_not_try_name_after_name(client, app):
    app.state.failures.most = 3
    for number in range(3):
        assert sign_in(client, login=f"name{number}").status_code == 403
    answer = sign_in(client, login="name9")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_code_that_was_seen_is_worth_nothing(client, store, clock, ada):
    secret = pyotp.random_base32()
    with store.write(SYSTEM) as w:
        from posology.ledger.entries import Kind
        from posology.store.schema import users

        w.update(users, ada, {"totp": seal_secret(w.cipher(SYSTEM_KEY), secret, ada)})
        w.record(Kind.USER_CHANGED, details={"user": ada})
    code = pyotp.TOTP(secret).at(clock.now_us // 1_000_000)
    assert sign_in(client, code=code).status_code == 303
    other = TestClient(client.app, base_url=ORIGIN, follow_redirects=False)
    assert sign_in(other, code=code).status_code == 403
    assert sign_in(other).status_code == 403


# -- what a change of rights does ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda store, who: change_account(store, SYSTEM, who, role=Role.AUDITOR),
        lambda store, who: reset_account(store, SYSTEM, who),
    ],
)
def test_an_open_session_does_not_outlive_a_change_of_rights(signed_in, store, act):
    browser = signed_in(Role.CLINICIAN)
    assert browser.get("/api/v1/session").status_code == 200
    act(store, browser.user_id)
    assert browser.get("/api/v1/session").status_code == 401


def test_an_account_that_is_not_set_up_reaches_its_own_page_only(app, store, cheap_hash):
    who = add_user(store, Role.ADMINISTRATOR, "new", password_hash=cheap_hash, must_change=1)
    secret, csrf = new_session(store, who, Serve(require_totp=False), "password")
    client = TestClient(app, base_url=ORIGIN, follow_redirects=False, cookies={"posology": secret})
    assert client.get("/users").headers["location"] == "/account"
    assert client.get("/api/v1/users").status_code == 403
    form = {"csrf": csrf, "old": PASSWORD, "new": "another good phrase 7", "again": "another good phrase 7"}
    assert client.post("/account/password", data=form).status_code == 303
    assert client.get("/users").status_code == 200


def test_a_role_cannot_be_taken_in_ones_own_request(signed_in, entries):
    browser = signed_in(Role.STAFF)
    answer = browser.request("PATCH", f"/api/v1/users/{browser.user_id}", json={"role": "administrator"})
    assert answer.status_code == 403
    assert browser.get("/api/v1/session").json()["role"] == "staff"


# -- ways out ------------------------------------------------------------------------------------------

OUTSIDE = [
    ("https://evil.example/", "another site"),
    ("//evil.example/", "the same scheme"),
    ("/\\evil.example", "a backslash, which browsers take for a slash"),
    ("\\\\evil.example", "two of them"),
    ("/\t/evil.example", "a tab, which browsers drop"),
    ("/\n/evil.example", "a line break"),
    ("javascript:alert(1)", "a script"),
    ("data:text/html,x", "data"),
    ("/%0d%0aSet-Cookie:x=1", None),
    ("///evil.example", "three slashes"),
    ("evil.example", "no slash"),
    ("/ /evil.example", "a space"),
    ("/sign-out", "a way in a circle"),
    ("/x" * 400, "too long"),
    ("", "empty"),
    ("/päge", "not ASCII"),
]


@pytest.mark.parametrize(("target", "why"), OUTSIDE)
def test_the_way_on_after_signing_in_stays_inside(client, ada, target, why):
    location = sign_in(client, next=target).headers["location"]
    assert location == (target if why is None else "/"), why
    assert "\r" not in location
    assert "\n" not in location


@pytest.mark.parametrize("target", ["/", "/packets/abc", "/packets/abc?e=1&from=s2", "/?state=drafted"])
def test_the_way_on_inside_is_kept(target):
    assert safe_next(target) == target


def test_the_way_to_the_sign_in_keeps_where_one_was(client):
    assert client.get("/account").headers["location"] == "/sign-in?next=%2Faccount"


# -- the demonstration ---------------------------------------------------------------------------------


def test_a_demonstrations_address_leads_nowhere_elsewhere(store, settings, client):
    assert client.get("/demo/" + "0" * 43).status_code == 404
    who = add_user(store, Role.CLINICIAN)
    app = create_app(Site(store, settings, demo=Demo(who, "0" * 20, "a secret of the demonstration")))
    browser = TestClient(app, base_url=ORIGIN, follow_redirects=False)
    assert browser.get("/demo/another").status_code == 404
    assert browser.get("/api/v1/session").status_code == 401
