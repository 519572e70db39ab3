"""From a chart to a signed letter with the keyboard alone; the focus is seen and never lost."""

import io
import re

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from pypdf import PdfReader

from tests.browser.running import PASSWORD, PEOPLE, made_chart
from tests.browser.steps import LIFESTYLE

NAME = """() => {
    const one = document.activeElement;
    const label = one.labels?.[0]?.textContent ?? one.getAttribute("aria-label") ?? one.textContent;
    return `${one.localName} ${label.replace(/\\s+/g, " ").trim()}`;
}"""
SEEN = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const level = box.bottom > 0 && box.top < innerHeight;
    const inside = level && box.width > 0 && box.right > 0 && box.left < innerWidth;
    const lost = one === document.body || one === document.documentElement;
    const told = `${one.outerHTML.slice(0, 120)} ${style.outline} ${JSON.stringify(box)}`;
    return [!lost && inside && drawn, told];
}"""
MOST_STEPS = 400


class Keys:
    """Hands on a keyboard: they press keys, and look where the focus is."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.look()

    def look(self) -> str:
        """Return what has the focus; it must be there and be seen."""
        seen, what = self.page.evaluate(SEEN)
        assert seen, what
        return self.page.evaluate(NAME)

    def to(self, words: str, key: str = "Tab") -> None:
        """Press a key until the focus is on a thing of this name."""
        for _ in range(MOST_STEPS):
            self.press(key)
            if re.search(words, self.page.evaluate(NAME)):
                return
        raise AssertionError(f"no way by {key} to {words}")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def type_day(self, iso: str) -> None:
        """Type a day into a date field, month first as the browser's language has it."""
        year, month, day = iso.split("-")
        self.page.keyboard.type(f"{month}{day}{year}")

    def arrive(self, url: str) -> None:
        self.page.wait_for_url(re.compile(url), timeout=60_000)
        self.page.wait_for_load_state()

    def done(self, words: str) -> None:
        """Wait for what an act tells; the focus has its place at once."""
        expect(self.page.locator("#message")).to_contain_text(words)
        self.look()


def choose_file(keys: Keys, file) -> None:
    for key in ("Enter", "Space", "Enter", "Space"):  # on a busy machine the dialog may not open at once
        try:
            with keys.page.expect_file_chooser(timeout=5_000) as chooser:
                keys.page.keyboard.press(key)
        except PlaywrightTimeout:
            continue
        chooser.value.set_files(file)  # the operating system's own dialog
        return
    raise AssertionError("the dialog for choosing files does not open by keys")


def test_a_chart_becomes_a_signed_letter_without_a_mouse(site, person, chart_file):
    made, page = (
        made_chart("northfield-glp1", "lack-dyslipidemia", 5),
        person("", locale="en-US", reduced_motion="reduce"),
    )
    keys = Keys(page)
    page.goto("/sign-in")
    keys.to("^input Login name")
    keys.type("ann")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.page.keyboard.press("Enter")
    keys.arrive(r"/$")
    keys.to("^a New draft")
    page.keyboard.press("Enter")
    keys.arrive("/new")
    keys.to("^input Files of one patient")
    choose_file(keys, chart_file(made))
    keys.to("^select Policy")
    keys.type("Northfield: GLP-1")
    for _ in range(40):
        if page.evaluate("() => document.activeElement.value") == made.policy_id:
            break
        keys.press("ArrowDown")
    keys.to("^input Service")
    keys.press("Control+a")
    keys.type(f"{made.service.system}:{made.service.code}")
    keys.to("^input Date of service")
    keys.type_day(made.day.isoformat())
    keys.to("^button Start the draft")
    page.keyboard.press("Enter")
    keys.arrive("/packets/[0-9a-f]{20}")
    packet_id = page.url.rsplit("/", 1)[1]

    keys.to("^section|Criteria$")
    look_at_a_source(keys)
    confirm_all(keys)
    answer_gaps(keys)
    edit_a_sentence(keys)
    expect(page.locator(".packet-head .chip").first).to_have_text("Ready")

    keys.to("^a Review and sign", "Shift+Tab")
    page.keyboard.press("Enter")
    keys.arrive("/sign$")
    keys.to("I attest this")
    keys.press("Space")
    keys.to("password, again|what is still open")
    if "still open" in keys.look():
        keys.press("Space")
        keys.to("password, again")
    keys.type(PASSWORD)
    page.keyboard.press("Enter")
    keys.arrive("/export$")
    expect(page.locator(".notice.good")).to_contain_text(f"Signed by {PEOPLE['ann'].name}")
    keys.to("^button Download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    text = "".join(
        one.extract_text() for one in PdfReader(io.BytesIO(download.value.path().read_bytes())).pages
    )
    assert PEOPLE["ann"].name in text
    assert "DRAFT" not in text
    keys.to("^button I have sent it")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The payer's answer is due")
    keys.to("^button Record the answer")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The payer's answer: approved")
    assert site.row(packet_id).state == "approved"


