"""New words: what they save, that nothing else changes, and that every reader of the folder agrees."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.expansion import NewToken, choose_words, expand_tokenizer
from posology.adapt.fertility import Speed, measure_fertility
from posology.adapt.job import Job
from posology.adapt.recipes import parse_recipe, render_recipe
from posology.adapt.vocabulary import compare_models, open_encode, require_equal, run_vocabulary
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, UserError
from tests.adapt.tiny_words import CLINICAL, PLAIN, byte_level, decoder_folder, records, word_piece

RECIPE = """
posology = "recipe/1"
kind = "vocabulary"
name = "words"
[data]
corpora = ["notes"]
purpose = "ship"
[base]
path = "base"
[words]
most = 20
least_count = 6
least_groups = 3
"""


def _encode(tokenizer: Any) -> Any:
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def _state(tokenizer: Any) -> dict[str, Any]:
    return json.loads(tokenizer.to_str())


def test_fertility_counts_tokens_by_section_by_code_and_by_term() -> None:
    text = "MEDS: metformin\n\nPMH: Hypertension (I10), E11.9. The cat sat."
    found = measure_fertility(lambda text: list(text), records((text,), 1))
    assert found.whole.words == len(text.split())
    assert found.whole.tokens == len(text)
    assert set(found.sections) == {"medications", "past_history"}
    assert found.codes["icd-10-cm"].record() == {"words": 1, "tokens": 6, "tokens_a_word": 6.0}
    assert found.terms.words == 2
    assert found.rest.words == 5
    each = found.whole.each
    assert each is not None
    assert found.seconds(Speed(prefill=100, decode=10)) == {"read": each * 10, "write": each * 100}
    assert measure_fertility(list, []).seconds(Speed(1, 1)) == {"read": None, "write": None}


def test_words_are_chosen_by_what_they_save_and_rare_ones_never() -> None:
    encode = _encode(byte_level())
    words = choose_words(records(), encode, count=6, groups=3, most=50)
    assert [word.saving for word in words] == sorted((word.saving for word in words), reverse=True)
    assert {"metformin", "lisinopril"} <= {word.text for word in words}
    assert all(word.pieces == len(encode(f" {word.text}")) for word in words)
    name = Record("one", "Zachariah " * 40, Provenance("made", "made here", group="one"))
    assert "Zachariah" not in {
        w.text for w in choose_words([*records(), name], encode, count=6, groups=3, most=99)
    }


def test_bpe_text_without_a_new_word_is_cut_as_before_and_a_new_word_is_one_token() -> None:
    from tokenizers import Tokenizer

    old = byte_level()
    state, tokens = expand_tokenizer(_state(old), ["metformin", "hypertension", "twenty-one", "cat"])
    new = Tokenizer.from_str(json.dumps(state))
    assert new.encode(PLAIN).ids == old.encode(PLAIN).ids
    for word in ("metformin", "hypertension"):
        (only,) = new.encode(f" {word}").ids
        made = {token.number: token for token in tokens}
        assert list(made[only].pieces) == old.encode(f" {word}").ids
    assert new.decode(new.encode(CLINICAL).ids) == CLINICAL
    assert len(new.encode(CLINICAL).ids) < len(old.encode(CLINICAL).ids)
    numbers = [token.number for token in tokens]
    assert numbers == list(range(old.get_vocab_size(), old.get_vocab_size() + len(tokens)))
    assert {k: v for k, v in new.get_vocab().items() if v < numbers[0]} == old.get_vocab()


def test_word_piece_gets_the_word_itself() -> None:
    from tokenizers import Tokenizer

    old = word_piece()
    state, tokens = expand_tokenizer(_state(old), ["metformin", "Hypertension", "cat", "metformin"])
    new = Tokenizer.from_str(json.dumps(state))
    assert len(tokens) == 2
    assert len(new.encode("Metformin", add_special_tokens=False).ids) == 1
    assert new.encode(PLAIN).ids == old.encode(PLAIN).ids


def test_another_kind_of_tokenizer_is_refused() -> None:
    from tokenizers import Tokenizer, models

    with pytest.raises(ModelError, match="Unigram"):
        expand_tokenizer(_state(Tokenizer(models.Unigram())), ["metformin"])


def write_notes(folder: Path, licence: str = "made here") -> None:
    """Write a model and notes."""
    decoder_folder(folder / "base", byte_level())
    (folder / "notes").mkdir()
    write_jsonl(folder / "notes" / "records.jsonl", records(licence=licence))


@pytest.mark.parametrize(("tied", "spare"), [(True, 0), (False, 0), (False, 40)])
def test_a_model_with_new_words_is_otherwise_the_same_and_its_folder_reads_back(
    tmp_path: Path, tied: bool, spare: int
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    old = decoder_folder(tmp_path / "base", byte_level(), tied=tied, spare=spare)
    (tmp_path / "notes").mkdir()
    write_jsonl(tmp_path / "notes" / "records.jsonl", records())
    recipe = parse_recipe(RECIPE, "words.toml")
    made = run_vocabulary(recipe, Job(out=tmp_path / "made", folder=tmp_path))  # type: ignore[arg-type]
    report = json.loads((made / "report.json").read_text(encoding="utf-8"))
    assert report["compared"]["largest_logit_difference"] < 1e-5
    assert report["compared"]["largest_row_difference"] < 1e-6
    assert report["after"]["whole"]["tokens"] < report["before"]["whole"]["tokens"]
    tokenizer = AutoTokenizer.from_pretrained(str(made))
    plain = open_encode(made / "tokenizer.json")
    assert tokenizer.encode(CLINICAL, add_special_tokens=False) == list(plain(CLINICAL))
    models = [AutoModelForCausalLM.from_pretrained(str(path)).eval() for path in (old, made)]
    ids = torch.tensor([list(plain("The cat sat on the mat."))])
    with torch.inference_mode():
        was, now = (model(input_ids=ids).logits for model in models)
    size = byte_level().get_vocab_size()
    assert torch.allclose(was[..., :size], now[..., :size], atol=1e-5)
    (number,) = plain(" metformin")
    pieces = list(open_encode(old / "tokenizer.json")(" metformin"))
    for kind in ("get_input_embeddings", "get_output_embeddings"):
        before, after = (getattr(model, kind)().weight for model in models)
        assert torch.allclose(after[number], before[pieces].mean(0), atol=1e-6)
    assert render_recipe(recipe) == (made / "recipe.toml").read_text(encoding="utf-8")


def test_a_text_without_a_new_word_that_is_cut_otherwise_is_refused(tmp_path: Path) -> None:
    old, new = (decoder_folder(tmp_path / name, byte_level()) for name in ("old", "new"))
    path = new / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"][:-40]
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    last = byte_level().get_vocab_size() - 1
    compared = compare_models(old, new, records(), [NewToken(last, (0,))])
    assert compared.otherwise > 0
    with pytest.raises(ModelError, match="without a new word are cut otherwise"):
        require_equal(compared, 1e-3)


@pytest.mark.parametrize(
    ("licence", "least", "message"),
    [("CC-BY-NC-4.0", 0.03, "licence forbids"), ("made here", 0.9, "does not pay")],
)
def test_a_licence_that_forbids_and_words_that_do_not_pay_stop_the_run(
    tmp_path: Path, licence: str, least: float, message: str
) -> None:
    decoder_folder(tmp_path / "base", byte_level())
    (tmp_path / "notes").mkdir()
    write_jsonl(tmp_path / "notes" / "records.jsonl", records(licence=licence))
    recipe = parse_recipe(RECIPE + f"least_saving = {least}\n", "words.toml")
    with pytest.raises(UserError, match=message):
        run_vocabulary(recipe, Job(out=tmp_path / "made", folder=tmp_path))  # type: ignore[arg-type]
    assert not (tmp_path / "made").exists()


def test_words_of_patients_that_are_dealt_to_report_are_not_taken(tmp_path: Path) -> None:
    write_notes(tmp_path)
    held = [
        replace(one, id=f"held-{one.id}", meta={"part": "report"})
        for one in records(("Zanthoplasty and zanthoplasty again. " * 20,))
    ]
    write_jsonl(tmp_path / "notes" / "records.jsonl", [*records(), *held])
    recipe = parse_recipe(RECIPE, "words.toml")
    made = run_vocabulary(recipe, Job(out=tmp_path / "made", folder=tmp_path))  # type: ignore[arg-type]
    assert len(open_encode(made / "tokenizer.json")(" zanthoplasty")) > 1
    report = json.loads((made / "report.json").read_text(encoding="utf-8"))
    assert report["left_out"] == {"of the part report": 6}
    assert "Left out: 6 records of the part report." in (made / "card.md").read_text(encoding="utf-8")


def test_a_base_with_weights_that_are_no_numbers_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    write_notes(tmp_path)
    weights = load_file(str(tmp_path / "base" / "model.safetensors"))
    weights["model.embed_tokens.weight"][open_encode(tmp_path / "base" / "tokenizer.json")("m")[0]] = math.nan
    save_file(weights, str(tmp_path / "base" / "model.safetensors"), metadata={"format": "pt"})
    recipe = parse_recipe(RECIPE, "words.toml")
    with pytest.raises(ModelError, match="the base holds weights that are no numbers"):
        run_vocabulary(recipe, Job(out=tmp_path / "made", folder=tmp_path))  # type: ignore[arg-type]
    assert not (tmp_path / "made").exists()
