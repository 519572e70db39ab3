"""The retrieval model: batches without false negatives, the loss by its formula, scores beside BM25."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.embedding.contrast import contrastive_loss, known_answers
from posology.adapt.embedding.dealing import deal_batches
from posology.adapt.embedding.deals import MEDQUAD_DEALS, dealt_part
from posology.adapt.embedding.measure import asked_once, compare_ranks, find_ranks, score_ranks
from posology.adapt.embedding.pairs import Pair, read_pairs, write_pairs
from posology.adapt.embedding.sources import deal_parts, pairs_of_lessons, pairs_of_medquad, pairs_of_policies
from posology.adapt.embedding.static import distil_table, reduce_dimensions, save_static
from posology.adapt.embedding.towers import TowerEmbedder, open_encoder_tower, static_tower
from posology.adapt.job import Job
from posology.adapt.recipes import parse_recipe
from posology.adapt.running import plan_recipe, run_recipe
from posology.chat import ModelIdentity
from posology.corpus import Provenance
from posology.corpus.spec import Parts
from posology.errors import UserError
from posology.evidence import open_embedder
from posology.policies import load_policies
from posology.testing.teaching import make_note_pairs
from tests.adapt.tiny_words import PLAIN, encoder_folder, word_piece

WORDS = sorted(set("".join(c if c.isalpha() else " " for c in PLAIN.lower()).split()))
HALF = min(16, len(WORDS) // 2)


def _pair(number: int, group: str = "", passage: str = "") -> Pair:
    provenance = Provenance("made", "made here", group=group)
    return Pair(f"p{number}", f"query {number}", passage or f"passage {number}", provenance)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(2, 8), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_batch_holds_two_pairs_that_may_answer_each_other(
    groups: list[int], batch: int, seed: int
) -> None:
    pairs = [_pair(number, f"g{group}", f"passage {number % 9}") for number, group in enumerate(groups)]
    batches = deal_batches(pairs, batch, 2.0, seed)
    assert batches == deal_batches(pairs, batch, 2.0, seed)
    for rows in batches:
        assert 1 < len(rows) <= batch
        for of in (lambda p: p.provenance.group, lambda p: p.query, lambda p: p.passage):
            assert len({of(pairs[row]) for row in rows}) == len(rows)
    assert all(times <= 2 for times in Counter(row for rows in batches for row in rows).values())


def test_every_pair_is_learned_once_an_epoch_where_groups_differ() -> None:
    pairs = [_pair(number, f"g{number}") for number in range(50)]
    assert sorted(row for rows in deal_batches(pairs, 10, 1.0, 3) for row in rows) == list(range(50))
    assert sum(map(len, deal_batches(pairs, 10, 0.4, 3))) == 20


def test_the_loss_is_the_cross_entropy_of_scaled_cosines() -> None:
    import torch

    rng = np.random.default_rng(0)
    queries, passages = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    scores = 20 * queries @ passages.T
    logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    found = contrastive_loss(torch, torch.tensor(queries), torch.tensor(passages), 20.0)
    assert float(found) == pytest.approx(-sum(logp[i, i] for i in range(3)), rel=1e-6)


def test_a_passage_that_answers_another_query_of_the_batch_is_no_wrong_answer_to_it() -> None:
    import torch

    queries, passages = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8], [1.0, 0.0]])
    right = torch.tensor([[False, False, True]])
    found = contrastive_loss(torch, queries, passages, 20.0, right)
    assert float(found) == pytest.approx(float(contrastive_loss(torch, queries, passages[:2], 20.0)))


def test_a_chart_that_is_asked_the_same_says_which_of_its_passages_answer() -> None:
    def of(chart: str, query: str, passage: str, *negatives: str) -> Pair:
        return Pair(
            f"{chart}/{query}", query, passage, Provenance("notes", "made here", group=chart), negatives
        )

    both, exam = "PT failed; BMI 31.", "Lungs clear."
    pairs = [
        of("one", "Was PT tried?", "PT for ten weeks.", exam),
        of("two", "Was PT tried?", both, exam),
        of("two", "Is there a BMI?", both, exam),
        of("three", "Is there a BMI?", "BMI 40.", exam),
    ]
    answers = known_answers(pairs)
    assert answers("Was PT tried?", pairs[2], both)
    assert not answers("Was PT tried?", pairs[2], exam)
    assert not answers("Was PT tried?", pairs[3], "BMI 40.")
    assert answers("was  PT tried?", pairs[2], both), "compared as batches are dealt: but for case and space"
    assert not answers("was  PT tried?", pairs[2], "lungs  clear.")


@given(st.text(min_size=1, max_size=12), st.floats(0, 0.5), st.floats(0, 0.4))
@settings(max_examples=60, deadline=None)
def test_what_stood_in_a_report_part_is_never_in_a_later_one(
    group: str, report: float, select: float
) -> None:
    deals = (Parts(select=0.2, report=0.5), Parts(select=select, report=report), *MEDQUAD_DEALS)
    parts = [dealt_part("made", group, deals[: n + 1]) for n in range(len(deals))]
    assert parts.count("report") <= 1


def test_a_dealing_anew_keeps_its_shares_among_what_was_not_measured_on() -> None:
    dealt = Counter(
        (dealt_part("made", str(n), MEDQUAD_DEALS[:1]), dealt_part("made", str(n), MEDQUAD_DEALS))
        for n in range(4000)
    )
    assert dealt["report", "report"] == 0
    fresh = sum(n for (was, _), n in dealt.items() if was != "report")
    now = sum(n for (_, part), n in dealt.items() if part == "report")
    assert now / fresh == pytest.approx(MEDQUAD_DEALS[-1].report, abs=0.03)


def test_a_table_reduced_is_sklearns_pca_up_to_signs() -> None:
    from sklearn.decomposition import PCA

    table = np.random.default_rng(1).normal(size=(80, 12)).astype(np.float32) * np.arange(
        1, 13, dtype=np.float32
    )
    ours, theirs = reduce_dimensions(table, 4), PCA(4).fit_transform(table)
    assert np.allclose(np.abs(ours), np.abs(theirs), atol=1e-3)


def test_what_is_written_is_what_the_evidence_search_opens(tmp_path: Path) -> None:
    tokenizer = word_piece()
    table = np.random.default_rng(2).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    extra = save_static(tmp_path, table, tokenizer, {"name": "made"})
    (tmp_path / "manifest.json").write_text(json.dumps(extra), encoding="utf-8")
    texts = ["The cat sat on the mat.", "A boat and a bird on the water", ""]
    before = TowerEmbedder(static_tower(table, tokenizer, 64), "t").embed(texts)
    after = open_embedder(tmp_path).embed(texts)
    assert np.allclose((before * after).sum(1)[:2], 1.0, atol=1e-3)
    assert not after[2].any()


def test_a_distilled_table_has_a_row_for_each_word_piece(tmp_path: Path) -> None:
    tower = open_encoder_tower(encoder_folder(tmp_path, word_piece()), 32)
    table = distil_table(tower, 8)
    assert table.shape == (tower.tokenizer.get_vocab_size(), 8)
    lone = tower.embed(tower.ids(["cat"])).detach().numpy()
    assert np.linalg.norm(lone) == pytest.approx(1.0, abs=1e-5)
    together = tower.embed(tower.ids(["cat", "a boat and a bird on the water"])).detach().numpy()
    assert np.allclose(lone[0], together[0], atol=1e-5)


class _Letters:
    """Embeds a text by its first letter."""

    identity = ModelIdentity("letters", "fake", "", "", "fake")

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.zeros((len(texts), 26), dtype=np.float32)
        for row, text in enumerate(texts):
            rows[row, ord(text[0].lower()) - 97] = 1
        return rows


def test_ranks_are_those_of_words_of_meaning_and_of_both() -> None:
    pairs = [
        Pair("1", "zebra stripes", "zinc plates", Provenance("m", "made here", group="1")),
        Pair("2", "brown bread", "a loaf of brown bread", Provenance("m", "made here", group="2")),
        Pair("3", "kite", "the kite", Provenance("m", "made here", group="3"), ("sun", "rain")),
    ]
    ranks = find_ranks(pairs, _Letters())
    assert ranks["words"] == [None, 1, 1]
    assert ranks["meaning"][0] == 1
    assert ranks["hybrid"][2] == 1
    scores = score_ranks(pairs, ranks)
    assert scores["words"]["recall@1"]["value"] == pytest.approx(2 / 3)
    assert scores["words"]["ndcg@10"]["n"] == 3
    equal = compare_ranks(pairs, ranks, ranks)["hybrid"]["ndcg@10"]
    assert equal["value"] == 0.0


def test_any_passage_that_answers_a_question_counts_and_a_question_counts_once() -> None:
    made = Provenance("m", "made here", group="1")
    pairs = [
        Pair("1", "What is asthma?", "zinc", made),
        Pair("2", "what is  asthma?", "asthma narrows the airways", made),
        Pair("3", "kite", "the kite", Provenance("m", "made here", group="2"), ("sun",)),
        Pair("4", "kite", "a kite", Provenance("m", "made here", group="3"), ("sun",)),
    ]
    assert find_ranks(pairs, _Letters())["words"] == [1, 1, 1, 1]
    assert asked_once(pairs) == [0, 2, 3]


def test_a_question_that_two_sources_ask_counts_once_in_each() -> None:
    one, two = (Provenance(source, "made here", group="1") for source in ("one", "two"))
    pairs = [
        Pair("1", "What is asthma?", "asthma narrows the airways", one),
        Pair("1", "What is asthma?", "a disease of the airways", two),
        Pair("2", "what is asthma?", "asthma, told again", two),
        Pair("3", "kite", "the kite", one, ("sun",)),
        Pair("3", "kite", "a kite", two, ("sun",)),
    ]
    assert asked_once(pairs) == [0, 1, 3, 4]


class _Alike(_Letters):
    """Embeds every text the same."""

    def embed(self, texts: Sequence[str]) -> Any:
        return np.ones((len(texts), 1), dtype=np.float32)


def test_where_nothing_tells_passages_apart_the_answer_is_not_first() -> None:
    rows = [
        Pair(
            str(n),
            "x",
            f"passage {n}",
            Provenance("m", "made here"),
            tuple(f"other {n} {k}" for k in range(7)),
        )
        for n in range(80)
    ]
    ranks = find_ranks(rows, _Alike())["meaning"]
    assert sum(rank == 1 for rank in ranks) / len(rows) == pytest.approx(1 / 8, abs=0.1)


def test_pairs_are_written_and_read_back(tmp_path: Path) -> None:
    pairs = [_pair(1, "g"), Pair("x", "q", "p", Provenance("s", "MIT"), ("n1", "n2"))]
    assert write_pairs(tmp_path / "pairs.jsonl", pairs) == 2
    assert list(read_pairs(tmp_path / "pairs.jsonl")) == pairs
    (tmp_path / "pairs.jsonl").write_text('{"posology": "pair/1", "id": "1"}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"pairs\.jsonl, line 1: query"):
        list(read_pairs(tmp_path / "pairs.jsonl"))


def test_lessons_policies_and_notes_make_pairs_whose_negatives_do_not_answer() -> None:
    lessons = pairs_of_lessons(60)
    assert len(lessons) == 60
    assert all(pair.passage not in pair.negatives for pair in lessons)
    policies = [policy for policy in load_policies() if policy.id == "northfield-cgm"]
    for pair in pairs_of_policies(policies):
        assert pair.passage not in pair.negatives
    notes = make_note_pairs(policies, 2, seed=1)
    assert notes
    assert all(pair.negatives and pair.passage not in pair.negatives for pair in notes)
    parts = deal_parts(lessons)
    groups = [{pair.provenance.group for pair in rows} for rows in parts.values()]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert all(not pair.negatives for pair in parts["report"])


def test_medquad_gives_each_question_its_answer_and_the_documents_others_as_negatives() -> None:
    folder = Path(os.environ.get("POSOLOGY_DATA", "../shared/data")) / "medquad"
    if not folder.is_dir():
        pytest.skip("the data set medquad is not here")
    pairs = pairs_of_medquad(folder)
    assert len(pairs) > 1000
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert all(len(pair.passage.split()) <= 120 for pair in pairs)
    assert {pair.provenance.licence for pair in pairs} == {"CC-BY-4.0"}
    right: dict[tuple[str, str], set[str]] = {}
    for pair in pairs:
        right.setdefault((pair.provenance.group, pair.query.lower()), set()).add(pair.passage)
    assert not any(right[pair.provenance.group, pair.query.lower()] & set(pair.negatives) for pair in pairs)


RECIPE = """
posology = "recipe/1"
kind = "embed"
name = "tiny"
[pairs]
tune = ["."]
select = ["."]
report = ["."]
purpose = "{purpose}"
[base]
path = "base"
threads = 1
[form]
static = {static}
dimensions = 16
{anchor}
[optimizer]
lr = {lr}
batch = 8
epochs = 30.0
micro_tokens = 10000
[stop]
every = 4
patience = 0
"""


def _made_pairs(folder: Path, licence: str = "made here") -> None:
    """Write pairs whose query and passage share no word: only what is learned joins them."""
    rows = [
        Pair(
            f"{n}",
            WORDS[n],
            f"{WORDS[n + HALF]} {WORDS[n + HALF]}",
            Provenance("made", licence, group=f"g{n}"),
        )
        for n in range(HALF)
    ]
    write_pairs(folder / "pairs-tune.jsonl", rows)
    for part in ("select", "report"):
        other = [
            Pair(f"{part}{n}", row.query, WORDS[n + HALF], Provenance("made", licence, group=f"{part}{n}"))
            for n, row in enumerate(rows)
        ]
        write_pairs(folder / f"pairs-{part}.jsonl", other)


def write_made(folder: Path) -> None:
    """Write an encoder and pairs."""
    encoder_folder(folder / "base", word_piece())
    _made_pairs(folder)


@pytest.mark.parametrize(("static", "lr", "anchor"), [("true", 0.3, "anchor = 1e-4"), ("false", 0.003, "")])
def test_tuning_lifts_the_meaning_above_the_untuned(
    tmp_path: Path, static: str, lr: float, anchor: str
) -> None:
    write_made(tmp_path)
    recipe = parse_recipe(RECIPE.format(purpose="ship", static=static, lr=lr, anchor=anchor), "r.toml")
    out = run_recipe(recipe, Job(out=tmp_path / "out", folder=tmp_path))
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    scores = report["by_source"]["made"]
    assert (
        scores["tuned"]["meaning"]["recall@1"]["value"]
        > scores["untuned"]["meaning"]["recall@1"]["value"] + 0.3
    )
    gained = scores["difference"]["meaning"]["recall@1"]
    was, now = (scores[one]["meaning"]["recall@1"]["value"] for one in ("untuned", "tuned"))
    assert gained["value"] == pytest.approx(now - was)
    assert gained["low"] <= gained["value"] <= gained["high"]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["posology"], manifest["name"]) == ("manifest/1", "tiny")
    if static == "true":
        assert open_embedder(out).embed([WORDS[0]]).shape == (1, 16)


def test_a_base_of_unknown_licence_makes_nothing_that_is_given_away(tmp_path: Path) -> None:
    write_made(tmp_path)
    (tmp_path / "base" / "README.md").unlink()
    recipe = parse_recipe(RECIPE.format(purpose="ship", static="true", lr=0.1, anchor=""), "r.toml")
    for act in (run_recipe, plan_recipe):
        with pytest.raises(UserError, match=r"^pairs\.purpose: ship: base\.path: base: .*: not stated; take"):
            act(recipe, Job(out=tmp_path / "out", folder=tmp_path))


@pytest.mark.parametrize(
    ("licence", "message"),
    [("GPL-3.0", "licence forbids"), ("made here", "its group is in tune and in report")],
)
def test_a_forbidden_licence_and_parts_that_share_a_group_stop_the_run(
    tmp_path: Path, licence: str, message: str
) -> None:
    _made_pairs(tmp_path, licence)
    if licence == "made here":
        (tmp_path / "pairs-report.jsonl").write_text(
            (tmp_path / "pairs-tune.jsonl").read_text(encoding="utf-8"), encoding="utf-8"
        )
    recipe = parse_recipe(RECIPE.format(purpose="ship", static="true", lr=0.1, anchor=""), "r.toml")
    with pytest.raises(UserError, match=message):
        run_recipe(recipe, Job(out=tmp_path / "out", folder=tmp_path))
