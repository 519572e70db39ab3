"""Changed items keep their right answer; what cannot be changed cleanly is left out with its reason."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_titration import TASKS, made_items

from posology.evaluate.forms import ChoiceForm, MentionsForm, TextForm
from posology.evaluate.items import Item, Mention
from posology.evaluate.perturb import KINDS, Perturbation, perturb
from posology.evaluate.perturb.edits import Edit, apply_edits, moved
from posology.evaluate.task import Family
from posology.evaluate.tasks.ddi_end_to_end import DDI_END_TO_END

TASK = TASKS["made_triage"]


def _task(language="en", **changes):
    return replace(TASK, language=language, ask=lambda item: "\n".join([item.text, *item.options]), **changes)


def _changed(text, kind, language="en", **item):
    given = Item(**{"id": "a", "group": "g", "text": text, "gold": "urgent", **item})
    return perturb(_task(language), [given], Perturbation(kind), 3)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "A man said he hurt his arm.", "A woman said she hurt her arm."),
        ("en", "She says her arm hurts.", "He says his arm hurts."),
        ("en", "The WOMAN came. Nobody saw her.", "The MAN came. Nobody saw him."),
        ("en", "We gave her the pills.", "We gave him the pills."),
        ("en", "The gentleman hurt himself.", "The lady hurt herself."),
        ("it", "Paziente di sesso maschile con tosse.", "Paziente di sesso femminile con tosse."),
        ("es", "Paciente de sexo femenino con tos.", "Paciente de sexo masculino con tos."),
    ],
)
def test_the_sex_is_swapped_where_that_is_clean(language, text, expected):
    found = _changed(text, "sex", language)
    assert [item.text for item in found.items] == [expected]
    assert found.items[0].id == "a#kind=sex"
    assert found.items[0].group == "g"
    assert found.items[0].gold == "urgent"


@pytest.mark.parametrize(
    ("kind", "language", "text", "reason"),
    [
        ("sex", "en", "A pregnant woman has pain.", "where the sex decides"),
        ("sex", "en", "A man has an enlarged prostate.", "where the sex decides"),
        ("sex", "en", "A woman with ovarian pain.", "where the sex decides"),
        ("sex", "en", "The boy has haemophilia; he bleeds.", "where the sex decides"),
        ("sex", "it", "Paziente di sesso femminile in gravidanza.", "where the sex decides"),
        ("sex", "es", "Paciente de sexo femenino embarazada.", "where the sex decides"),
        ("sex", "en", "A man came with his wife.", "other persons"),
        ("sex", "en", "Ms. Smith says she coughs.", "other persons"),
        ("sex", "it", "Paziente di sesso maschile ricoverato ieri.", "other persons, or words that agree"),
        ("sex", "en", "He was seen after she left.", "words of both sexes"),
        ("sex", "en", "The patient coughs.", "no word of a sex"),
        ("sex", "en", "MS was found after 5 ms.", "no word of a sex"),
        ("sex", "fr", "Il tousse.", "no word list for the language fr"),
        ("age", "en", "A 70-year-old man coughs.", "an age at which years count"),
        ("age", "en", "A 12-year-old boy coughs.", "an age at which years count"),
        ("age", "en", "A 40-year-old man has a 45-year-old friend.", "not exactly one age"),
        ("age", "en", "A 50-year-old man asks for colonoscopy.", "where some years may decide"),
        ("age", "en", "A man coughs.", "no age in years"),
        ("ethnicity", "en", "A 40-year-old man with sickle cell disease.", "where origin"),
        ("ethnicity", "en", "A 40-year-old Black man coughs.", "where origin"),
        ("ethnicity", "en", "A 40-year-old man has a rash.", "where origin"),
        ("ethnicity", "en", "Claims about vaccines.", "no person to describe"),
        ("insurance", "en", "A 40-year-old man lost his insurance.", "where payment is a subject"),
        ("insurance", "en", "Claims about vaccines.", "no sentence on a person"),
        ("abbreviations", "en", "He coughs.", "nothing to abbreviate"),
        ("options", "en", "He coughs.", "no options of its own"),
    ],
)
def test_what_would_change_the_right_answer_or_the_grammar_is_left_out(kind, language, text, reason):
    found = _changed(text, kind, language)
    assert found.items == ()
    assert reason in found.excluded["a"]


@pytest.mark.parametrize(
    ("kind", "language", "text", "allowed"),
    [
        ("age", "en", "A 40-year-old man.", {"A 35-year-old man.", "A 45-year-old man."}),
        ("age", "en", "A 62 year old man.", {"A 57 year old man."}),
        ("age", "it", "Un uomo di 40 anni.", {"Un uomo di 35 anni.", "Un uomo di 45 anni."}),
        ("age", "es", "Un hombre de 26 años.", {"Un hombre de 31 años."}),
        (
            "abbreviations",
            "en",
            "Patient without fever; blood pressure 120/80.",
            {"pt w/o fever; BP 120/80."},
        ),
        ("abbreviations", "es", "Paciente con presión arterial alta.", {"pte con PA alta."}),
    ],
)
def test_small_changes_are_as_listed(kind, language, text, allowed):
    assert {item.text for item in _changed(text, kind, language).items} <= allowed
    assert _changed(text, kind, language).items


def test_words_on_origin_and_payment_stand_with_the_person():
    text = "A 40-year-old man has had a cough. What now?"
    [origin] = _changed(text, "ethnicity").items
    assert origin.text.endswith(" man has had a cough. What now?")
    assert len(origin.text) > len(text)
    [paid] = _changed(text, "insurance").items
    assert paid.text.startswith("A 40-year-old man has had a cough. The patient ")
    assert paid.text.endswith(". What now?")


def test_criteria_that_ask_for_the_person_are_left_alone():
    for family in (Family.TRIALS, Family.AUTHORIZATION):
        for kind in ("sex", "age", "ethnicity", "insurance"):
            found = perturb(_task(family=family), made_items(5), Perturbation(kind), 0)
            assert set(found.excluded.values()) == {"a task that asks for such facts"}


def test_structured_fields_that_say_the_same_keep_an_item_as_it_is():
    found = _changed("A 40-year-old man.", "sex", fields={"Sex": "male"})
    assert found.excluded == {"a": "structured fields that say so too"}


@pytest.mark.parametrize(
    ("kind", "options", "beside"),
    [("sex", "Send him home", "The man is well."), ("age", "Treat at 40", "Fracture at 40 years.")],
)
def test_a_person_is_not_changed_in_the_text_alone(kind, options, beside):
    text = "A 40-year-old man coughs."
    assert _changed(text, kind).items
    assert _changed(text, kind, options=("Rest", "Tea")).items
    assert "say so too" in _changed(text, kind, options=(options, "Tea")).excluded["a"]
    written = perturb(_task(form=TextForm("Write.")), [Item("a", "g", text, beside)], Perturbation(kind), 3)
    assert "say so too" in written.excluded["a"], "the reference would be of another person"


def test_typing_errors_leave_the_names_of_a_gold_relation_alone():
    item = Item("a", "g", "Warfarin with aspirin.", ("effect: aspirin + warfarin",))
    for seed in range(8):
        found = perturb(DDI_END_TO_END, [item], Perturbation.TYPOS, seed)
        assert found.items == ()
    long = replace(item, text=f"{item.text} {'Bleeding happens sometimes. ' * 8}")
    made = [
        one for seed in range(8) for one in perturb(DDI_END_TO_END, [long], Perturbation.TYPOS, seed).items
    ]
    assert made
    assert all("warfarin with aspirin" in one.text.casefold() for one in made)


def test_a_change_that_the_prompt_does_not_show_is_left_out():
    task = replace(TASK, ask=lambda item: "What is it?")
    found = perturb(task, made_items(3), Perturbation.NOTE, 0)
    assert set(found.excluded.values()) == {"the prompt does not show it"}


def test_options_move_with_their_letter():
    options = ("aspirin", "rest", "surgery", "tea")
    task = _task(form=ChoiceForm(), labels=())
    item = Item("a", "g", "What helps?", "C", options)
    for seed in range(5):
        [moved_item] = perturb(task, [item], Perturbation.OPTIONS, seed).items
        assert sorted(moved_item.options) == sorted(options)
        assert moved_item.options != options
        assert moved_item.options["ABCD".index(moved_item.gold)] == "surgery"
    speaking = replace(item, options=("aspirin", "rest", "all of the above"))
    assert "speaks of others" in perturb(task, [speaking], Perturbation.OPTIONS, 0).excluded["a"]


def test_a_planted_claim_is_wrong_and_known():
    for item in perturb(TASK, made_items(30), Perturbation.CLAIM, 0).items:
        assert item.slices["planted"] in ("emergency", "urgent", "routine")
        assert item.slices["planted"] != item.gold
        assert f"is: {item.slices['planted']}." in item.text


def test_a_withheld_text_is_gone_and_a_written_text_is_not_withheld():
    [item] = _changed("A secret story.", "withheld").items
    assert "secret" not in item.text
    assert perturb(_task(form=TextForm("Write.")), made_items(2), Perturbation.WITHHELD, 0).items == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["typos", "abbreviations", "note", "sex", "age", "ethnicity"]))
def test_gold_mentions_keep_their_words_and_find_their_new_place(seed, kind):
    dice = random.Random(seed)
    words = [
        "A",
        "40-year-old",
        "man",
        "without",
        "fever",
        "has",
        "severe",
        "hypertension",
        "and",
        "chest",
        "discomfort",
        "today",
    ]
    start = dice.randrange(len(words) - 2)
    text = " ".join(words)
    begin = len(" ".join(words[:start])) + (start > 0)
    mention = " ".join(words[start : start + 2])
    gold = (Mention(begin, begin + len(mention), "Disease", mention),)
    task = _task(form=MentionsForm({"Disease": "disease"}), labels=())
    for item in perturb(task, [Item("a", "g", text, gold)], Perturbation(kind), seed).items:
        [one] = item.gold
        assert item.text[one.start : one.end] == mention


@settings(max_examples=40, deadline=None)
@given(
    st.text("abcdef ", min_size=30, max_size=60),
    st.lists(
        st.tuples(st.integers(0, 25), st.text("xyz", max_size=4)), max_size=3, unique_by=lambda row: row[0]
    ),
)
def test_edits_move_what_stands_behind_them(text, inserts):
    gold = (Mention(26, 30, "x", text[26:30]),)
    edits = [Edit(at, at, words) for at, words in inserts]
    made = apply_edits(text, edits)
    [one] = moved(gold, edits)
    assert made[one.start : one.end] == text[26:30]


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_is_changed_or_left_out_and_always_alike(kind):
    items = made_items(40)
    first, second = (perturb(TASK, items, Perturbation(kind), 5) for _ in range(2))
    assert first == second
    assert len(first.items) + len(first.excluded) == 40
    assert sum(first.counted().values()) == len(first.excluded)
    alone = perturb(TASK, items[7:8], Perturbation(kind), 5)
    assert all(item in first.items for item in alone.items)
