"""Going on learning from text: documents of a row never see each other, and forgetting ends the run."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.job import Job
from posology.adapt.network import open_network
from posology.adapt.objective.plain import PlainObjective
from posology.adapt.packing import Piece, cut_pieces, largest_leak, pack, require_isolated, row_tensors
from posology.adapt.pretrain import mix_rows, run_pretrain
from posology.adapt.recipe import Base, Lora, Screening
from posology.adapt.recipes import parse_recipe
from posology.adapt.texts import Wanted, gather_texts
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, UserError
from tests.adapt.tiny_words import CLINICAL, PLAIN, byte_level, decoder_folder, records

RECIPE = """
posology = "recipe/1"
kind = "pretrain"
name = "goes-on"
[texts]
domain = ["notes"]
general = ["plain"]
replay = 0.25
held = 0.3
purpose = "ship"
[base]
path = "base"
threads = 1
dtype = "float32"
[rows]
tokens = 64
[forgetting]
most = {most}
[optimizer]
lr = {lr}
epochs = 6.0
batch = 4
[stop]
every = 4
"""


@given(st.lists(st.integers(1, 40), max_size=60))
@settings(max_examples=40, deadline=None)
def test_every_piece_lands_in_one_row_and_no_row_is_too_long(sizes: list[int]) -> None:
    pieces = [Piece((number,) * size, "") for number, size in enumerate(sizes)]
    rows = pack(pieces, 40)
    assert sorted(piece.tokens for row in rows for piece in row) == sorted(piece.tokens for piece in pieces)
    assert all(sum(len(piece.tokens) for piece in row) <= 40 for row in rows)
    assert len(rows) <= 2 * max(1, -(-sum(sizes) // 40))


@given(st.integers(0, 500), st.integers(16, 64))
@settings(max_examples=40, deadline=None)
def test_pieces_of_a_document_are_the_document_cut_evenly(size: int, width: int) -> None:
    pieces = cut_pieces(range(size), "d", width, 1, 4 * size)
    assert [token for piece in pieces for token in piece.tokens] == list(range(size))
    assert all(len(piece.tokens) <= width for piece in pieces)
    assert abs(sum(piece.size_bytes for piece in pieces) - 4 * size) <= len(pieces)
    assert cut_pieces(range(3), "d", width, 4) == []


def test_a_row_predicts_within_documents_only_and_positions_begin_again() -> None:
    import torch

    row = (Piece((5, 6, 7), "a"), Piece((8, 9), "a"))
    tokens, positions, predicts = row_tensors(torch, [row, (Piece((1,) * 7, "b"),)])
    assert tokens[0].tolist() == [5, 6, 7, 8, 9, 0, 0]
    assert positions[0].tolist() == [0, 1, 2, 0, 1, 0, 1]
    assert predicts[0].tolist() == [True, True, False, True, False, False, False]
    assert predicts[1].tolist() == [True] * 6 + [False]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("base")
    decoder_folder(folder, byte_level())
    base = Base(path=str(folder), dtype="float32", threads=1)
    return open_network(base, Lora(rank=0), Job(out=folder / "out"), seed=0)


ROW = (Piece(tuple(range(5, 25)), "a"), Piece(tuple(range(40, 52)), "b"), Piece((7, 7, 9), "b"))


def test_logits_of_packed_documents_are_those_of_each_alone(network: Any) -> None:
    assert largest_leak(network, ROW) < 1e-5
    require_isolated(network, [(ROW[0],), ROW])


def test_a_model_whose_documents_see_each_other_is_refused(network: Any) -> None:
    class Blind:
        """A core that is not told where documents begin."""

        dtype = network.core.dtype
        training = False

        def base_model(self, input_ids: Any, position_ids: Any, use_cache: bool) -> Any:
            return network.core.base_model(input_ids=input_ids, use_cache=use_cache)

        def eval(self) -> None:
            network.core.eval()

        def train(self, mode: bool = True) -> None:
            network.core.train(mode)

    with pytest.raises(ModelError, match="see each other"):
        require_isolated(replace(network, core=Blind()), [ROW])


def test_a_model_whose_states_are_no_numbers_is_refused(network: Any) -> None:
    core = copy.deepcopy(network.core)
    core.get_input_embeddings().weight.data[45] = float("nan")
    with pytest.raises(ModelError, match="hidden states are no numbers"):
        require_isolated(replace(network, core=core), [ROW])


def test_the_loss_of_packed_rows_is_the_sum_over_documents_alone(network: Any) -> None:
    import torch

    rows = [ROW, (Piece(tuple(range(60, 90)), "a"),)]
    packed = PlainObjective(network, rows, by_domain=True, beside="b")
    network.core.eval()
    with torch.no_grad():
        found = packed.losses([0, 1])
        sums = {"a": 0.0, "b": 0.0}
        for piece in (piece for row in rows for piece in row):
            ids = torch.tensor([piece.tokens])
            mean = network.core(input_ids=ids, labels=ids, use_cache=False).loss
            sums[piece.domain] += float(mean) * (len(piece.tokens) - 1)
    assert float(found.total) == pytest.approx(sum(sums.values()), rel=1e-4)
    count = packed.count([0, 1])
    assert count == sum(packed.predicted.values()) == 19 + 11 + 2 + 29
    assert found.parts["a"] / count == pytest.approx(sums["a"] / 48, rel=1e-4)
    assert found.parts["b"] / count == pytest.approx(sums["b"] / 13, rel=1e-4)
    assert found.parts["answer"] == pytest.approx(found.parts["a"])


@pytest.mark.parametrize(("replay", "wanted"), [(0.0, 0), (0.1, 1), (0.5, 9)])
def test_general_text_is_replayed_in_its_share_and_again_where_it_is_short(
    replay: float, wanted: int
) -> None:
    domain = [(Piece((1, 2), "d"),)] * 9
    general = [(Piece((3, number), "general"),) for number in range(2)]
    mixed = mix_rows(domain, general, replay, 0)
    assert sum(row[0].domain == "general" for row in mixed) == wanted
    assert len(mixed) == 9 + wanted


def write_corpora(folder: Path) -> None:
    decoder_folder(folder / "base", byte_level())
    for name, text in (("notes", CLINICAL), ("plain", PLAIN[:300])):
        (folder / name).mkdir()
        write_jsonl(folder / name / "records.jsonl", records((text,), 12))


def test_a_run_tells_perplexity_by_domain_before_and_after(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    rows = (tmp_path / "plain" / "records.jsonl").read_text(encoding="utf-8").replace('"made"', '"books"')
    (tmp_path / "plain" / "records.jsonl").write_text(rows, encoding="utf-8")
    recipe = parse_recipe(RECIPE.format(most=9.0, lr=0.01), "r.toml")
    out = run_pretrain(recipe, Job(out=tmp_path / "out", folder=tmp_path))  # type: ignore[arg-type]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert set(report["held_out"]) == {"made", "general"}
    made = report["held_out"]["made"]
    assert made["perplexity"]["after"] < made["perplexity"]["before"] / 2
    assert made["bits_a_byte"]["after"] < made["bits_a_byte"]["before"]
    share = report["learned_tokens"]["general"] / sum(report["learned_tokens"].values())
    assert 0.1 < share < 0.4
    assert (out / "model.safetensors").is_file()
    assert "| general |" in (out / "card.md").read_text(encoding="utf-8")


def test_forgetting_general_text_ends_the_run_and_nothing_is_written(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    recipe = parse_recipe(RECIPE.format(most=0.0, lr=3.0), "r.toml")
    with pytest.raises(UserError, match="general text was forgotten"):
        run_pretrain(recipe, Job(out=tmp_path / "out", folder=tmp_path))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_replay_without_general_text_is_refused() -> None:
    text = RECIPE.format(most=1.0, lr=0.1).replace('general = ["plain"]\n', "")
    with pytest.raises(UserError, match="replay"):
        parse_recipe(text, "r.toml")


def test_texts_of_a_source_called_general_are_kept_apart_from_general_text(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    notes = [
        replace(one, provenance=replace(one.provenance, source="general")) for one in records((CLINICAL,), 12)
    ]
    write_jsonl(tmp_path / "notes" / "records.jsonl", notes)
    recipe = parse_recipe(RECIPE.format(most=9.0, lr=0.01), "r.toml")
    out = run_pretrain(recipe, Job(out=tmp_path / "out", folder=tmp_path))  # type: ignore[arg-type]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert set(report["held_out"]) == set(report["learned_tokens"]) == {"general", "general (texts.domain)"}
    assert report["sources"] == {"general": 12, "made": 12}
    assert report["licences"] == {"made here": 24}  # of domain and general text together
    assert report["tests"]["identifiers"] == {"looked_at": 24, "holding": 0, "kinds": {}}  # in both as well


def test_patients_that_are_dealt_to_select_or_report_are_left_out_and_counted(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    parts = ["tune"] * 8 + ["select"] * 3 + ["report"]
    notes = [
        replace(one, meta={"part": part}, provenance=replace(one.provenance, source=part))
        for one, part in zip(records((CLINICAL,), 12), parts, strict=True)
    ]
    write_jsonl(tmp_path / "notes" / "records.jsonl", notes)
    recipe = parse_recipe(RECIPE.format(most=9.0, lr=0.01), "r.toml")
    out = run_pretrain(recipe, Job(out=tmp_path / "out", folder=tmp_path))  # type: ignore[arg-type]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["left_out"] == {"of the part report": 1, "of the part select": 3}
    assert report["sources"] == {"made": 12, "tune": 8}
    assert set(report["held_out"]) == {"general", "tune"}
    told = "Left out: 1 records of the part report, 3 records of the part select."
    assert told in (out / "card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("parts", "limit", "kept", "left_out", "why"),
    [
        (["", "", ""], 0, 3, {}, "a corpus without parts is learned whole"),
        (
            ["tune", "select", "report"],
            0,
            1,
            {"of the part select": 1, "of the part report": 1},
            "tune alone",
        ),
        (["select", "tune", "tune"], 1, 1, {"of the part select": 1}, "the limit counts what is learned"),
        (["test", "tune", "tune"], 0, 2, {"of the part test": 1}, "a part of another name is no tune"),
    ],
)
def test_only_the_part_tune_is_learned(
    tmp_path: Path, parts: list[str], limit: int, kept: int, left_out: dict[str, int], why: str
) -> None:
    texts = [
        replace(one, meta={"part": part} if part else {})
        for one, part in zip(records((CLINICAL,), len(parts)), parts, strict=True)
    ]
    write_jsonl(tmp_path / "records.jsonl", texts)
    job = Job(out=tmp_path / "out", folder=tmp_path)
    found = gather_texts(["records.jsonl"], job, Screening(), Wanted("texts", "study", limit))
    assert (len(found.records), found.left_out) == (kept, left_out), why


def test_a_corpus_without_the_part_tune_teaches_nothing(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "records.jsonl", [replace(one, meta={"part": "report"}) for one in records()])
    job = Job(out=tmp_path / "out", folder=tmp_path)
    with pytest.raises(
        UserError, match=r"texts: nothing is left to learn from\. Left out: 6 records of the part"
    ):
        gather_texts(["records.jsonl"], job, Screening(), Wanted("texts", "study"))
