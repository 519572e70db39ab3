"""The table of permissions against the application, with real requests."""

import re

import pytest

from posology.errors import InternalError
from posology.review.accounts import disable_account
from posology.store import SYSTEM, Role
from posology.web.permissions import PUBLIC, TABLE, check_table

ROUTES = sorted(TABLE)
IDS = [f"{method} {path}" for method, path in ROUTES]
NEVER = "0" * 20  # an id that nothing has


def fill(path: str) -> str:
    """Put something into a template's parameters."""
    return re.sub(r"{[^}]*}", NEVER, path)


@pytest.fixture
def browsers(signed_in):
    return {role: signed_in(role) for role in Role}


def test_every_route_answers_every_role_as_the_table_says(app, browsers, entries):
    refused = 0
    for method, path in ROUTES:
        rule = TABLE[method, path]
        for role, browser in browsers.items():
            if path.endswith("/events") or (method, path) in ENDING:
                continue  # endless, or ends the session that the next rows need
            answer = browser.request(method, fill(path))
            where = f"{method} {path} as {role}: {answer.status_code}"
            if rule is not PUBLIC and role not in rule:
                assert answer.status_code == 403, where
                refused += 1
                last = entries("access.refused")[-1]
                assert last["actor"] == browser.user_id, where
                assert last["details"]["route"] == path, where
                assert last["details"]["reason"] == "role", where
            else:
                assert answer.status_code not in (401, 403, 500), where
    assert len(entries("access.refused")) == refused


ENDING = {("POST", "/sign-out"), ("DELETE", "/api/v1/session")}


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=IDS)
def test_nothing_but_public_routes_answers_without_a_session(client, method, path):
    answer = client.request(method, fill(path))
    if TABLE[method, path] is PUBLIC:
        assert answer.status_code not in (401, 500)
        return
    if path.startswith("/api/") or path == "/metrics":
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


def test_a_disabled_account_reaches_public_routes_only(site, signed_in):
    browser = signed_in(Role.CLINICIAN)
    assert browser.get("/api/v1/session").status_code == 200
    disable_account(site.store, SYSTEM, browser.user_id)
    for method, path in ROUTES:
        if TABLE[method, path] is not PUBLIC:
            assert browser.request(method, fill(path)).status_code in (401, 303), path


@pytest.mark.parametrize(("method", "path"), sorted(ENDING))
def test_everybody_may_sign_out(signed_in, method, path):
    for role in Role:
        assert signed_in(role).request(method, path).status_code in (303, 204)


def test_no_role_sees_both_patients_and_the_ledger_and_administrators_see_no_packet():
    for (method, path), rule in TABLE.items():
        if rule is PUBLIC or len(rule) == len(Role):
            continue
        if re.search("packets|charts|drafts|jobs", path) and method != "DELETE":
            assert Role.AUDITOR not in rule, path
            assert Role.ADMINISTRATOR not in rule, path
        if "ledger" in path:
            assert not rule & {Role.CLINICIAN, Role.STAFF}, path


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([*TABLE, ("GET", "/secret")], "no rule for GET /secret"),
        ([route for route in TABLE if route != ("GET", "/healthz")], "a rule without a route: GET /healthz"),
    ],
)
def test_a_route_without_a_rule_and_a_rule_without_a_route_do_not_start(routes, words):
    with pytest.raises(InternalError, match=words):
        check_table(routes)
