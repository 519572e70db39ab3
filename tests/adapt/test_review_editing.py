"""A person's decision goes into one line of the file, checked as it will be checked when it is accepted."""

import codecs
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.adapt.teacher import read_reviews
from posology.adapt.teacher.checks import find_quote, stands_in
from posology.adapt.teacher.editing import Answer, Decision, Judged, decide, read_open, reopen
from posology.errors import Conflict, NotFound, OutputError, RequestError, UserError

SAID = "Montelukast brought no relief at all."
DOCUMENT = f"SUBJECTIVE. Comes for a visit.\n{SAID}\nSleeps through most nights."
SECTION = "a leukotriene antagonist was tried and failed"
POLICIES = {"p1": f"Coverage requires that {SECTION}.\nRequests are reviewed yearly."}
SOUND = Decision("accept", "Dr. Reviewer", DOCUMENT, (Answer("yes", SAID, SECTION),))


def row(name: str, **more) -> dict:
    point = {"leaf": "failed", "question": "Did montelukast fail?", "told": "yes", "quote": SAID}
    made = {"posology": "review/1", "id": name, "policy": "p1", "document": DOCUMENT, "points": [point]}
    made["provenance"] = {"source": "a teacher on scenarios", "licence": "made here", "group": name}
    return {**made, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three candidates as a person may have left them: one spaced by hand, a blank line, one with CRLF."""
    path = tmp_path / "reviews.jsonl"
    spaced = json.dumps(row("two"), indent=None, separators=(" , ", " :  "), ensure_ascii=True)
    path.write_bytes(f"{json.dumps(row('one'))}\n\n{spaced}\n{json.dumps(row('three'))}\r\n".encode())
    return path


def seen(file: Path) -> str:
    return read_open(file).sha256


def test_a_sound_decision_stands_in_its_line_and_every_other_line_stays_byte_for_byte(file: Path) -> None:
    before = file.read_bytes().split(b"\n")
    judged = decide(file, seen(file), "two", SOUND, POLICIES)
    assert judged == Judged((), read_open(file))
    after = file.read_bytes().split(b"\n")
    assert [n for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [2]
    decided = {one.id: one for one in read_reviews(file, POLICIES)}["two"]
    assert (decided.verdict, decided.by, decided.points[0].section) == ("accept", "Dr. Reviewer", SECTION)
    assert decided.document == DOCUMENT


def test_a_line_that_ends_in_crlf_keeps_its_end(file: Path) -> None:
    decide(file, seen(file), "three", SOUND, POLICIES)
    assert file.read_bytes().endswith(b"}\r\n")
    assert b'"verdict": "accept"' in file.read_bytes()


@pytest.mark.parametrize(
    ("changed", "key", "words"),
    [
        ({"by": "  "}, "by", "say who you are"),
        ({"verdict": "reject", "by": ""}, "by", "say who you are"),
        ({"answers": (Answer("yes", "Never said.", ""),)}, "quote", "does not stand in the document"),
        ({"answers": (Answer("yes", "", ""),)}, "quote", "does not stand in the document"),
        ({"answers": (Answer("not stated", SAID, ""),)}, "quote", "not stated, and yet a quote"),
        (
            {"answers": (Answer("yes", SAID, "Never written."),)},
            "section",
            "does not stand in the text of p1",
        ),
        ({"document": "Another document."}, "quote", "does not stand in the document"),
    ],
)
def test_an_unsound_decision_is_told_by_its_field_and_nothing_is_written(
    file: Path, changed: dict, key: str, words: str
) -> None:
    before, found = file.read_bytes(), read_open(file)
    judged = decide(file, found.sha256, "two", replace(SOUND, **changed), POLICIES)
    (finding,) = judged.findings
    assert judged.found == found
    assert finding.key == key
    assert words in finding.words
    assert "Montelukast" not in finding.words
    assert file.read_bytes() == before


def test_what_the_page_refuses_accept_refuses_with_the_same_words(file: Path) -> None:
    wrong = replace(SOUND, answers=(Answer("yes", "Never said.", ""),))
    (finding,) = decide(file, seen(file), "one", wrong, POLICIES).findings
    hand = row("one", verdict="accept", by="R")
    hand["points"][0]["quote"] = "Never said."
    file.write_text(json.dumps(hand) + "\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_reviews(file, POLICIES)
    assert str(caught.value) == f"reviews.jsonl, line 1: {finding.words}"


def test_a_section_of_a_policy_that_is_not_given_is_refused(file: Path) -> None:
    (finding,) = decide(file, seen(file), "one", SOUND, {}).findings
    assert "p1 is not among those given" in finding.words


@pytest.mark.parametrize(
    "verdict",
    ["reject", ""],
    ids=["rejected: it is not learned from", "undecided: it may be half corrected"],
)
def test_only_an_accepted_line_must_be_sound(file: Path, verdict: str) -> None:
    half = replace(SOUND, verdict=verdict, answers=(Answer("no", "Not yet found.", ""),))
    assert decide(file, seen(file), "one", half, POLICIES).findings == ()
    kept = read_open(file).find("one").line
    assert (kept.verdict, kept.by) == (verdict, "Dr. Reviewer" if verdict else "")
    assert kept.points[0].quote == "Not yet found."


def test_a_verdict_is_taken_back_and_corrections_stay(file: Path) -> None:
    corrected = replace(SOUND, document=DOCUMENT.replace("a visit", "a check"))
    decide(file, seen(file), "one", corrected, POLICIES)
    reopen(file, seen(file), "one")
    line = read_open(file).find("one").line
    assert (line.verdict, line.by) == ("", "")
    assert "a check" in line.document
    assert line.points[0].section == SECTION


def test_a_file_that_was_changed_meanwhile_is_not_written_over(file: Path) -> None:
    old = seen(file)
    file.write_bytes(file.read_bytes().replace(b"most nights", b"each night"))
    before = file.read_bytes()
    nameless = replace(SOUND, by="")
    for act in (
        lambda: decide(file, old, "one", SOUND, POLICIES),
        lambda: decide(file, old, "one", nameless, POLICIES),
        lambda: reopen(file, old, "one"),
    ):
        with pytest.raises(Conflict, match="changed by another program"):
            act()
    assert file.read_bytes() == before


def test_a_byte_order_mark_stays_and_is_a_change_of_the_file_but_of_no_line(file: Path) -> None:
    old = read_open(file)
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    with pytest.raises(Conflict):
        decide(file, old.sha256, "one", SOUND, POLICIES)
    assert read_open(file).rows == old.rows
    before = file.read_bytes().split(b"\n")
    decide(file, seen(file), "one", SOUND, POLICIES)
    reopen(file, seen(file), "one")
    decide(file, seen(file), "three", SOUND, POLICIES)
    after = file.read_bytes().split(b"\n")
    assert after[0].startswith(codecs.BOM_UTF8 + b"{")
    assert [n for n, (x, y) in enumerate(zip(before, after, strict=True)) if x != y] == [0, 3]
    marked = seen(file)
    file.write_bytes(file.read_bytes().removeprefix(codecs.BOM_UTF8))
    with pytest.raises(Conflict):
        reopen(file, marked, "one")


class Meddling(dict):
    """Policies with whose look-up another program saves the file, after it was read."""

    def __init__(self, save: Callable[[], object]) -> None:
        super().__init__(POLICIES)
        self.save = save

    def __contains__(self, key: object) -> bool:
        self.save()
        return super().__contains__(key)


def save_in_place(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")


def save_beside_and_rename(file: Path) -> None:
    """Save as editors do, another file of the same size that also has the old one's times."""
    was, other = file.stat(), file.with_name("other")
    other.write_bytes(file.read_bytes().replace(b"most nights", b"many nights"))
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.replace(file)


def save_with_the_same_size(file: Path) -> None:
    was = file.stat()
    file.write_bytes(file.read_bytes().replace(b"most nights", b"many nights"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns + 1))


@pytest.mark.parametrize(
    "save", [save_in_place, save_beside_and_rename, save_with_the_same_size, Path.unlink]
)
def test_a_save_between_reading_and_replacing_is_noticed(file: Path, save: Callable[[Path], object]) -> None:
    old = seen(file)
    left: list[bytes] = []

    def meddle() -> None:
        save(file)
        left.extend([file.read_bytes()] if file.exists() else [])

    with pytest.raises(Conflict, match="changed by another program"):
        decide(file, old, "one", SOUND, Meddling(meddle))
    assert ([file.read_bytes()] if file.exists() else []) == left
    assert set(os.listdir(file.parent)) <= {"reviews.jsonl"}


@pytest.mark.parametrize(
    ("entered", "stands"),
    [
        (DOCUMENT.replace("\n", "\r\n"), DOCUMENT),
        (DOCUMENT.replace("\n", "\r\n").replace("visit", "check"), DOCUMENT.replace("visit", "check")),
        (f"\n{DOCUMENT}", f"\n{DOCUMENT}"),
    ],
    ids=["a form sends CRLF for every end", "and where words changed too", "a blank line may come first"],
)
def test_line_ends_of_a_form_are_not_corrections(file: Path, entered: str, stands: str) -> None:
    decide(file, seen(file), "one", replace(SOUND, document=entered), POLICIES)
    assert read_open(file).find("one").line.document == stands


def test_a_document_of_other_line_ends_stays_as_it_was_unless_it_is_corrected(tmp_path: Path) -> None:
    file = tmp_path / "reviews.jsonl"
    windows = DOCUMENT.replace("\n", "\r\n") + "\0"
    file.write_text(json.dumps(row("one", document=windows)) + "\n", encoding="utf-8")
    entered = windows.replace("\0", "\ufffd")  # as browsers send it
    decide(file, seen(file), "one", replace(SOUND, document=entered), POLICIES)
    assert read_open(file).find("one").line.document == windows


@pytest.mark.parametrize(
    ("name", "answers", "error"),
    [
        ("nobody", SOUND.answers, NotFound),
        ("one", (), RequestError),
        ("one", SOUND.answers * 2, RequestError),
    ],
    ids=["no such candidate", "an answer is missing", "an answer too many"],
)
def test_a_decision_that_does_not_fit_its_line_is_an_error(file: Path, name: str, answers, error) -> None:
    before = file.read_bytes()
    with pytest.raises(error):
        decide(file, seen(file), name, replace(SOUND, answers=answers), POLICIES)
    assert file.read_bytes() == before


def test_an_empty_document_is_refused(file: Path) -> None:
    with pytest.raises(UserError, match="line 1: document"):
        decide(file, seen(file), "one", replace(SOUND, verdict="reject", document=""), POLICIES)


def test_the_file_appears_whole_or_stays_and_nothing_is_left_beside_it(file: Path) -> None:
    inode = file.stat().st_ino
    decide(file, seen(file), "one", SOUND, POLICIES)
    assert file.stat().st_ino != inode  # another file took its place
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["reviews.jsonl"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error_and_the_file_stays(file: Path) -> None:
    before = file.read_bytes()
    file.parent.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            decide(file, seen(file), "one", SOUND, POLICIES)
    finally:
        file.parent.chmod(0o700)
    assert file.read_bytes() == before


def test_what_is_open_shows_no_words_of_a_document(file: Path) -> None:
    shown = repr((read_open(file), SOUND, read_reviews(file, POLICIES)))
    assert "Montelukast" not in shown
    assert "leukotriene" not in shown


WORDS = st.text(alphabet="ab.( \n\t\u00a0\u2028\x1c", max_size=12)


@given(WORDS, WORDS)
def test_a_quote_is_found_exactly_where_white_space_aside_it_stands_in_the_text(
    quote: str, text: str
) -> None:
    plain = " ".join(quote.split())
    assert stands_in(quote, text) == (bool(plain) and plain in " ".join(text.split()))
    span = find_quote(quote, text)
    if span is not None:
        assert " ".join(span.of(text).split()) == plain
