"""What people do on the pages, step by step, with a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

LIFESTYLE = (
    "The patient took part in a supervised lifestyle program from 2024-06-03 until 2025-02-10, eight months, "
    "without adequate weight loss."
)


def open_packet(page: Page, packet_id: str) -> None:
    page.goto(f"/packets/{packet_id}")
    expect(page.locator("#packet-root")).to_be_visible()


def sentence(page: Page, text: str) -> Locator:
    """Return the one sentence of the letter that holds a text."""
    found = page.locator("#letter .sentence:not([id^=withheld])").filter(has=page.locator("p", has_text=text))
    expect(found).to_have_count(1)
    return page.locator(f"#{found.get_attribute('id')}")


def edit_box(page: Page, row: Locator) -> Locator:
    """Open a sentence's editor and return the field."""
    row.locator("summary[data-key=e]").click()
    return row.locator("textarea[name=text]")


def save(row: Locator) -> None:
    row.get_by_role("button", name="Save the sentence").click()


def expect_done(page: Page, words: str | re.Pattern[str]) -> None:
    """Expect that an act was done, and that its words were told."""
    expect(page.locator("#message")).to_contain_text(words)


def confirm(page: Page, criterion: str) -> None:
    page.locator(f"#criterion-{criterion} button[data-key=c]").click()
    expect_done(page, "Confirmed")


def state(page: Page, criterion: str, answer: str, statement: str) -> None:
    """Answer a criterion by a statement of one's own."""
    row = page.locator(f"#criterion-{criterion}")
    row.locator("summary", has_text="State").click()
    form = row.locator("form[data-act=state]")
    form.get_by_label(answer, exact=True).check()
    form.locator("textarea").fill(statement)
    form.get_by_role("button", name="State it").click()
    expect_done(page, "The statement was taken in")


def attach(page: Page, criterion: str, title: str, day: str, text: str) -> None:
    """Answer a criterion by a document."""
    row = page.locator(f"#criterion-{criterion}")
    row.locator("summary", has_text="Add a document").click()
    form = row.locator("form[data-act=attach]")
    form.get_by_label("Title").fill(title)
    form.get_by_label("Date of the document").fill(day)
    form.locator("textarea").fill(text)
    form.get_by_role("button", name="Add it and read it").click()
    expect_done(page, "The document was added")


def answer(page: Page, gap: str, value: str, unit: str = "") -> None:
    """Fill in a field that the payer asks for."""
    row = page.locator(f"#gap-{gap}")
    row.locator("summary", has_text="Answer").click()
    row.locator("[name=value]").fill(value)
    if unit:
        row.locator("[name=unit]").fill(unit)
    row.get_by_role("button", name="Answer").click()
    expect_done(page, "The answer was taken in")


def sign(page: Page, packet_id: str, password: str, code: str = "") -> None:
    page.goto(f"/packets/{packet_id}/sign")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.get_by_label("Your password, again").fill(password)
    if code:
        page.get_by_label("One-time code").fill(code)
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator(".notice.good")).to_contain_text("Signed by")
