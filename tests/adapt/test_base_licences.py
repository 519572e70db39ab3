"""What is to be given away is made from weights whose licence is known to allow it, or not made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.job import Job
from posology.adapt.licences import NOT_STATED, path_licences, require_teacher, teacher_told
from posology.adapt.recipes import parse_recipe
from posology.adapt.running import plan_recipe, run_recipe
from posology.chat.catalogue import known_models
from posology.corpus.licences import may_ship
from posology.errors import ModelError, UserError

ADAPTED = {"models": {"base": {"licence": "Apache-2.0; MIT"}}}
DISTILLED = {**ADAPTED, "settings": {"recipe": {"objective": {"distill": {"on": True}}}}}
FILE = {"model.safetensors": "ab"}
LEARNED = {"licences": {"made here": 7, "CC-BY 4.0": 2}}

FOLDERS: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "nothing is told": ({"config.json": "{}"}, (NOT_STATED,)),
    "a card's head tells": ({"README.md": "---\nlanguage: en\nlicense: apache-2.0\n---\nA"}, ("apache-2.0",)),
    "a card's head tells two": ({"README.md": "---\nlicense: [mit, cc-by-4.0]\n---\n"}, ("mit", "cc-by-4.0")),
    "a card's head ends lines as Windows does": ({"README.md": "---\r\nlicense: mit\r\n---\r\n"}, ("mit",)),
    "a card's head tells none": ({"README.md": "---\nlanguage: en\n---\nlicense: mit\n"}, (NOT_STATED,)),
    "a card with no head": ({"README.md": "# Model\nlicense: mit\n---\n"}, (NOT_STATED,)),
    "a card whose head is no YAML": (
        {"README.md": "---\nlicense: [mit\n---\n"},
        ("not stated: README.md cannot be read",),
    ),
    "a manifest tells": ({"manifest.json": '{"license": "Apache-2.0", "files": {}}'}, ("Apache-2.0",)),
    "a manifest that is no JSON": ({"manifest.json": "license: mit"}, (NOT_STATED,)),
    "a manifest that is a list": ({"manifest.json": "[]"}, (NOT_STATED,)),
    "made here: its base and all it learned from": (
        {"manifest.json": json.dumps(ADAPTED), "report.json": json.dumps(LEARNED)},
        ("Apache-2.0", "MIT", "made here", "CC-BY 4.0"),
    ),
    "made here, and a card beside does not take it back": (
        {
            "manifest.json": json.dumps(ADAPTED),
            "report.json": '{"licences": {"GPL-3.0": 1}}',
            "README.md": "---\nlicense: mit\n---\n",
        },
        ("Apache-2.0", "MIT", "GPL-3.0"),
    ),
    "made here, what it learned from is not told": (
        {"manifest.json": json.dumps(ADAPTED)},
        ("Apache-2.0", "MIT", NOT_STATED),
    ),
    "an export, whatever the card that it copied from its base tells": (
        {
            "manifest.json": json.dumps({"models": {"export": FILE, "sources": {"licence": "mit; GPL-3.0"}}}),
            "README.md": "---\nlicense: mit\n---\n",
        },
        ("mit", "GPL-3.0"),
    ),
    "an export that does not tell its sources": (
        {
            "manifest.json": json.dumps({"models": {"export": FILE}}),
            "README.md": "---\nlicense: mit\n---\n",
        },
        (NOT_STATED,),
    ),
    "made here by a teacher that is not told": (
        {"manifest.json": json.dumps(DISTILLED), "report.json": json.dumps(LEARNED)},
        ("Apache-2.0", "MIT", "made here", "CC-BY 4.0", NOT_STATED),
    ),
    "made here by a teacher that is told": (
        {
            "manifest.json": json.dumps(
                {**DISTILLED, "models": {**ADAPTED["models"], "teacher": {"licence": "mit"}}}
            ),
            "report.json": json.dumps(LEARNED),
        },
        ("Apache-2.0", "MIT", "mit", "made here", "CC-BY 4.0"),
    ),
}


@pytest.mark.parametrize("why", FOLDERS)
def test_a_folder_has_the_licences_that_its_papers_tell(why: str, tmp_path: Path) -> None:
    files, licences = FOLDERS[why]
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode())
    assert path_licences(tmp_path) == licences


def test_an_adapter_made_elsewhere_has_the_licences_of_its_base_too(tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    base.mkdir()
    adapter.mkdir()
    config = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "base_model_name_or_path": str(base)}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    (adapter / "README.md").write_text("---\nlicense: mit\n---\n")
    assert path_licences(adapter) == ("mit", NOT_STATED)
    (base / "README.md").write_text("---\nlicense: gemma\n---\n")
    assert path_licences(adapter) == ("mit", "gemma")


@pytest.mark.parametrize("licence", ["apache-2.0", ""])
def test_a_file_of_weights_has_the_licence_that_it_tells(tmp_path: Path, licence: str) -> None:
    gguf = pytest.importorskip("gguf", reason="needs the extra embedded")
    writer = gguf.GGUFWriter(tmp_path / "one.gguf", "llama")
    if licence:
        writer.add_license(licence)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert path_licences(tmp_path / "one.gguf") == (licence or NOT_STATED,)
    (tmp_path / "manifest.json").write_text('{"licence": "MIT", "files": {"another.gguf": {}}}')
    assert path_licences(tmp_path / "one.gguf") == (licence or NOT_STATED,), "another file's manifest"
    (tmp_path / "manifest.json").write_text('{"licence": "MIT", "files": {"one.gguf": {}}}')
    assert path_licences(tmp_path / "one.gguf") == ("MIT",)


SOURCES = {
    "tune": '[data]\ncorpora = ["x"]',
    "prefer": '[data]\ncorpora = ["x"]',
    "vocabulary": '[data]\ncorpora = ["x"]',
    "pretrain": '[texts]\nreplay = 0.0\ndomain = ["x"]',
}


def _recipe(kind: str, base: str, more: str = "") -> Any:
    text = f"""
