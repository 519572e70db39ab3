"""Teachers that run beside, teachers that are cached, and those that cannot teach."""

import json

import pytest

from posology.errors import ModelError, UserError
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny

pytestmark = NEEDS_TORCH
LIVE = {"objective": {"distill": {"on": True, "teacher": "tiny"}}, "optimizer": {"steps": 2}}


def _cached(cache, **more):
    distill = {"on": True, "teacher": "tiny", "cache": cache, **more}
    return {"objective": {"distill": distill}, "optimizer": {"steps": 2}}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return write_bench(tmp_path_factory.mktemp("bench"), tune=4)


def _first(folder, name):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return next(line[name] for line in lines if "loss" in line)


def test_a_student_that_is_its_own_teacher_begins_at_no_distance(bench) -> None:
    from posology.adapt.tune import run_tune

    made = run_tune(recipe_of(LIVE), job_of(bench, "live"))
    assert _first(made, "distill") == pytest.approx(0, abs=1e-4)


def test_a_teacher_that_is_an_adapter_teaches_with_it(bench) -> None:
    from posology.adapt.distill import open_teacher
    from posology.adapt.tune import prepare, run_tune

    tuned = run_tune(recipe_of({"optimizer": {"steps": 4, "lr": 0.05}}), job_of(bench, "taught"))
    adapter = {"objective": {"distill": {"on": True, "teacher": "taught"}}, "optimizer": {"steps": 2}}
    made = run_tune(recipe_of(adapter), job_of(bench, "by-adapter"))
    assert _first(made, "distill") > 0.01  # by its base alone it would be the student's own: no distance
    job, recipe = job_of(bench), recipe_of(adapter)
    prepared = prepare(recipe, job)
    teacher = open_teacher(recipe.objective.distill, prepared.network, recipe.base, prepared.tune, job)
    torch, tokens = prepared.network.torch, prepared.network.torch.tensor([[5, 9, 17, 33]])
    theirs = teacher._network.core(input_ids=tokens).logits
    expected = _merged_logits(bench / "tiny", tuned, tokens)
    assert torch.allclose(theirs, expected, atol=1e-4)


def _merged_logits(base, adapter, tokens):
    """Return what peft itself computes with an adapter merged into its base."""
    import shutil
    import warnings

    import peft
    import transformers

    plain = adapter.parent / "peft"
    plain.mkdir()
    shutil.copy(adapter / "adapter.safetensors", plain / "adapter_model.safetensors")
    shutil.copy(adapter / "adapter_config.json", plain)
    model = transformers.AutoModelForCausalLM.from_pretrained(str(base))
    with warnings.catch_warnings():  # peft asks transformers by a name that will go
        warnings.simplefilter("ignore", FutureWarning)
        merged = peft.PeftModel.from_pretrained(model, str(plain)).merge_and_unload()
    return merged.eval()(input_ids=tokens).logits


def test_a_cache_is_made_once_and_then_serves_without_its_teacher(bench) -> None:
    from posology.adapt.tune import run_tune

    run_tune(recipe_of(_cached("cache")), job_of(bench, "first"))
    assert sorted(path.name for path in (bench / "cache").iterdir()) == ["cache.safetensors", "manifest.json"]
    made = run_tune(recipe_of(_cached("cache", teacher="")), job_of(bench, "second"))
    assert _first(made, "distill") == pytest.approx(0, abs=2e-3)  # kept in 16 bits


def test_data_that_changed_since_the_cache_was_made_is_refused(bench) -> None:
    from posology.adapt.distill import CachedTeacher
    from posology.adapt.masks import Marker, mark_example
    from posology.adapt.tune import prepare

    recipe = recipe_of(_cached("cache", teacher=""))
    prepared = prepare(recipe, job_of(bench))
    if not (bench / "cache").is_dir():
        pytest.skip("the test that makes the cache did not run")
    teacher = CachedTeacher(bench / "cache", prepared.network, recipe.objective.distill)
    other = mark_example(example(99), Marker(prepared.network.codec, prepared.network.ends))
    with pytest.raises(ModelError, match="holds nothing of the example note-99"):
        teacher.prepare([other])
    softer = recipe_of(_cached("cache", teacher="", temperature=2.0)).objective.distill
    with pytest.raises(ModelError, match=r"was made at temperature 1.0, the recipe says 2.0"):
        CachedTeacher(bench / "cache", prepared.network, softer)


def test_a_teacher_of_another_vocabulary_is_refused(bench) -> None:
    import transformers

    from posology.adapt.tune import run_tune

    write_tiny(bench / "stranger")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(bench / "stranger"))
    tokenizer.add_tokens(["<other>"])
    tokenizer.save_pretrained(str(bench / "stranger"))
    model = transformers.AutoModelForCausalLM.from_pretrained(str(bench / "stranger"))
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(str(bench / "stranger"))
    changes = {"objective": {"distill": {"on": True, "teacher": "stranger"}}}
    with pytest.raises(ModelError, match="stranger: the teacher's vocabulary is not the student's"):
        run_tune(recipe_of(changes), job_of(bench, "refused"))
    assert not (bench / "refused").exists()


