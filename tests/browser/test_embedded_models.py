"""With the embedded models: a draft is watched, and an edit is checked by the validator while it is typed."""

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.running import made_chart, running

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_a_chart_is_drafted_with_the_embedded_models_and_an_edit_is_checked_by_them(
    tmp_path, browser, watch, writer_home
):
    with running(tmp_path, profile="embedded") as site:
        context = browser.new_context(base_url=site.url)
        watch.on(context, site.url)
        context.add_cookies([site.cookie("ann")])
        page = context.new_page()
        job_id = site.ask(made_chart("northfield-glp1", "meet", 7), by="ann")
        page.goto(f"/jobs/{job_id}")
        page.wait_for_url("**/packets/*", timeout=240_000)
        expect(page.locator("#letter .sentence.good").first).to_contain_text("supported")
        row = steps.sentence(page, "years old and")
        box = steps.edit_box(page, row)
        box.fill(box.input_value().replace("male", "male and smokes two packs a day"))
        expect(row.locator(".preview")).to_contain_text("Not supported.", timeout=60_000)
        steps.save(row)
        expect(page.locator("[id^=withheld-]").filter(has_text="smokes")).to_have_count(1, timeout=60_000)
        context.close()
