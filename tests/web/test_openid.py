"""Sign-in at an OpenID provider: a real provider on loopback, the whole code flow with PKCE."""

import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from posology.config import OpenId, Serve
from posology.errors import NotAllowed, SettingsError
from posology.review.accounts import list_accounts
from posology.review.openid import role_of
from posology.store import Role, clock_us
from posology.store.schema import sessions
from posology.web.app import create_app
from posology.web.pages.openid import open_provider
from posology.web.site import Site
from tests.ports import free_port

ORIGIN = "http://127.0.0.1:8642"
ROLES = {"ward-doctors": "clinician", "desk": "staff", "it": "administrator"}


@pytest.fixture(scope="module")
def issuer():
    """Start a provider in a process of its own."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "--require-nonce"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://localhost:{port}"
        for _ in range(100):
            try:
                httpx.get(f"{address}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield address
        process.terminate()


@pytest.fixture
def openid(issuer, monkeypatch):
    monkeypatch.setenv("TEST_CLIENT_SECRET", "a secret: of + tests")
    return OpenId(
        issuer=issuer,
        client_id="posology",
        client_secret_env="TEST_CLIENT_SECRET",
        role_claim="groups",
        roles=ROLES,
        npi_claim="npi",
    )


@pytest.fixture
def hospital(store, settings, openid, clock):
    """The application of a site whose people sign in at the provider."""
    from dataclasses import replace

    clock.now_us = clock_us()  # the provider's clock is the real one
    serve = Serve(url=ORIGIN, openid=openid)
    return create_app(Site(store, replace(settings, serve=serve)))


@pytest.fixture
def browser(hospital):
    return TestClient(hospital, base_url=ORIGIN, follow_redirects=False)


def person(issuer, subject, **claims):
    httpx.put(f"{issuer}/users/{subject}", json=claims).raise_for_status()


def authorise(address, subject):
    """Sign in at the provider, as a person does in its page; return where it leads back."""
    answer = httpx.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text[:300]
    back = answer.headers["location"]
    assert back.startswith(ORIGIN + "/sign-in/openid/return?")
    return back


def sign_in(browser, subject, target="/account"):
    start = browser.get("/sign-in/openid", params={"next": target})
    assert start.status_code == 303
    return browser.get(authorise(start.headers["location"], subject))


def test_the_first_sign_in_makes_an_account_with_the_mapped_role(browser, issuer, store, entries):
    person(issuer, "ada", groups=["ward-doctors", "choir"], name="Ada  Example", npi="1234567893")
    answer = sign_in(browser, "ada")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    (account,) = list_accounts(store)
    assert (account.role, account.name, account.npi) == (Role.CLINICIAN, "Ada Example", "1234567893")
    assert account.openid
    assert not account.has_password
    assert browser.get("/api/v1/session").json()["user"] == account.id
    assert [e["details"]["method"] for e in entries("sign-in.succeeded")] == ["openid"]


def test_the_request_carries_pkce_state_and_nonce(browser):
    asked = parse_qs(urlsplit(browser.get("/sign-in/openid").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[key][0]) >= 43 for key in ("code_challenge", "state", "nonce"))


def test_the_role_follows_the_claim_and_a_change_ends_other_sessions(browser, hospital, issuer, store):
    person(issuer, "ben", groups="desk", name="Ben")
    sign_in(browser, "ben")
    assert browser.get("/api/v1/session").json()["role"] == "staff"
    person(issuer, "ben", groups="ward-doctors", name="Ben")
    second = TestClient(hospital, base_url=ORIGIN, follow_redirects=False)
    sign_in(second, "ben")
    assert second.get("/api/v1/session").json()["role"] == "clinician"
    assert browser.get("/api/v1/session").status_code == 401
    assert len(list_accounts(store)) == 1


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        (["choir"], "no value is mapped"),
        (["desk", "it"], "two roles: which one is not ours to guess"),
        ([], "none"),
        ("", "empty"),
        ({"desk": True}, "no list"),
    ],
)
def test_whoever_has_not_exactly_one_role_is_refused(browser, issuer, store, entries, groups, why):
    person(issuer, "eve", groups=groups, name="Eve")
    assert sign_in(browser, "eve").status_code == 403, why
    assert list_accounts(store) == ()
    (entry,) = entries("sign-in.refused")
    assert entry["details"]["reason"] == "no-role"
    assert "eve" not in str(entry)


def test_a_role_that_is_taken_away_closes_the_door(browser, issuer):
    person(issuer, "ann", groups="desk", name="Ann")
    assert sign_in(browser, "ann").status_code == 303
    person(issuer, "ann", groups="choir", name="Ann")
    assert sign_in(browser, "ann").status_code == 403


def test_an_answer_without_this_browsers_sign_in_is_refused(browser, hospital, issuer, entries):
    person(issuer, "dan", groups="desk", name="Dan")
    start = browser.get("/sign-in/openid")
    back = authorise(start.headers["location"], "dan")
    other = TestClient(hospital, base_url=ORIGIN, follow_redirects=False)
    assert other.get(back).status_code == 403, "another browser: the code was planted"
    assert browser.get(back.replace("state=", "state=x")).status_code == 403
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403, "a second time"
    assert [e["details"]["reason"] for e in entries("sign-in.refused")] == ["no-identity"] * 3


def test_a_late_answer_is_refused(browser, issuer, clock):
    person(issuer, "kim", groups="desk", name="Kim")
    back = authorise(browser.get("/sign-in/openid").headers["location"], "kim")
    clock.pass_seconds(601)
    assert browser.get(back).status_code == 403


def test_the_way_on_never_leaves_the_application(browser, issuer):
    person(issuer, "liv", groups="desk", name="Liv")
    assert sign_in(browser, "liv", "https://evil.example/").headers["location"] == "/"


def test_a_proof_must_come_from_the_same_person(browser, issuer, store, clock):
    person(issuer, "sam", groups="ward-doctors", name="Sam")
    person(issuer, "tom", groups="ward-doctors", name="Tom")
    sign_in(browser, "sam")
    clock.pass_seconds(5)
    for subject, status in (("tom", 403), ("sam", 303)):
        start = browser.get("/account/prove/openid", params={"next": "/account"})
        asked = parse_qs(urlsplit(start.headers["location"]).query)
        assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
        before = _proved(store)
        assert browser.get(authorise(start.headers["location"], subject)).status_code == status
        assert (_proved(store) > before) == (status == 303)


def test_a_sign_in_at_the_provider_is_no_proof_for_a_signature(browser, issuer, store, clock):
    """A provider that still knows the browser lets it in without a password."""
    person(issuer, "cy", groups="ward-doctors", name="Cy")
    sign_in(browser, "cy")
    assert _proved(store) == 0
    clock.pass_seconds(5)
    start = browser.get("/account/prove/openid")
    browser.get(authorise(start.headers["location"], "cy"))
    assert _proved(store) == clock()


def _proved(store):
    with store.read() as connection:
        return connection.execute(select(sessions.c.proved_us)).scalar_one()


def test_no_provider_outside_the_private_ranges_unless_it_is_listed(store, settings, openid):
    from dataclasses import replace

    far = openid.model_copy(update={"issuer": "https://192.0.2.1"})
    provider = open_provider(Site(store, replace(settings, serve=Serve(url=ORIGIN, openid=far))))
    with pytest.raises(SettingsError, match="lies outside loopback and the private ranges"):
        provider.address_of("https://192.0.2.1/token")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": ""}, "client_id is missing"),
        ({"roles": {"x": "boss"}}, "no role"),
        ({"client_secret_env": "POSOLOGY_NO_SUCH_VARIABLE"}, "is not set"),
    ],
)
def test_settings_that_cannot_be_meant_do_not_start(store, settings, openid, change, words):
    from dataclasses import replace

    site = Site(store, replace(settings, serve=Serve(url=ORIGIN, openid=openid.model_copy(update=change))))
    with pytest.raises(SettingsError, match=words):
        open_provider(site)


def test_a_site_without_a_provider_has_no_way_there(client):
    assert client.get("/sign-in/openid").status_code == 404


def test_a_token_signed_by_nobody_or_by_another_key_is_refused(store, settings, openid, clock):
    from dataclasses import replace

    from joserfc import jwt
    from joserfc.jwk import OctKey, RSAKey

    from posology.review.openid import new_flow

    site = Site(store, replace(settings, serve=Serve(url=ORIGIN, openid=openid)))
    provider, flow = open_provider(site), new_flow(store, "/")
    claims = {"iss": openid.issuer, "sub": "x", "aud": "posology", "nonce": flow.nonce}
    stranger = RSAKey.generate_key(2048, {"kid": "stranger"})
    forged = [
        jwt.encode({"alg": "RS256", "kid": "stranger"}, claims, stranger),
        jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s" * 64)),
        "eyJhbGciOiJub25lIn0.e30.",
        "nonsense",
    ]
    for token in forged:
        with pytest.raises(NotAllowed, match="not signed by its keys"):
            provider._verified(token, flow)


def test_roles_are_read_from_text_and_lists_only(openid):
    assert role_of(openid, {"groups": "desk"}) is Role.STAFF
    assert role_of(openid, {"groups": ["desk", "desk"]}) is Role.STAFF
    assert role_of(openid, {"groups": 3}) is None
    assert role_of(openid, {}) is None
