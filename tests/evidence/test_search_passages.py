"""Passages cover every sentence, keep exact offsets, and never cross a section's border."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from posology.evidence.passages import split_passages
from posology.records.chart import Document
from posology.records.sentences import sentence_spans

NOTE = """CHIEF COMPLAINT: Knee pain.

HISTORY OF PRESENT ILLNESS:
The patient has had knee pain for 2 years. She tried ibuprofen without relief.

FAMILY HISTORY:
Mother with type 2 diabetes. Father with hypertension.
"""


def document(text: str, source: str = "DocumentReference/a") -> Document:
    return Document(source, "Visit", "note", text)


def test_a_passage_quotes_its_document_exactly() -> None:
    for passage in split_passages([document(NOTE)]):
        assert NOTE[passage.start : passage.end] == passage.text
        for sentence in passage.sentences:
            assert passage.sentence_text(sentence) == sentence.of(NOTE)


def test_a_passage_stays_in_its_section_and_names_it() -> None:
    passages = split_passages([document(NOTE)])
    family = [p for p in passages if "diabetes" in p.text]
    assert [p.section for p in family] == ["family_history"]
    assert all("ibuprofen" not in p.text for p in family)


def test_long_notes_make_windows_that_share_one_sentence() -> None:
    text = " ".join(f"The patient walked {n} meters on day {n} of her program." for n in range(60))
    passages = split_passages([document(text)])
    assert len(passages) > 3
    assert all(60 <= len(p.text.split()) <= 120 for p in passages[:-1])
    for left, right in pairwise(passages):
        assert left.sentences[-1] == right.sentences[0]
        assert len(right.sentences) > 1


def test_a_sentence_longer_than_a_passage_stays_whole() -> None:
    text = "Medications include " + ", ".join(f"drug{n}" for n in range(300)) + "."
    (passage,) = split_passages([document(text)])
    assert passage.text == text


def test_an_empty_document_has_no_passage() -> None:
    assert split_passages([document(""), document(" \n\n ")]) == ()


def test_the_repr_of_a_passage_hides_its_words() -> None:
    assert "knee" not in repr(split_passages([document(NOTE)])).lower()


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["Pain is 4/10. ", "PLAN:\n", "- item\n", "Dr. Lee agreed. ", "\n\n", "No x. ", "word " * 70]
        ),
        max_size=25,
    )
)
def test_every_sentence_stands_whole_in_some_passage(pieces: list[str]) -> None:
    text = "".join(pieces)
    held = {span for passage in split_passages([document(text)]) for span in passage.sentences}
    assert held == set(sentence_spans(text))
