"""One application for all tests of the folder, a browser a module, and pages where nothing may go wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.running import Running, running
from tests.browser.watching import Watch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Serve one application, with a worker that drafts by rules."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install --no-install-recommends chromium)")
    with running(tmp_path_factory.mktemp("served")) as application:
        yield application


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium; it can resolve no name and reaches loopback only."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install --no-install-recommends chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watch every page of a test; at its end nothing unexpected may have happened on any of them."""
    watching = Watch()
    yield watching
    watching.require_quiet()


@pytest.fixture
def person(site: Running, browser: Browser, watch: Watch):
    """Open a browser window of its own in which a person is signed in; "" for a stranger."""
    contexts = []

    def open_window(login: str, width: int = 1440, height: int = 900, **more) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=site.url, **more)
        context.set_default_timeout(15_000)
        contexts.append(context)
        if login:
            context.add_cookies([site.cookie(login)])
        watch.on(context, site.url)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def chart_file(tmp_path_factory: pytest.TempPathFactory):
    """Write a made chart into a file."""

    def write(made) -> Path:
        file = tmp_path_factory.mktemp("charts") / "chart.json"
        file.write_bytes(made.files[0][1])
        return file

    return write
