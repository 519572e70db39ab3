"""A person reviews a teacher's candidates in a real browser; what they accept is then learned from."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from posology.policies import load_policies
from posology.testing.teaching import make_scenarios
from tests.browser.test_accessibility import faults

pytestmark = pytest.mark.slow
COMMAND = str(Path(sys.executable).parent / "posology")
OPENING = "Comes for a planned visit & feels <b>well</b>."


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write candidates whose truth is that of scenarios, the first of them doubtful."""
    policies = [policy for policy in load_policies() if policy.id == "northfield-lumbar-mri"]
    rows = [_row(one) for one in make_scenarios(policies, 3, seed=3)]
    rows[0]["doubts"] = [f"{rows[0]['points'][0]['leaf']}: the second model read nothing of use"]
    path = tmp_path / "reviews.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def _row(scenario) -> dict:
    said = [text for point in scenario.points for text in (*point.says, *point.beside)]
    points = [
        {"leaf": p.leaf, "question": p.question, "told": p.told, "quote": "", "policy_text": p.policy_text}
        for p in scenario.points
    ]
    for point, of in zip(points, scenario.points, strict=True):
        point["quote"] = of.says[0] if of.says and of.told != "not stated" else ""
    where = {"source": "a teacher", "licence": "made here", "group": scenario.id}
    row = {"posology": "review/1", "id": scenario.id, "policy": scenario.policy, "points": points}
    return {**row, "document": f"{OPENING}\n" + "\n".join(said), "provenance": where}


