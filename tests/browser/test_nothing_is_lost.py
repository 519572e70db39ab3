"""Back, reload, a lost connection, an ended session: what was typed stays, and an act happens once."""

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from posology.ledger.entries import Kind
from posology.review.versions import list_versions
from posology.store import SYSTEM
from posology.store.schema import jobs, sessions
from tests.browser import steps
from tests.browser.running import PASSWORD, made_chart

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED", "Failed to fetch")


def begin_an_edit(page: Page, packet_id: str, text: str):
    """Open the editor of a sentence and change its wording; return the field and what stands in it."""
    steps.open_packet(page, packet_id)
    box = steps.edit_box(page, steps.sentence(page, "years old and"))
    words = box.input_value().replace("years old", text)
    box.focus()
    with page.expect_response(lambda answer: "/scratch/" in answer.url and answer.ok):
        box.fill(words)
    return box, words


def versions(site, packet_id):
    with site.store.read() as connection:
        return [head.cause for head in list_versions(connection, packet_id)]


def test_a_reload_keeps_what_was_typed(site, person):
    packet_id, page = site.packet(), person("sam")
    box, words = begin_an_edit(page, packet_id, "years of age")
    page.reload()
    expect(box).to_have_value(words)
    expect(box).to_be_visible()
    steps.open_packet(page, packet_id)
    expect(box).to_have_value(words)


def test_the_back_button_keeps_what_was_typed_and_leads_back_from_where_one_was(site, person):
    packet_id, page = site.packet(), person("sam")
    box, words = begin_an_edit(page, packet_id, "years of age")
    page.get_by_role("link", name="Changes since the draft").click()
    expect(page.get_by_role("heading", name="Changes since the draft")).to_be_visible()
    page.go_back()
    expect(box).to_have_value(words)
    page.go_forward()
    page.go_back()
    expect(box).to_be_visible()
    assert versions(site, packet_id) == ["drafted"]


def test_leaving_within_the_moment_before_the_words_are_kept_asks_first(site, person, watch):
    watch.expect("dialog beforeunload")
    packet_id, page = site.packet(), person("sam")
    steps.open_packet(page, packet_id)
    box = steps.edit_box(page, steps.sentence(page, "years old and"))
    box.click()
    box.press_sequentially("x")
    page.get_by_role("link", name="Worklist").click()
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    assert any("beforeunload" in one for one in watch.seen)


def test_words_typed_without_a_connection_are_kept_as_soon_as_it_is_back(site, person, watch):
    watch.expect(*OFFLINE)
    packet_id, page = site.packet(), person("sam")
    box, words = begin_an_edit(page, packet_id, "years of age")
    page.context.set_offline(True)
    with page.expect_event("requestfailed", lambda request: "/scratch/" in request.url):
        box.fill(words + " More.")
    with page.expect_response(lambda answer: "/scratch/" in answer.url and answer.ok):
        page.context.set_offline(False)
    page.reload()
    expect(box).to_have_value(words + " More.")


def test_an_act_sent_without_a_connection_is_done_once_when_it_is_back(site, person, watch):
    watch.expect(*OFFLINE)
    packet_id, page = site.packet(), person("sam")
    box, words = begin_an_edit(page, packet_id, "years of age")
    page.context.set_offline(True)
    save = page.get_by_role("button", name="Save the sentence").and_(page.locator(":visible"))
    save.click()
    expect(page.locator("#toast")).to_contain_text("Not saved: there is no connection")
    expect(box).to_have_value(words)
    save.click()
    page.context.set_offline(False)
    steps.expect_done(page, "The sentence was checked")
    expect(page.locator("#letter")).to_contain_text("years of age and")
    page.reload()
    assert versions(site, packet_id) == ["drafted", "edit"]


def test_an_act_whose_answer_was_lost_is_done_once(site, person, watch):
    watch.expect(*OFFLINE, "ERR_FAILED")
    packet_id, page = site.packet(), person("ann")
    steps.open_packet(page, packet_id)
    lost = []

    def lose(route):
        """Let the request reach the server, and its answer nobody."""
        if lost:
            route.continue_()
            return
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    page.route("**/acts", lose)
    page.locator("#criterion-thyroid-carcinoma button[data-key=c]").click()
    expect(page.locator("#toast")).to_contain_text("Not saved: there is no connection")
    page.get_by_role("button", name="Try now").click()
    steps.expect_done(page, "Confirmed")
    assert lost == [303]
    assert versions(site, packet_id) == ["drafted", "confirm"]


def count_jobs(site) -> int:
    with site.store.read() as connection:
        return connection.execute(select(func.count()).select_from(jobs)).scalar_one()


def end_sessions(site, login: str) -> None:
    with site.store.write(SYSTEM) as w:
        for row in w.connection.execute(sessions.select().where(sessions.c.user_id == site.people[login])):
            w.delete(sessions, row.id)
        w.record(Kind.SIGN_OUT, details={"user": site.people[login]})


def test_a_session_that_ended_meanwhile_costs_no_word(site, person, watch):
    watch.expect("status of 401")
    packet_id, page = site.packet(), person("bob")
    box, words = begin_an_edit(page, packet_id, "years of age")
    end_sessions(site, "bob")
    page.get_by_role("button", name="Save the sentence").and_(page.locator(":visible")).click()
    expect(page.locator("#toast")).to_contain_text("Your session has ended")
    expect(box).to_have_value(words)
    page.context.add_cookies([site.cookie("sam")])  # another person at the same browser
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#toast")).to_contain_text("Somebody else is signed in now")
    assert versions(site, packet_id) == ["drafted"]
    page.context.add_cookies([site.cookie("bob")])  # as a sign-in in another tab
    page.get_by_role("button", name="Try now").click()
    steps.expect_done(page, "The sentence was checked")
    assert versions(site, packet_id) == ["drafted", "edit"]


def test_signing_in_again_in_the_same_tab_shows_what_was_typed(site, person):
    packet_id, page = site.packet(), person("bob")
    box, words = begin_an_edit(page, packet_id, "years of age")
    end_sessions(site, "bob")
    page.reload()
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(box).to_have_value(words)


def test_going_back_from_a_draft_finds_the_form_as_it_was_and_a_double_click_asks_once(
    site, person, chart_file
):
    made, page = made_chart("northfield-glp1", "meet", 5), person("sam")
    page.goto("/new")
    page.get_by_label("Files of one patient").set_input_files(chart_file(made))
    page.get_by_label("Policy").select_option(made.policy_id)
    page.get_by_label("Date of service").fill(made.day.isoformat())
    before = count_jobs(site)
    page.get_by_role("button", name="Start the draft").dblclick()
    page.wait_for_url("**/packets/*", timeout=60_000)
    assert count_jobs(site) == before + 1
    page.go_back()
    expect(page.get_by_label("Date of service")).to_have_value(made.day.isoformat())
    expect(page.locator("#service")).to_have_value(f"{made.service.system}:{made.service.code}")
    expect(page.get_by_label("Policy")).to_have_value(made.policy_id)
    expect(page.get_by_role("button", name="Start the draft")).to_be_enabled()
