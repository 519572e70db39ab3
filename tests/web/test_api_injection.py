"""What a chart or a note says is shown as text, never run: HTML, Markdown, templates, headers."""

import html.parser
import io
import json
import re
import zipfile

import pytest

from posology.config import load_settings
from posology.priorauth import open_models
from tests.web.api import draft, made_case, upload, working

SCRIPT = "<script>alert(1)</script>"
NASTY = [
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{7*7}}{% debug %}${7*7}",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/pixel.png)",
    "<!--#include file=/etc/passwd-->",
    "\r\nSet-Cookie: stolen=1",
    "=HYPERLINK(1)",
]
RUNS = re.compile(
    r"(?<!\\)\]\(|(?<!\\)<(?!br>)[a-z/!]", re.I
)  # what Markdown would turn into a link or a tag


@pytest.fixture(scope="module")
def models():
    return open_models(load_settings(profile="rules", environ={}))


@pytest.fixture
def site(site, models):
    return working(site, models)


@pytest.fixture
def ada(signed_in):
    return signed_in("clinician", npi="1234567893", name=f"Ada {SCRIPT}")


@pytest.fixture
def packet(ada, policies):
    """A packet whose patient, payer-facing names and notes are all hostile."""
    made = made_case(policies)
    for entry in made.bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            resource["name"] = [{"text": f"Mary {NASTY[4]} {SCRIPT} {NASTY[3]}"}]
        if resource["resourceType"] == "Practitioner":
            resource["name"] = [{"text": f"Dr. {NASTY[1]} {NASTY[2]}"}]
        if resource["resourceType"] == "Condition":
            resource.setdefault("code", {})["text"] = f"Obesity {NASTY[1]} {NASTY[5]}"
    return f"/api/v1/packets/{draft(ada, made)}"


class Tags(html.parser.HTMLParser):
    """Collects what a page would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag in ("script", "iframe", "object", "embed", "form", "base"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in named if name.startswith("on")]
        for name in ("href", "src"):
            value = (named.get(name) or "").strip().lower()
            if value and not value.startswith(("#", "/", "data:image/")):
                self.found.append(f"{tag} {name}={value[:40]}")


def test_the_letter_in_html_shows_hostile_words_and_runs_none(ada, packet):
    text = ada.get(f"{packet}/letter.html").text
    tags = Tags()
    tags.feed(text)
    assert tags.found == []
    assert SCRIPT not in text
    assert "&lt;script&gt;" in text
    assert "{{7*7}}" in text
    assert "49" not in re.findall(r"Mary[^<]*", text)[0]


def test_the_letter_in_markdown_shows_hostile_words_and_links_none(ada, packet):
    text = ada.get(f"{packet}/letter.md").text
    mary = [line for line in text.splitlines() if "Mary" in line]
    assert mary
    for line in mary:
        assert not RUNS.search(line), line


def test_json_answers_hold_hostile_words_as_they_were_and_are_never_sniffed(ada, packet):
    answer = ada.get(packet)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert SCRIPT in answer.json()["head"]["card"]["name"]
    sources = ada.get(f"{packet}/sources").json()
    for one in sources:
        opened = ada.get(f"{packet}/sources/{one['source']}")
        assert opened.status_code == 200
        assert opened.headers["content-type"] == "application/json"


def test_acts_take_hostile_words_as_words(ada, packet):
    record = ada.get(packet).json()["record"]
    version = 1
    for words in NASTY:
        sentence = record["narrative"][0]["id"]
        edit = {"act": "edit", "sentence": sentence, "text": words}
        answer = ada.post(f"{packet}/acts", json={"seen_version": version, "act": edit})
        assert answer.status_code in (200, 422), answer.text
        attach = {"act": "attach", "criterion": record["criteria"][0]["id"], "title": words, "text": words}
        attach |= {"date": "2026-01-01"}
        answer = ada.post(f"{packet}/acts", json={"seen_version": version, "act": attach})
        assert answer.status_code in (200, 409, 422), answer.text
        version = ada.get(f"{packet}/head").json()["version"]
        record = ada.get(packet).json()["record"]
        if not record["narrative"]:
            break
    tags = Tags()
    tags.feed(ada.get(f"{packet}/letter.html").text)
    assert tags.found == []
    assert ada.get(f"{packet}/letter.pdf").content.startswith(b"%PDF")


def test_pages_show_hostile_words_and_run_none(ada, packet):
    own = f"/packets/{packet.rsplit('/', 1)[1]}"
    for path in ("/", own, f"{own}/sign", f"{own}/export", f"{own}/differences"):
        answer = ada.get(path)
        assert answer.status_code == 200, path
        assert SCRIPT not in answer.text, path
        assert "<img src=x" not in answer.text, path
        assert "javascript:alert" not in re.sub(r"[^\"']*\]\(javascript:alert\(1\)\)", "", answer.text), path


def test_names_of_exports_are_ours(ada, packet):
    statement = ada.get(f"{packet}/statement").json()
    sign = {"version": statement["version"], "attested": True, "acknowledged": True}
    assert ada.post(f"{packet}/sign", json=sign).status_code == 200
    for form in ("pdf", "html", "json", "zip"):
        answer = ada.post(f"{packet}/export", json={"form": form})
        header = answer.headers["content-disposition"]
        assert re.fullmatch(
            r'attachment; filename="packet-[0-9a-f]{12}-v\d+\.(pdf|html|json|zip)"', header
        ), header
        assert "set-cookie" not in answer.headers
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert all(re.fullmatch(r"[a-z0-9/.-]+", name) for name in names), names


def test_a_file_name_with_a_line_break_never_reaches_a_header(ada):
    body = json.dumps({"resourceType": "Patient", "id": "p", "name": [{"text": "A"}]}).encode()
    files = [("files", ("patient.json", body)), ("files", ("a%0d%0aSet-Cookie: x=1.txt", b"Note."))]
    answer = ada.post("/api/v1/charts", files=files)
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("location", "/api/v1/charts/").startswith("/api/v1/charts/")


def test_queries_with_line_breaks_never_reach_a_header(ada, policies):
    made = made_case(policies)
    for _ in range(2):
        draft(ada, made, upload(ada, made))
    answer = ada.get("/api/v1/packets?rows=1&payer=")
    assert "\n" not in answer.headers["link"]
    for query in ("payer=a%0d%0aSet-Cookie:x=1", "q=%00", "policy=%0a"):
        assert ada.get(f"/api/v1/packets?rows=1&{query}").status_code in (400, 422)
    assert 'rel="next"' in ada.get("/api/v1/packets?rows=1&sort=%67aps").headers["link"]
