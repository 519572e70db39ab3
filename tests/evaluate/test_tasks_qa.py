"""Tasks of questions, claims and mental health: what is read, that it can be answered, and what it hides."""

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.grouping import same_words
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Part
from posology.evaluate.tasks import TASKS
from posology.files import TableReader

# task: items in tune, select, report; gold answers
EXPECTED: dict[str, tuple[tuple[int, int, int], dict[str, int]]] = {
    "medqa_usmle": ((523, 119, 630), {"A": 330, "B": 316, "C": 352, "D": 274}),
    "medmcqa": ((1141, 306, 1481), {"A": 923, "B": 762, "C": 639, "D": 604}),
    "afrimedqa": ((49, 23, 52), {"A": 29, "B": 40, "C": 25, "D": 11, "E": 19}),
    "medhalt_fake": (
        (480, 144, 676),
        {"A": 246, "B": 261, "C": 250, "D": 236, "E": 229, "F": 76, "G": 2},
    ),
    "pubmedqa": ((210, 43, 247), {"yes": 276, "no": 169, "maybe": 55}),
    "bioasq_taskb": ((32, 7, 34), {"yes": 45, "no": 28}),
    "mediqa2019_rqe": ((133, 34, 135), {"yes": 129, "no": 173}),
    "medhallu": ((380, 114, 506), {"yes": 500, "no": 500}),
    "covidfact_rte": ((659, 171, 896), {"yes": 551, "no": 1175}),
    "expertqa": ((55, 4, 93), {"yes": 107, "no": 45}),
    "healthver": ((875, 276, 766), {"Supports": 533, "Refutes": 391, "Neutral": 993}),
    "medec_ms": ((252, 50, 272), {"yes": 319, "no": 255}),
    "imhi_dr": ((410, 105, 488), {"yes": 801, "no": 202}),
    "imhi_dreaddit": ((113, 32, 155), {"yes": 157, "no": 143}),
    "imhi_sad": (
        (252, 58, 306),
        {
            "school": 60,
            "financial problem": 78,
            "family issues": 70,
            "social relationships": 57,
            "work": 79,
            "health issues": 75,
            "emotional turmoil": 59,
            "everyday decision making": 63,
            "other causes": 75,
        },
    ),
    "irf_tbe": ((990, 251, 1224), {"yes": 1342, "no": 1123}),
    "irf_pbu": ((983, 206, 1276), {"yes": 822, "no": 1643}),
    "cams_mental_health": (
        (573, 152, 732),
        {
            "no reason": 275,
            "bias or abuse": 190,
            "jobs and careers": 184,
            "medication": 171,
            "relationship": 294,
            "alienation": 343,
        },
    ),
}
NAMES = sorted(EXPECTED)
every_task = pytest.mark.parametrize("name", NAMES)


@cache
def parts_of(name: str, data: Path) -> dict[Part, list[Item]]:
    return dict(load_parts(TASKS[name], data))


def items_of(name: str, data: Path) -> list[Item]:
    return [item for part in parts_of(name, data).values() for item in part]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = TableReader(stream)
        header = next(rows)
        return [dict(zip(header, row, strict=True)) for row in rows]


@every_task
def test_a_task_has_the_items_and_answers_that_its_source_has(name: str, data_folder: Path) -> None:
    sizes, answers = EXPECTED[name]
    assert tuple(len(parts_of(name, data_folder)[part]) for part in Part) == sizes
    assert Counter(item.gold for item in items_of(name, data_folder)) == answers


@every_task
def test_every_right_answer_can_be_written_and_read_back(name: str, data_folder: Path) -> None:
    form = TASKS[name].form
    for item in items_of(name, data_folder):
        assert form.read(form.write(item, item.gold), item) == item.gold
        assert form.write(item, item.gold) in form.constraint(item).options  # type: ignore[union-attr]


@every_task
def test_labels_are_those_of_the_form_and_accuracy_leads_only_where_they_are_letters(name: str) -> None:
    task = TASKS[name]
    assert task.labels == task.form.labels  # type: ignore[attr-defined]
    assert task.metric == ("macro-F1" if task.labels else "accuracy")


@every_task
def test_no_text_stands_in_two_parts(name: str, data_folder: Path) -> None:
    homes: dict[tuple[str, ...], Part] = {}
    for part, items in parts_of(name, data_folder).items():
        for item in items:
            words = (same_words(item.text),)
            assert homes.setdefault(words, part) is part, item.id


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("covidfact_rte", "Evidence"),
        ("covidfact_rte", "Claim"),
        ("healthver", "Evidence"),
        ("mediqa2019_rqe", "Patient's question"),
        ("medhallu", "Abstract"),
        ("expertqa", "Question"),
        ("pubmedqa", "Abstract"),
    ],
)
def test_items_about_one_source_text_are_in_one_part(name: str, shared: str, data_folder: Path) -> None:
    homes: dict[str, Part] = {}
    for part, items in parts_of(name, data_folder).items():
        for item in items:
            after = item.text.partition(f"{shared}: ")[2]
            source = same_words(after.split("\nClaim: ")[0].split("\nQuestion: ")[0].split("\nFrequent ")[0])
            source = same_words(after.split("\nSentence: ")[0]) if shared == "Question" else source
            assert source
            assert homes.setdefault(source, part) is part, item.id


def test_both_versions_of_a_case_are_in_one_part(data_folder: Path) -> None:
    opening = {part: set() for part in Part}
    for part, items in parts_of("medec_ms", data_folder).items():
        opening[part] |= {same_words(item.text)[:120] for item in items}
    assert not opening[Part.TUNE] & opening[Part.REPORT]
    assert not opening[Part.SELECT] & opening[Part.REPORT]


