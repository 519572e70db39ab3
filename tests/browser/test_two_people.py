"""Two people on one packet: neither loses work."""

import re

from playwright.sync_api import expect

from tests.browser import steps


def test_two_people_who_edit_different_sentences_at_once_both_keep_theirs(site, person):
    packet_id, ann, sam = site.packet(), person("ann"), person("sam")
    for page in (ann, sam):
        steps.open_packet(page, packet_id)
    first, second = steps.sentence(ann, "years old and"), steps.sentence(sam, "Systolic blood pressure:")
    box = steps.edit_box(ann, first)
    box.fill(box.input_value().replace("years old", "years of age"))
    other = steps.edit_box(sam, second)
    other.fill(other.input_value().replace("The record shows", "In the record stands"))
    steps.save(first)
    steps.save(second)
    for page in (ann, sam):
        steps.expect_done(page, "The sentence was checked")
    ann.reload()
    sam.reload()
    for page in (ann, sam):
        expect(page.locator("#letter")).to_contain_text("years of age")
        expect(page.locator("#letter")).to_contain_text(re.compile("In the record stands Systolic"))
    assert site.row(packet_id).version == 3


def test_who_comes_second_to_a_sentence_sees_the_other_wording_beside_their_own(site, person, watch):
    watch.expect("status of 409")
    packet_id, ann, sam = site.packet(), person("ann"), person("sam")
    for page in (ann, sam):
        steps.open_packet(page, packet_id)
    mine, theirs = steps.sentence(sam, "years old and"), steps.sentence(ann, "years old and")
    place = mine.get_attribute("id")
    box = steps.edit_box(ann, theirs)
    box.fill(box.input_value().replace("years old", "years of age"))
    own = steps.edit_box(sam, mine)
    text = own.input_value().replace("The patient is", "The member is")
    own.fill(text)
    steps.save(theirs)
    steps.expect_done(ann, "The sentence was checked")
    steps.save(mine)
    told = sam.locator(f"#{place} .refusal")
    expect(told).to_contain_text("Ann Avery, MD changed this meanwhile")
    expect(told).to_contain_text("years of age")
    expect(sam.locator(f"#{place} textarea[name=text]")).to_have_value(text)
    expect(sam.locator(f"#{place} p").first).to_contain_text("years of age")
    assert site.row(packet_id).version == 2
    sam.reload()  # the words are kept for their author, and shown to nobody else
    expect(sam.locator(f"#{place} textarea[name=text]")).to_have_value(text)
    expect(sam.locator(f"#{place} textarea[name=text]")).to_be_visible()
    ann.reload()
    expect(ann.locator(f"#{place} textarea[name=text]")).not_to_have_value(text)
    sam.locator(f"#{place}").get_by_role("button", name="Save the sentence").click()
    steps.expect_done(sam, "The sentence was checked")
    assert site.row(packet_id).version == 3
    expect(sam.locator("#letter")).to_contain_text("The member is")


def test_words_for_a_sentence_that_another_person_took_out_are_still_shown_to_their_author(
    site, person, watch
):
    watch.expect("status of 409", "status of 422")  # the check while typing may come after it was taken out
    packet_id, ann, sam = site.packet(), person("ann"), person("sam")
    for page in (ann, sam):
        steps.open_packet(page, packet_id)
    row = steps.sentence(sam, "years old and")
    steps.edit_box(sam, row).fill("The patient, whom I have known for years, is thirty.")
    gone = steps.sentence(ann, "years old and")
    gone.get_by_text("Take out").click()
    gone.get_by_label("Why?").fill("It says nothing.")
    gone.get_by_role("button", name="Take it out").click()
    steps.expect_done(ann, "The sentence was taken out")
    steps.save(row)
    expect(sam.locator("#toast")).to_contain_text("Ann Avery, MD changed this meanwhile")
    expect(sam.get_by_label("Kept words 1")).to_have_value(
        "The patient, whom I have known for years, is thirty."
    )


def test_a_change_by_another_person_is_told_and_what_is_being_written_stays(site, person):
    packet_id, ann, sam = site.packet(), person("ann"), person("sam")
    sam.clock.install()
    for page in (ann, sam):
        steps.open_packet(page, packet_id)
    own = steps.edit_box(sam, steps.sentence(sam, "years old and"))
    own.fill("Half a sentence")
    steps.confirm(ann, "thyroid-carcinoma")
    sam.clock.fast_forward(16_000)
    expect(sam.locator("#toast")).to_contain_text(
        "Ann Avery, MD has changed this packet meanwhile (version 2)"
    )
    expect(own).to_have_value("Half a sentence")
    sam.locator("#toast a").click()
    expect(sam.locator("#version")).to_have_text("2")
    expect(sam.locator("textarea[name=text].unsaved")).to_have_value("Half a sentence")
