"""Scores of labels: as scikit-learn's, with every answer that is missing counted as wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from posology.errors import InternalError
from posology.evaluate.forms import ChoiceForm, CodesForm, MentionsForm, TextForm
from posology.evaluate.items import Item, Mention, Outcome, Response
from posology.evaluate.scorers import measures_of, score_item
from posology.evaluate.scorers.labels import label_measures
from posology.evaluate.scorers.measures import Measure, total, value_of
from posology.evaluate.task import Card, Family, Form, Kind, Task
from posology.evaluate.tasks import TASKS

LABELS = ("low", "middle", "high")
NOTHING = "no answer"


def a_task(form: Form, metric: str, labels: tuple[str, ...] = LABELS) -> Task:
    card = Card("A task", "made", "none", "", "", "")
    return Task(
        "made", Family.CLAIMS, "en", "made", lambda _: [], "", lambda item: item.text, form, metric, card,
        labels=labels,
    )  # fmt: skip


CHOICE = a_task(ChoiceForm(LABELS), "macro-F1")


def answered(gold: str, answer: str | None, number: int = 0, failure: str = "parse: no label") -> Outcome:
    response = Response(answer, "" if answer is not None else failure)
    return Outcome(Item(f"i{number}", f"g{number}", "", gold), response)


def value_or_nan(measure: Measure, outcomes: list[Outcome]) -> float:
    value = value_of(measure, outcomes)
    return np.nan if value is None else value


def values_of(task: Task, outcomes: list[Outcome]) -> dict[str, float]:
    return {measure.name: value_or_nan(measure, outcomes) for measure in label_measures(task)}


answers = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, None))), min_size=2, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(answers)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore::UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_every_measure_is_scikit_learns_with_no_answer_as_one_more_answer(
    given_pairs: list[tuple[str, str | None]],
) -> None:
    found = values_of(CHOICE, [answered(gold, said) for gold, said in given_pairs])
    gold, said = [one for one, _ in given_pairs], [two or NOTHING for _, two in given_pairs]
    there = sorted(set(gold))
    f1 = metrics.f1_score(gold, said, labels=there, average=None, zero_division=0)
    assert found["macro-F1"] == pytest.approx(np.mean(f1))
    assert found["weighted F1"] == pytest.approx(
        metrics.f1_score(gold, said, labels=there, average="weighted", zero_division=0)
    )
    assert found["micro-F1"] == pytest.approx(
        metrics.f1_score(gold, said, labels=list(LABELS), average="micro", zero_division=0)
    )
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(gold, said))
    recalls = metrics.recall_score(gold, said, labels=there, average=None, zero_division=0)
    assert found["balanced accuracy"] == pytest.approx(recalls.mean())
    kappa = metrics.cohen_kappa_score(gold, said, replace_undefined_by=np.nan)
    assert found["Cohen kappa"] == pytest.approx(kappa, nan_ok=True)
    for label, one, recall in zip(there, f1, recalls, strict=True):
        assert found[f"F1 of {label}"] == pytest.approx(one)
        assert found[f"recall of {label}"] == pytest.approx(recall)


def test_balanced_accuracy_is_scikit_learns_where_all_answer() -> None:
    gold, said = ["low", "low", "high", "middle"], ["low", "high", "high", "low"]
    found = values_of(CHOICE, [answered(*pair) for pair in zip(gold, said, strict=True)])
    assert found["balanced accuracy"] == pytest.approx(metrics.balanced_accuracy_score(gold, said))


def test_a_label_that_is_gold_nowhere_is_not_averaged_over() -> None:
    found = values_of(CHOICE, [answered("low", "low", 0), answered("middle", "middle", 1)])
    assert found["macro-F1"] == 1.0
    assert np.isnan(found["F1 of high"])


def test_no_answer_and_a_wrong_answer_are_the_same_accuracy_and_kinds_are_told_apart() -> None:
    outcomes = [
        answered("low", None, 0, "parse: no label"),
        answered("low", None, 1, "length: 9,000 tokens"),
        answered("low", None, 2, "engine: gone"),
        Outcome(Item("i3", "g3", "", "low"), Response(None, abstained=True)),
        answered("low", "low", 4),
    ]
    found = {measure.name: value_of(measure, outcomes) for measure in measures_of(CHOICE)}
    kinds = ("parse failures", "too long", "engine failures", "abstained", "answered share", "accuracy")
    assert [found[kind] for kind in kinds] == [0.2] * 6


@pytest.mark.parametrize("response", [Response("low", "length: cut"), Response("low", abstained=True)])
def test_an_answer_beside_a_failure_or_an_abstention_is_no_answer(response: Response) -> None:
    found = values_of(CHOICE, [Outcome(Item("i0", "g0", "", "low"), response), answered("low", "low", 1)])
    assert found["accuracy"] == 0.5
    assert found["recall of low"] == 0.5


def test_majority_share_is_what_always_answering_the_commonest_label_would_score() -> None:
    outcomes = [answered("high", None), answered("high", "low"), answered("low", "low")]
    assert values_of(CHOICE, outcomes)["majority share"] == pytest.approx(2 / 3)


def test_nothing_to_score_is_not_a_number_never_zero() -> None:
    for measure in label_measures(CHOICE):
        rows, _ = total(measure, [answered("low", "low")])
        assert isinstance(measure, Measure)
        assert np.isnan(measure.value(np.zeros_like(rows[0])))


def test_a_gold_answer_outside_the_labels_is_refused_by_its_item() -> None:
    with pytest.raises(ValueError, match="item i7: its gold answer is none of the task's labels"):
        values_of(CHOICE, [answered("unheard of", "low", 7)])


def test_lettered_options_lead_with_accuracy() -> None:
    letters = a_task(ChoiceForm(), "accuracy", labels=())
    assert measures_of(letters)[0].name == "accuracy"


def test_a_task_whose_metric_is_no_measure_is_a_fault_of_ours() -> None:
    with pytest.raises(InternalError, match="no measure is named AUC"):
        measures_of(a_task(ChoiceForm(LABELS), "AUC"))


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_every_task_leads_with_its_metric_and_tells_what_was_not_answered(task: Task) -> None:
    measures = measures_of(task)
    names = [measure.name for measure in measures]
    assert names[0] == task.metric
    assert measures[0].better != 0
    assert len(names) == len(set(names))
    assert {"parse failures", "too long", "engine failures", "abstained", "answered share"} <= set(names)
    assert all(measure.about for measure in measures)
    if task.form.kind is Kind.CHOICE and task.labels:
        assert names[0] not in ("accuracy", "micro-F1") or task.family is Family.RELATIONS


def test_names_of_measures_are_their_own() -> None:
    names = [measure.name for measure in measures_of(CHOICE)]
    assert names[0] == "macro-F1"
    assert len(names) == len(set(names))


disease = Mention(0, 4, "Disease", "gout")
invented = Mention(-1, -1, "Disease", "mumps")


@pytest.mark.parametrize(
    ("gold", "answer", "value", "reason"),
    [
        ("low", "low", 1.0, "answered low, which is right"),
        ("low", "high", 0.0, "answered high, right is low"),
        ("low", "words of a patient", 0.0, "answered something else, right is low"),
        ("", "high", None, "no right answer is known"),
        ((disease,), (disease, invented), 2 / 3, "found 1 of 1, 1 too many"),
        ((), (), 1.0, "none to find, none found"),
        ((), (disease,), 0.0, "found 0 of 0, 1 too many"),
        (("E11", "I10"), ("I10",), 2 / 3, "found 1 of 2, 0 too many"),
    ],
)  # fmt: skip
def test_an_item_is_worth_what_its_answer_is_and_says_why(
    gold: object, answer: object, value: float | None, reason: str
) -> None:
    is_codes = isinstance(gold, tuple) and any(isinstance(one, str) for one in gold)
    spans = a_task(MentionsForm({"Disease": "disease"}), "strict F1", ())
    codes = a_task(CodesForm("[A-Z][0-9]{2}"), "category F1", ())
    task = CHOICE if isinstance(gold, str) else codes if is_codes else spans
    scored = score_item(task, Outcome(Item("i1", "g1", "", gold), Response(answer)))  # type: ignore[arg-type]
    assert scored.value == (None if value is None else pytest.approx(value))
    assert scored.reason == reason


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(None, "parse: what a patient said"), "no answer that could be read"),
        (Response(None, "length: 5"), "too long for the model"),
        (Response(None, "engine: x"), "the engine failed"),
        (Response(None, abstained=True), "declined to answer"),
    ],
)
def test_an_item_without_an_answer_is_worth_nothing_and_its_text_is_not_told(
    response: Response, reason: str
) -> None:
    scored = score_item(CHOICE, Outcome(Item("i1", "g1", "", "low"), response))
    assert (scored.value, scored.reason) == (0.0, reason)
    empty = score_item(
        a_task(MentionsForm({"Disease": "disease"}), "strict F1", ()),
        Outcome(Item("i1", "g1", "", ()), response),
    )
    assert empty.value == 0.0


def test_a_text_is_worth_its_rouge() -> None:
    task = a_task(TextForm("Write the impression."), "ROUGE-L", ())
    item = Item("i1", "g1", "", "No acute disease.")
    scored = score_item(task, Outcome(item, Response("No acute findings.")))
    assert scored.value == pytest.approx(2 / 3)
    assert scored.reason == "ROUGE-L 0.67"
    assert score_item(task, Outcome(Item("i2", "g2", "", " "), Response("No."))).value is None
