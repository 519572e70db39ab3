"""Examples made by rule: what the judge and the writer of a draft are asked, with known answers."""

import json
from collections import Counter
from itertools import islice

import pytest

from posology.adapt.teacher import make_lessons, parse_quoted
from posology.adapt.teacher.facts import make_worded
from posology.adapt.teacher.frames import load_frames
from posology.adapt.teacher.grammar import make_judged
from posology.adapt.teacher.matters import CONDITIONS, DRUGS, MEASURES, SYMPTOMS, TESTS, THERAPIES
from posology.chat import Choice, JsonShape, ScriptedGenerator
from posology.chat.shapes import parse_answer
from posology.evidence import Hit, Passage, judge_by_rules
from posology.policies import load_policies
from posology.priorauth.reading import judgement_prompt
from posology.priorauth.writing import word_facts, wording_prompt
from posology.spans import Span


def test_the_same_seed_makes_the_same_examples_and_a_longer_run_begins_with_a_shorter() -> None:
    for kind in ("judge", "passage", "write"):
        assert make_lessons(kind, 12, seed=5) == make_lessons(kind, 30, seed=5)[:12]
        assert make_lessons(kind, 12, seed=5) != make_lessons(kind, 12, seed=6)


def test_judgements_are_joined_into_conversations_that_lose_none_and_name_all_their_groups() -> None:
    from posology.adapt.teacher.conversations import join_judgements

    lone, written = make_lessons("judge", 10, seed=2), make_lessons("write", 3, seed=2)
    talks = join_judgements([*lone, *written], 4, seed=1)
    assert [one.task for one in talks] == ["judge"] * 3 + ["write"] * 3
    assert talks[3:] == written
    asked = []
    for talk in talks[:3]:
        users = [turn.content for turn in talk.messages if turn.role == "user"]
        said = [turn.content for turn in talk.messages if turn.role == "assistant"] + [talk.answer]
        assert [turn.role for turn in talk.messages] == ["system", *["user", "assistant"] * len(users)][:-1]
        asked += list(zip(users, said, strict=True))
        groups = {one.provenance.group for one in lone if one.messages[-1].content in users}
        assert set(talk.provenance.group.split("; ")) == groups
        assert talk.provenance.licence == "made here"
    assert sorted(asked) == sorted((one.messages[-1].content, one.answer) for one in lone)
    assert join_judgements(lone, 4, seed=1) == join_judgements(lone, 4, seed=1)
    assert join_judgements(lone, 4, seed=2) != join_judgements(lone, 4, seed=1)


def test_answers_are_a_third_each_and_no_example_stands_twice() -> None:
    rows = list(islice(make_judged(1), 3000))
    counts = Counter(one.answer for one in rows)
    assert all(0.3 < counts[answer] / 3000 < 0.37 for answer in ("yes", "no", "not stated"))
    assert len({(one.question, one.sentence) for one in rows}) == 3000


def test_every_frame_and_every_trap_is_used() -> None:
    rows = list(islice(make_judged(1), 3000))
    used = {(one.kind, one.trap) for one in rows}
    for frame in load_frames():
        assert {(frame.kind, trap) for trap in frame.silent} <= used


def test_prompts_are_those_of_a_draft_and_answers_keep_their_form() -> None:
    judged = next(iter(make_judged(2)))
    example = make_lessons("judge", 1, seed=2)[0]
    prompt = judgement_prompt(judged.question, judged.sentence)
    assert example.messages == prompt.messages
    assert isinstance(prompt.constraint, Choice)
    assert example.answer in prompt.constraint.options
    written = make_lessons("write", 60, seed=2)
    for example, worded in zip(written, make_worded(2), strict=False):
        shape = wording_prompt([worded.line])
        assert example.messages == shape.messages
        assert isinstance(shape.constraint, JsonShape)
        parse_answer(example.answer, shape.constraint)  # raises where it breaks the schema


def test_a_quote_stands_in_its_passage_and_an_open_question_has_none() -> None:
    for example in make_lessons("passage", 300, seed=3):
        told, quote = parse_quoted(json.loads(example.answer))
        assert (quote == "") == (told == "not stated")
        assert quote in example.source_text


def test_the_other_sentences_of_a_passage_do_not_name_its_matter() -> None:
    for example, judged in zip(make_lessons("passage", 200, seed=3), make_judged(3), strict=False):
        rest = example.source_text.replace(judged.sentence.removeprefix("- ").rstrip("."), "")
        assert judged.matter not in rest


def test_the_rules_that_read_notes_seldom_read_the_opposite_of_what_was_made() -> None:
    """An oracle apart from the grammar: where it reads yes or no at all, it is nearly always the truth."""
    wrong = read = 0
    for one in islice(make_judged(4), 600):
        hit = Hit(
            Passage("n", 0, len(one.sentence), one.sentence, (Span(0, len(one.sentence)),)), 1.0, 1, None
        )
        answer = judge_by_rules(one.question, [hit]).answer
        read += answer in ("yes", "no")
        wrong += answer in ("yes", "no") and one.answer in ("yes", "no") and answer != one.answer
    assert read > 100
    assert wrong / read < 0.1


def test_a_worded_fact_holds_what_its_line_holds_and_a_draft_would_take_it() -> None:
    for one in islice(make_worded(1), 500):
        words = one.sentence.lower()
        for part in one.line.lower().split(": "):
            assert part in words or part.removeprefix("the ") in words
    scripted = ScriptedGenerator([make_lessons("write", 1, seed=1)[0].answer])
    assert word_facts([], scripted) == []


def test_the_matters_of_the_policies_that_are_measured_on_are_not_learned() -> None:
    held = (
        "sleep apnea|CPAP|rheumatoid|adalimumab|methotrexate|metformin|obesity|acupuncture|low back|thyroid c"
    )
    held_out = held.lower().split("|")
    words = " ".join(
        " ".join(names) for names in (*CONDITIONS, *SYMPTOMS, *DRUGS, *THERAPIES, *TESTS)
    ).lower()
    words += " ".join(" ".join(one.names) for one in MEASURES).lower()
    assert not [name for name in held_out if name in words]
    questions = {leaf.lower() for leaf in _questions()}
    assert not questions & {one.question.lower() for one in islice(make_judged(1), 3000)}


def _questions() -> list[str]:
    from posology.testing.plans import all_leaves

    return [str(leaf.question) for policy in load_policies() for leaf in all_leaves(policy) if leaf.question]


@pytest.mark.parametrize("kind", ["judge", "passage", "write"])
def test_what_is_made_may_be_shipped_and_is_grouped_by_matter(kind: str) -> None:
    for example in make_lessons(kind, 20):  # type: ignore[arg-type]
        assert example.provenance.licence == "made here"
        assert example.provenance.group.startswith("matter:")
