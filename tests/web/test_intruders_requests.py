"""Against intruders: hosts, headers, paths, methods, sizes and slowness, some on a real server."""

import socket
import threading
import time
from dataclasses import replace

import httpx
import pytest
import uvicorn
from starlette.exceptions import HTTPException

from posology.config import Serve
from posology.errors import SettingsError
from posology.store import Role
from posology.web.app import create_app
from posology.web.limits import HEADER_BYTES, PLAIN_BYTES, PUBLIC_BYTES, Rates
from posology.web.permissions import PUBLIC, TABLE
from posology.web.security import HEADERS, host_of
from posology.web.server import open_socket, server_config
from posology.web.site import Demo, Site
from tests.quick import least_seconds

PATHS = [
    "/sign-in",
    "/account",
    "/healthz",
    "/nothing",
    "/api/v1/session",
    "/api/v1/nothing",
    "/static/x/y.css",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_and_is_not_kept(client, path):
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_pages_with_data_are_never_kept_and_files_are(signed_in, app):
    assert signed_in(Role.CLINICIAN).get("/account").headers["cache-control"] == "no-store"
    browser = signed_in(Role.STAFF)
    kept = browser.get(f"{app.state.assets.prefix}/posology.css")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("evil.example", "another name: rebinding of names to this machine"),
        ("127.0.0.1.evil.example", "a name that begins as ours"),
        ("127.0.0.1@evil.example", "a user"),
        ("", "none"),
        ("localhost/../evil", "a path"),
        ("local host", "a space"),
        ("0.0.0.0", "the unspecified address"),
    ],
)
def test_a_request_to_another_host_is_not_answered(client, host, why):
    assert client.get("/sign-in", headers={"Host": host}).status_code == 421, why


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8642", "localhost", "LOCALHOST:1", "[::1]:8642"])
def test_this_machine_is_known_by_its_names(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("header", "name"), [("A.example:80", "a.example"), ("[::1]", "::1"), ("a:b:c", "")])
def test_a_host_header_is_parsed_strictly(header, name):
    assert host_of(header) == name


def test_a_proxys_headers_are_believed_from_nobody_by_default(client, entries):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "192.0.2.7", "Forwarded": "host=evil"}
    page = client.get("/account", headers=headers)
    assert page.headers["location"].startswith("/sign-in")
    client.post("/api/v1/session", json={"login": "x", "password": "y"}, headers=headers)
    assert "192.0.2.7" not in str(entries("sign-in.refused"))


INJECTED = ["%0d%0aX-Evil:%201", "%0aSet-Cookie:%20a=b", "%E5%98%8A%E5%98%8DX-Evil: 1", "\u560a\u560dX-Evil"]


@pytest.mark.parametrize("text", INJECTED)
@pytest.mark.parametrize("where", ["/sign-in?next=/{}", "/{}", "/account?{}", "/static/{}/x", "/demo/{}"])
def test_nothing_that_is_sent_becomes_a_header(client, where, text):
    answer = client.get(where.format(text))
    assert "x-evil" not in answer.headers
    assert "a" not in answer.cookies
    assert not any("\r" in value or "\n" in value for value in answer.headers.values())


@pytest.mark.parametrize(
    "path",
    [
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/app.py",
        "....//app.py",
        "/etc/passwd",
        "posology.css%00.txt",
        "posology.css/../../app.py",
        "../app.py",
        "",
        ".",
        "\\..\\app.py",
    ],
)
def test_no_path_leads_out_of_the_static_files(client, app, path):
    for release in (app.state.assets.release, "x", ".."):
        answer = client.get(f"/static/{release}/{path}")
        assert answer.status_code in (303, 404), "303: the client itself made it the root"
        assert b"root:" not in answer.content
        assert b"create_app" not in answer.content


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_method_cannot_be_overridden(signed_in, name):
    browser = signed_in(Role.CLINICIAN)
    for value in ("DELETE", "POST"):
        assert browser.get("/api/v1/session", headers={name: value}).status_code == 200
        assert browser.post("/api/v1/session?_method=DELETE", headers={name: value}).status_code == 422
    assert browser.get("/api/v1/session").status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "CONNECT", "PROPFIND", "x"])