posology = "recipe/1"
kind = "{kind}"
name = "made"
{SOURCES[kind]}
purpose = "ship"
[base]
{base}
{more}
"""
    return parse_recipe(text, "made.toml")


BARRED = next(entry.name for entry in known_models().values() if not may_ship(entry.licence))


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("act", [run_recipe, plan_recipe])
@pytest.mark.parametrize(
    ("base", "told"),
    [
        ('path = "plain"', r"base\.path: plain: the licence .* not known: not stated; take a model of the"),
        (f'model = "{BARRED}"', rf"base\.model: {BARRED}: the licence of these weights forbids it"),
    ],
)
def test_nothing_to_give_away_is_made_from_weights_of_another_licence(
    tmp_path: Path, kind: str, act: Any, base: str, told: str
) -> None:
    (tmp_path / "plain").mkdir()
    key = "texts" if kind == "pretrain" else "data"
    with pytest.raises(UserError, match=rf"^{key}\.purpose: ship: {told}"):
        act(_recipe(kind, base), Job(out=tmp_path / "out", folder=tmp_path))


def test_weights_that_are_not_there_are_not_called_unlicensed(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^base\.path: .*nowhere: the weights are not there; correct"):
        plan_recipe(_recipe("tune", 'path = "nowhere"'), Job(out=tmp_path / "out", folder=tmp_path))


def test_a_teacher_of_unknown_licence_teaches_nothing_that_is_given_away(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "teacher").mkdir()
    job = Job(out=tmp_path / "out", folder=tmp_path)
    for named, told in (('teacher = "teacher"', "teacher"), ('cache = "cache"', "not named")):
        more = f"[objective.distill]\non = true\n{named}"
        with pytest.raises(UserError, match=rf"objective\.distill\.teacher: {told}: the licence of these"):
            run_recipe(_recipe("tune", 'path = "plain"', more), job)


@pytest.mark.parametrize(
    ("licence", "told"), [("gemma", r"made by: the licence .*: gemma;"), ("", r"made by: .*: not stated;")]
)
def test_a_cache_has_the_licence_of_the_teacher_that_made_it_whoever_is_named(
    tmp_path: Path, licence: str, told: str
) -> None:
    for name in ("plain", "cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "plain" / "README.md").write_text("---\nlicense: mit\n---\n")
    papers = {"teacher": {"name": "made by", "licence": licence}}
    (tmp_path / "cache" / "manifest.json").write_text(json.dumps(papers))
    job = Job(out=tmp_path / "out", folder=tmp_path)
    for named in ("", 'teacher = "plain"'):
        recipe = _recipe(
            "tune", 'path = "plain"', f'[objective.distill]\non = true\ncache = "cache"\n{named}'
        )
        with pytest.raises(UserError, match=rf"objective\.distill\.teacher: {told}"):
            run_recipe(recipe, job)
    papers["teacher"]["licence"] = "MIT"
    (tmp_path / "cache" / "manifest.json").write_text(json.dumps(papers))
    assert teacher_told(recipe.objective.distill, job) == papers["teacher"]
    require_teacher(recipe.objective.distill, job, "ship")
