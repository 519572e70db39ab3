"""Windows of pieces and BIO spans: nothing is lost, characters come out exactly."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import ModelError
from posology.evidence.heads.joining import join_rows, join_texts, log_softmax
from posology.evidence.heads.tags import Span, decode_tags, tag_pieces, tags_of_labels
from posology.evidence.heads.windows import Cutter, Pieces, padded
from tests.adapt.made_encoder import WORDS, made_tokenizer

CUTTER = Cutter(made_tokenizer(), 40, 6)
LABELS = ("Chemical", "Disease")


def plain(count: int, first: int = 10) -> Pieces:
    """Return pieces that are told apart by their ids."""
    places = tuple((2 * n, 2 * n + 1) for n in range(count))
    return Pieces(tuple(range(first, first + count)), places, (False,) * count)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=3))
@settings(max_examples=40)
def test_every_piece_is_read_and_from_a_window_that_holds_it(sizes: list[int]) -> None:
    texts = [plain(size) for size in sizes]
    windows = CUTTER.single(texts)
    assert all(len(window.ids) <= 40 for window in windows)
    ids = [np.array(window.ids, dtype=np.float64)[:, None] for window in windows]
    joined = join_rows(windows, ids, sizes)
    assert [tuple(rows[:, 0].astype(int)) for rows in joined] == [text.ids for text in texts]


def test_a_piece_of_two_windows_is_read_from_the_one_that_sees_more_around_it() -> None:
    windows = CUTTER.single([plain(60)])
    marked = [np.full((len(window.ids), 1), n, dtype=float) for n, window in enumerate(windows)]
    (rows,) = join_rows(windows, marked, [60])
    assert [window.start for window in windows] == [0, 32]
    assert rows[:, 0].tolist() == [0.0] * 35 + [1.0] * 25, "the shared pieces are 32 to 38"


@given(st.integers(1, 150), st.integers(1, 150))
@settings(max_examples=40)
def test_windows_of_a_pair_hold_of_both_and_together_all(first: int, second: int) -> None:
    a, b = plain(first, 1000), plain(second, 5000)
    windows = CUTTER.paired([(a, b)])
    together = set()
    for window in windows:
        assert len(window.ids) <= 40
        border = window.types.index(1)
        left, right = window.ids[1 : border - 1], window.ids[border:-1]
        assert left
        assert right
        assert window.lead == border
        assert right[0] == 5000 + window.start
        together |= set(product(left, right))
    assert len(together) == first * second, "every piece of one stands beside every piece of the other"


def test_a_short_claim_is_whole_in_every_window_of_its_evidence() -> None:
    claim = plain(7, 1000)
    windows = CUTTER.paired([(claim, plain(200, 5000))])
    assert len(windows) > 3
    assert {window.ids[1:8] for window in windows} == {claim.ids}


def test_windows_too_small_for_their_overlap_are_refused() -> None:
    with pytest.raises(ModelError, match="windows of 32 pieces are too small for an overlap of 20"):
        Cutter(made_tokenizer(), 32, 20)


def test_padding_is_masked() -> None:
    ids, mask, types = padded(CUTTER.paired([(plain(2), plain(3)), (plain(1), plain(9))]))
    assert ids.shape == mask.shape == types.shape
    assert mask.sum(axis=1).tolist() == [8, 13]
    assert (ids[mask == 0] == 0).all()


def test_texts_are_joined_by_the_mean_or_by_the_window_likeliest_of_a_label() -> None:
    windows = CUTTER.single([plain(60), plain(3)])
    rows = [np.array([3.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5, 0.0])]
    assert join_texts(windows, rows, 2).tolist() == [[1.5, 0.5], [0.5, 0.0]]
    assert join_texts(windows, rows, 2, highest=1).tolist() == [[0.0, 1.0], [0.5, 0.0]]


def one_hot(tags: tuple[int, ...], count: int) -> np.ndarray:
    return log_softmax(9.0 * np.eye(count)[list(tags)].reshape(-1, count))


@st.composite
def marked_text(draw) -> tuple[str, list[Span]]:
    words = draw(st.lists(st.sampled_from([*WORDS, "Gout", "ARTHITIS", "Zoë", "µg", "1,1", "…"]), min_size=1))
    joints = draw(st.lists(st.sampled_from([" ", "  ", "\n", "-"]), min_size=len(words), max_size=len(words)))
    text, places = "", []
    for word, joint in zip(words, joints, strict=True):
        places.append((len(text), len(text) + len(word)))
        text += word + joint
    spans, at = [], 0
    while at < len(words):
        size = draw(st.integers(1, 3))
        if draw(st.booleans()):
            last = min(at + size, len(words)) - 1
            spans.append(Span(places[at][0], places[last][1], draw(st.sampled_from(LABELS))))
        at += size
    return text, spans


@given(marked_text())
@settings(max_examples=60)
def test_spans_at_the_edges_of_words_come_back_to_the_character(made: tuple[str, list[Span]]) -> None:
    text, spans = made
    (pieces,) = CUTTER.pieces([text])
    tagged = tag_pieces(pieces, spans, LABELS)
    found = decode_tags(one_hot(tagged.tags, 5), pieces, LABELS, whole_words=True)
    assert (tagged.widened, tagged.left_out) == (0, 0)
    assert [(one.start, one.end, one.label) for one in found] == [
        (one.start, one.end, one.label) for one in spans
    ]


@pytest.mark.parametrize(
    ("spans", "widened", "left_out", "why"),
    [
        ([Span(0, 3, "Disease")], 1, 0, "it ends within the piece gout"),
        ([Span(0, 9, "Disease"), Span(5, 9, "Chemical")], 0, 1, "the one that begins later is left out"),
        (
            [Span(0, 4, "Disease"), Span(0, 9, "Chemical")],
            0,
            1,
            "of two that begin together the longer stays",
        ),
        ([Span(4, 5, "Disease")], 0, 1, "there is no piece at a space"),
        ([Span(0, 4, "Disease"), Span(5, 9, "Disease")], 0, 0, "neighbours are two spans"),
    ],
)
def test_spans_that_pieces_cannot_say_are_counted(spans, widened: int, left_out: int, why: str) -> None:
    (pieces,) = CUTTER.pieces(["gout pain"])
    tagged = tag_pieces(pieces, spans, LABELS)
    assert (tagged.widened, tagged.left_out) == (widened, left_out), why


def test_the_best_path_is_the_likeliest_of_all_that_are_allowed() -> None:
    draw = np.random.default_rng(3)
    names = tags_of_labels(LABELS)
    for _ in range(40):
        size = int(draw.integers(1, 5))
        inside = tuple(n > 0 and bool(draw.random() < 0.4) for n in range(size))
        pieces = Pieces(tuple(range(size)), tuple((3 * n, 3 * n + 3) for n in range(size)), inside)
        logs = log_softmax(draw.normal(0, 2, (size, 5)))
        best = max(
            (path for path in product(range(5), repeat=size) if allowed(path, inside, names)),
            key=lambda path: sum(logs[n, tag] for n, tag in enumerate(path)),
        )
        wanted = decode_tags(one_hot(best, 5), pieces, LABELS, whole_words=True)
        found = decode_tags(logs, pieces, LABELS, whole_words=True)
        assert [(one.start, one.end, one.label) for one in found] == [
            (one.start, one.end, one.label) for one in wanted
        ]


def allowed(path: tuple[int, ...], inside: tuple[bool, ...], names: tuple[str, ...]) -> bool:
    """Say, from the names of tags alone, whether a path is BIO and keeps words whole."""
    for n, tag in enumerate(path):
        before = names[path[n - 1]] if n else "O"
        name = names[tag]
        if name.startswith("I") and before[1:] != name[1:]:
            return False
        if inside[n] and not (name == "O" and before == "O") and not name.startswith("I"):
            return False
    return True


def test_a_text_without_pieces_has_no_spans() -> None:
    (pieces,) = CUTTER.pieces(["  "])
    assert decode_tags(np.zeros((0, 5)), pieces, LABELS, whole_words=True) == []