@pytest.mark.parametrize("path", ["/account", "/users", "/api/v1/users"])
def test_other_methods_tell_and_do_nothing(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_no_public_route_changes_anything_but_by_signing_in():
    unsafe = {route for route, rule in TABLE.items() if rule is PUBLIC and route[0] != "GET"}
    assert unsafe == {("POST", "/sign-in"), ("POST", "/api/v1/session")}


def test_other_sites_get_no_leave_to_read(client):
    answer = client.get("/api/v1/openapi.json", headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control") for name in answer.headers)


# -- size and number -----------------------------------------------------------------------------------


def test_who_is_not_signed_in_may_send_little(client):
    body = b'{"login": "' + b"x" * PUBLIC_BYTES + b'"}'
    kind = {"Content-Type": "application/json"}
    assert client.post("/api/v1/session", content=body, headers=kind).status_code == 413
    assert client.post("/api/v1/session", content=iter([body]), headers=kind).status_code == 413


def test_a_form_may_be_so_large_and_no_larger(signed_in):
    browser = signed_in(Role.ADMINISTRATOR)
    for content in (b"x" * (PLAIN_BYTES + 1), iter([b"x" * 1000, b"x" * PLAIN_BYTES])):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert browser.client.post("/users", content=content, headers=kind).status_code == 413


def test_a_form_of_a_million_fields_is_refused_at_once(signed_in):
    body = b"&".join([b"a=1"] * 200_000)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    client = signed_in(Role.ADMINISTRATOR).client

    def refused():
        assert client.post("/users", content=body, headers=kind).status_code == 403

    assert least_seconds(refused, under=5) < 5


@pytest.mark.parametrize("length", ["-1", "1e9", "abc", "٣".encode(), "9" * 400])
def test_a_length_that_is_no_number_is_refused(client, length):
    answer = client.post("/api/v1/session", content=b"{}", headers={"Content-Length": length})
    assert answer.status_code in (400, 413)


def test_headers_may_be_so_many(client):
    answer = client.get("/healthz", headers={"X-Long": "x" * HEADER_BYTES})
    assert answer.status_code == 431


def test_one_session_may_not_take_all(app, signed_in):
    app.state.rates = Rates(5)
    first, second = signed_in(Role.STAFF), signed_in(Role.STAFF)
    answers = [first.get("/api/v1/session").status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert second.get("/api/v1/session").status_code == 200


def test_a_window_of_requests_ends():
    times = [0.0]
    rates = Rates(2, 60.0, now=lambda: times[0])
    rates.count("a")
    rates.count("a")
    with pytest.raises(HTTPException) as caught:
        rates.count("a")
    assert caught.value.headers == {"Retry-After": "60"}
    times[0] = 60.0
    rates.count("a")


# -- errors --------------------------------------------------------------------------------------------


def test_a_refused_form_does_not_repeat_what_was_sent(signed_in):
    browser = signed_in(Role.ADMINISTRATOR)
    secret = "Jane Doe 1957-03-01"
    answer = browser.post("/api/v1/users", json={"login": [secret], "name": {"a": secret}, "role": secret})
    assert answer.status_code == 422
    assert "Jane" not in answer.text


def test_a_fault_tells_nothing(app, client, caplog, monkeypatch):
    app.state.assets = None
    answer = client.get("/static/x/posology.css")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "NoneType" not in answer.text
    assert "fault AttributeError in GET /static" in caplog.text
    assert "NoneType" not in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onload="x', "{{ 7*7 }}", "'><svg>"])
def test_what_is_typed_is_shown_as_text(client, signed_in, text):
    page = client.get("/sign-in", params={"next": "/" + text})
    assert text not in page.text
    browser = signed_in(Role.ADMINISTRATOR)
    made = browser.submit("/users", {"login": "new-one", "name": text, "role": "staff"})
    assert made.status_code == 200
    assert ">49<" not in made.text
    assert text not in made.text or text == "{{ 7*7 }}"


# -- figures -------------------------------------------------------------------------------------------


def test_figures_need_an_administrator_or_the_token(client, signed_in, monkeypatch):
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    monkeypatch.setenv("POSOLOGY_METRICS_TOKEN", "a token of the site")
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer a token of the site"}).status_code == 200
    assert client.get("/account", headers={"Authorization": "Bearer a token of the site"}).status_code == 303
    assert signed_in(Role.ADMINISTRATOR).get("/metrics").status_code == 200


def test_figures_name_routes_and_nobody(client, signed_in):
    browser = signed_in(Role.ADMINISTRATOR)
    browser.post(f"/api/v1/users/{browser.user_id}/reset", headers={"X-Patient": "Jane"})
    client.get("/packets/Jane-Doe-1957")
    text = signed_in(Role.ADMINISTRATOR).get("/metrics").text
    assert 'route="/api/v1/users/{user_id}/reset"' in text
    assert "posology_ledger_entries" in text
    assert browser.user_id not in text
    assert "Jane" not in text


# -- what does not start -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (Serve(host="0.0.0.0"), "passwords would travel in clear"),
        (Serve(host="10.0.0.5", url="http://posology.example"), "passwords would travel in clear"),
        (Serve(certificate="chain.pem"), "belong together"),
        (Serve(url="posology.example"), "is no address"),
    ],
)
def test_an_address_in_clear_beyond_this_machine_does_not_start(store, settings, serve, words):
    with pytest.raises(SettingsError, match=words):
        create_app(Site(store, replace(settings, serve=serve)))


def test_a_demonstration_is_not_open_to_a_network(store, settings):
    serve = Serve(host="0.0.0.0", url="https://posology.example")
    with pytest.raises(SettingsError, match="this machine only"):
        create_app(Site(store, replace(settings, serve=serve), demo=Demo("0" * 20, "0" * 20, "x")))


# -- slowness, on a real server ------------------------------------------------------------------------


@pytest.fixture
def server(store, settings):
    """Serve on loopback with a deadline of one second; give the port."""
    serve = Serve(port=0, request_seconds=1)
    changed = replace(settings, serve=serve)
    listener = open_socket("127.0.0.1", 0)
    running = uvicorn.Server(server_config(create_app(Site(store, changed)), serve))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield listener.getsockname()[1]
    running.should_exit = True
    thread.join(10)
    listener.close()


def exchange(port, *pieces, pause=0.0):
    """Send pieces with pauses and return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=8) as line:
        for piece in pieces:
            try:
                line.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        answer = b""
        try:
            while chunk := line.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def test_a_request_is_answered(server):
    answer = httpx.get(f"http://127.0.0.1:{server}/healthz", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert "server" not in answer.headers


def test_headers_that_drip_end_in_408(server):
    began = time.monotonic()
    lines = [b"GET /healthz HTTP/1.1\r\n", *[b"X-Slow: 1\r\n"] * 40]
    assert exchange(server, *lines, pause=0.1).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 6


def test_a_line_on_which_nothing_comes_is_closed(server):
    began = time.monotonic()
    assert exchange(server).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 4


def test_a_second_request_on_a_line_has_its_own_deadline(server):
    first = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    slow = [b"GET /healthz HTTP/1.1\r\n", *[b"X-Slow: 1\r\n"] * 40]
    answer = exchange(server, first, *slow, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


def test_a_body_that_drips_ends_in_408(server):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    began = time.monotonic()
    answer = exchange(server, head + b"Content-Length: 1000\r\n\r\n", *[b" "] * 40, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 6


def test_a_body_longer_than_allowed_is_cut_off_while_it_comes(server):
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    answer = exchange(server, head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 8)
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 200_000, "endless headers"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", "two lengths"),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", "two hosts"),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n X: folded\x00\r\n\r\n", "a null in a header"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS on a port in clear"),
    ],
)
def test_what_is_not_http_is_refused(server, head, why):
    answer = exchange(server, head)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408", b"HTTP/1.1 421")), why


def test_requests_cannot_be_smuggled_past_a_proxy(server):
    both = (
        b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    )
    assert b'{"status":"alive"}' not in exchange(server, both)
