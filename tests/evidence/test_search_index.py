"""Hybrid search: both legs answer, the number is right, and abbreviations are found by their meaning."""

import time
from collections.abc import Sequence

import numpy as np
import pytest

from posology.chat.generator import ModelIdentity
from posology.errors import InternalError
from posology.evidence.embed import open_embedder
from posology.evidence.passages import Passage, split_passages
from posology.evidence.search import PassageIndex
from posology.evidence.tokens import expand_query, search_tokens
from posology.records.chart import Document
from posology.records.dates import parse_date
from posology.spans import Span

SENTENCES = (
    "Severe OSA on CPAP nightly.",
    "Known HTN, on lisinopril 20 mg daily.",
    "Degenerative joint disease of both knees.",
    "She works as a teacher and has two children.",
    "Colonoscopy in 2019 was normal.",
    "Seen for E11.9 follow up.",
    "MTX 15 mg weekly stopped for nausea.",
    "Completed PT twice a week.",
)


def passage(text: str, source: str = "DocumentReference/a", date: str = "2024-01-01") -> Passage:
    return Passage(source, 0, len(text), text, (Span(0, len(text)),), date=parse_date(date))


@pytest.fixture(scope="module")
def index() -> PassageIndex:
    return PassageIndex(
        [passage(s, f"DocumentReference/{n}") for n, s in enumerate(SENTENCES)], open_embedder()
    )


class BrokenEmbedder:
    """An embedder that loses rows."""

    identity = ModelIdentity("broken", "test", "", "", "")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((max(0, len(texts) - 1), 4), dtype=np.float32)


@pytest.mark.parametrize(
    ("query", "expected", "why"),
    [
        ("obstructive sleep apnea", 0, "an abbreviation in the note, the long form in the query"),
        ("hypertension", 1, "HTN is hypertension"),
        ("osteoarthritis of the knee", 2, "another name of the same disease"),
        ("E11.9", 5, "a code is one token"),
        ("methotrexate", 6, "MTX is methotrexate"),
        ("physical therapy", 7, "PT widens a search though it has other meanings"),
        ("lisinopril 20 mg", 1, "a drug with its dose"),
    ],
)
def test_a_query_finds_its_sentence_first(index: PassageIndex, query: str, expected: int, why: str) -> None:
    assert index.search(query, 3)[0].passage.text == SENTENCES[expected], why


def test_a_search_returns_as_many_as_asked_or_all(index: PassageIndex) -> None:
    for k in (1, 3, len(SENTENCES), 100):
        assert len(index.search("sleep apnea", k)) == min(k, len(SENTENCES))


def test_a_hit_tells_its_rank_in_both_legs(index: PassageIndex) -> None:
    best = index.search("methotrexate nausea", 8)
    assert best[0].bm25_rank == 1
    assert {hit.dense_rank for hit in best} == set(range(1, 9))
    assert any(hit.bm25_rank is None for hit in best), "passages without a shared word are not ranked by BM25"


def test_an_empty_index_and_an_empty_query_find_nothing(index: PassageIndex) -> None:
    assert PassageIndex([], open_embedder()).search("sleep apnea", 5) == []
    assert index.search("", 5) == []
    assert index.search("sleep", 0) == []


def test_words_unknown_to_every_passage_leave_the_dense_leg(index: PassageIndex) -> None:
    hits = index.search("zymurgy", 2)
    assert [hit.bm25_rank for hit in hits] == [None, None]


def test_copied_forward_text_counts_once_and_shows_the_latest() -> None:
    copies = [
        passage("Severe OSA on CPAP.", f"DocumentReference/{y}", f"{y}-05-01") for y in (2021, 2023, 2022)
    ]
    index = PassageIndex([*copies, passage("Normal gait.")], open_embedder())
    hits = index.search("sleep apnea", 8)
    assert len(hits) == len(index) == 2
    assert hits[0].passage.source == "DocumentReference/2023"
    assert {c.source for c in hits[0].copies} == {"DocumentReference/2021", "DocumentReference/2022"}


def test_an_embedder_that_loses_a_passage_is_an_error() -> None:
    with pytest.raises(InternalError, match="1 vectors for 2 passages"):
        PassageIndex([passage("One."), passage("Two.")], BrokenEmbedder())


def test_a_leg_that_returns_too_little_is_an_error() -> None:
    class Short(PassageIndex):
        def search_meaning(self, text: str, depth: int) -> list[int]:
            return super().search_meaning(text, depth)[:1]

    index = Short([passage("Severe OSA."), passage("Normal gait."), passage("Knee pain.")], open_embedder())
    with pytest.raises(InternalError, match="of 3 passages"):
        index.search("zymurgy", 3)


@pytest.mark.parametrize(
    ("text", "tokens", "why"),
    [
        ("E11.9", ["e11.9"], "a code keeps its point"),
        ("metformin 500 mg", ["metformin", "500", "mg", "500mg"], "a number keeps its unit"),
        ("BP 120/80", ["bp", "120/80"], "a ratio stays whole"),
        ("HbA1c 7.2", ["hba1c", "7.2"], "digits inside a word and decimals"),
        ("co-morbidities", ["comorbidity", "morbidity"], "a hyphen is no border, a plural no difference"),
        ("weeks week", ["week", "week"], "plural and singular are one"),
        ("diagnosis", ["diagnosis"], "not every s is a plural"),
        ("of the", [], "small words say nothing"),
    ],
)
def test_search_tokens_keep_what_carries_meaning(text: str, tokens: list[str], why: str) -> None:
    assert search_tokens(text) == tokens, why


def test_lower_case_words_are_not_abbreviations() -> None:
    assert "rheumatoid" not in expand_query("gamma ra decay")[1]
    assert "rheumatoid" in expand_query("RA, seropositive")[1]


def test_two_thousand_notes_are_indexed_and_searched_in_seconds() -> None:
    words = " ".join(SENTENCES)
    notes = [Document(f"DocumentReference/{n}", "", "note", f"Visit {n}. {words} " * 4) for n in range(2000)]
    start = time.process_time()
    index = PassageIndex(split_passages(notes), open_embedder())
    for _ in range(10):
        assert len(index.search("Is obstructive sleep apnea treated with CPAP?", 8)) == 8
    assert time.process_time() - start < 20, "seconds of processor; about 3 on an idle machine"