def look_at_a_source(keys: Keys) -> None:
    """Go to a finding that was read from a note, to its source by s, and back by b."""
    for _ in range(20):
        keys.press("j")
        if keys.page.evaluate("() => document.activeElement.id") == "criterion-metformin-not-possible":
            break
    keys.press("s")
    expect(keys.page.locator("#quote")).to_be_focused()
    keys.look()
    expect(keys.page.locator("#quote")).to_be_in_viewport()
    keys.press("b")
    expect(keys.page.locator("#criterion-metformin-not-possible a[aria-current]").first).to_be_focused()
    keys.press("j", "k")


def confirm_all(keys: Keys) -> None:
    """Confirm what was read from notes by c, going on by j."""
    rows = keys.page.locator("#criteria article")
    for _ in range(rows.count()):
        here = keys.page.evaluate("() => document.activeElement.closest('[data-item]')?.id")
        if keys.page.locator(f"#{here} button[data-key=c]").count():
            keys.press("c")
            expect(keys.page.locator(f"#{here} button[data-key=c]")).to_have_count(0)
            expect(keys.page.locator(f"#{here}")).to_be_focused()
        keys.press("j")
    if keys.page.locator("#criteria button[data-key=c]").count():
        for _ in range(rows.count() + 3):
            keys.press("k")
        confirm_all(keys)


def answer_gaps(keys: Keys) -> None:
    """Answer by a statement, a document and a value."""
    keys.to("^summary State on your own authority: .*[Dd]yslipidemia", "Shift+Tab")
    keys.press("Enter")
    keys.to("^input Yes")
    keys.press("Space")
    keys.press("Tab")
    keys.type("The patient has had dyslipidemia since 2021; I treat it.")
    keys.to("^button State it")
    keys.press("Enter")
    keys.done("The statement was taken in")
    keys.to("^summary Add a document for: .*lifestyle")
    keys.press("Enter")
    keys.to("^input Title")
    keys.type("Letter of the program")
    keys.press("Tab")
    keys.type_day("2025-02-12")
    keys.to("^textarea Text")
    keys.type(LIFESTYLE)
    keys.to("^button Add it and read it")
    keys.press("Enter")
    keys.done("The document was added")
    keys.to("^summary Answer: The quantity")
    keys.press("Enter")
    keys.to("^input How much")
    keys.type("4")
    keys.press("Tab")
    keys.type("pens")
    keys.press("Enter")
    keys.done("The answer was taken in")


def edit_a_sentence(keys: Keys) -> None:
    """Go to a sentence by j, open its editor by e, and save."""
    for _ in range(60):
        keys.press("j")
        here = keys.page.evaluate("() => document.activeElement.textContent")
        if "years old and" in here:
            break
    keys.press("e")
    assert keys.look().startswith("textarea Sentence")
    keys.press("Control+End")
    for _ in range(len("old and female.")):
        keys.page.keyboard.press("ArrowLeft")
    keys.look()
    words = keys.page.evaluate("() => document.activeElement.value")
    keys.press("Control+a")
    keys.type(words.replace("years old", "years of age"))
    keys.to("^button Save the sentence")
    keys.press("Enter")
    keys.done("The sentence was checked")
    expect(keys.page.locator("#letter")).to_contain_text("years of age and")


def test_the_worklist_and_its_rows_are_walked_by_keys(site, person):
    for _ in range(2):
        site.packet()
    page = person("ann", reduced_motion="reduce")
    keys = Keys(page)
    page.goto("/")
    keys.press("Tab")
    assert keys.look() == "a Skip to the content"
    keys.press("Enter")
    keys.to("^a Thaddeus")
    first = page.evaluate("() => document.activeElement.href")
    keys.press("j")
    assert page.evaluate("() => document.activeElement.href") != first
    keys.press("k")
    page.keyboard.press("Enter")
    keys.arrive("/packets/")
    assert page.url == first


def test_the_page_keys_can_be_turned_off(site, person):
    page = person("ann", reduced_motion="reduce")
    page.goto(f"/packets/{site.packet()}")
    keys = Keys(page)
    keys.to("^summary Keyboard")
    keys.press("Enter")
    keys.to("Use these keys")
    keys.press("Space")
    keys.to("^section|Letter$", "Shift+Tab")
    before = page.evaluate("() => document.activeElement.outerHTML.slice(0, 60)")
    keys.press("j", "c")
    assert page.evaluate("() => document.activeElement.outerHTML.slice(0, 60)") == before