@every_task
def test_what_is_asked_does_not_depend_on_the_right_answer(name: str, data_folder: Path) -> None:
    task = TASKS[name]
    for item in items_of(name, data_folder)[:50]:
        other = next(one for one in task.form.choices(item) if one != item.gold)  # type: ignore[attr-defined]
        blind = replace(item, gold=other, slices={}, fields={}, group="", id="")
        assert task.ask(item) == task.ask(blind)
        assert task.form.instruction(item) == task.form.instruction(blind)


def test_the_conclusion_that_answers_a_question_of_pubmedqa_is_not_shown(data_folder: Path) -> None:
    source = json.loads((data_folder / "pubmedqa" / "ori_pqal_train.json").read_text(encoding="utf-8"))
    for item in items_of("pubmedqa", data_folder):
        assert source[item.id]["LONG_ANSWER"] not in item.text


def test_a_post_is_shown_without_the_question_and_the_reasoning_of_its_source(data_folder: Path) -> None:
    for name in ("imhi_dr", "imhi_dreaddit", "imhi_sad"):
        for item in items_of(name, data_folder):
            assert "Consider this post" not in item.text
            assert "Reasoning:" not in item.text
            assert "Question: " not in item.text


def test_a_made_up_answer_is_never_shown_beside_the_true_one(data_folder: Path) -> None:
    true = {
        same_words(row["question"]): (row["ground_truth"].strip(), row["least_similar_answer"].strip())
        for row in rows_of(data_folder / "medhallu" / "prepared_detection_input.csv")
    }
    for item in items_of("medhallu", data_folder):
        question, _, answer = item.text.partition("\nQuestion: ")[2].partition("\nAnswer: ")
        assert answer == true[same_words(question)][0 if item.gold == "yes" else 1]


def test_the_letter_of_a_question_is_that_of_the_answers_words(data_folder: Path) -> None:
    path = data_folder / "medqa_usmle" / "phrases_no_exclude_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = {row["question"].strip(): row["answer"] for row in rows}
    for item in items_of("medqa_usmle", data_folder):
        assert item.options["ABCD".index(str(item.gold))] == answers[item.text]


def test_saying_that_one_does_not_know_has_no_fixed_place_and_no_rival(data_folder: Path) -> None:
    for item in items_of("medhalt_fake", data_folder):
        said = [option for option in item.options if "not know" in option.casefold()]
        assert said == ["I do not know"]
        assert item.options["ABCDEFGHIJ".index(str(item.gold))] == "I do not know"
        assert not any(option.startswith(("Conced", "Admitting", "Acknowledging")) for option in item.options)


@pytest.mark.parametrize(
    ("name", "path", "left_out"),
    [
        ("cams_mental_health", "cams_mental_health/IntentSDCNL_Training.csv", 4),
        ("medhalt_fake", "medhalt_fake/reasoning_fake.csv", 1),
        ("irf_tbe", "irf_mental_health/*_data.csv", 0),
        ("imhi_sad", "imhi_mental_health/SAD/*.csv", 0),
        ("imhi_dr", "imhi_mental_health/DR/*.csv", 0),
        ("imhi_dreaddit", "imhi_mental_health/dreaddit/*.csv", 0),
        ("healthver", "healthver/*.csv", 0),
        ("medec_ms", "medec_ms/*.csv", 0),
    ],
)
def test_rows_left_out_are_as_many_as_the_card_says(
    name: str, path: str, left_out: int, data_folder: Path
) -> None:
    rows = sum(len(rows_of(file)) for file in data_folder.glob(path))
    assert rows - len(items_of(name, data_folder)) == left_out


def test_claims_without_evidence_or_judgement_are_as_many_as_the_card_says(data_folder: Path) -> None:
    path = data_folder / "expertqa" / "domain_val_healthcare.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    support = Counter(
        claim["support"] for row in rows for answer in row["answers"].values() for claim in answer["claims"]
    )
    assert (support["Missing"], support["N/A"], support[None], support.total()) == (26, 17, 1, 269)
    assert support.total() - len(items_of("expertqa", data_folder)) - 44 == 73


def test_questions_of_other_kinds_are_as_many_as_the_card_says(data_folder: Path) -> None:
    files = sorted((data_folder / "bioasq_taskb").glob("*.json"))
    rows = [row for file in files for row in json.loads(file.read_text(encoding="utf-8"))["questions"]]
    assert Counter(row["type"] == "yesno" for row in rows) == {True: 73, False: 224}


def test_length_gives_a_made_up_answer_away_as_the_card_says(data_folder: Path) -> None:
    def words(item: Item) -> int:
        return len(item.text.partition("\nAnswer: ")[2].split())

    items = items_of("medhallu", data_folder)
    for gold, mean in (("yes", 40), ("no", 27)):
        assert round(sum(words(item) for item in items if item.gold == gold) / 500) == mean
    report = parts_of("medhallu", data_folder)[Part.REPORT]
    right = [(words(item) > 28) == (item.gold == "yes") for item in report]
    assert round(sum(right) / len(right), 2) == 0.75


@every_task
def test_a_file_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / TASKS[name].folder).mkdir()
    with pytest.raises(UserError, match="there is no such file"):
        load_parts(TASKS[name], tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_where_data_come_from_and_what_a_score_hides(name: str) -> None:
    card = TASKS[name].card
    assert card.url.startswith("https://")
    assert min(len(text) for text in (card.source, card.licence, card.about, card.leaks, card.limits)) > 2
    assert all(0 < one.value < 1 and one.trust in ("V", "V2", "R") for one in card.references)
    assert all("test" in one.split or "development" in one.split for one in card.references)
