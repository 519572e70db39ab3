"""A generator as an arm: what it is sent, and what is made of what comes back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from posology.chat import Choice, Completion, Copy, Generator, Prompt, ScriptedGenerator
from posology.errors import EngineError, EngineStopped, UserError
from posology.evaluate.arm import Learning
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import GeneratorArm, System, SystemSpec
from posology.evaluate.systems.priors import calibrate, mean_probabilities
from posology.evaluate.task import Task
from tests.evaluate.made_tasks import (
    CHOICE,
    CODES,
    LABELS,
    MENTIONS,
    OPTIONS,
    TEXT,
    Leaning,
    choice_items,
    entity_item,
    made_task,
)

SPEC = SystemSpec(name="scripted", kind="generator", engine="openvino", model="scripted", parameters=7)
TUNE = choice_items(60)
ITEMS = choice_items(6, "r")


def arm_of(generator: Generator, strategy: str, task: Task = CHOICE, tune: list[Item] = TUNE) -> GeneratorArm:
    arm = System(SPEC, generator).arm(parse_strategy(strategy), task, Learning(tune))
    assert isinstance(arm, GeneratorArm)
    return arm


def test_zero_shot_asks_with_system_question_and_how_to_answer_and_nothing_else() -> None:
    generator = ScriptedGenerator(["Yes"])
    arm_of(generator, "zero").answer(ITEMS[:1])
    (prompt,) = generator.calls
    assert [(turn.role, turn.content) for turn in prompt.messages] == [
        ("system", "You judge claims."),
        ("user", f"{ITEMS[0].text}\nAnswer with exactly one of: Yes, No, Maybe."),
    ]
    assert (prompt.constraint, prompt.max_tokens, prompt.sampling) == (None, 16, None)


def test_fixed_examples_are_turns_that_all_prompts_of_a_call_share() -> None:
    generator = ScriptedGenerator(lambda _: "Yes")
    arm_of(generator, "few:6").answer(ITEMS)
    shared = {tuple(turn.content for turn in prompt.messages[:-1]) for prompt in generator.calls}
    assert len(shared) == 1
    turns = generator.calls[0].messages
    assert [turn.role for turn in turns] == ["system", *["user", "assistant"] * 6, "user"]
    assert sorted(turn.content for turn in turns if turn.role == "assistant") == sorted([*LABELS] * 2)


def test_nearest_examples_differ_by_item_and_the_nearest_stands_last() -> None:
    generator = ScriptedGenerator(lambda _: "Yes")
    item = Item("r1", "r1", "Claim 14: the drug unclear the heart", "Maybe")
    arm_of(generator, "few:3:nearest").answer([item])
    assert "Claim 14:" in generator.calls[0].messages[-3].content


def test_an_item_of_the_same_group_is_never_an_example_found_for_it() -> None:
    generator = ScriptedGenerator(lambda _: "Yes")
    arm_of(generator, "few:5:nearest").answer([TUNE[8]])
    said = " ".join(turn.content for turn in generator.calls[0].messages[:-1])
    assert "Claim 8:" not in said
    assert "Claim 9:" not in said


def test_found_answers_stand_as_reference_text_in_the_turn_of_the_question() -> None:
    generator = ScriptedGenerator(lambda _: "Yes")
    arm_of(generator, "retrieved:2").answer(ITEMS[:1])
    turns = generator.calls[0].messages
    assert [turn.role for turn in turns] == ["system", "user"]
    assert turns[1].content.startswith("Similar questions with their answers, for reference:\n\n1. Claim")
    assert turns[1].content.count("\nAnswer: ") == 2
    assert turns[1].content.endswith(
        f"The question to answer:\n{ITEMS[0].text}\nAnswer with exactly one of: Yes, No, Maybe."
    )


def test_a_constrained_choice_is_decoded_under_the_labels_where_the_engine_scores_nothing() -> None:
    if callable(getattr(ScriptedGenerator, "score", None)):
        pytest.skip("the scripted generator scores")
    generator = ScriptedGenerator(["No"])
    (response,) = arm_of(generator, "constrained").answer(ITEMS[:1])
    assert generator.calls[0].constraint == Choice(LABELS)
    assert (response.answer, response.scores) == ("No", {})


def test_a_constrained_choice_is_the_likeliest_label_where_the_engine_scores() -> None:
    generator = Leaning(lambda _, option: {"Yes": -1.0, "No": -0.5, "Maybe": -9.0}[option])
    (response,) = arm_of(generator, "constrained").answer(ITEMS[:1])
    assert generator.calls == []
    assert response.answer == "No"
    assert math.isclose(sum(response.scores.values()), 1)
    assert math.isclose(response.scores["No"] / response.scores["Yes"], math.exp(0.5))
    assert (response.prompt_tokens > 10, response.output_tokens) == (True, 1)


def test_labels_of_which_one_begins_another_are_decoded_not_compared_by_their_scores() -> None:
    labels = ("yes", "yes, in part", "no")
    task = made_task(ChoiceForm(labels), "macro-F1", labels=labels)
    items = [Item(f"n{n}", f"n{n}", f"Claim {n}.", labels[n % 3]) for n in range(12)]
    generator = Leaning(lambda _, option: -float(len(option)), ["yes, in part"])
    (found,) = arm_of(generator, "constrained", task, items).answer([Item("r", "r", "Claim.", "no")])
    assert found.answer == "yes, in part"
    assert generator.calls[0].constraint == Choice(labels)
    with pytest.raises(UserError, match="of which one begins another"):
        arm_of(generator, "constrained+calibrated", task, items)


def test_calibration_divides_out_a_lean_to_one_label() -> None:
    def lean(prompt: Prompt, option: str) -> float:
        told = {"Yes": ("helps", "cures"), "No": ("harms", "worsens"), "Maybe": ("unclear", "mixed")}
        knows = 0.5 if any(word in prompt.messages[-1].content for word in told[option]) else 0.0
        return knows + (3.0 if option == "Yes" else 0.0)

    biased = arm_of(Leaning(lean), "constrained").answer(ITEMS)
    calibrated = arm_of(Leaning(lean), "constrained+calibrated").answer(ITEMS)
    assert {response.answer for response in biased} == {"Yes"}
    assert [response.answer for response in calibrated] == [item.gold for item in ITEMS]


def test_priors_are_measured_once_on_balanced_items_of_tune_that_are_no_examples() -> None:
    generator = Leaning(lambda _, option: float(len(option)))
    arm = arm_of(generator, "few:3+constrained+calibrated")
    shots = {item.id for item in arm.asking.shots}
    golds = [item.gold for item in arm.asking.calibration]
    assert shots.isdisjoint(item.id for item in arm.asking.calibration)
    assert {golds.count(label) for label in LABELS} == {13}
    arm.answer(ITEMS)
    arm.answer(ITEMS)
    assert len(generator.scored) == 39 + 2 * len(ITEMS)


def test_every_gold_label_weighs_alike_in_the_priors_however_rare_it_is() -> None:
    found = [{"A": 0.8, "B": 0.2}, {"A": 0.6, "B": 0.4}, {"A": 0.1, "B": 0.9}]
    priors = mean_probabilities(["A", "A", "B"], found)
    assert priors == pytest.approx({"A": 0.4, "B": 0.6})


def test_an_option_that_no_item_of_tune_has_keeps_the_mean_prior() -> None:
    calibrated = calibrate({"A": 0.5, "B": 0.3, "C": 0.2}, {"A": 0.8, "B": 0.2})
    assert sum(calibrated.values()) == pytest.approx(1)
    assert calibrated["B"] / calibrated["C"] == pytest.approx((0.3 / 0.2) / (0.2 / 0.5))


def test_calibration_without_an_engine_that_scores_is_refused() -> None:
    if callable(getattr(ScriptedGenerator, "score", None)):
        pytest.skip("the scripted generator scores")
    with pytest.raises(UserError, match="scripted: calibrated needs an engine that tells"):
        arm_of(ScriptedGenerator([]), "constrained+calibrated")


@pytest.mark.parametrize(
    ("said", "answer", "failure", "reason"),
    [
        ("Yes", "Yes", "", "the label alone"),
        (" yes. Because it helps", "Yes", "", "the label first"),
        ("Yes or No", None, "parse: the answer names more than one label", "two labels are none"),
        ("I think", None, "parse: the answer begins with none of the labels", "no label"),
        ("", None, "parse: the answer begins with none of the labels", "nothing"),
    ],
)
def test_what_cannot_be_read_is_a_parse_failure_with_its_text_and_no_second_try(
    said: str, answer: str | None, failure: str, reason: str
) -> None:
    generator = ScriptedGenerator([said])
    (response,) = arm_of(generator, "zero").answer(ITEMS[:1])
    assert (response.answer, response.failure, response.text) == (answer, failure, said), reason
    assert len(generator.calls) == 1


def test_an_item_longer_than_the_window_fails_alone_and_is_never_cut() -> None:
    long = replace(ITEMS[0], id="long", text="word " * 2000)
    generator = ScriptedGenerator(lambda _: "No", window=600)
    arm = arm_of(generator, "zero")
    first, second, third = arm.answer([ITEMS[1], long, ITEMS[2]])
    assert (first.answer, third.answer) == ("No", "No")
    assert second.answer is None
    assert second.failure == "length: 2,011 tokens or more and 16 for the answer, the window holds 600"
    assert len(generator.calls) == 2


def test_an_engine_that_is_gone_ends_the_call() -> None:
    with pytest.raises(EngineError, match="one more was asked for"):
        arm_of(ScriptedGenerator(["Yes"]), "zero").answer(ITEMS)


def test_mentions_are_copied_from_the_text_under_constraint_and_read_with_their_places() -> None:
    tune = [
        entity_item(1, "He has gout.", "gout"),
        entity_item(2, "No finding."),
        entity_item(3, "Asthma and gout.", "Asthma", "gout"),
    ]
    item = entity_item(9, "Known diabetes and asthma.", "diabetes", "asthma")
    generator = ScriptedGenerator(["diabetes\nasthma"])
    (response,) = arm_of(generator, "few:3+constrained", MENTIONS, tune).answer([item])
    assert response.answer == item.gold
    assert isinstance(generator.calls[0].constraint, Copy)
    assert generator.calls[0].constraint.text == item.text
    said = [turn.content for turn in generator.calls[0].messages if turn.role == "assistant"]
    assert sorted(said) == ["Asthma\ngout", "gout", "none"]


class Cut(ScriptedGenerator):
    """Gives one answer that was cut."""

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        return [Completion("gout\ndiab", "length", 9, 4) for _ in prompts]


def test_a_cut_list_loses_its_last_line_which_may_be_half_a_mention() -> None:
    item = entity_item(1, "gout and diabetes", "gout")
    (response,) = arm_of(Cut([]), "zero", MENTIONS, []).answer([item])
    assert (response.answer, response.text) == (item.gold, "gout\ndiab")


def test_the_answer_after_reasoning_is_what_stands_after_the_last_mark() -> None:
    said = "The drug helps. Answer: No? Rather not.\n**Answer:** Yes"
    generator = ScriptedGenerator([said])
    (response,) = arm_of(generator, "reason").answer(ITEMS[:1])
    assert (response.answer, response.text) == ("Yes", said)
    assert generator.calls[0].max_tokens == 256 + 16
    assert "Then write `Answer:` and your answer." in generator.calls[0].messages[-1].content


def test_reasoning_without_an_answer_is_a_parse_failure() -> None:
    (response,) = arm_of(ScriptedGenerator(["It helps, so yes"]), "reason").answer(ITEMS[:1])
    assert response.failure.startswith("parse: nothing stands after 'Answer:'")
    long = "so " * 400
    (response,) = arm_of(ScriptedGenerator([long]), "reason").answer(ITEMS[:1])
    assert response.failure.endswith(", cut after 272 tokens")


def test_reasoning_and_mark_are_in_the_language_of_the_task() -> None:
    task = made_task(
        ChoiceForm(("Sì", "No"), lead="Rispondi con:"), "macro-F1", labels=("Sì", "No"), language="it"
    )
    generator = ScriptedGenerator(["Il farmaco aiuta. Risposta: Sì"])
    (response,) = arm_of(generator, "reason", task, []).answer(ITEMS[:1])
    assert response.answer == "Sì"
    assert "scrivi `Risposta:`" in generator.calls[0].messages[-1].content
    with pytest.raises(UserError, match="no words in the language 'xx'"):
        arm_of(generator, "reason", replace(task, language="xx"), [])


def test_reason_and_constrained_reasons_freely_then_answers_under_constraint() -> None:
    generator = Leaning(lambda prompt, option: 1.0 if option == "Maybe" else 0.0, ["It is mixed."])
    (response,) = arm_of(generator, "reason+constrained").answer(ITEMS[:1])
    assert response.answer == "Maybe"
    assert response.text == "It is mixed.\n\nMaybe"
    assert [turn.role for turn in generator.scored[0].messages] == ["system", "user", "assistant", "user"]
    assert generator.scored[0].messages[2].content == "It is mixed."
    assert generator.calls[0].constraint is None


def test_of_several_samples_the_most_frequent_readable_answer_counts() -> None:
    generator = ScriptedGenerator(["No", "Yes", "what", "Yes", "No"])
    (response,) = arm_of(generator, "vote").answer(ITEMS[:1])
    assert response.answer == "No", "two of each: the first of equals"
    assert response.scores == {"No": 0.5, "Yes": 0.5}
    assert [prompt.sampling.seed for prompt in generator.calls if prompt.sampling] == [0, 1, 2, 3, 4]
    assert response.prompt_tokens == 5 * generator.count_tokens(generator.calls[0])


def test_mentions_in_more_than_half_of_the_samples_count() -> None:
    item = entity_item(1, "gout, asthma and flu", "gout")
    generator = ScriptedGenerator(["gout\nasthma", "gout", "flu\ngout"])
    (response,) = arm_of(generator, "vote:3", MENTIONS, []).answer([item])
    assert [one.text for one in response.answer or () if not isinstance(one, str)] == ["gout"]


def test_where_no_sample_can_be_read_the_first_failure_stands() -> None:
    (response,) = arm_of(ScriptedGenerator(["x", "y"]), "vote:2").answer(ITEMS[:1])
    assert (response.answer, response.text) == (None, "x\n---\ny")
    assert response.failure == "parse: the answer begins with none of the labels"


@pytest.mark.parametrize(
    ("strategy", "task", "message"),
    [
        ("constrained", TEXT, "a written text has no form"),
        ("vote", TEXT, "cannot be voted on"),
        ("constrained+calibrated", MENTIONS, "only the labels of a choice have priors"),
        ("few:99", CHOICE, "99 examples are asked for; the part tune holds 60"),
    ],
)
def test_a_strategy_without_sense_for_a_task_is_refused(strategy: str, task: Task, message: str) -> None:
    with pytest.raises(UserError, match=message):
        arm_of(ScriptedGenerator([]), strategy, task)


def test_the_fingerprint_changes_with_whatever_decides_an_answer_and_with_nothing_else() -> None:
    def print_of(
        strategy: str = "few", task: Task = CHOICE, tune: list[Item] = TUNE, window: int = 4096
    ) -> str:
        return arm_of(ScriptedGenerator([], window=window), strategy, task, tune).fingerprint

    same = [print_of(), print_of("few:5"), print_of("few:5:fixed")]
    shorter = [replace(TUNE[0], text="Claim 0."), *TUNE[1:]]
    others = [
        print_of("zero"),
        print_of("few:4"),
        print_of("few:5:nearest"),
        print_of("few:5:nearest", tune=shorter),
        print_of(window=2048),
        print_of(task=replace(CHOICE, system="You are a judge.")),
        print_of(task=replace(CHOICE, ask=lambda item: f"Judge: {item.text}")),
        print_of(task=replace(CHOICE, form=ChoiceForm(LABELS, lead="Say one of:"))),
    ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 1 + len(others)


def test_the_time_of_a_call_is_shared_by_tokens_and_progress_counts_items() -> None:
    told: list[int] = []
    responses = arm_of(ScriptedGenerator(lambda _: "Yes"), "vote:3").answer(ITEMS, progress=told.append)
    assert all(response.seconds > 0 for response in responses)
    assert told[-1] == len(ITEMS)
    assert told == sorted(told)


def test_lettered_options_are_asked_and_scored_by_letter() -> None:
    item = Item("q", "q", "Which?", "B", options=("aspirin", "insulin", "heparin"))
    generator = Leaning(lambda _, option: 1.0 if option == "B" else 0.0)
    (response,) = arm_of(generator, "constrained", OPTIONS, []).answer([item])
    assert (response.answer, list(response.scores)) == ("B", ["A", "B", "C"])


def test_codes_are_read_sorted() -> None:
    (response,) = arm_of(ScriptedGenerator(["I10\nE11\nJ45"]), "zero", CODES, []).answer(ITEMS[:1])
    assert response.answer == ("E11", "I10", "J45")


def test_the_identity_says_model_strategy_and_size() -> None:
    identity = arm_of(ScriptedGenerator([]), "few:5+constrained").identity
    assert (identity.name, identity.parameters, identity.family) == (
        "scripted few+constrained",
        7,
        "scripted",
    )


class _Stopping(ScriptedGenerator):
    """Answers so many prompts of a call, and stops."""

    def __init__(self, many: int) -> None:
        super().__init__(lambda _: "Yes", window=1000)
        self._many = many

    def generate(
        self, prompts: Sequence[Prompt], *, progress: Callable[[int], None] | None = None
    ) -> list[Completion]:
        raise EngineStopped("gone", super().generate(prompts[: self._many], progress=progress))


@pytest.mark.parametrize(
    ("strategy", "many", "whole"),
    [("zero", 3, 3), ("zero", 0, 0), ("vote:3", 4, 1), ("reason+constrained", 3, 0)],
)
def test_answers_before_an_engine_stopped_are_told_and_half_an_answer_is_none(
    strategy: str, many: int, whole: int
) -> None:
    with pytest.raises(EngineStopped, match="gone") as caught:
        arm_of(_Stopping(many), strategy).answer(ITEMS)
    assert [one.answer for one in caught.value.answered] == ["Yes"] * whole


def test_an_item_too_long_stands_in_its_place_among_the_answers_before_a_stop() -> None:
    long = replace(ITEMS[1], text="word " * 1200)
    with pytest.raises(EngineStopped) as caught:
        arm_of(_Stopping(1), "zero").answer([ITEMS[0], long, *ITEMS[2:]])
    assert [one.failure.partition(":")[0] for one in caught.value.answered] == ["", "length"]
