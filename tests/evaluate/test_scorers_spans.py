"""Scores of mentions, relations and codes, against seqeval and scikit-learn."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest
from seqeval.metrics import f1_score as seqeval_f1
from seqeval.metrics import precision_score as seqeval_precision
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score

from posology.evaluate.forms import ChoiceForm, CodesForm, MentionsForm
from posology.evaluate.icd10cm import CHAPTERS, ICD_10_CM, category_of, chapter_of
from posology.evaluate.iob import join_words, mentions_at
from posology.evaluate.items import Item, Mention, Outcome, Response
from posology.evaluate.relations import RelationsForm, parse_relation, write_relation
from posology.evaluate.scorers import measures_of
from posology.evaluate.scorers.codes import code_measures
from posology.evaluate.scorers.entities import entity_measures, place_written
from posology.evaluate.scorers.measures import total
from posology.evaluate.scorers.relations import end_to_end_measures, relation_measures
from posology.evaluate.task import Family
from tests.evaluate.made_tasks import made_task

NAMES = {"Chemical": "chemical", "Disease": "disease"}
ENTITIES = entity_measures(made_task(MentionsForm(NAMES), "strict F1"))
LABELS = ("mechanism", "effect", "advise", "int", "none")
RELATIONS = relation_measures(made_task(ChoiceForm(LABELS), "micro-F1", labels=LABELS))
FORM = RelationsForm(LABELS[:-1], max_items=3)
FOUND = end_to_end_measures(made_task(FORM, "end-to-end micro-F1"))
CODES = code_measures(made_task(CodesForm(ICD_10_CM), "micro-F1"))
NO_ANSWER = Response(None, failure="parse: no form")


def value(measures, name, outcomes):
    measure = next(one for one in measures if one.name == name)
    rows, _ = total(measure, outcomes)
    return float(measure.value(rows.sum(axis=0))) if len(rows) else float("nan")


def tagged(chance, words):
    tags = []
    for _ in words:
        label = chance.choice(tuple(NAMES))
        inside = tags and tags[-1] != "O" and chance.random() < 0.4
        tags.append(f"I-{tags[-1][2:]}" if inside else chance.choice(["O", f"B-{label}"]))
    return tags


def sentences(seed, count=60):
    """Random sentences with gold and answered tags that often agree."""
    chance = random.Random(seed)
    for number in range(count):
        words = [chance.choice(["gout", "lead", "of", "acute"]) for _ in range(chance.randint(1, 9))]
        gold = tagged(chance, words)
        yield number, words, gold, gold if chance.random() < 0.4 else tagged(chance, words)


def outcome_of(number, words, gold, answered):
    text, places = join_words(words)
    item = Item(str(number), str(number), text, mentions_at(text, places, gold))
    return Outcome(item, Response(mentions_at(text, places, answered)))


@pytest.mark.parametrize("seed", range(5))
def test_strict_scores_of_tags_are_those_of_seqeval(seed):
    rows = list(sentences(seed))
    outcomes = [outcome_of(*row) for row in rows]
    gold, answered = [row[2] for row in rows], [row[3] for row in rows]
    for name in ("strict F1", "strict F1 by place"):
        theirs = seqeval_f1(gold, answered, mode="strict", scheme=IOB2)
        assert value(ENTITIES, name, outcomes) == pytest.approx(theirs)
    theirs = seqeval_precision(gold, answered, mode="strict", scheme=IOB2)
    assert value(ENTITIES, "strict precision", outcomes) == pytest.approx(theirs)
    theirs = seqeval_f1(gold, answered, mode="strict", scheme=IOB2, average="macro")
    assert value(ENTITIES, "strict macro-F1", outcomes) == pytest.approx(theirs)
    for place, label in enumerate(NAMES):
        theirs = seqeval_f1(gold, answered, mode="strict", scheme=IOB2, average=None)[place]
        assert value(ENTITIES, f"strict F1: {label}", outcomes) == pytest.approx(theirs)


TEXT = "DM and later DM, or gout"
GOLD = (Mention(13, 15, "Disease", "DM"), Mention(20, 24, "Disease", "gout"))


def written(*mentions):
    return Outcome(Item("1", "1", TEXT, GOLD), Response(tuple(sorted(mentions)), text="as it was written"))


def at(start, end, label="Disease"):
    return Mention(start, end, label, TEXT[start:end])


INVENTED = Mention(-1, -1, "Disease", "lupus")


@pytest.mark.parametrize(
    ("answer", "strict", "relaxed", "by_place", "inventions", "why"),
    [
        ((at(13, 15), at(20, 24)), 1, 1, 1, 0, "all right"),
        ((at(0, 2), at(20, 24)), 1, 1, 0.5, 0, "words stand for the place where the gold has them"),
        ((at(0, 2), at(13, 15), at(20, 24)), 0.8, 0.8, 0.8, 0, "named twice, meant once"),
        ((at(20, 24, "Chemical"),), 0, 0, 0, 0, "another label"),
        ((at(3, 15), at(20, 24)), 0.5, 1, 0.5, 0, "a wider span meets and is not equal"),
        ((at(20, 24), INVENTED), 0.5, 0.5, 0.5, 0.5, "an invention is wrong"),
        ((), 0, 0, 0, float("nan"), "nothing found"),
    ],
)
def test_written_mentions_are_scored_by_their_words(answer, strict, relaxed, by_place, inventions, why):
    outcomes = [written(*answer)]
    assert value(ENTITIES, "strict F1", outcomes) == pytest.approx(strict), why
    assert value(ENTITIES, "relaxed F1", outcomes) == pytest.approx(relaxed), why
    assert value(ENTITIES, "strict F1 by place", outcomes) == pytest.approx(by_place), why
    assert value(ENTITIES, "inventions", outcomes) == pytest.approx(inventions, nan_ok=True), why


def test_tags_at_another_place_of_the_same_words_are_wrong():
    tags = Outcome(Item("1", "1", TEXT, GOLD), Response((at(0, 2), at(20, 24))))
    assert value(ENTITIES, "strict F1", [tags]) == pytest.approx(0.5)


def test_written_words_never_take_more_places_than_they_were_named():
    gold = (at(0, 2), at(13, 15))
    assert place_written((at(0, 2),), gold) == (at(0, 2),)
    assert place_written((at(13, 15), at(20, 24)), gold) == (at(13, 15), at(20, 24))


def test_no_answer_misses_all_and_invents_nothing():
    outcomes = [Outcome(Item("1", "1", TEXT, GOLD), NO_ANSWER)]
    assert value(ENTITIES, "strict F1", outcomes) == 0
    assert np.isnan(value(ENTITIES, "inventions", outcomes))


def test_nothing_to_find_and_nothing_found_is_no_score():
    outcomes = [Outcome(Item("1", "1", "well", ()), Response(()))]
    assert np.isnan(value(ENTITIES, "strict F1", outcomes))
    assert np.isnan(value(ENTITIES, "relaxed F1", outcomes))


def test_a_task_of_one_label_has_no_scores_by_label():
    names = [
        one.name for one in entity_measures(made_task(MentionsForm({"Disease": "disease"}), "strict F1"))
    ]
    assert names[0] == "strict F1"
    assert not any(":" in name or "macro" in name for name in names)


@pytest.mark.parametrize("seed", range(5))
def test_relation_scores_are_those_of_scikit_learn_over_the_relations(seed):
    chance = random.Random(seed)
    pairs = [(chance.choice(LABELS), chance.choice([*LABELS, "none", "none"])) for _ in range(80)]
    outcomes = [Outcome(Item(str(n), "1", "x", gold), Response(said)) for n, (gold, said) in enumerate(pairs)]
    gold, said = zip(*pairs, strict=True)
    micro = f1_score(gold, said, labels=LABELS[:-1], average="micro")
    macro = f1_score(gold, said, labels=LABELS[:-1], average="macro")
    there = f1_score([one != "none" for one in gold], [one != "none" for one in said])
    assert value(RELATIONS, "micro-F1", outcomes) == pytest.approx(micro)
    assert value(RELATIONS, "relation macro-F1", outcomes) == pytest.approx(macro)
    assert value(RELATIONS, "detection F1", outcomes) == pytest.approx(there)


def test_always_answering_none_earns_nothing_and_neither_does_no_answer():
    items = [Item(str(n), "1", "x", gold) for n, gold in enumerate(("effect", "none", "none"))]
    assert value(RELATIONS, "micro-F1", [Outcome(one, Response("none")) for one in items]) == 0
    assert value(RELATIONS, "micro-F1", [Outcome(one, NO_ANSWER) for one in items]) == 0


def test_pairs_without_relations_rightly_left_alone_are_no_score():
    assert np.isnan(value(RELATIONS, "micro-F1", [Outcome(Item("1", "1", "x", "none"), Response("none"))]))


SENTENCE = "Aspirin with warfarin or heparin: bleeding."


@pytest.mark.parametrize(
    ("answer", "whole", "pairs", "names", "inventions", "why"),
    [
        ("effect: aspirin + warfarin\neffect: aspirin + heparin", 1, 1, 1, 0, "all right"),
        ("effect: Heparin + Aspirin\n- Effect: warfarin + aspirin", 1, 1, 1, 0, "in any order and case"),
        ("int: aspirin + warfarin\neffect: aspirin + heparin", 0.5, 1, 1, 0, "another label"),
        ("effect: warfarin + heparin", 0, 0, 0.8, 0, "the names, otherwise paired"),
        ("effect: aspirin + warfarin\neffect: aspirin + lithium", 0.5, 0.5, 2 / 3, 0.5, "an invention"),
        ("none", 0, 0, 0, float("nan"), "nothing found"),
    ],
)
def test_relations_are_right_with_label_and_both_names(answer, whole, pairs, names, inventions, why):
    gold = (write_relation("effect", "Aspirin", "heparin"), write_relation("effect", "Aspirin", "warfarin"))
    item = Item("1", "1", SENTENCE, gold)
    outcomes = [Outcome(item, Response(FORM.read(answer, item), text=answer))]
    assert value(FOUND, "end-to-end micro-F1", outcomes) == pytest.approx(whole), why
    assert value(FOUND, "pair F1", outcomes) == pytest.approx(pairs), why
    assert value(FOUND, "entity F1", outcomes) == pytest.approx(names), why
    assert value(FOUND, "inventions", outcomes) == pytest.approx(inventions, nan_ok=True), why


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "aspirin + warfarin",
        "effect: aspirin",
        "none: a + b",
        "effect: a + b\nand so on",
        "effect:  + b",
        "none\n\nint: a + b",
    ],
)
def test_a_line_that_is_no_relation_is_not_guessed_at(answer):
    with pytest.raises(ValueError, match=r"answer|line"):
        FORM.read(answer, Item("1", "1", SENTENCE, ()))


def test_relations_written_are_read_back_and_allowed():
    gold = tuple(sorted(write_relation(label, "Ca(2+) blockers", "β-drug: x") for label in LABELS[:3]))
    item = Item("1", "1", SENTENCE, gold)
    for answer in (gold, gold[:1], ()):
        written = FORM.write(item, answer)
        assert FORM.read(written, item) == answer
        assert re.fullmatch(FORM.constraint(item).regex, written)
    assert [parse_relation(one)[0] for one in gold] == ["advise", "effect", "mechanism"]


def test_a_task_of_relations_that_are_found_is_not_scored_as_codes():
    task = replace(made_task(FORM, "end-to-end micro-F1"), family=Family.RELATIONS)
    assert measures_of(task)[0].name == "end-to-end micro-F1"
    assert "malformed codes" not in {one.name for one in measures_of(task)}


def documents(seed):
    chance = random.Random(seed)
    codes = ["I10", "I11.0", "I11.9", "N44.8", "R60.9", "R60.0", "C7A.1"]
    for _ in range(30):
        yield chance.sample(codes, chance.randint(1, 5)), chance.sample(codes, chance.randint(0, 5))


@pytest.mark.parametrize(
    ("name", "level"),
    [("micro-F1", lambda code: code), ("category micro-F1", category_of), ("chapter micro-F1", chapter_of)],
)
def test_code_scores_are_those_of_scikit_learn_at_each_level(name, level):
    rows = list(documents(7))
    outcomes = [coded(gold, said) for gold, said in rows]
    classes = sorted({level(code) for row in rows for codes in row for code in codes})
    gold, said = (
        np.array([[one in {level(code) for code in row[side]} for one in classes] for row in rows])
        for side in (0, 1)
    )
    assert value(CODES, name, outcomes) == pytest.approx(f1_score(gold, said, average="micro"))
    if name == "micro-F1":
        each = f1_score(gold, said, average="samples", zero_division=0)
        assert value(CODES, "document F1", outcomes) == pytest.approx(each)


def coded(gold, said):
    item = Item("1", "1", "x", tuple(sorted(gold)))
    return Outcome(item, Response(tuple(sorted(said))))


@pytest.mark.parametrize(
    ("gold", "said", "whole", "malformed", "why"),
    [
        (["I10", "R60.9"], ["I10", "R60.9"], 1, 0, "all and no other"),
        (["I10"], ["I10", "R60.9"], 0, 0, "one too many"),
        (["I10"], ["44.8", "I10"], 0, 0.5, "no letter"),
        (["I10"], ["I10", "N44.89999"], 0, 0.5, "too many characters after the dot"),
        (["I10"], ["D99.1", "I10"], 0, 0.5, "no chapter has it"),
    ],
)
def test_codes_of_a_document_are_right_together_and_well_formed(gold, said, whole, malformed, why):
    outcomes = [coded(gold, said)]
    assert value(CODES, "all codes right", outcomes) == whole, why
    assert value(CODES, "malformed codes", outcomes) == malformed, why


def test_no_answer_has_no_code_right_and_none_malformed():
    outcomes = [Outcome(Item("1", "1", "x", ("I10",)), NO_ANSWER)]
    assert value(CODES, "micro-F1", outcomes) == 0
    assert value(CODES, "all codes right", outcomes) == 0
    assert np.isnan(value(CODES, "malformed codes", outcomes))


def test_chapters_follow_one_another_without_sharing_a_category():
    ends = [bound for first, last, _ in CHAPTERS for bound in (first, last)]
    assert ends[:-6] == sorted(ends[:-6])  # up to U, V-Y and Z
    assert len(CHAPTERS) == len({about for _, _, about in CHAPTERS}) == 22


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ("A00", "infectious and parasitic diseases"),
        ("D49.9", "neoplasms"),
        ("D50.0", "blood and immune mechanism"),
        ("H59.0", "eye"),
        ("H60", "ear"),
        ("O9A.2", "pregnancy and childbirth"),
        ("U07.1", "codes for special purposes"),
        ("Y99.9", "external causes"),
        ("D90", ""),
        ("44.8", ""),
    ],
)
def test_a_code_is_of_the_chapter_whose_categories_hold_it(code, about):
    assert chapter_of(code) == about
