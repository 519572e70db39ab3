"""Heads that begin from heads, keep their layers only, learn from select, or with word pieces hidden."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posology.adapt.encode import plan_encode
from posology.adapt.encoders.run import run_encode
from posology.errors import ModelError, UserError
from posology.evidence.heads import open_head, read_head_card
from tests.adapt.made_encoder import NEEDS_HEADS, ROOT, changed, job, recipe, sentences, write_encoder

pytestmark = NEEDS_HEADS


def test_a_head_goes_on_from_another_head_and_owns_what_that_has_seen(
    base: Path, spans_head: Path, tmp_path: Path
) -> None:
    from posology.adapt.encoders.saving import read_seen

    made = recipe(spans_head, "token", ROOT, epochs=1.0)
    out = run_encode(made, job(tmp_path / "head", sentences(24, "other"), sentences(12, "o")))
    scores = json.loads((out / "report.json").read_text())["select"]
    fresh = run_encode(
        recipe(base, "token", ROOT, epochs=1.0),
        job(tmp_path / "fresh", sentences(24, "other"), sentences(12, "o")),
    )
    assert scores["strict F1"] > 0.9 > json.loads((fresh / "report.json").read_text())["select"]["strict F1"]
    before, after = read_seen(spans_head), read_seen(out)
    assert before.tune < after.tune
    assert before.select < after.select
    assert len(after.tune) == 72 + 24
    assert set(read_head_card(spans_head).licences) <= set(read_head_card(out).licences)


def test_a_head_to_give_away_begins_from_an_encoder_whose_licence_is_known(
    base: Path, tmp_path: Path
) -> None:
    told = write_encoder(tmp_path / "told")
    (told / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    for folder in (base, told):
        made = recipe(folder, "token", ROOT, epochs=1.0)
        made = changed(made, "data", {"purpose": "ship"})
        asked = job(tmp_path / "h", sentences(8), sentences(4, "s"))
        if folder == told:
            assert read_head_card(run_encode(made, asked)).licences == ["apache-2.0", "made here"]
            continue
        for act in (run_encode, plan_encode):
            with pytest.raises(
                UserError, match=r"data\.purpose: ship: base\.path: .* not known: not stated;"
            ):
                act(made, asked)


def test_a_head_that_cannot_be_gone_on_from_is_refused(spans_head: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="this head has int8 weights; begin from the one that it was made"):
        run_encode(recipe(spans_head / "int8", "token"), job(tmp_path / "h", sentences(8), []))
    ship = recipe(spans_head, "token")
    ship = changed(ship, "data", {"purpose": "ship"})
    with pytest.raises(UserError, match=r"the head at base\.path learned from what forbids it: not stated"):
        run_encode(ship, job(tmp_path / "h", sentences(8), []))
    other = tmp_path / "other"
    shutil.copytree(spans_head, other)
    (other / "seen.json").write_text("[]")
    with pytest.raises(ModelError, match="what it has seen is unknown"):
        run_encode(recipe(other, "token"), job(tmp_path / "h", sentences(8), []))
    (other / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json: these are not the weights expected"):
        run_encode(recipe(other, "token"), job(tmp_path / "h", sentences(8), []))


def test_a_head_does_not_choose_by_what_the_head_that_it_begins_from_learned(
    spans_head: Path, tmp_path: Path
) -> None:
    begun, learned = recipe(spans_head, "token", "temperature = 1.0"), [*sentences(4, "o"), *sentences(2)]
    asked = job(tmp_path / "h", sentences(8, "other"), learned)
    told = r"base\.path: the head there learned from 2 of the 6 examples of select, such as t0: they would"
    for make in (run_encode, plan_encode):
        with pytest.raises(UserError, match=told):
            make(begun, asked)
    again = changed(begun, "data", {"learn_select": True})
    plan = plan_encode(again, replace(asked, tokens_per_second=1.0))
    assert plan.examples == 14, "nothing is chosen by what is learned"


def test_a_head_whose_words_stay_the_bases_keeps_its_layers_only_and_another_goes_on_from_it(
    base: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file

    from posology.chat.weights import find_weights
    from posology.evidence.heads.weights import head_weights

    tables = ("tune_words = false", "layers = 1", "[export]", "answers = 0.0", "score = 1.0")
    made = recipe(base, "token", *tables, epochs=2.0)
    known = changed(made, "base", {"model": "all-minilm-l6-v2", "path": ""})
    asked = job(tmp_path / "one", sentences(16), sentences(4, "s"))
    first = run_encode(known, asked)
    begun = changed(made, "base", {"path": str(first)})
    asked = job(tmp_path / "two", sentences(16, "other"), sentences(4, "o"))
    second = run_encode(changed(begun, "head", {"layers": 0}), asked)
    begun = changed(begun, "head", {"layers": 2})
    with pytest.raises(ModelError, match=r"head\.layers: 2, but the encoder has 1"):
        run_encode(begun, replace(asked, out=tmp_path / "three"))
    found = find_weights("all-minilm-l6-v2").path
    source = load_file(str((found if found.is_dir() else found.parent) / "model.safetensors"))
    words, layer = "embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight"
    changes = []
    for folder in (first, second):
        card = read_head_card(folder)
        assert (card.trunk, card.base, card.rank) == ("base", "all-minilm-l6-v2", 0)
        own = load_file(str(folder / "head.safetensors"))
        assert f"bert.{words}" not in own
        changes.append(np.abs(own[f"bert.{layer}"] - source[layer]).max())
        assert (head_weights(folder, card)[f"bert.{words}"] == source[words]).all()
        small = (folder / "int8" / "head.safetensors").stat().st_size
        assert small < 0.4 * (folder / "head.safetensors").stat().st_size
        whole, rounded = (open_head(one, threads=1) for one in (folder, folder / "int8"))
        (exact,), (close,) = (one.tag_logits(["The patient has severe gout."]) for one in (whole, rounded))
        assert np.abs(exact - close).max() < 0.5
        assert card.layers == 1, "all layers of a head are those that it kept"
    assert 0 < changes[0] != changes[1]
    assert json.loads((second / "report.json").read_text())["equivalence"]["logit_difference"] < 1e-3


def test_a_head_leaves_out_the_layers_that_it_does_not_keep(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    from posology.adapt.encoders.saving import digest_of, write_head
    from posology.evidence.heads.card import render_head_card

    made = recipe(base, "token", "tune_words = false", "layers = 2", "[export]", "int8 = false", epochs=1.0)
    known = changed(made, "base", {"model": "all-minilm-l6-v2", "path": ""})
    first = run_encode(known, job(tmp_path / "one", sentences(8), []))
    begun = changed(made, "base", {"path": str(first)})
    begun = changed(begun, "head", {"layers": 1, "tune_encoder": False})
    second = run_encode(begun, job(tmp_path / "two", sentences(8, "o"), []))
    upper, own = "bert.encoder.layer.1.", load_file(str(second / "head.safetensors"))
    assert not [name for name in own if name.startswith(upper)]

    layers = load_file(str(first / "head.safetensors"))
    whole = own | {name: one for name, one in layers.items() if name.startswith(upper)}
    with_all = tmp_path / "with all"
    shutil.copytree(second, with_all)
    save_file(whole, str(with_all / "head.safetensors"))
    digest = digest_of(with_all / "head.safetensors")
    card = read_head_card(second).model_copy(update={"weights_sha256": digest})
    (with_all / "head.json").write_text(render_head_card(card))
    (with_less := tmp_path / "with less").mkdir()
    write_head(with_less, whole, card, second)
    files = [folder / "head.safetensors" for folder in (second, with_less, with_all)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[1].stat().st_size < 0.6 * files[2].stat().st_size
    text = ["The patient has severe gout."]
    ours, theirs = (open_head(one, threads=1).tag_logits(text) for one in (with_less, with_all))
    assert (ours[0] == theirs[0]).all()


def test_select_is_learned_from_where_the_recipe_says_so_and_nothing_is_chosen_by_it(
    base: Path, tmp_path: Path
) -> None:
    made = recipe(base, "token", ROOT, "temperature = 1.5", epochs=3.0)
    made = changed(made, "data", {"learn_select": True})
    out = run_encode(made, job(tmp_path / "head", sentences(24), sentences(12, "s")))
    report = json.loads((out / "report.json").read_text())
    assert report["data"]["tune"]["examples"] == 36
    assert report["select"] == {}, "what was learned is no measure"
    assert report["training"]["best_step"] is None
    assert report["int8"]["answers_alike"] > 0.9
    assert read_head_card(out).temperature == 1.5
    told = (out / "card.md").read_text()
    assert "No part was kept to choose the weights by: *select* was learned from too; all steps" in told
    assert "divided by the temperature 1.500, as the recipe states." in told
    assert report["tests"]["not_scored"] == ["made/select"]


def test_pieces_that_are_hidden_teach_to_read_the_words_around_them(base: Path, tmp_path: Path) -> None:
    hiding = recipe(base, "token", ROOT, "hidden = 0.3", epochs=20.0)
    with pytest.raises(ModelError, match=r"nothing can be hidden from this encoder"):
        run_encode(hiding, job(tmp_path / "head", sentences(72), sentences(12, "s")))
    masked = tmp_path / "masked"
    shutil.copytree(base, masked)
    pieces = json.loads((masked / "tokenizer.json").read_text())
    pieces["model"]["vocab"]["[MASK]"] = pieces["model"]["vocab"].pop("ü")
    (masked / "tokenizer.json").write_text(json.dumps(pieces))
    hiding = recipe(masked, "token", ROOT, "hidden = 0.3", epochs=20.0)
    out = run_encode(hiding, job(tmp_path / "head", sentences(72), sentences(12, "s")))
    text = "The patient reports severe gout today."
    assert len(open_head(out, threads=1).find_spans([text])[0]) == 1
    whole = run_encode(recipe(base, "token", ROOT, epochs=1.0), job(tmp_path / "h", sentences(24), []))
    first = [
        json.loads((folder / "log.jsonl").read_text().splitlines()[0])["loss"] for folder in (out, whole)
    ]
    assert first[0] != first[1]
