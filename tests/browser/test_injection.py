"""Whatever a chart, a note or a file name holds is shown as text, on every page and in the letter."""

import io
import json
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from posology.priorauth.acts import parse_act
from tests.browser import steps
from tests.browser.running import made_chart

SCRIPT = "<script>window.ran=1</script>"
IMAGE = "<img src=x onerror=window.ran=1>"
MARKDOWN = "[a](javascript:window.ran=1) ![b](x) **c** {{7*7}} ${7*7} <!--"
TURNED = "\u202egnirts\u202c"
NAME = f"Eve {SCRIPT}{IMAGE}"


@pytest.fixture(scope="module")
def hostile():
    """A made chart whose words try to become more than words."""
    made = made_chart("northfield-glp1", "meet", 7)
    bundle = json.loads(made.files[0][1])
    for entry in bundle["entry"]:
        spoil(entry["resource"])
    name = f"{IMAGE}.json".replace("/", "")
    return replace(made, files=((name, json.dumps(bundle).encode()),))


def spoil(resource) -> None:
    """Put markup into the names, texts and codings of a resource."""
    if resource["resourceType"] == "Patient":
        resource["name"] = [{"use": "official", "text": NAME, "family": "Mallory", "given": ["Eve"]}]
    if resource["resourceType"] in ("Condition", "Observation"):
        resource["code"]["text"] = f"{resource['code'].get('text', 'entry')} {SCRIPT} {MARKDOWN}"
    if resource["resourceType"] == "MedicationRequest":
        words = resource["medicationCodeableConcept"]
        words["text"] = f"{words.get('text', 'drug')} {IMAGE}"
    if resource["resourceType"] in ("Organization", "Practitioner") and isinstance(resource.get("name"), str):
        resource["name"] += f" {SCRIPT}"
    if resource["resourceType"] == "DocumentReference":
        resource["description"] = f"{IMAGE} {TURNED}"


def require_text(page) -> None:
    """Nothing of the chart became an element, and nothing of it ran."""
    assert page.evaluate("() => window.ran === undefined")
    made = "main script, main img, main iframe, main a[href^='javascript:' i]"
    assert page.locator(made).count() == 0


def test_what_a_chart_holds_is_shown_as_text_on_every_page_and_in_the_letter(site, person, hostile):
    packet_id, page = site.packet_of(hostile), person("ann")
    paths = ("", "/differences", "/sign", "/export")
    page.goto(f"/packets/{packet_id}")
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("#letter")).to_contain_text(SCRIPT)
    expect(page.locator("#criteria")).to_contain_text(IMAGE)
    marks = page.locator("a[data-evidence]")
    for number in range(0, marks.count(), 3):
        marks.nth(number).click()
        expect(page.locator("[data-back]")).to_be_visible()
        require_text(page)
    for path in paths:
        page.goto(f"/packets/{packet_id}{path}")
        require_text(page)
        assert "{{7*7}}" in page.content() or path not in ("", "/sign")
    page.goto("/")
    expect(page.locator("tbody")).to_contain_text(NAME)
    require_text(page)
    page.locator("#q").fill(NAME)
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#q")).to_have_value(NAME)
    expect(page.locator("tbody tr")).to_have_count(1)
    require_text(page)
    letter = page.request.get(f"/packets/{packet_id}/letter.pdf").body()
    text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(letter)).pages)
    assert "window.ran=1" in text.replace("\n", "").replace(" ", "")
    html = page.request.get(f"/api/v1/packets/{packet_id}/letter.html").text()
    assert "<script>window" not in html
    assert "<img src=x" not in html


def test_what_people_write_is_shown_as_text_to_others(site, person):
    packet_id, page = site.packet(), person("ann")
    words = f"I asked. {SCRIPT} {IMAGE} {MARKDOWN}"
    steps.open_packet(page, packet_id)
    steps.attach(
        page, "lifestyle-program", f"Letter {IMAGE}", "2024-12-12", f"{words}\n# heading\n<b>bold</b>"
    )
    steps.state(page, "thyroid-carcinoma", "No", words)
    row = steps.sentence(page, "years old and")
    steps.edit_box(page, row).fill(f"The patient is 30 years old and male. {IMAGE}")
    steps.save(row)
    steps.expect_done(page, "The sentence was checked")
    other = person("bob")
    for path in ("", "/differences", "/sign", "/export"):
        other.goto(f"/packets/{packet_id}{path}")
        require_text(other)
    steps.open_packet(other, packet_id)
    expect(other.locator("#criterion-thyroid-carcinoma")).to_contain_text(SCRIPT)
    steps.open_packet(page, packet_id)
    require_text(page)


def test_the_text_of_a_note_is_shown_letter_by_letter(site, person, watch):
    watch.expect("status of 422")
    page = person("sam")
    page.goto("/new")
    page.get_by_text("Or paste a note").click()
    page.locator("#note").fill(f"{SCRIPT}\n{IMAGE}\n{MARKDOWN}\n</textarea></pre>{TURNED}")
    page.locator("#patient-name").fill(NAME)
    page.locator("#service").fill("RxNorm:1991302")
    page.get_by_label("Date of service").fill("2025-05-01")
    page.get_by_role("button", name="Start the draft").click()  # refused: the note has no day
    expect(page.get_by_role("alert")).to_be_visible()
    require_text(page)
    expect(page.locator("#patient-name")).to_have_value(NAME)
    assert "</textarea></pre>" in page.locator("#note").input_value()


def test_acts_with_letters_that_turn_the_reading_order_are_refused():
    from posology.errors import RequestError

    with pytest.raises(RequestError, match=r"U\+202E"):
        parse_act({"act": "edit", "sentence": "s1", "text": f"a {TURNED}"})
