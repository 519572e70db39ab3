"""Every page: no violation of WCAG 2.2 AA that axe finds, nothing sideways, nothing that moves unasked."""

import re
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from posology.web.permissions import TABLE
from tests.browser import steps
from tests.browser.running import PASSWORD, made_chart, running

pytestmark = pytest.mark.slow
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
AXE = Axe()
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# Width and colours are independent: every rule in two of the four, and what colours decide in all of them.
SIZES = ((1440, "light", OPTIONS), (1440, "dark", CONTRAST), (360, "light", CONTRAST), (360, "dark", OPTIONS))
CONTROLS = "a[href], button, summary, select, input:not([type=hidden])"
TARGETS = """(controls) => [...document.querySelectorAll(controls)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches(".skip"))
    .filter((one) => !one.closest("p, li, dd") || one.matches("button, summary, .button, .cites a"))
    .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
    .filter(([box]) => box.right > 0 && (box.width < 24 || box.height < 24))
    .map(([box, html]) => `${box.width}x${box.height} ${html}`)"""


def violations(page: Page, options=OPTIONS) -> list[str]:
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("(options) => axe.run(document, options)", options)["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def faults(page: Page, *, opened: bool = True) -> dict[str, list[str]]:
    """Return what is wrong with a page in every size and colour scheme, with all its details open."""
    found: dict[str, list[str]] = {}
    if opened:
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width, scheme, options in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        wrong = violations(page, options)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        wrong += [f"{wide} px wide"] if wide > width else []
        wrong += page.evaluate(TARGETS, CONTROLS)
        if wrong:
            found[f"{page.url} {width} {scheme}"] = wrong[:6]
    return found


@dataclass
class Visits:
    """Pages that were visited, by the route each is of, and what was wrong with them."""

    page: Page
    seen: set[str] = field(default_factory=set)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def visit(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def look(self) -> None:
        self.seen.add(route_of(self.page.url))
        self.wrong |= faults(self.page)

    def require_clean(self) -> None:
        lines = [f"{place}: {fault}" for place, faults in self.wrong.items() for fault in faults]
        assert not lines, "\n".join(lines)


def route_of(url: str) -> str:
    """Return the template of a page's path."""
    path = "/" + url.split("/", 3)[3].partition("?")[0].partition("#")[0]
    path = re.sub(r"/packets/[0-9a-f]{20}", "/packets/{packet_id}", path)
    path = re.sub(r"/jobs/[0-9a-f]{20}", "/jobs/{job_id}", path)
    return re.sub(r"/compare/[0-9a-f]{20}", "/compare/{comparison_id}", path)


@pytest.fixture(scope="module")
def packets(site):
    """Make a packet in each state that a page shows otherwise."""
    return {
        "drafted": site.packet("northfield-glp1", "lack-dyslipidemia", 7),
        "withheld": site.packet(),
        "not supported": site.packet("northfield-glp1", "fail-adult", 5),
        "signed": site.packet(),
        "sent": site.packet(),
    }


def withhold(page: Page, packet_id: str) -> None:
    """Make a sentence false, take one out, and open a source."""
    steps.open_packet(page, packet_id)
    row = steps.sentence(page, "years old and")
    steps.edit_box(page, row).fill("The patient is 99 years old and male.")
    steps.save(row)
    expect(page.locator("[id^=withheld-]")).to_have_count(1)
    gone = steps.sentence(page, "The chart's order names")
    gone.get_by_text("Take out").click()
    gone.get_by_label("Why?").fill("It says nothing.")
    gone.get_by_role("button", name="Take it out").click()
    expect(page.locator("#letter")).to_contain_text("1 taken out by a person")
    page.locator("#letter a[data-evidence]").first.click()
    expect(page.locator("[data-back]")).to_be_visible()


def test_the_pages_of_a_clinician_are_accessible(site, person, packets, watch):
    watch.expect("status of (404|409)")
    page = person("ann")
    visits = Visits(page)
    for path in ("/", "/new", "/account"):
        visits.visit(path)
    visits.visit(f"/packets/{packets['drafted']}")
    withhold(page, packets["withheld"])
    visits.look()
    visits.visit(f"/packets/{packets['withheld']}/differences")
    visits.visit(f"/packets/{packets['not supported']}")
    visits.visit(f"/packets/{packets['drafted']}/sign")
    for name in ("signed", "sent"):
        steps.sign(page, packets[name], PASSWORD)
    visits.visit(f"/packets/{packets['signed']}")
    visits.visit(f"/packets/{packets['signed']}/export")
    page.goto(f"/packets/{packets['sent']}/export")
    page.get_by_role("button", name="I have sent it").click()
    expect(page.locator("main")).to_contain_text("is due")
    visits.look()
    visits.visit(f"/packets/{packets['sent']}")
    visits.visit("/packets/00000000000000000000")
    visits.require_clean()
    assert visits.seen >= {
        "/packets/{packet_id}/sign",
        "/packets/{packet_id}/export",
        "/new",
        "/account",
        "/",
    }


def test_the_form_of_a_new_draft_with_a_fault_and_the_pages_of_a_draft_are_accessible(site, person, watch):
    watch.expect("status of 422")
    page = person("sam")
    visits = Visits(page)
    page.goto("/new")
    page.locator("#service").fill("RxNorm:1991302")
    page.get_by_label("Date of service").fill("2025-05-01")
    page.get_by_role("button", name="Start the draft").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visits.look()
    failing = site.ask(made_chart("northfield-glp1", "meet", 7))
    page.goto(f"/jobs/{failing}")
    page.wait_for_url("**/packets/*", timeout=60_000)
    visits.look()
    visits.require_clean()


def test_the_pages_of_strangers_and_of_those_who_see_no_patient_are_accessible(site, person, watch):
    watch.expect("status of (403|404)")
    visits = Visits(person(""))
    visits.visit("/sign-in")
    visits.page.get_by_label("Name").fill("nobody")
    visits.page.get_by_label("Password").fill("nothing at all here")
    visits.page.get_by_role("button", name="Sign in").click()
    expect(visits.page.get_by_role("alert")).to_be_visible()
    visits.look()
    administrator = Visits(person("adm"))
    for path in ("/users", "/new", "/nowhere"):
        administrator.visit(path)
    administrator.page.goto("/account/code")
    administrator.look()
    visits.require_clean()
    administrator.require_clean()


LATER = {  # pages of other parts: who sees them
    "/quality": "ann",
    "/compare": "ann",
    "/compare/results": "ann",
    "/ledger": "aud",
}


@pytest.mark.parametrize("path", [path for path in LATER if ("GET", path) in TABLE])
def test_pages_of_figures_and_of_the_ledger_are_accessible(path, person):
    visits = Visits(person(LATER[path]))
    visits.visit(path)
    visits.require_clean()


def test_an_empty_worklist_and_a_draft_that_waits_are_accessible(tmp_path, browser, watch):
    """A site of its own, on which nothing was drafted and nobody drafts."""
    with running(tmp_path, workers=0) as site:
        context = browser.new_context(base_url=site.url)
        watch.on(context, site.url)
        context.add_cookies([site.cookie("sam")])
        visits = Visits(context.new_page())
        visits.visit("/")
        expect(visits.page.locator("main")).to_contain_text("No packet yet")
        job_id = site.ask(made_chart("northfield-glp1", "meet", 7))
        visits.visit(f"/jobs/{job_id}")
        expect(visits.page.get_by_role("heading", name="Drafting")).to_be_visible()
        visits.visit("/")
        visits.page.goto(f"/jobs/{job_id}")
        visits.page.get_by_role("button", name="Cancel").click()
        expect(visits.page.get_by_role("heading", name="The draft was cancelled")).to_be_visible()
        visits.look()
        context.close()
    visits.require_clean()


def test_twice_as_large_letters_fit_and_everything_is_there(person, packets):
    """A window of 1440 pixels at 200 % has 720 of them."""
    page = person("ann", width=720, height=450, device_scale_factor=2)
    for path in ("/", "/new", f"/packets/{packets['drafted']}", f"/packets/{packets['drafted']}/export"):
        page.goto(path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 720, path
    page.goto(f"/packets/{packets['drafted']}")
    page.locator("#criteria a[data-evidence]").first.click()
    expect(page.locator("#quote")).to_be_in_viewport()


def test_nothing_moves_for_those_who_asked_for_less_motion(person, packets):
    page = person("ann", reduced_motion="reduce")
    page.goto(f"/packets/{packets['drafted']}")
    moving = """() => [document.documentElement, ...document.querySelectorAll("*")].filter((one) => {
        const style = getComputedStyle(one);
        const moves = parseFloat(style.transitionDuration) > 0 || style.animationName !== "none";
        return moves || style.scrollBehavior === "smooth";
    }).length"""
    assert page.evaluate(moving) == 0
    assert page.evaluate("() => document.getAnimations().length") == 0


def test_forced_colours_keep_every_state_readable(person, packets):
    page = person("ann", forced_colors="active")
    page.goto(f"/packets/{packets['drafted']}")
    assert page.locator(".criterion").count() == page.locator(
        ".criterion .chip, .criterion h3:has-text('Missing')"
    ).evaluate_all("(all) => new Set(all.map((one) => one.closest('.criterion'))).size")
    assert violations(page) == []
