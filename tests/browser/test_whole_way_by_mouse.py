"""From a chart to a signed letter and the payer's answer, by mouse."""

import io
import re

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser import steps
from tests.browser.running import PASSWORD, PEOPLE, code, made_chart

MADE = ("northfield-glp1", "lack-dyslipidemia", 7)


def letter_of(data: bytes) -> str:
    assert data.startswith(b"%PDF-")
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def drop(page: Page, text: str) -> None:
    """Drop a file onto the page, as a file manager does."""
    transfer = page.evaluate_handle(
        """(text) => {
            const moved = new DataTransfer();
            moved.items.add(new File([text], "dropped.json", { type: "application/json" }));
            return moved;
        }""",
        text,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#drop", event, {"dataTransfer": transfer})
    expect(page.locator("#chosen")).to_contain_text("1 chosen: dropped.json")


def ask(page: Page, made) -> None:
    page.get_by_label("Policy").select_option(made.policy_id)
    expect(page.locator("#service")).not_to_have_value("")
    page.locator("#service").fill(f"{made.service.system}:{made.service.code}")
    page.get_by_label("Date of service").fill(made.day.isoformat())
    page.get_by_role("button", name="Start the draft").click()
    page.wait_for_url(re.compile(r"/jobs/|/packets/"))
    page.wait_for_url(re.compile(r"/packets/[0-9a-f]{20}"), timeout=60_000)


def look_at_a_source(page: Page) -> None:
    """Go from a citation to the words in the note, and back to where one came from."""
    mark = page.locator("#criterion-metformin-not-possible a[data-evidence]").first
    mark.click()
    quote = page.locator("#quote")
    expect(quote).to_be_in_viewport()
    expect(quote).to_contain_text("lactic acidosis")
    expect(quote).to_be_focused()
    page.locator("[data-back]").click()
    expect(page.locator("#criterion-metformin-not-possible a[aria-current]").first).to_be_focused()


def test_a_chart_becomes_a_signed_letter_with_an_answer_of_the_payer(site, person):
    made, page = made_chart(*MADE), person("")
    page.goto("/")
    expect(page).to_have_title(re.compile("Sign in"))
    page.get_by_label("Name").fill("tess")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(code(0))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="New draft").first.click()
    drop(page, made.files[0][1].decode())
    ask(page, made)
    packet_id = page.url.rsplit("/", 1)[1]

    look_at_a_source(page)
    for criterion in ("metformin-not-possible", "thyroid-carcinoma"):
        steps.confirm(page, criterion)
    steps.state(page, "dyslipidemia", "Yes", "The patient has had dyslipidemia since 2021; I treat it.")
    steps.attach(page, "lifestyle-program", "Letter of the program", "2025-02-12", steps.LIFESTYLE)
    steps.answer(page, "quantity", "4", "pens")
    expect(page.locator("#gap-quantity")).to_have_count(0)
    row = steps.sentence(page, "years old and")
    box = steps.edit_box(page, row)
    box.fill(box.input_value().replace("years old", "years of age"))
    expect(row.locator(".preview")).to_contain_text("Supported by its sources")
    steps.save(row)
    steps.expect_done(page, "The sentence was checked")
    expect(page.locator("#letter")).to_contain_text("years of age and")
    page.get_by_role("button", name="Mark as prepared").click()
    expect(page.locator(".packet-head")).to_contain_text("prepared")
    expect(page.locator(".packet-head .chip").first).to_have_text("Ready")

    page.get_by_role("link", name="Review and sign").click()
    expect(page.locator("main")).to_contain_text("responsibility for it is yours")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.get_by_label("Your password, again").fill(PASSWORD)
    page.get_by_label("One-time code").fill(code(1))
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator(".notice.good")).to_contain_text(f"Signed by {PEOPLE['tess'].name}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    letter = letter_of(download.value.path().read_bytes())
    assert PEOPLE["tess"].name in letter
    assert "DRAFT" not in letter
    assert "years of age and" in letter

    page.get_by_role("button", name="I have sent it").click()
    page.get_by_role("link", name="Worklist").click()
    mine = page.locator("tbody tr", has=page.locator(f"a[href='/packets/{packet_id}']"))
    expect(mine.locator("[data-label=State]")).to_have_text("sent")
    expect(mine.locator('[data-label="Payer\'s clock"]')).to_contain_text("days left")
    mine.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("It was sent: it does not change any more")
    page.get_by_role("link", name="Export and send").click()
    page.get_by_label("Answer").select_option("approved")
    page.get_by_role("button", name="Record the answer").click()
    expect(page.locator("main")).to_contain_text("The payer's answer: approved")
    assert site.row(packet_id).state == "approved"


def test_a_chart_is_chosen_as_a_file_too_and_a_bad_one_is_named(person, chart_file, watch, tmp_path):
    watch.expect("status of 422")
    made, page = made_chart(*MADE), person("sam")
    page.goto("/new")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    page.get_by_label("Files of one patient").set_input_files(broken)
    page.get_by_label("Policy").select_option(made.policy_id)
    page.get_by_label("Date of service").fill(made.day.isoformat())
    page.get_by_role("button", name="Start the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("broken.json")
    expect(page.get_by_label("Date of service")).to_have_value(made.day.isoformat())
    page.get_by_label("Files of one patient").set_input_files(chart_file(made))
    expect(page.locator("#chosen")).to_contain_text("chart.json")
    ask(page, made)
    expect(page.locator("h1")).to_contain_text("Shanice Jankowski")


def test_a_draft_whose_policy_does_not_govern_the_service_fails_in_words_and_can_be_tried_again(
    person, chart_file
):
    made, page = made_chart(*MADE), person("sam")
    page.goto("/new")
    page.get_by_label("Files of one patient").set_input_files(chart_file(made))
    page.get_by_label("Policy").select_option("cms-ncd-100.1")
    page.locator("#service").fill("CPT:99999")
    page.get_by_label("Date of service").fill(made.day.isoformat())
    page.get_by_role("button", name="Start the draft").click()
    expect(page.get_by_role("heading", name="The draft failed")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("alert")).to_contain_text("cms-ncd-100.1")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="The draft failed")).to_be_visible(timeout=60_000)