@pytest.fixture
def address(file: Path) -> Iterator[str]:
    """Run the command and give the address that it prints."""
    command = [COMMAND, "adapt", "review", str(file), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        for line in server.stdout:
            if "http://127.0.0.1:" in line:
                break
        yield line.split()[-1]
        server.terminate()
        server.wait(60)
        assert "Traceback" not in server.stderr.read()


@pytest.fixture
def page(address: str, browser, watch) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    watch.on(context, address.partition("/open/")[0])
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


def choose(page: Page, box: str, words: str) -> None:
    """Select words of a text as a mouse would."""
    page.evaluate(
        """([box, words]) => {
            const walker = document.createTreeWalker(document.getElementById(box), NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                window.getSelection().setBaseAndExtent(node, at, node, at + words.length);
                return;
            }
            throw new Error("the words are not in one piece of the text");
        }""",
        [box, words],
    )


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def answered(row: dict) -> int:
    return next(n for n, point in enumerate(row["points"], 1) if point["quote"])


def test_a_candidate_is_corrected_accepted_undone_and_taken_by_accept(file, page, tmp_path, watch) -> None:
    watch.expect(r"status of 422")
    first = rows(file)[0]
    n = answered(first)
    quote = first["points"][n - 1]["quote"]
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 1 of 3")
    expect(page.locator("#document-text")).to_contain_text(OPENING)  # as words
    expect(page.locator(f'#document-text mark[data-question~="{n}"]')).to_have_text(quote)

    page.get_by_text("Correct the document").click()
    better = quote.rstrip(".") + ", as told today."
    area = page.locator("#document")
    area.fill(area.input_value().replace(quote, better))
    page.get_by_role("button", name="Accept", exact=True).click()  # nobody has said who they are
    expect(page.get_by_role("alert")).to_contain_text("Say who you are")
    page.get_by_label("Your name").fill("Dr. Ann Avery")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator(f"#quote-wrong-{n}")).to_contain_text("does not stand in the document")
    assert rows(file)[0] == first

    choose(page, "document-text", better)
    page.get_by_role("button", name=f"Use the selected words as quote of question {n}").click()
    expect(page.locator(f"#quote-{n}")).to_have_value(better)
    expect(page.locator(f'#document-text mark[data-question~="{n}"]')).to_have_text(better)
    section = page.locator("#policy-text").inner_text().split("\n")[0]
    choose(page, "policy-text", section)
    page.keyboard.press(str(n))  # a selection in the policy is a section
    expect(page.locator(f"#section-{n}")).to_have_value(section)
    page.keyboard.press("a")
    expect(page.get_by_text("Candidate 1 is accepted.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 2 of 3")

    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 1 of 3")
    assert rows(file)[0]["verdict"] == ""
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 2 of 3")
    page.keyboard.press("x")
    expect(page.get_by_text("2 of 3 decided")).to_be_visible()
    kept = rows(file)
    assert [row.get("verdict", "") for row in kept] == ["accept", "reject", ""]
    assert kept[0]["by"] == kept[1]["by"] == "Dr. Ann Avery"
    assert kept[0]["points"][n - 1]["quote"] == better
    assert kept[0]["points"][n - 1]["section"] == section

    done = subprocess.run(
        [COMMAND, "adapt", "accept", str(file), "--out", str(tmp_path / "taught")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 pairs" in done.stdout
    assert "2 left out" in done.stdout
    assert better in (tmp_path / "taught" / "pairs.jsonl").read_text(encoding="utf-8")


def test_not_stated_empties_the_quote_and_another_answer_brings_it_back(file, page) -> None:
    n = answered(rows(file)[0])
    quote = page.locator(f"#quote-{n}")
    was = quote.input_value()
    page.locator(f'[name="told-{n}"][value="not stated"]').check()
    expect(quote).to_have_value("")
    expect(page.locator(f'#document-text mark[data-question~="{n}"]')).to_have_count(0)
    page.locator(f'[name="told-{n}"][value="yes"]').check()
    expect(quote).to_have_value(was)
    page.locator(f'[name="told-{n}"][value="{rows(file)[0]["points"][n - 1]["told"]}"]').check()


def test_keys_are_letters_again_where_they_are_switched_off_or_a_field_is_typed_in(file, page) -> None:
    page.get_by_label("Your name").fill("Dr. Ann Avery")
    page.get_by_label("Your name").press("a")
    page.get_by_text("Keyboard", exact=True).click()
    page.get_by_label("Use these keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.reload()
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 1 of 3")
    assert not any(row.get("verdict") for row in rows(file))


def test_without_a_script_a_candidate_is_corrected_and_accepted(file, address, browser) -> None:
    n = answered(rows(file)[0])
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    part = rows(file)[0]["points"][n - 1]["quote"].rstrip(".")
    page.locator(f"#quote-{n}").fill(part)
    page.get_by_label("Your name").fill("Dr. Ann Avery")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("Candidate 1 is accepted.")).to_be_visible()
    assert rows(file)[0]["points"][n - 1]["quote"] == part
    context.close()


def test_what_was_entered_outlives_its_candidate_and_is_not_left_unasked(file, page, watch) -> None:
    watch.expect(r"status of 404")
    watch.expect("dialog beforeunload")
    page.get_by_text("Correct the document").click()
    page.locator("#document").fill("My own words.")
    page.get_by_label("Your name").fill("Dr. Ann Avery")
    kept = file.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    file.write_text("".join(kept), encoding="utf-8")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("does not stand in the file any more")
    expect(page.get_by_label("Document")).to_have_value("My own words.")
    assert faults(page) == {}
    with page.expect_event("dialog"):
        page.get_by_role("link", name="To the candidates").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 1 of 2")


def test_the_address_opens_in_one_browser_only(address, page, browser) -> None:
    page.goto(address)  # again, from the history
    expect(page.get_by_role("heading", level=1)).to_have_text("Candidate 1 of 3")
    context = browser.new_context()
    other = context.new_page()
    assert other.goto(address).status == 404
    expect(other.get_by_text("works once")).to_be_visible()
    context.close()


def test_the_pages_are_accessible_in_every_size_and_colour(file, page, watch) -> None:
    watch.expect(r"status of 4\d\d")
    assert faults(page) == {}
    page.get_by_role("button", name="Accept", exact=True).click()  # without a name
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == {}
    page.get_by_label("Your name").fill("Dr. Ann Avery")
    for _ in range(3):
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_text("is rejected")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Every candidate is decided")
    assert faults(page) == {}
