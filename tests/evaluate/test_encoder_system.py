"""A trained head as a rung: it answers labels, options and mentions, and no item that it has seen."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from posology.adapt.encoders.labelled import Labelled
from posology.adapt.encoders.run import run_encode
from posology.adapt.job import Job
from posology.errors import ModelError, UserError
from posology.evaluate.arm import Learning
from posology.evaluate.chosen import model_spec
from posology.evaluate.encoder_examples import CLAIMS, head_kind, labelled_of, reading_of, task_labelled
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item, Mention
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import SystemSpec, open_system, parse_system, why_not
from posology.evaluate.systems.digests import digest_of
from posology.evaluate.task import Task
from posology.evaluate.tasks import TASKS
from tests.adapt.made_encoder import answering, recipe, sentences, write_encoder
from tests.evaluate.made_tasks import CHOICE, CODES, MENTIONS, OPTIONS, TEXT, choice_items, made_task

LABELS = ("yes", "no")
PAIRS = replace(made_task(ChoiceForm(LABELS), "macro-F1", labels=LABELS), name="healthver")
ROOT = 'class_weights = "root"'


def entity_items(count: int, prefix: str) -> list[Item]:
    return [
        Item(
            one.id,
            one.id,
            one.first,
            tuple(Mention(s.start, s.end, s.label, one.first[s.start : s.end]) for s in one.spans),
        )
        for one in sentences(count, prefix)
    ]


def option_items(count: int, prefix: str) -> list[Item]:
    options = (("aspirin helps", "rash", "fever"), ("cough", "aspirin helps", "pain"))
    return [
        Item(f"{prefix}{n}", f"{prefix}{n}", "The patient has pain today.", "AB"[n % 2], options[n % 2])
        for n in range(count)
    ]


def train(home: Path, task: Task, tune: list[Item], select: list[Item]) -> SystemSpec:
    pytest.importorskip("torch", reason="needs the extra adapt")
    pytest.importorskip("openvino", reason="needs the extra embedded")
    kind = head_kind(task)
    assert kind is not None
    examples = answering(labelled_of(task, tune), labelled_of(task, select))
    made = recipe(write_encoder(home / "base"), kind, ROOT)
    out = run_encode(made, Job(out=home / "heads" / task.name, labelled=examples))
    assert out == home / "heads" / task.name
    return SystemSpec(name="head", kind="encoder", path=str(home / "heads"), threads=1)


@pytest.fixture(scope="module")
def mentions(tmp_path_factory: pytest.TempPathFactory) -> SystemSpec:
    return train(tmp_path_factory.mktemp("mentions"), MENTIONS, entity_items(72, "t"), entity_items(12, "s"))


def test_a_head_answers_mentions_with_their_places(mentions: SystemSpec) -> None:
    arm = open_system(mentions).arm(None, MENTIONS, Learning())
    items = entity_items(8, "r")
    responses = arm.answer(items)
    assert [one.answer for one in responses] == [item.gold for item in items]
    assert arm.identity.family == "encoder"
    assert arm.identity.parameters
    assert arm.identity.precision == "fp32"
    assert len(arm.identity.sha256) == 64
    assert arm.fingerprint == open_system(mentions).arm(None, MENTIONS, Learning()).fingerprint
    assert arm.answer([]) == []
    told = json.loads((Path(mentions.path) / MENTIONS.name / "head.json").read_text())
    before = {**told, "reads": "together", "width": 0, "blocks": 0}
    assert arm.fingerprint == digest_of("encoder/1", MENTIONS.name, before), "results of older versions count"
    assert not {"network", "begin", "end"} & set(told)


def test_an_item_that_the_head_has_seen_is_refused(mentions: SystemSpec) -> None:
    arm = open_system(mentions).arm(None, MENTIONS, Learning())
    for seen in (entity_items(1, "t"), entity_items(1, "s")):
        with pytest.raises(UserError, match=f"learned from item {seen[0].id} of made, or was chosen by it"):
            arm.answer([*entity_items(2, "r"), *seen])


def test_a_head_that_does_not_say_what_it_has_seen_is_refused(mentions: SystemSpec, tmp_path: Path) -> None:
    head = Path(mentions.path) / "made"
    shutil.copytree(head, tmp_path, dirs_exist_ok=True)
    (tmp_path / "seen.json").unlink()
    with pytest.raises(ModelError, match="it must say which items the head has seen"):
        open_system(mentions.model_copy(update={"path": str(tmp_path)})).arm(None, MENTIONS, Learning())


def test_other_weights_than_the_specs_are_refused(mentions: SystemSpec) -> None:
    other = mentions.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(ModelError, match="the weights are not those of sha256 in the system head"):
        open_system(other).arm(None, MENTIONS, Learning())


def test_a_head_answers_labels_and_options_with_probabilities(tmp_path: Path) -> None:
    for task, made in ((CHOICE, choice_items), (OPTIONS, option_items)):
        spec = train(tmp_path / task.metric, task, made(24, "t"), made(6, "s"))
        items = made(6, "r")
        responses = open_system(spec).arm(None, task, Learning()).answer(items)
        for one in responses:
            assert one.answer in (task.labels or ("A", "B", "C"))
            assert sum(one.scores.values()) == pytest.approx(1.0)
            assert one.answer == max(one.scores, key=one.scores.__getitem__)
        if task is OPTIONS:
            assert [one.answer for one in responses] == [item.gold for item in items]


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (MENTIONS, ""),
        (CHOICE, "the head in {made} is of the kind token; the task needs one of the kind sequence"),
        (OPTIONS, "the head in {made} is of the kind token; the task needs one of the kind pair"),
        (CODES, "heads answer choice and entities tasks; this one is of the kind codes"),
        (TEXT, "heads answer choice and entities tasks; this one is of the kind text"),
        (PAIRS, "there is no trained head in {home}, nor in a folder healthver in it"),
        (
            replace(MENTIONS, form=replace(MENTIONS.form, names={"Drug": "drug"})),
            "the head in {made} answers Disease; the task has Drug",
        ),
    ],
)
def test_what_a_head_cannot_answer_is_said_before_it_is_opened(mentions: SystemSpec, task, why: str) -> None:
    home = Path(mentions.path)
    assert why_not(mentions, task) == why.format(home=home, made=home / "made")


def test_an_encoder_has_no_strategy(mentions: SystemSpec) -> None:
    assert (
        why_not(mentions, MENTIONS, parse_strategy("zero"))
        == "an encoder is not asked in words: it has no strategy"
    )


def test_a_head_on_the_command_line_is_told_from_weights_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "heads" / "triage").mkdir(parents=True)
    (tmp_path / "weights").mkdir()
    (tmp_path / "heads" / "triage" / "head.json").touch()
    for folder, kind in (("heads", "encoder"), ("heads/triage", "encoder"), ("weights", "generator")):
        assert model_spec(str(tmp_path / folder), "transformers").kind == kind, folder


def test_an_encoder_needs_the_folder_of_its_head() -> None:
    with pytest.raises(UserError, match="kind encoder needs path: a trained head"):
        parse_system({"name": "x", "kind": "encoder"}, "systems")
    with pytest.raises(UserError, match="kind encoder takes no model"):
        parse_system({"name": "x", "kind": "encoder", "path": "a", "model": "m"}, "systems")


def test_a_pair_is_the_claim_and_its_evidence() -> None:
    item = Item("1", "g", "Evidence: Aspirin: it works.\nIt does.\nClaim: aspirin helps", "yes")
    assert reading_of(PAIRS, item) == [("aspirin helps", "Aspirin: it works.\nIt does.")]
    (one,) = labelled_of(PAIRS, [item])
    assert (one.first, one.second, one.label, one.provenance.group) == (
        "aspirin helps",
        "Aspirin: it works.\nIt does.",
        "yes",
        "g",
    )
    with pytest.raises(UserError, match="healthver: item 1: its text has no part Claim"):
        reading_of(PAIRS, replace(item, text="aspirin helps"))


def test_an_option_is_a_pair_with_its_question_and_only_one_is_right() -> None:
    found = labelled_of(OPTIONS, option_items(2, "t"))
    assert [(one.id, one.first, one.label) for one in found[:3]] == [
        ("t0/A", "aspirin helps", "right"),
        ("t0/B", "rash", "wrong"),
        ("t0/C", "fever", "wrong"),
    ]
    assert {one.second for one in found} == {"The patient has pain today."}


def test_items_without_a_gold_answer_teach_nothing_and_codes_are_refused() -> None:
    assert labelled_of(CHOICE, [replace(choice_items(1)[0], gold="Perhaps")]) == []
    with pytest.raises(UserError, match="made: heads answer choices and entities; this task is codes"):
        labelled_of(CODES, [])


def test_the_tasks_of_two_texts_are_there() -> None:
    assert set(CLAIMS) <= set(TASKS)


def test_the_part_with_scores_is_never_read_for_learning() -> None:
    with pytest.raises(UserError, match="healthver: the part report is for scores: nothing learns from it"):
        task_labelled("healthver", "report", Path("."))  # type: ignore[arg-type]


def test_every_item_of_the_tasks_of_two_texts_is_read(data_folder: Path) -> None:
    for name in ("covidfact_rte", "expertqa", "healthver", "medhallu", "mediqa2019_rqe"):
        examples: list[Labelled] = task_labelled(name, "tune", data_folder)
        assert examples, name
        assert all(one.first and one.second for one in examples), name