def test_a_cache_that_is_not_there_and_cannot_be_made_is_said(bench) -> None:
    from posology.adapt.tune import run_tune

    with pytest.raises(ModelError, match=r"there is no cache of a teacher; name objective.distill.teacher"):
        run_tune(recipe_of(_cached("nowhere", teacher="")), job_of(bench, "nothing"))


def test_a_damaged_cache_is_said(bench) -> None:
    from posology.adapt.tune import run_tune

    (bench / "broken").mkdir()
    (bench / "broken" / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="no cache of a teacher, or a damaged one; remove it to make it anew"):
        run_tune(recipe_of(_cached("broken")), job_of(bench, "nothing"))


@pytest.fixture(scope="module")
def prepared(bench):
    from posology.adapt.tune import prepare

    return prepare(recipe_of(LIVE), job_of(bench))


def _opened(bench, prepared, cache, **more):
    from posology.adapt.distill import open_teacher

    recipe = recipe_of(_cached(cache, **more))
    return open_teacher(recipe.objective.distill, prepared.network, recipe.base, prepared.tune, job_of(bench))


@pytest.fixture
def kept(bench, prepared, tmp_path):
    """Make a cache of four tokens, which every test may change."""
    _opened(bench, prepared, str(tmp_path / "kept"), top=4)
    return tmp_path / "kept"


def test_a_cache_of_another_teacher_is_refused_and_without_one_it_is_taken(bench, prepared, kept) -> None:
    from safetensors.torch import load_file, save_file

    if not (bench / "larger").is_dir():
        write_tiny(bench / "larger")
        weights = {name: one * 2 for name, one in load_file(bench / "larger" / "model.safetensors").items()}
        save_file(weights, bench / "larger" / "model.safetensors", metadata={"format": "pt"})
    _opened(bench, prepared, str(kept), top=4)
    with pytest.raises(
        ModelError, match=r"kept: was made by tiny \(SHA-256 .* names larger \(SHA-256 .*; name another"
    ):
        _opened(bench, prepared, str(kept), top=4, teacher="larger")
    with pytest.raises(ModelError, match=r"gone is not there, so that the cache .* leave teacher empty"):
        _opened(bench, prepared, str(kept), top=4, teacher="gone")
    _opened(bench, prepared, str(kept), top=7, teacher="")


def test_a_cache_of_a_teacher_whose_adapter_weighs_otherwise_is_refused(bench, prepared, tmp_path) -> None:
    import shutil

    from posology.adapt.tune import run_tune

    if not (bench / "weighed").is_dir():
        run_tune(recipe_of({"optimizer": {"steps": 1}}), job_of(bench, "weighed"))
    cache = str(tmp_path / "of-adapter")
    _opened(bench, prepared, cache, top=4, teacher="weighed")
    _opened(bench, prepared, cache, top=4, teacher="weighed")
    if not (bench / "heavier").is_dir():
        shutil.copytree(bench / "weighed", bench / "heavier")
        config = json.loads((bench / "heavier" / "adapter_config.json").read_text())
        config["lora_alpha"] *= 4
        (bench / "heavier" / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="names heavier"):
        _opened(bench, prepared, cache, top=4, teacher="heavier")


def test_a_cache_that_keeps_another_number_of_tokens_is_refused(bench, prepared, kept) -> None:
    with pytest.raises(
        ModelError, match=r"top 4\), and the recipe names tiny .*top 5\); .* delete the folder"
    ):
        _opened(bench, prepared, str(kept), top=5)


@pytest.mark.parametrize("lacking", ["sha256", "top"])
def test_a_cache_that_tells_not_what_it_is_of_is_refused(bench, prepared, kept, lacking) -> None:
    record = json.loads((kept / "manifest.json").read_text())
    (record["teacher"] if lacking == "sha256" else record).pop(lacking)
    (kept / "manifest.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match=r"was made by tiny .*unknown.*, and the recipe names tiny"):
        _opened(bench, prepared, str(kept), top=4)


def test_a_cache_whose_numbers_changed_is_refused(bench, prepared, kept) -> None:
    path = kept / "cache.safetensors"
    held = path.read_bytes()
    path.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
    with pytest.raises(ModelError, match="kept: the cache is damaged; remove it to make it anew"):
        _opened(bench, prepared, str(kept), top=4)


def test_a_cache_is_made_by_one_process(bench, prepared, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        UserError, match="made: making the cache of a teacher runs in one process, and 2 were"
    ):
        _opened(bench, prepared, str(tmp_path / "made"))
    assert list(tmp_path.iterdir()) == []
