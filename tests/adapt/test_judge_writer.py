"""What the embedded writer is taught: what a draft asks, and nothing of what is measured."""

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
import yaml

from posology.adapt.recipes import read_recipe
from posology.adapt.recipes.tune import TuneRecipe
from posology.adapt.teacher import make_lessons
from posology.adapt.teacher.grammar import Judged
from posology.adapt.teacher.heldout import require_free
from posology.adapt.teacher.near import LOOKALIKES, make_near
from posology.adapt.teacher.questions import load_asked, make_asked
from posology.adapt.teacher.recorded import make_recorded, sentence_of
from posology.adapt.teacher.stages import Beside, build_lessons
from posology.chat import Choice, JsonShape
from posology.chat.shapes import parse_answer
from posology.corpus import Example
from posology.corpus.jsonl import read_examples
from posology.corpus.licences import require_shippable
from posology.errors import UserError
from posology.evaluate.task import Part
from posology.evaluate.tasks.criteria import policy_part
from posology.evidence import Hit, Passage, judge_by_rules
from posology.policies import Policy, load_policies
from posology.priorauth.reading import judgement_prompt
from posology.priorauth.vocabulary import cut_short, foreign_words, stock_of
from posology.priorauth.writing import wording_prompt
from posology.spans import Span
from posology.testing.notes import NOTE_STYLES
from posology.testing.phrases import KINDS, load_phrases
from posology.testing.teaching import HELD_STYLES, LEARNED_STYLES, held_texts, make_chart_lessons

HELDOUT = Path(__file__).resolve().parents[1] / "heldout"
RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "judge-writer.toml"
HELD = (Part.SELECT, Part.REPORT)


def _policies(*, held: bool) -> list[Policy]:
    return [one for one in load_policies() if (policy_part(one.id) in HELD) == held]


@pytest.fixture(scope="module")
def charts() -> list[Example]:
    return make_chart_lessons(_policies(held=False)[:2], 60, seed=3)


@pytest.fixture(scope="module")
def everything(charts: list[Example]) -> list[Example]:
    return [
        *make_lessons("judge", 400, seed=3),
        *make_lessons("question", 400, seed=3),
        *make_lessons("near", 400, seed=3),
        *make_lessons("record", 300, seed=3),
        *charts,
    ]


def test_the_same_seed_makes_the_same_and_answers_are_balanced() -> None:
    assert list(islice(make_near(2), 50)) == list(islice(make_near(2), 80))[:50]
    assert list(make_asked(2)) == list(make_asked(2))
    assert list(make_asked(2)) != list(make_asked(3))
    for rows in (list(islice(make_near(2), 600)), list(make_asked(2))):
        counts = Counter(one.answer for one in rows)
        assert all(0.29 < counts[answer] / len(rows) < 0.37 for answer in ("yes", "no", "not stated"))
        assert len({(one.question, one.sentence) for one in rows}) == len(rows)


def test_prompts_and_answers_are_those_that_a_draft_sends_and_reads(everything: list[Example]) -> None:
    for one in everything:
        asked = one.messages[-1].content
        if one.task == "judge":
            sentence, _, question = asked.removeprefix("Sentence: ").partition("\nQuestion: ")
            prompt = judgement_prompt(question, sentence)
            assert isinstance(prompt.constraint, Choice)
            assert one.answer in prompt.constraint.options
        else:
            prompt = wording_prompt([asked.removeprefix("1. ")])
            assert isinstance(prompt.constraint, JsonShape)
            parse_answer(one.answer, prompt.constraint)
            assert one.source_text == asked
        assert one.messages == prompt.messages
        assert one.provenance.licence == "made here"
    require_shippable((one.provenance for one in everything), "examples")


def test_a_near_miss_is_of_the_other_side_drug_time_or_number() -> None:
    pairs = {one: other for pair in LOOKALIKES for one, other in (pair, pair[::-1])}
    seen: Counter[str] = Counter()
    for one in islice(make_near(1), 600):
        if one.trap and one.kind in ("near side", "near surgery"):
            asked = "left" if "left" in one.question else "right"
            assert asked not in one.sentence.lower()
            seen["side"] += 1
        if one.trap and one.kind == "near drug failed":
            assert one.matter not in one.sentence.lower()
            assert pairs[one.matter] in one.sentence.lower()
            seen["drug"] += 1
    assert min(seen.values()) > 10


def test_the_rules_that_read_notes_seldom_read_the_opposite(charts: list[Example]) -> None:
    rows = [*islice(make_near(4), 400), *make_asked(4)]
    rows += [
        Judged(question, sentence, one.answer, "chart", "")  # type: ignore[arg-type]
        for one in charts
        for sentence, _, question in [
            one.messages[-1].content.removeprefix("Sentence: ").partition("\nQuestion: ")
        ]
    ]
    read = {one: _by_rules(one) for one in rows}
    wrong = [one for one, answer in read.items() if answer != "not_stated" and answer != one.answer]
    assert sum(answer != "not_stated" for answer in read.values()) > 80
    assert len(wrong) / sum(answer != "not_stated" for answer in read.values()) < 0.1


