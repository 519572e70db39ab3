"""Three renderings, the same words, and nothing in a text that acts."""

import html as html_text
import re
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letter_packets import HOSTILE, PACKETS, hostile, ready
from markdown_it import MarkdownIt
from pypdf import PdfReader
from selectolax.lexbor import LexborHTMLParser
from test_letter_view import SIGNED, texts_of

from posology.errors import InternalError
from posology.priorauth.letter import LetterView, build_view, render_html, render_markdown, render_pdf
from posology.priorauth.letter.markdown import escape
from posology.priorauth.letter.reading import clean

GOLDEN = Path(__file__).parent / "golden"
SHA256 = "0123456789abcdef" * 4
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

SHOWN_TAGS = {
    *("blockquote", "br", "em", "h1", "h2", "h3", "hr", "li", "p", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}


def view_of(name: str) -> LetterView:
    return build_view(PACKETS[name](), packet_sha256=SHA256)


def squeeze(text: str) -> str:
    """Drop what typesetting may change: white space, break marks, hyphens at a line's end."""
    return re.sub(r"[\s\-\u200b\u00ad\ufffe\u0002]", "", text)


def words_of(view: LetterView) -> list[str]:
    """Return every text of a view that a reader must find in each rendering."""
    record = asdict(view)
    for row in (row for group in record["criteria"] for row in group["rows"]):
        del row["id"], row["tone"]
    for source in record["sources"]:
        del source["ids"]
    if record["strip"]:
        del record["strip"]["tone"]
    for part in ("criteria", "sources", "worksheet"):
        if not record[part]:  # an empty part has no heading
            record = {key: value for key, value in record.items() if not key.startswith(part)}
    return [text for text in texts_of(record) if text]


def pdf_text(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    try:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()


def shown_html(page: str) -> str:
    tree = LexborHTMLParser(page)
    for node in tree.css("style, title"):
        node.decompose()
    assert tree.body is not None
    return tree.body.text()


def shown_markdown(text: str) -> str:
    return html_text.unescape(re.sub(r"<[^>]*>", "", MARKDOWN.render(text)))


@pytest.mark.parametrize("form", ["md", "html"])
@pytest.mark.parametrize("name", [name for name in PACKETS if name != "hostile"])
def test_the_letter_is_the_golden_one(name: str, form: str) -> None:
    render = {"md": render_markdown, "html": render_html}[form]
    assert render(view_of(name)) == (GOLDEN / f"{name}.{form}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PACKETS)
def test_html_says_every_word_of_the_view(name: str) -> None:
    view = view_of(name)
    shown = squeeze(shown_html(render_html(view)))
    assert [text for text in words_of(view) if squeeze(text) not in shown] == []


@pytest.mark.parametrize("name", PACKETS)
def test_markdown_says_every_word_of_the_view(name: str) -> None:
    view = view_of(name)
    shown = squeeze(shown_markdown(render_markdown(view)))
    assert [text for text in words_of(view) if squeeze(text) not in shown] == []


@pytest.mark.parametrize("name", [name for name in PACKETS if name != "hostile"])
def test_pdf_says_every_word_of_the_view(name: str) -> None:
    view = view_of(name)
    shown = squeeze(" ".join(without_edges(page, view) for page in pdf_text(render_pdf(view))))
    assert [text for text in words_of(view) if text != view.footer and squeeze(text) not in shown] == []


def without_edges(page: str, view: LetterView) -> str:
    """Return a page's text without header and footer, which stand between the parts of a split text."""
    lines = [line for line in page.splitlines() if line.strip() and line.strip() != view.draft_mark]
    kept = [line for line in lines if view.footer not in line and not re.match(r"Page \d+ of \d+", line)]
    columns = [" ".join(titles) for titles in (view.criteria_columns, view.sources_columns)]
    return "\n".join([*kept, *columns, view.draft_mark])


@pytest.mark.parametrize("name", PACKETS)
def test_every_page_of_an_unsigned_letter_says_draft_policy_packet_and_page(name: str) -> None:
    view = view_of(name)
    pages = pdf_text(render_pdf(view))
    for number, page in enumerate(pages, start=1):
        assert "DRAFT" in page
        assert view.footer in page
        assert f"Page {number} of {len(pages)}" in page


def test_no_page_of_a_signed_letter_says_draft() -> None:
    view = build_view(ready(), packet_sha256=SHA256, signature=SIGNED)
    assert not any("draft" in page.lower() for page in pdf_text(render_pdf(view)))
    assert "draft" not in shown_html(render_html(view)).lower()
    assert "draft" not in render_markdown(view).lower()


@pytest.mark.parametrize("name", PACKETS)
def test_the_same_packet_gives_the_same_bytes(name: str) -> None:
    assert render_pdf(view_of(name)) == render_pdf(view_of(name))


def test_the_pdf_is_tagged_titled_archivable_and_free_of_the_patients_name(tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    file.write_bytes(render_pdf(view_of("review")))
    reader = PdfReader(file)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part>\s*1\b", metadata)
    assert re.search(r"pdfaid:part>\s*2\b", metadata)
    assert reader.metadata is not None
    assert (
        reader.metadata.title == "Prior authorization request: MRI of the lumbar spine (HCPCS C8931) (DRAFT)"
    )
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date().isoformat() == "2023-04-03"
    assert "Ortega" not in metadata


def test_citation_marks_of_the_pdf_lead_to_the_sources() -> None:
    document = pypdfium2.PdfDocument(render_pdf(view_of("ready")))
    try:
        links = 0
        for number in range(len(document)):
            page = document[number]
            links += sum("/Link" in str(kind) for kind in annotation_kinds(page))
    finally:
        document.close()
    assert links >= len(view_of("ready").sources)


def annotation_kinds(page: pypdfium2.PdfPage) -> list[str]:
    raw = pypdfium2.raw
    kinds = []
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        kinds.append("/Link" if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_LINK else "other")
        raw.FPDFPage_CloseAnnot(annotation)
    return kinds


def test_a_character_without_a_glyph_is_shown_as_its_code_point_and_said() -> None:
    text = squeeze(" ".join(pdf_text(render_pdf(build_view(hostile())))))
    assert "[U+60A3][U+8005]" in text
    assert "[U+1F600]" in text
    assert squeeze("Some characters have no glyph") in text


@pytest.mark.parametrize(
    "text",
    [text for text in HOSTILE if text.isascii() and len(text) < 200 and text.isprintable()],
)
def test_typesetting_shows_hostile_text_as_it_is(text: str) -> None:
    shown = squeeze(" ".join(pdf_text(render_pdf(build_view(hostile())))))
    assert squeeze(text) in shown


def test_two_hundred_sentences_all_appear() -> None:
    shown = squeeze(" ".join(pdf_text(render_pdf(build_view(hostile())))))
    missing = [n for n in range(200) if f"Sentence{n}saysthatnothingisnew." not in shown]
    assert len(missing) <= 5, "a sentence split by a page's end is not found whole"
    page = shown_html(render_html(build_view(hostile())))
    assert all(f"Sentence {n} says that nothing is new." in page for n in range(200))


def test_a_fault_of_the_typesetter_is_ours_and_quotes_no_text() -> None:
    view = replace(build_view(ready()), strip=replace(build_view(ready()).strip, tone="Ortega"))  # type: ignore[type-var]
    with pytest.raises(InternalError) as caught:
        render_pdf(view)
    assert "Ortega" not in str(caught.value)


@pytest.mark.parametrize("name", PACKETS)
def test_html_runs_nothing_and_asks_for_nothing(name: str) -> None:
    tree = LexborHTMLParser(render_html(view_of(name)))
    assert tree.css("script, link, img, iframe, object, embed, form, base, svg") == []
    for node in tree.css("*"):
        attributes = node.attributes
        assert not any(key.startswith("on") or key in ("style", "src", "srcset") for key in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "url(" not in tree.css_first("style").text()


@pytest.mark.parametrize("name", PACKETS)
def test_every_citation_of_the_html_has_its_anchor(name: str) -> None:
    tree = LexborHTMLParser(render_html(view_of(name)))
    anchors = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(anchors) == len(set(anchors))
    assert {(node.attributes["href"] or "")[1:] for node in tree.css("a")} <= set(anchors)


def test_html_has_one_main_a_language_one_first_heading_and_named_columns() -> None:
    tree = LexborHTMLParser(render_html(view_of("review")))
    assert tree.css_first("html").attributes["lang"] == "en"
    assert len(tree.css("main")) == len(tree.css("h1")) == 1
    levels = [int((node.tag or "h0")[1]) for node in tree.css("h1, h2, h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in tree.css("table"):
        assert table.css("thead th[scope=col]")


def test_markdown_of_hostile_texts_holds_no_link_no_image_and_no_raw_markup() -> None:
    rendered = MARKDOWN.render(render_markdown(view_of("hostile")))
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", rendered))
    assert tags <= SHOWN_TAGS


@settings(max_examples=300)
@given(
    st.text(
        alphabet=st.sampled_from("ab1. \t#*_-+=`~[]()<>|\\&;!:/@$\"'{}^éwhtps")
        | st.characters(codec="utf-8"),
        max_size=30,
    )
)
def test_escaped_markdown_shows_exactly_the_text(text: str) -> None:
    cleaned = clean(text)
    shown = shown_markdown(f"{escape(cleaned)}\n")
    assert " ".join(shown.split()) == cleaned
    cell = shown_markdown(f"| a |\n| --- |\n| {escape(cleaned)} |\n")
    assert " ".join(cell.split()) == f"a {cleaned}".strip()


@pytest.mark.parametrize("text", ["https://example.org", "www.example.org", "ftp://x.y", "mail@example.org"])
def test_no_address_in_a_text_becomes_a_link(text: str) -> None:
    linking = MarkdownIt("commonmark").enable(["table"])
    assert "<a" not in linking.render(escape(f"see {text} now"))
    assert text not in escape(text)


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=40))
def test_any_text_at_all_can_be_set_as_pdf(text: str) -> None:
    packet = ready()
    packet["patient"]["name"] = text
    packet["criteria"][0]["reason"] = text
    assert render_pdf(build_view(packet)).startswith(b"%PDF-1.7")
