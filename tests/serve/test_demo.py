"""The demonstration: one address leads, signed in, to a drafted packet; nothing else is touched or opened."""

import shutil
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.serve.commands import Commands
from tests.serve.living import until
from tests.serve.site import Served, make_site, serving, settings

OPEN = "Open, signed in as the demonstration's clinician:"


def digests(folder: Path) -> dict[str, str]:
    """Return what each file of a site is; those that only reading a database makes do not count."""
    files = (file for file in folder.iterdir() if file.is_file() and file.suffix != ".db-shm")
    return {
        file.name: sha256(file.read_bytes()).hexdigest() for file in files if file.name not in ("out", "said")
    }


@pytest.fixture(scope="module")
def folder(program: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a site of its own, whose settings a demonstration reads too."""
    folder = tmp_path_factory.mktemp("demo")
    provider = '[serve.openid]\nissuer = "http://127.0.0.1:9"\nclient_id = "x"'
    make_site(program, folder, settings("workers = 0"))
    with (folder / "posology.toml").open("a") as file:
        file.write(f"\n{provider}\n")
    return folder


@pytest.fixture(scope="module")
def shown(folder: Path) -> Iterator[Served]:
    before = digests(folder)
    with serving(folder, "--demo", mark=OPEN) as served:
        yield served
    assert digests(folder) == before, "the site's own store, key and settings are as they were"


def enter(shown: Served) -> httpx.Response:
    return httpx.get(shown.url, trust_env=False, timeout=30)


def test_its_address_leads_a_clinician_to_a_drafted_packet(shown) -> None:
    answer = enter(shown)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/packets/")
    with httpx.Client(trust_env=False, base_url=shown.url.partition("/demo/")[0], timeout=30) as client:
        client.cookies = answer.cookies
        page = client.get(answer.headers["location"])
        assert page.status_code == 200
        who = client.get("/api/v1/session").json()
        assert who["role"] == "clinician"
        until(lambda: client.get("/api/v1/packets").json()["total"] == 5)


def test_it_is_reached_by_its_address_only(shown) -> None:
    base, _, secret = shown.url.partition("/demo/")
    assert base.startswith("http://127.0.0.1:")
    for wrong in ("x", secret[:-1], secret + "x", secret.swapcase()):
        answer = httpx.get(f"{base}/demo/{wrong}", trust_env=False)
        assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)
    assert httpx.get(f"{base}/packets", trust_env=False).status_code in (303, 401, 404)
    assert httpx.get(f"{base}/api/v1/packets", trust_env=False).status_code == 401


@pytest.mark.parametrize("login", ["demo", "demo-staff", "ann"])
@pytest.mark.parametrize("password", ["demo", "", "four plain garden words"])
def test_no_password_opens_it(shown, login, password) -> None:
    base = shown.url.partition("/demo/")[0]
    body = {"login": login, "password": password}
    assert httpx.post(f"{base}/api/v1/session", json=body, trust_env=False).status_code in (401, 403, 422)


def test_its_folder_is_its_owners_only(shown) -> None:
    own = shown.folder / "posology-demo"
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    readable = [file.name for file in own.iterdir() if file.stat().st_mode & 0o077 and file.stat().st_size]
    assert readable == []


def test_a_second_one_in_the_same_folder_leaves_the_first_alone(shown, program) -> None:
    before = digests(shown.folder / "posology-demo").keys()
    said = program.run(shown.folder, "serve", "--demo")
    assert said.startswith("2 Error: posology-demo: another demonstration runs in this folder")
    assert enter(shown).status_code == 303
    assert digests(shown.folder / "posology-demo").keys() == before


def test_it_ends_as_it_is_told_and_begins_anew(shown, folder) -> None:
    """Keep this last: the first demonstration is over then."""
    assert shown.stop() == 0
    (folder / "posology-demo").chmod(0o755)
    with serving(folder, "--demo", mark=OPEN) as again:
        assert again.url.partition("/demo/")[2] != shown.url.partition("/demo/")[2]
        assert enter(again).status_code == 303
        assert stat.S_IMODE((folder / "posology-demo").stat().st_mode) == 0o700
        again.stop()


def test_a_store_of_a_site_in_its_folder_is_not_emptied(program, tmp_path) -> None:
    (tmp_path / "posology-demo").mkdir()
    text = settings(more='store = "sqlite:///posology-demo/posology.db"')
    make_site(program, tmp_path, text)
    before = digests(tmp_path / "posology-demo")
    said = program.run(tmp_path, "serve", "--demo")
    assert said.startswith("2 Error: store: posology-demo/posology.db lies in posology-demo")
    assert digests(tmp_path / "posology-demo") == before != {}


def test_a_folder_that_leads_elsewhere_is_refused(program, folder, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(folder, elsewhere, ignore=lambda _folder, names: {"posology-demo"} & set(names))
    site = tmp_path / "site"
    site.mkdir()
    (site / "posology-demo").symlink_to(elsewhere)
    before = digests(elsewhere)
    assert "leads elsewhere" in program.run(site, "serve", "--demo", "--profile", "rules")
    assert digests(elsewhere) == before
