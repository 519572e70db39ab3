"""Systems that learn from *tune*: trivial ones, the dictionary, TF-IDF, trees."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import UserError
from posology.evaluate.arm import Arm, Learning
from posology.evaluate.items import Item, Mention, Response
from posology.evaluate.systems import SystemSpec, open_arm, why_not
from posology.evaluate.systems.retrieval import Neighbours
from posology.evaluate.systems.rules import build_dictionary
from posology.evaluate.systems.selecting import best_of, covering, score_on
from posology.evaluate.systems.trees import read_columns
from posology.evaluate.systems.trivial import lead_of
from posology.evaluate.task import Task
from tests.evaluate.made_tasks import (
    CHOICE,
    CODES,
    LABELS,
    MENTIONS,
    OPTIONS,
    TEXT,
    choice_items,
    entity_item,
    mention,
)

TUNE = choice_items(60)
ASKED = choice_items(30, "r")


def learnt(
    kind: str, task: Task, tune: list[Item], select: list[Item] | None = None, *, name: str = ""
) -> Arm:
    spec = SystemSpec.model_validate({"name": name or kind, "kind": kind})
    return open_arm(spec, None, task, Learning(tune, select or []))


def answers(arm: Arm, items: list[Item]) -> list[object]:
    return [response.answer for response in arm.answer(items)]


def skewed() -> list[Item]:
    return [replace(item, gold="No" if number % 4 else "Yes") for number, item in enumerate(TUNE)]


def test_majority_answers_the_most_frequent_label_with_the_shares_as_scores() -> None:
    (response,) = learnt("majority", CHOICE, skewed()).answer(ASKED[:1])
    assert (response.answer, response.scores) == ("No", {"Yes": 0.25, "No": 0.75, "Maybe": 0.0})


def test_majority_of_lettered_options_stays_within_the_item() -> None:
    tune = [Item(f"t{n}", "g", "Which?", "C", options=("a", "b", "c")) for n in range(3)]
    asked = Item("r", "r", "Which?", "A", options=("a", "b"))
    (response,) = learnt("majority", OPTIONS, tune).answer([asked])
    assert (response.answer, response.scores) == ("A", {"A": 0.5, "B": 0.5})


def test_majority_names_no_mention_and_the_most_frequent_codes() -> None:
    notes = [entity_item(1, "He has gout.", "gout")]
    assert answers(learnt("majority", MENTIONS, notes), notes) == [()]
    coded = [
        Item(f"t{n}", "g", "x", gold) for n, gold in enumerate([("A00", "B00"), ("B00", "C00"), ("B00",)])
    ]
    assert answers(learnt("majority", CODES, coded), coded[:1]) == [("A00", "B00")]


def test_the_lead_of_a_text_has_the_sentences_that_come_nearest_the_length_of_an_answer() -> None:
    text = "First finding here. Second finding here. Third one. Fourth one."
    tune = [Item(f"t{n}", "g", text, "Six words are in this one.") for n in range(3)]
    arm = learnt("majority", TEXT, tune)
    assert answers(arm, tune[:1]) == ["First finding here. Second finding here."]
    assert arm.identity.notes == "lead: the first sentences of the text"


@pytest.mark.parametrize(
    ("text", "lead", "reason"),
    [
        ("One. Two. Three.", "One. Two.", "two of three"),
        ("One", "One", "no end mark"),
        ("Dose 1.5 mg. Next", "Dose 1.5 mg. Next", "a decimal point ends nothing"),
        ("FINDINGS\nClear lungs. No effusion.", "FINDINGS Clear lungs.", "a line ends a sentence"),
        ("", "", "an empty text has no sentence"),
    ],
)
def test_sentences_end_at_marks_and_lines(text: str, lead: str, reason: str) -> None:
    assert lead_of(text, 2) == lead, reason


def test_prior_draws_by_the_item_alone_and_as_often_as_tune_has_it() -> None:
    arm = learnt("prior", CHOICE, skewed())
    items = [Item(f"i{number}", "g", "x", "No") for number in range(2000)]
    drawn = answers(arm, items)
    assert drawn == answers(arm, items[::-1])[::-1]
    assert 0.70 < drawn.count("No") / 2000 < 0.80
    assert drawn.count("Maybe") == 0


def test_prior_of_codes_is_the_answer_of_a_random_item() -> None:
    coded = [Item(f"t{n}", "g", "x", gold) for n, gold in enumerate([("A00", "B00"), ("C00",)])]
    items = [Item(f"i{number}", "g", "x", ()) for number in range(50)]
    assert set(answers(learnt("prior", CODES, coded), items)) == {("A00", "B00"), ("C00",)}


@pytest.mark.parametrize(
    ("text", "found", "reason"),
    [
        ("Severe breast cancer.", ["breast cancer"], "the longest entry wins over cancer"),
        ("Lung cancer", ["cancer"], "a known word in unknown company"),
        ("CANCER", ["CANCER"], "case does not count for words"),
        ("the cancers", [], "a part of a word is no word"),
        ("ALL was ruled out", ["ALL"], "an abbreviation as it is written"),
        ("all was well", [], "… and not the word that is spelt alike"),
        ("the patient", [], "not a mention more often than not"),
        ("breast  cancer", ["breast  cancer"], "space between the words does not count"),
    ],
)
def test_the_dictionary_finds_known_mentions(text: str, found: list[str], reason: str) -> None:
    tune = [
        entity_item(1, "Family with breast cancer.", "breast cancer"),
        entity_item(2, "No cancer in the patient.", "cancer"),
        entity_item(3, "ALL in a child, all well.", "ALL"),
        entity_item(4, "The patient, the patient.", "patient"),
    ]
    (response,) = learnt("rules", MENTIONS, tune).answer([Item("r", "r", text, ())])
    assert [one.text for one in response.answer or () if isinstance(one, Mention)] == found, reason


def test_a_word_with_several_labels_has_the_most_frequent_one() -> None:
    texts = ("insulin low", "insulin given", "insulin dosed")
    labels = ("Test", "Drug", "Drug")
    items = [
        Item(f"t{n}", "g", text, (mention(text, "insulin", label),))
        for n, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    assert build_dictionary(items).find("On insulin.")[0].label == "Drug"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["gout", "flu", "of", "Gout,", "bird-flu", "\n"]), max_size=12))
def test_found_mentions_are_words_of_the_text_that_do_not_overlap(words: list[str]) -> None:
    text = " ".join(words)
    dictionary = build_dictionary([entity_item(1, "gout of bird-flu, flu", "gout of bird", "flu")])
    found = dictionary.find(text)
    assert all(text[one.start : one.end] == one.text for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_tf_idf_learns_labels_and_tells_their_probabilities() -> None:
    arm = learnt("tf-idf", CHOICE, TUNE, choice_items(12, "s"))
    responses = arm.answer(ASKED)
    assert [response.answer for response in responses] == [item.gold for item in ASKED]
    assert all(abs(sum(response.scores.values()) - 1) < 1e-6 for response in responses)
    assert tuple(responses[0].scores) == LABELS


def test_tf_idf_is_the_same_each_time() -> None:
    first, second = (learnt("tf-idf", CHOICE, TUNE, ASKED) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert [one.scores for one in first.answer(ASKED)] == [one.scores for one in second.answer(ASKED)]


def test_tf_idf_of_one_label_answers_it() -> None:
    same = [replace(item, gold="Maybe") for item in TUNE[:5]]
    assert set(answers(learnt("tf-idf", CHOICE, same), ASKED)) == {"Maybe"}


def test_tf_idf_chooses_the_option_that_looks_right() -> None:
    tune = [
        Item(f"t{n}", f"g{n}", f"Case {n}: which organ is the kidney part {n}?", "BA"[n % 2], options=options)
        for n in range(20)
        for options in [
            ("wrong thing", f"kidney part {n}") if n % 2 == 0 else (f"kidney part {n}", "odd one")
        ]
    ]
    asked = replace(tune[0], id="r", gold="B", options=("some other", "kidney part 0", "bone"))
    (response,) = learnt("tf-idf", OPTIONS, tune).answer([asked])
    assert response.answer == "B"
    assert list(response.scores) == ["A", "B", "C"]


def test_tf_idf_gives_every_item_one_code_or_more() -> None:
    words = {"I10": "pressure", "E11": "sugar", "J45": "wheeze"}
    tune = [
        Item(f"t{n}", "g", f"{words[one]} and {words[two]} noted", tuple(sorted({one, two})))
        for n, (one, two) in enumerate([("I10", "E11"), ("E11", "J45"), ("J45", "J45"), ("I10", "I10")] * 5)
    ]
    arm = learnt("tf-idf", CODES, tune, tune[:4])
    asked = [Item("a", "a", "pressure and sugar noted", ()), Item("b", "b", "nothing known", ())]
    first, second = answers(arm, asked)
    assert first == ("E11", "I10")
    assert second


def test_tf_idf_tells_hundreds_of_codes_apart() -> None:
    codes = [f"{letter}{number:02d}" for letter in "AB" for number in range(100)]
    tune = [
        Item(f"{code}{n}", code, f"word{place} here", (code,))
        for place, code in enumerate(codes)
        for n in range(2)
    ]
    asked = tune[::80]
    assert answers(learnt("tf-idf", CODES, tune), asked) == [item.gold for item in asked]


@pytest.mark.parametrize(
    ("golds", "covers", "reason"),
    [
        (["Yes", "No"] * 2, True, "both common labels twice"),
        (["Yes"] * 9 + ["No"], False, "one item of a common label tells nothing"),
        (["Yes"] * 9, False, "one label: the setting that always answers it would win"),
    ],
)
def test_settings_are_not_chosen_on_items_that_lack_a_common_label(
    golds: list[str], covers: bool, reason: str
) -> None:
    tune = [Item(f"t{n}", "g", "x", gold) for n, gold in enumerate(["Yes", "No"] * 9 + ["Maybe"])]
    select = [Item(f"s{n}", "g", "x", gold) for n, gold in enumerate(golds)]
    assert bool(covering(tune, select)) is covers, reason


def test_tf_idf_answers_a_text_as_the_most_similar_item_was_answered() -> None:
    tune = [Item("t1", "g", "lungs clear", "Normal chest."), Item("t2", "g", "rib fracture", "Fracture.")]
    assert answers(learnt("tf-idf", TEXT, tune), [Item("r", "r", "a fracture of a rib", "")]) == ["Fracture."]


def with_fields(count: int, prefix: str) -> list[Item]:
    drawn = random.Random(prefix)
    items = []
    for number in range(count):
        pulse, arrival = drawn.choice([60.0, 70.0, 120.0, 130.0]), drawn.choice(["ambulance", "walking"])
        gold = "Yes" if pulse > 100 else ("No" if arrival == "walking" else "Maybe")
        fields = {"pulse": pulse, "arrival": arrival, "pain": None}
        items.append(Item(f"{prefix}{number}", f"{prefix}{number}", "A patient.", gold, fields=fields))
    return items


def test_boosting_learns_from_numbers_categories_and_gaps() -> None:
    arm = learnt("boosting", CHOICE, with_fields(80, "t"), with_fields(20, "s"))
    asked = with_fields(30, "r")
    assert answers(arm, asked) == [item.gold for item in asked]
    unseen = replace(asked[0], fields={"pulse": None, "arrival": "helicopter"})
    assert answers(arm, [unseen])[0] in LABELS


def test_a_field_is_a_number_where_every_recorded_value_is_one() -> None:
    items = [
        Item("a", "g", "x", "Yes", fields={"age": 3, "unit": "3", "never": None}),
        Item("b", "g", "x", "Yes", fields={"age": None, "unit": 4.0}),
    ]
    assert dict(read_columns(items).codes) == {"age": None, "unit": {"3": 0, "4.0": 1}}


def test_boosting_without_fields_is_refused() -> None:
    with pytest.raises(UserError, match="made: boosting needs structured fields"):
        learnt("boosting", CHOICE, TUNE)


@pytest.mark.parametrize("kind", ["majority", "prior", "rules", "tf-idf", "boosting"])
def test_a_system_that_learns_needs_answered_items(kind: str) -> None:
    task = MENTIONS if kind == "rules" else CHOICE
    with pytest.raises(UserError, match="made: the part tune holds no answered item to learn from"):
        learnt(kind, task, [] if kind == "rules" else [replace(TUNE[0], gold="Perhaps")])


@pytest.mark.parametrize(
    ("kind", "task", "why"),
    [
        ("rules", CHOICE, "rules answers entities tasks; this one is of the kind choice"),
        ("tf-idf", MENTIONS, "tf-idf answers choice, codes and text tasks; this one is of the kind entities"),
        ("prior", MENTIONS, "prior answers choice, codes and text tasks; this one is of the kind entities"),
        ("boosting", OPTIONS, "boosting needs the same labels for every item"),
        ("majority", MENTIONS, ""),
    ],
)
def test_what_a_system_cannot_answer_is_said_before_it_is_opened(kind: str, task: Task, why: str) -> None:
    assert why_not(SystemSpec.model_validate({"name": "x", "kind": kind}), task) == why


def test_the_fingerprint_of_what_was_learnt_changes_with_the_items() -> None:
    same = {learnt("majority", CHOICE, TUNE, name=name).fingerprint for name in ("one", "other")}
    others = {
        learnt("prior", CHOICE, TUNE).fingerprint,
        learnt("majority", CHOICE, TUNE[1:]).fingerprint,
        learnt("majority", CHOICE, TUNE, ASKED).fingerprint,
    }
    assert len(same) == 1, "the name decides no answer"
    assert len(same | others) == 4


def test_settings_are_chosen_by_the_primary_measure_and_the_first_stands_without_items() -> None:
    made = {"bad": [Response("Maybe") for _ in ASKED], "good": [Response(item.gold) for item in ASKED]}
    assert best_of(CHOICE, ASKED, ["bad", "good"], lambda name: made[name]) == "good"
    assert best_of(CHOICE, [], ["bad", "good"], lambda name: made[name]) == "bad"
    assert score_on(CHOICE, ASKED, made["good"]) == 1.0


def test_the_nearest_are_found_by_words_and_ties_go_by_id() -> None:
    items = [Item(name, name, text, "Yes") for name, text in [("c", "gout"), ("b", "gout"), ("a", "flu")]]
    found = Neighbours(items).nearest(Item("r", "r", "acute gout", "Yes"), 2)
    assert [item.id for item in found] == ["b", "c"]
    assert [item.id for item in Neighbours(items).nearest(Item("r", "r", "?", "Yes"), 5)] == ["a", "b", "c"]
