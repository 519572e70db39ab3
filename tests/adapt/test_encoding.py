"""Training a head on a tiny encoder: it learns, goes on after a kill, fails clearly, runs without torch."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from posology.adapt.encode import plan_encode
from posology.adapt.encoders.export import Limits, export_head
from posology.adapt.encoders.run import run_encode
from posology.adapt.recipes import read_recipe
from posology.errors import ModelError, OutputError, UserError
from posology.evidence.heads import open_head, open_head_checker, read_head_card
from tests.adapt.made_encoder import (
    NEEDS_HEADS,
    ROOT,
    answering,
    changed,
    job,
    origin,
    pairs,
    recipe,
    sentences,
    texts,
)

pytestmark = NEEDS_HEADS
PAPERS = ["card.md", "log.jsonl", "manifest.json", "recipe.toml", "report.json"]
FILES = sorted(
    [*PAPERS, "config.json", "head.json", "head.safetensors", "int8", "seen.json", "tokenizer.json"]
)


@pytest.fixture(scope="module")
def pairs_head(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pairs") / "head"
    tables = ('join = "highest"', 'positive = "supported"', 'threshold = "balanced"')
    tune = [one for filler in (0, 1, 3, 5, 7, 9, 12, 21) for one in pairs(12, f"t{filler}-", filler)]
    return run_encode(recipe(base, "pair", *tables), job(out, tune, pairs(12, "s", filler=8)))


def test_a_head_of_spans_learns_and_finds_them_without_torch_to_the_character(spans_head: Path) -> None:
    assert sorted(path.name for path in spans_head.iterdir()) == FILES
    report = json.loads((spans_head / "report.json").read_text())
    assert report["select"]["strict F1"] == 1.0
    assert report["equivalence"]["logit_difference"] < 1e-4
    assert report["int8"]["answers_alike"] == 1.0
    assert read_head_card(spans_head / "int8").precision == "int8"
    text = "No rash today .  The patient  reports SEVERE Asthma today."
    for folder in (spans_head, spans_head / "int8"):
        (found,) = open_head(folder, threads=1).find_spans([text])
        assert [text[one.start : one.end] for one in found] == ["Asthma"]


def test_long_texts_are_read_in_windows_to_their_end(spans_head: Path) -> None:
    text = "No rash today . " * 60 + "The patient reports mild gout today."
    (found,) = open_head(spans_head, threads=1).find_spans([text])
    assert [(text[one.start : one.end], one.start) for one in found] == [("gout", text.index("gout"))]


def test_a_pair_is_judged_by_the_window_that_supports_the_claim(pairs_head: Path) -> None:
    report = json.loads((pairs_head / "report.json").read_text())
    assert report["select"]["macro-F1"] == 1.0
    assert report["calibration"]["loss_after"] <= report["calibration"]["loss_before"]
    head = open_head(pairs_head, threads=1)
    filler = "the knee is mild . " * 21
    good, bad = head.label_pairs(
        [
            ("aspirin helps", f"{filler}aspirin works well."),
            ("aspirin helps", f"{filler}aspirin does not help."),
        ]
    )
    assert (good.best, bad.best) == ("supported", "unsupported")
    assert head.card.threshold is not None
    assert sum(good.scores.values()) == pytest.approx(1.0)


def test_a_head_of_pairs_checks_sentences_against_their_sources(pairs_head: Path, spans_head: Path) -> None:
    checker = open_head_checker(pairs_head, threads=1)
    filler = "the knee is mild ."
    scores = checker.score_many(
        [
            ("aspirin helps", [filler, "aspirin works well.", filler]),
            ("aspirin helps", [filler, "aspirin does not help."]),
            ("aspirin helps", []),
            (" ", ["aspirin works well."]),
        ]
    )
    assert scores[0] >= checker.threshold > scores[1]
    assert scores[2:] == [0.0, 0.0], "what cites nothing, or says nothing, is not supported"
    assert checker.score("aspirin helps", ["aspirin works well."]) >= checker.threshold
    assert checker.identity.sha256 == read_head_card(pairs_head).weights_sha256
    with pytest.raises(ModelError, match="a checker is a head of the kind pair with a positive label"):
        open_head_checker(spans_head)


def test_a_head_of_texts_learns_with_weights_of_labels_and_fewer_layers(base: Path, tmp_path: Path) -> None:
    tables = ('class_weights = "balanced"', 'pooling = "first"', "layers = 1", 'metric = "accuracy"')
    out = run_encode(recipe(base, "sequence", *tables), job(tmp_path / "head", texts(40), texts(10, "s")))
    card = read_head_card(out)
    assert (card.layers, card.labels, card.licences) == (
        1,
        ["no", "yes"],
        ["made here", "not stated"],
    )
    found = open_head(out, threads=1).label_texts(["aspirin helps today.", "aspirin does not help."])
    assert [one.best for one in found] == ["yes", "no"]


def test_an_encoder_that_is_left_alone_learns_in_its_head_only(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    out = run_encode(
        recipe(base, "sequence", "tune_encoder = false"), job(tmp_path / "head", texts(16), texts(4, "s"))
    )
    before, after = load_file(str(base / "model.safetensors")), load_file(str(out / "head.safetensors"))
    assert all((after[f"bert.{name}"] == array).all() for name, array in before.items())


def test_an_encoder_that_changes_by_a_rank_learns_and_its_matrices_change_by_that_rank(
    base: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file

    tables = ('join = "highest"', 'positive = "supported"', "rank = 4")
    tune = [one for filler in (0, 1, 3, 5, 7) for one in pairs(12, f"t{filler}-", filler)]
    made = recipe(base, "pair", *tables, epochs=30.0)
    made = changed(made, "stop", {"patience": 0})
    out = run_encode(made, job(tmp_path / "head", tune, pairs(12, "s", filler=8)))
    report = json.loads((out / "report.json").read_text())
    assert report["equivalence"]["logit_difference"] < 1e-4
    assert report["select"]["accuracy"] > 0.9
    before, after = load_file(str(base / "model.safetensors")), load_file(str(out / "head.safetensors"))
    name = "encoder.layer.0.output.dense.weight"
    assert np.linalg.matrix_rank(after[f"bert.{name}"] - before[name], tol=1e-4) == 4
    words = "embeddings.word_embeddings.weight"
    assert (after[f"bert.{words}"] == before[words]).all(), "words stay those of the base"
    assert read_head_card(out).parameters == sum(array.size for array in after.values())


def test_int8_answers_alike_and_an_export_that_does_not_is_refused(pairs_head: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8"
    compared = export_head(pairs_head, out, pairs(12, "s", filler=8))
    assert compared.answers_alike == 1.0
    assert compared.scores == compared.scores_of_source
    assert 0 < compared.logit_difference < 0.5
    assert compared.bytes < 0.6 * compared.bytes_of_source
    assert read_head_card(out).logit_difference == compared.logit_difference
    with pytest.raises(ModelError, match=r"in int8 is not the head it was made from: a logit differs by"):
        export_head(pairs_head, tmp_path / "other", pairs(4, "s"), limits=Limits(logits=1e-7))
    assert not (tmp_path / "other").exists()
    with pytest.raises(UserError, match="is in int8 already"):
        export_head(out, tmp_path / "again", pairs(4, "s"))


def test_a_run_whose_int8_answers_otherwise_keeps_the_head_and_says_so(base: Path, tmp_path: Path) -> None:
    made = recipe(base, "sequence", "[export]", "logits = 0.0")
    out = run_encode(made, job(tmp_path / "head", texts(16), texts(4, "s")))
    assert not (out / "int8").exists()
    told = json.loads((out / "report.json").read_text())["int8"]["not written"]
    assert told.startswith("made in int8 is not the head it was made from: a logit differs by")


def test_a_plan_counts_pieces_and_steps_and_writes_nothing(base: Path, tmp_path: Path) -> None:
    asked = job(tmp_path / "head", texts(40), texts(8, "s"), tokens_per_second=100.0)
    plan = plan_encode(recipe(base, "sequence", epochs=3.0), asked)
    done = run_encode(recipe(base, "sequence", epochs=3.0), job(tmp_path / "done", texts(40), texts(8, "s")))
    report = json.loads((done / "report.json").read_text())
    assert (plan.examples, plan.steps) == (40, report["training"]["steps"])
    measured = 3 * report["data"]["select"]["pieces"]
    assert plan.tokens == report["training"]["pieces"] + measured
    assert plan.seconds == pytest.approx((report["training"]["pieces"] + measured / 3) / 100)
    assert plan_encode(recipe(base, "sequence"), job(tmp_path / "head", texts(40), [])).seconds
    assert [path.name for path in tmp_path.iterdir()] == ["done"]


class Killed(Exception):
    """Stands for a kill: nothing of ours catches it."""


def test_training_that_was_killed_goes_on_to_the_same_weights(
    base: Path, tmp_path: Path, spans_head: Path
) -> None:
    def die(stage: str, done: int | None = None, total: int | None = None) -> None:
        if (stage, done) == ("train", 18):
            raise Killed

    out = tmp_path / "head"
    with pytest.raises(Killed):
        run_encode(recipe(base, "token", ROOT), job(out, sentences(72), sentences(12, "s"), tell=die))
    assert not out.exists()
    run_encode(recipe(base, "token", ROOT), job(out, sentences(72), sentences(12, "s")))
    assert read_head_card(out).weights_sha256 == read_head_card(spans_head).weights_sha256
    losses = [
        [
            line["loss"]
            for line in map(json.loads, (folder / "log.jsonl").read_text().splitlines())
            if "loss" in line
        ]
        for folder in (out, spans_head)
    ]
    assert losses[0] == losses[1]
    assert not (tmp_path / "head.work").exists()


def test_a_head_that_was_written_before_a_kill_is_known_again_and_any_other_is_left_alone(
    base: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "head", tmp_path / "kept"
    asked = job(out, sentences(16), sentences(4, "s"))

    def keep(stage: str, done: int | None = None, total: int | None = None) -> None:
        if (stage, done) in {("train", 6), ("write", None)}:
            shutil.copytree(asked.work, kept / stage)

    made = recipe(base, "token", ROOT, epochs=3.0)
    run_encode(made, replace(asked, tell=keep))
    weights = (out / "head.safetensors").read_bytes()
    cases = [
        ("", asked, "nothing is left of the run"),
        ("train", asked, "the run that is left is not over"),
        ("write", replace(asked, labelled=answering(sentences(8), [])), "it was made from other examples"),
    ]
    reworded = [replace(one, first=one.first.replace("today", "now")) for one in sentences(16)]
    cases.append(("log", replace(asked, labelled=answering(reworded, sentences(4, "s"))), "of other texts"))
    shutil.copytree(kept / "train", kept / "log", ignore=lambda *_: {"checkpoint", "best"})
    for left, again, reason in cases:
        if left:
            shutil.copytree(kept / left, asked.work)
        with pytest.raises(OutputError, match="not empty"):
            pytest.fail(f"{reason}: {run_encode(made, again)}")
        if left:
            shutil.rmtree(asked.work)
    shutil.copytree(kept / "write", asked.work)
    assert run_encode(made, asked) == out
    assert not asked.work.exists()
    assert (out / "head.safetensors").read_bytes() == weights


def test_another_seed_gives_other_weights(base: Path, tmp_path: Path, spans_head: Path) -> None:
    out = run_encode(
        recipe(base, "token", ROOT, top="seed = 1"), job(tmp_path / "head", sentences(72), sentences(12, "s"))
    )
    assert read_head_card(out).weights_sha256 != read_head_card(spans_head).weights_sha256


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(base: Path, tmp_path: Path) -> None:
    wild = recipe(base, "token", ROOT)
    wild = changed(wild, "optimizer", {"lr": 1e30})
    with pytest.raises(UserError, match=r"made: the loss of step \d+ is no number; lower optimizer.lr"):
        run_encode(wild, job(tmp_path / "head", sentences(72), []))
    assert not (tmp_path / "head").exists()


SELECT = texts(4, "s")


@pytest.mark.parametrize(
    ("kind", "tune", "select", "message"),
    [
        ("sequence", [], SELECT, "made: there is no example to learn from"),
        ("sequence", [texts(1)[0]], SELECT, "made: the examples have 1 labels; at least 2 are needed"),
        ("sequence", pairs(4), [], "example t0: has two texts; a head of the kind sequence cannot read it"),
        ("pair", texts(4), [], "example t0: has no second text; a head of the kind pair cannot read it"),
        ("sequence", [replace(texts(1)[0], label="")], [], "made: an example has no label"),
        ("sequence", SELECT, SELECT, "example s0 of made: its group is in tune and in select"),
        (
            "sequence",
            [replace(one, provenance=origin("g", "CC-BY-NC-4.0")) for one in texts(4)],
            SELECT,
            r"the licence forbids it or is not known: made \(CC-BY-NC-4\.0\): 4 examples",
        ),
    ],
)
def test_data_that_cannot_be_used_are_refused(
    base: Path, tmp_path: Path, kind, tune, select, message
) -> None:
    made = recipe(base, kind)
    made = changed(made, "data", {"purpose": "ship"})
    with pytest.raises(UserError, match=message):
        run_encode(made, job(tmp_path / "head", tune, select))
    assert list(tmp_path.iterdir()) == []


def test_labels_are_renamed_and_those_without_a_name_left_out_and_counted(base: Path, tmp_path: Path) -> None:
    rename = (
        '[[data.rename]]\ntask = "made"\nlabel = "yes"\nto = "supported"',
        '[[data.rename]]\ntask = "made"\nlabel = "perhaps"',
    )
    odd = [replace(one, label="perhaps") for one in texts(3, "p")]
    out = run_encode(recipe(base, "sequence", *rename), job(tmp_path / "h", texts(16) + odd, texts(4, "s")))
    assert read_head_card(out).labels == ["no", "supported"]
    assert json.loads((out / "report.json").read_text())["left_out"] == {"tune: made: perhaps": 3}


def test_weights_or_card_that_were_changed_are_refused(spans_head: Path, tmp_path: Path) -> None:
    for name in set(FILES) - {"int8"}:
        (tmp_path / name).write_bytes((spans_head / name).read_bytes())
    weights = bytearray((tmp_path / "head.safetensors").read_bytes())
    weights[-5] ^= 1
    (tmp_path / "head.safetensors").write_bytes(weights)
    with pytest.raises(ModelError, match="these are not the weights expected"):
        open_head(tmp_path)
    card = json.loads((tmp_path / "head.json").read_text()) | {"newer": 1}
    (tmp_path / "head.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"head.json: newer: Extra inputs are not permitted"):
        open_head(tmp_path)
    with pytest.raises(ModelError, match="no trained head here"):
        open_head(tmp_path / "nowhere")


def test_the_command_labels_files_with_a_head_by_its_folder_or_the_name_it_ships_under(
    spans_head: Path, pairs_head: Path, tmp_path: Path
) -> None:
    from posology.cli.app import app
    from posology.evidence.heads import find_head, shipped_heads

    def told(*words: object) -> list[dict[str, object]]:
        done = CliRunner().invoke(app, ["label", *map(str, words), "--threads", "1", "--json"])
        assert done.exit_code == 0, done.output
        rows: list[dict[str, object]] = json.loads(done.output)
        return rows

    note, claim = tmp_path / "note.txt", tmp_path / "claim.txt"
    note.write_text("The patient reports severe gout today.")
    claim.write_text("aspirin helps")
    (row,) = told(note, "--head", spans_head)
    assert (row["start"], row["end"], row["label"], row["text"]) == (27, 31, "Disease", "gout")
    assert 0.5 < float(str(row["probability"])) <= 1
    (row,) = told(claim, "--head", pairs_head, "--source", note)
    assert row["label"] in {"supported", "unsupported"}
    for words, message in (
        ((claim, "--head", pairs_head), "reads pairs: name the file"),
        ((note, "--head", spans_head, "--source", claim), "reads texts alone: leave it out"),
        ((note, "--head", "nothing"), "nothing: no folder of a trained head, and none ships as that"),
    ):
        with pytest.raises(UserError, match=message):
            CliRunner().invoke(app, ["label", *map(str, words)], catch_exceptions=False)
    models = tmp_path / "models"
    shutil.copytree(spans_head, models / "diseases")
    assert dict(shipped_heads(models)) == {"diseases": models / "diseases"}
    assert find_head("diseases", models) == models / "diseases"
    with pytest.raises(UserError, match=r"desease: .* diseases"):
        find_head("desease", models)


def test_a_head_runs_where_there_is_no_torch(spans_head: Path) -> None:
    script = (
        "import sys; sys.modules['torch'] = None; from pathlib import Path; "
        "from posology.evidence.heads import open_head; "
        "print(len(open_head(Path(sys.argv[1])).find_spans(['The patient has severe gout today.'])[0]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(spans_head)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


def test_the_recipes_of_encoders_are_read(repo_root: Path) -> None:
    paths = sorted((repo_root / "recipes").glob("encode-*.toml"))
    assert paths
    for path in paths:
        assert read_recipe(path).kind == "encode", path.name


def test_logits_are_numbers_for_texts_of_any_length(spans_head: Path) -> None:
    logits = open_head(spans_head, threads=1).tag_logits(["", "gout", "gout " * 100])
    assert [len(rows) for rows in logits] == [0, 1, 100]
    assert all(np.isfinite(rows).all() for rows in logits)
