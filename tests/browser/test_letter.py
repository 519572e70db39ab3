"""Sentences and findings: what is false shows, what is answered counts, a signature holds or falls."""

import re

from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.running import PASSWORD

BMI = "The record shows Body mass index"
CONCLUSION = ".packet-head .chip >> nth=0"


def test_a_sentence_made_false_shows_it_while_it_is_typed_and_stands_withheld_once_saved(site, person):
    packet_id, page = site.packet(), person("sam")
    steps.open_packet(page, packet_id)
    row = steps.sentence(page, BMI)
    box = steps.edit_box(page, row)
    true = box.input_value()
    box.focus()
    box.press("Control+End")
    for _ in range(len(true) - true.index("32.1") - 4):
        box.press("ArrowLeft")
    box.press("Backspace")
    box.press_sequentially("9")
    preview = row.locator(".preview")
    expect(preview).to_contain_text("Not supported.")
    expect(preview).to_contain_text("32.9")
    expect(page.locator("#letter")).to_contain_text(true)  # nothing is saved yet
    steps.save(row)
    steps.expect_done(page, "The sentence was checked")
    withheld = page.locator("[id^=withheld-]")
    expect(withheld).to_have_count(1)
    expect(withheld).to_contain_text(re.compile(r"Withheld:.*32\.9"))
    withheld.get_by_text("Correct and offer again").click()
    withheld.locator("textarea").fill(true)
    withheld.get_by_role("button", name="Check and offer").click()
    expect(page.locator("[id^=withheld-]")).to_have_count(0)
    steps.sentence(page, true[:-1])


def test_a_gap_that_is_answered_changes_the_conclusion_without_a_reload_and_on_the_worklist(site, person):
    packet_id, page = site.packet(plan="lack-thyroid-carcinoma"), person("ann")
    steps.open_packet(page, packet_id)
    expect(page.locator(CONCLUSION)).to_have_text("Incomplete")
    page.evaluate("() => { window.sameDocument = true; }")
    statement = "Neither the patient nor a relative has had a medullary thyroid carcinoma; I asked."
    steps.state(page, "thyroid-carcinoma", "No", statement)
    steps.expect_done(page, "The conclusion was incomplete and is now review")
    expect(page.locator(CONCLUSION)).to_contain_text("To review")
    open_findings = page.locator("#criteria button[data-key=c]")
    for left in reversed(range(open_findings.count())):
        open_findings.first.click()
        expect(open_findings).to_have_count(left)
    expect(page.locator(CONCLUSION)).to_contain_text("ready once nothing is missing")
    steps.answer(page, "quantity", "4", "pens")
    expect(page.locator(CONCLUSION)).to_have_text("Ready")
    assert page.evaluate("() => window.sameDocument === true")
    expect(page.locator("#criterion-thyroid-carcinoma")).to_contain_text("I asked.")
    page.goto("/")
    mine = page.locator("tbody tr", has=page.locator(f"a[href='/packets/{packet_id}']"))
    expect(mine.locator("[data-label=Conclusion]")).to_have_text("Ready")
    assert site.row(packet_id).conclusion == "ready"


def test_an_edit_after_signing_voids_the_signature_and_the_page_says_so(site, person):
    packet_id, page = site.packet(), person("ann")
    steps.sign(page, packet_id, PASSWORD)
    expect(page.locator("main")).to_contain_text("An edit voids the signature")
    steps.open_packet(page, packet_id)
    expect(page.locator(".packet-head")).to_contain_text("signed")
    row = steps.sentence(page, "years old and")
    box = steps.edit_box(page, row)
    box.fill(box.input_value().replace("years old", "years of age"))
    steps.save(row)
    steps.expect_done(page, "This voids the signature of Ann Avery, MD")
    page.reload()
    expect(page.locator("main")).to_contain_text("Ann Avery, MD had signed version 1")
    expect(page.locator(".packet-head")).to_contain_text("prepared")
    page.goto(f"/packets/{packet_id}/export")
    expect(page.locator(".notice").first).to_contain_text("Not signed")
    expect(page.get_by_role("button", name="I have sent it")).to_have_count(0)
    assert site.row(packet_id).state == "prepared"


def test_a_wrong_password_signs_nothing_and_keeps_nothing_from_being_signed_afterwards(site, person, watch):
    watch.expect("status of 403")
    packet_id, page = site.packet(), person("bob")
    page.goto(f"/packets/{packet_id}/sign")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.get_by_label("Your password, again").fill("not the password at all")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    assert site.row(packet_id).state == "drafted"
    steps.sign(page, packet_id, PASSWORD)
    assert site.row(packet_id).state == "signed"


def test_what_was_typed_elsewhere_stays_while_an_act_is_answered(site, person):
    packet_id, page = site.packet(), person("ann")
    steps.open_packet(page, packet_id)
    form = page.locator("#criterion-lifestyle-program form[data-act=attach]")
    page.locator("#criterion-lifestyle-program summary", has_text="Add a document").click()
    form.get_by_label("Title").fill("Program letter")
    form.locator("textarea").fill("Half a")
    steps.confirm(page, "thyroid-carcinoma")
    expect(form.get_by_label("Title")).to_have_value("Program letter")
    expect(form.locator("textarea")).to_have_value("Half a")
    expect(form.locator("textarea")).to_be_visible()


def test_acts_done_faster_than_they_are_answered_are_all_done(site, person):
    packet_id, page = site.packet(), person("ann")
    steps.open_packet(page, packet_id)
    page.evaluate("() => document.querySelectorAll('button[data-key=c]').forEach((one) => one.click())")
    expect(page.locator("button[data-key=c]")).to_have_count(0)
    assert site.row(packet_id).version == 3
