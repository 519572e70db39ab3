"""Tasks' items as examples: asked as a tuned model will be asked."""

import pytest

from posology.errors import UserError
from posology.evaluate.examples import examples_of, task_examples
from posology.evaluate.items import Item, Mention
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems.prompts import messages_for
from posology.evaluate.tasks import TASKS, find_task

HEALTHVER = find_task("healthver")


def _item(number: int, gold: str) -> Item:
    return Item(f"i{number}", f"g{number}", f"A claim of number {number}.", gold)


def test_an_example_asks_as_zero_and_tuned_ask_and_answers_as_the_form_writes() -> None:
    item = _item(1, HEALTHVER.labels[0])
    (made,) = examples_of(HEALTHVER, [item])
    assert made.messages == messages_for(HEALTHVER, item)
    assert made.answer == HEALTHVER.labels[0]
    assert (made.id, made.task) == ("healthver/i1", "healthver")
    assert made.provenance.licence == HEALTHVER.card.licence
    assert made.provenance.group == "g1"


def test_the_strategy_tuned_sends_the_messages_that_were_learned() -> None:
    from posology.evaluate.arm import Learning
    from posology.evaluate.systems.asking import plan_asking

    item = _item(1, HEALTHVER.labels[0])
    for name in ("tuned", "tuned+constrained"):
        asking = plan_asking(HEALTHVER, parse_strategy(name), Learning([], []))
        assert asking.messages(item) == examples_of(HEALTHVER, [item])[0].messages


def test_an_item_without_an_answer_of_the_task_is_nothing_to_learn_from() -> None:
    items = [_item(1, HEALTHVER.labels[0]), _item(2, "perhaps")]
    assert [one.id for one in examples_of(HEALTHVER, items)] == ["healthver/i1"]
    with pytest.raises(UserError, match="no answered item to learn from"):
        examples_of(HEALTHVER, [_item(3, "perhaps")])


def test_answers_whose_words_come_from_the_text_are_grounded_in_it() -> None:
    task = find_task("ncbi_disease")
    label = next(iter(task.form.names))
    item = Item("i", "g", "Patients with gout.", (Mention(14, 18, label, "gout"),))
    (made,) = examples_of(task, [item])
    assert made.source_text == item.text
    assert made.answer == "gout"
    assert examples_of(HEALTHVER, [_item(1, HEALTHVER.labels[0])])[0].source_text == ""


def test_the_part_with_scores_is_never_read(tmp_path) -> None:
    with pytest.raises(UserError, match="the part report is for scores: nothing learns from it"):
        task_examples("healthver", "report", tmp_path)


def test_every_example_of_a_task_is_written_so_that_its_form_reads_it_back(data_folder) -> None:
    from posology.evaluate.splits import load_parts
    from posology.evaluate.task import Part

    task = TASKS["ktas_triage"]
    items = {f"{task.name}/{item.id}": item for item in load_parts(task, data_folder)[Part.TUNE]}
    found = task_examples(task.name, "tune", data_folder)
    assert len(found) == len(items)
    assert all(task.form.read(one.answer, items[one.id]) == items[one.id].gold for one in found)
