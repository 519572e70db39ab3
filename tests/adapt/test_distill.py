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
