"""Take the pictures of the pages: a clinic of made patients, its packets in every state, and a browser."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import steps  # noqa: E402 - the repository is on the path only now
from tests.browser.running import PASSWORD, Running, running  # noqa: E402

OUT = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
WIDE, NARROW = (1440, 900), (360, 780)
MIXTURE = (
    ("cms-ncd-100.1", "fail-bmi-35", 3),
    ("northfield-cgm", "meet", 4),
    ("cms-ncd-240.4", "meet", 2),
    ("northfield-lumbar-mri", "meet", 5),
    ("northfield-adalimumab", "meet", 6),
    ("northfield-glp1", "meet", 5),
)
FALSE_BMI = "The record shows Body mass index (BMI) [Ratio]: 42.1 kg/m2, on 2025-02-04."


def main() -> int:
    """Fill a store, visit the pages, and write the pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), workers=0) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        packet_id = fill(site, browser)
        picture_packet(site, browser, packet_id)
        picture_lists(site, browser)
        browser.close()
    return 0


def window(
    site: Running, browser: Browser, login: str, size: tuple[int, int] = WIDE, scheme: str = "light"
) -> Page:
    """Open a window in which a person is signed in."""
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.add_cookies([site.cookie(login)])  # type: ignore[list-item]  # a cookie by its address
    return context.new_page()


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """Write one picture."""
    page.screenshot(path=OUT / f"serve-{name}.png", full_page=whole, animations="disabled")


def fill(site: Running, browser: Browser) -> str:
    """Make packets in several states; return the one that the pictures are of."""
    ids = [site.packet(*made) for made in MIXTURE]
    page = window(site, browser, "ann")
    for done, packet_id in enumerate(ids[-2:]):
        steps.sign(page, packet_id, PASSWORD)
        if not done:
            page.get_by_role("button", name="I have sent it").click()
    return site.packet("northfield-glp1", "meet", 7)


def picture_packet(site: Running, browser: Browser, packet_id: str) -> None:
    """Picture a packet while it is reviewed, signed and exported."""
    page = window(site, browser, "ann")
    for size, scheme, name in (
        (WIDE, "light", "packet"),
        (WIDE, "dark", "packet-dark"),
        (NARROW, "light", "packet-360"),
    ):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        steps.open_packet(page, packet_id)
        if size == WIDE:
            finding = page.locator("#criterion-metformin-not-possible")
            finding.locator("a[data-evidence]").first.click()
            page.locator("#quote").wait_for()
            page.evaluate("() => document.querySelector('.packet').scrollIntoView()")
            finding.evaluate("(one) => one.scrollIntoView({ block: 'start' })")
        shoot(page, name)
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")
    steps.open_packet(page, packet_id)
    row = steps.sentence(page, "Body mass index (BMI)")
    steps.edit_box(page, row).fill(FALSE_BMI)
    row.locator(".preview.bad").wait_for()
    row.evaluate("(one) => one.scrollIntoView({ block: 'center' })")
    shoot(page, "edit")
    row.get_by_role("button", name="Discard what I wrote").click()
    page.goto(f"/packets/{packet_id}/sign")
    shoot(page, "sign")
    steps.sign(page, packet_id, PASSWORD)
    shoot(page, "export")


def picture_lists(site: Running, browser: Browser) -> None:
    """Picture the worklist, the figures, the comparisons and the ledger."""
    page = window(site, browser, "ann")
    for path, name in (("/", "worklist"), ("/new", "new"), ("/quality", "quality"), ("/compare", "compare")):
        page.goto(path)
        shoot(page, name)
    auditor = window(site, browser, "aud")
    auditor.goto("/ledger")
    shoot(auditor, "ledger")


if __name__ == "__main__":
    sys.exit(main())