def _by_rules(one: Judged) -> str:
    whole = Span(0, len(one.sentence))
    passage = Passage("n", 0, whole.end, one.sentence, (whole,))
    return judge_by_rules(one.question, [Hit(passage, 1.0, 1, None)]).answer


@pytest.mark.parametrize(
    "kind", ["Condition", "Observation", "Procedure", "MedicationStatement", "DeviceRequest", "Encounter"]
)
def test_the_words_of_a_taught_sentence_may_be_said_of_any_entry(kind: str) -> None:
    for one in islice(make_recorded(5), 400):
        name, colon, _ = one.line.rpartition(": ")
        assert not foreign_words(one.sentence, [one.line], stock_of(kind, ())), one
        if bool(colon) == (kind == "Observation"):
            assert not cut_short(one.sentence, name or one.line, kind), one


def test_an_entry_that_begins_with_a_number_is_not_the_first_word_of_its_sentence() -> None:
    assert sentence_of("24 HR drug 5 MG").startswith("According to the patient's record, 24 HR")
    assert sentence_of("asthma") == "Asthma is documented in the patient's record."
    assert sentence_of("Sodium in Blood: 139 mmol/L") == "The patient's Sodium in Blood was 139 mmol/L."


def test_no_taught_sentence_drops_the_specimen() -> None:
    for one in islice(make_recorded(5), 400):
        name, colon, _ = one.line.rpartition(": ")
        assert " [" not in one.line, "a name that would have to be cut is left out"
        assert not colon or name in one.sentence


def test_styles_are_parted_and_the_held_ones_are_never_written(charts: list[Example]) -> None:
    assert set(HELD_STYLES) | set(LEARNED_STYLES) == set(NOTE_STYLES)
    assert not set(HELD_STYLES) & set(LEARNED_STYLES)
    only_theirs = ("clinic f/u", "Dear Colleague", "asking me to see this patient", "With kind regards")
    assert not [one.id for one in charts if any(text in one.messages[-1].content for text in only_theirs)]
    learned = ("Progress note", "DATE OF VISIT", "Visit template", "copied forward", "- ")
    assert any(text in one.messages[-1].content for one in charts for text in learned)


def test_no_text_that_scores_are_measured_on_is_learned(everything: list[Example]) -> None:
    held = held_texts(_policies(held=True))
    require_free(everything, held)
    barred = make_chart_lessons(_policies(held=True)[:1], 12, seed=3)
    with pytest.raises(UserError, match="scores are measured on it, nothing may be learned"):
        require_free(barred, held)


def test_no_question_of_the_held_out_cases_is_learned(everything: list[Example]) -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted((HELDOUT / "policies").glob("*.yaml"))]
    asked = {question.lower() for text in texts for question in _questions(yaml.safe_load(text))}
    assert len(asked) >= 4
    learned = {
        one.messages[-1].content.partition("\nQuestion: ")[2].lower()
        for one in everything
        if one.task == "judge"
    }
    assert not asked & learned


def _questions(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["question"])] if "question" in node else []
        return own + [found for value in node.values() for found in _questions(value)]
    if isinstance(node, list):
        return [found for value in node for found in _questions(value)]
    return []


def test_questions_in_their_own_words_share_no_sentence_with_a_shipped_policy() -> None:
    shipped = {
        " ".join(text.lower().split())
        for policy in load_policies()
        for phrases in load_phrases(policy).values()
        for kind in KINDS
        for text in phrases.of(kind)
    }
    assert not shipped & {text.lower() for one in load_asked() for text in one.sentences}


def test_lessons_are_parted_by_matter_and_refused_where_they_hold_what_is_measured(tmp_path: Path) -> None:
    counts = {"question": 90, "near": 60, "record": 60}
    build_lessons(tmp_path / "a", counts, seed=1, beside=Beside(select=0.2))  # type: ignore[arg-type]
    tune, select = (list(read_examples(tmp_path / "a" / part / "examples.jsonl")) for part in (".", "select"))
    assert len(tune) + len(select) == 210
    assert len(select) > 10
    assert not {one.provenance.group for one in tune} & {one.provenance.group for one in select}
    settings = json.loads((tmp_path / "a" / "manifest.json").read_text())["settings"]
    assert settings["counts"] == counts
    barred = Beside(make_chart_lessons(_policies(held=True)[:1], 12, seed=3), held_texts(load_policies()))
    with pytest.raises(UserError, match="nothing may be learned from it"):
        build_lessons(tmp_path / "b", {}, seed=1, beside=barred)
    assert not (tmp_path / "b").exists()


def test_the_recipe_ships_and_learns_the_answer_alone() -> None:
    recipe = read_recipe(RECIPE)
    assert isinstance(recipe, TuneRecipe)
    assert recipe.data.purpose == "ship"
    assert recipe.objective.answer.on
