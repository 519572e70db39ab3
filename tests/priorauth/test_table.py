"""Evidence in and out of a packet: nothing of it is lost, and ids stay what they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import UserError
from posology.priorauth.table import EvidenceTable, evidence_key
from posology.quotes import Evidence, EvidenceKind, evidence_from_json
from tests.priorauth.drafted import POLICIES, drafted

WORDS = st.text(max_size=12)
SPANS = st.tuples(st.integers(0, 99), st.integers(0, 99)) | st.just((None, None))


@st.composite
def pieces(draw):
    start, end = draw(SPANS)
    return Evidence(
        draw(st.sampled_from(EvidenceKind)),
        draw(WORDS),
        draw(WORDS),
        path=draw(WORDS),
        start=start,
        end=end,
        date=draw(st.none() | WORDS),
        derived_from=(),
        how=draw(WORDS),
        label=draw(WORDS),
    )


@given(pieces(), st.lists(WORDS, max_size=3))
@settings(max_examples=200)
def test_evidence_is_read_back_as_it_was_written(piece, origins):
    if piece.kind is EvidenceKind.DERIVED:
        piece = Evidence(EvidenceKind.DERIVED, "", piece.quote, derived_from=tuple(origins), how=piece.how)
    assert evidence_from_json(piece.as_json("e1")) == piece


@given(st.lists(pieces(), max_size=8), st.lists(pieces(), max_size=8))
@settings(max_examples=60)
def test_a_table_that_is_read_back_keeps_its_ids_and_adds_after_them(first, more):
    table = EvidenceTable()
    ids = table.identify([piece for piece in first if piece.kind is not EvidenceKind.DERIVED])
    rows = table.as_json()
    again = EvidenceTable(rows)
    assert again.as_json() == rows
    assert again.identify(again.items(ids)) == ids
    added = again.identify(more)
    known = {evidence_key(piece) for piece in table.items(ids)}
    assert [one for one in added if one not in ids] == [
        one for one, piece in zip(added, again.items(added), strict=True) if evidence_key(piece) not in known
    ]


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_the_evidence_of_a_draft_is_read_back_as_it_is(policy_id):
    rows = drafted(policy_id).record["evidence"]
    assert EvidenceTable(rows).as_json() == rows


def test_statements_of_two_persons_in_the_same_words_are_two_pieces_of_evidence():
    table = EvidenceTable()
    said = [
        Evidence(EvidenceKind.HUMAN, "review", "It is so.", how=by, date=day)
        for by, day in (("A", "2026-01-01"), ("B", "2026-01-01"), ("A", "2026-01-02"))
    ]
    assert table.identify(said) == ["e1", "e2", "e3"]


@pytest.mark.parametrize("row", [{"id": "e1", "kind": "rumour", "quote": "x"}, {"id": "e1", "kind": "text"}])
def test_a_row_that_is_no_evidence_is_refused(row):
    with pytest.raises(UserError, match="'e1' cannot be read"):
        evidence_from_json(row)
    with pytest.raises(UserError, match="'e7' is not among"):
        EvidenceTable().items(["e7"])
