"""What is learned holds no text that scores are measured on: the run stops, or drops and counts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from posology.adapt.job import Job
from posology.adapt.recipe import Screening as Held
from posology.adapt.screening import Screen, record_text
from posology.adapt.screening import screening_told as told
from posology.corpus import ProtectedText, Provenance, Record, build_protected, save_protected
from posology.corpus.held import Held as Found
from posology.corpus.held import build_held
from posology.errors import UserError
from posology.evaluate.held import held_texts
from posology.evaluate.tasks import TASKS
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

LONG = " ".join(f"word{number}" for number in range(40))
MADE = Provenance("notes", "made here", group="g")


def _record(text: str, name: str = "r1") -> Record:
    return Record(name, text, MADE)


def _job(text: str, owner: str = "triage, report", out: Path = Path("out")) -> Job:
    held = build_held([ProtectedText(owner, text)])
    return Job(out, held=lambda _: held)


@pytest.mark.parametrize(
    ("test", "learned", "is_held", "reason"),
    [
        (
            LONG,
            f"Before. {LONG.upper()}, after!",
            True,
            "case, points and what stands around it hide nothing",
        ),
        (LONG, LONG[: len(LONG) * 3 // 4], True, "most of a long text is that text"),
        (LONG, " ".join(LONG.split()[:14]), False, "a phrase of it is not: forms repeat them"),
        (
            "one two three four five six seven eight",
            "so one two, three four five six seven EIGHT.",
            True,
            "8",
        ),
        (
            "one two three four five six seven eight",
            "one two three four five six seven nine",
            False,
            "a word",
        ),
        ("fever and cough for days", "Complaint:\nFever, and cough for days\nBP 120", True, "a line"),
        ("fever and cough for days", "She has fever and cough for days.", False, "short words are common"),
        ("Fever and cough.", "fever and cough", True, "the whole record"),
        ("Fever and cough.", "Complaint:\nfever and cough\nBP 120", False, "says nothing of an item"),
        ("", "anything at all", False, "no text"),
    ],
)
def test_a_text_that_is_measured_on_is_found_where_it_is_held(test, learned, is_held, reason) -> None:
    found = build_held([ProtectedText("task, report", test)]).find(learned)
    assert found == ("task, report" if is_held else ""), reason


FORM = [f"field{number}" for number in range(20)]


def _forms(place: int, many: int = 300) -> list[str]:
    """Return texts that share a form and differ in the one word that fills it."""
    return [" ".join([*FORM[:place], str(number), *FORM[place:]]) for number in range(many)]


def test_a_run_of_words_that_many_test_texts_share_tells_none_of_them_apart() -> None:
    held = build_held(ProtectedText("forms, report", text) for text in _forms(20))
    assert held.find(f"{' '.join(FORM)} 1234") == ""
    assert held.find(" ".join(FORM)) == ""


@pytest.mark.parametrize("place", [0, 20], ids=["filled at the start", "filled at the end"])
def test_a_form_that_is_filled_as_a_test_text_fills_it_is_held(place: int) -> None:
    owners = ["first, report", "second, report"]
    texts = _forms(place)
    held = build_held(ProtectedText(owners[number % 2], text) for number, text in enumerate(texts))
    for number in (0, 7, 299):
        assert held.find(texts[number].upper()) == owners[number % 2]
        assert held.find(f"Note of today.\n{texts[number]}.\nSigned.") == owners[number % 2]
    assert held.find(" ".join(texts[7].split()[:-1])) == ""  # not all of its words
    assert "field" not in repr(held)


def test_forms_of_other_lengths_are_told_apart() -> None:
    longer = [f"{text} and more {number}" for number, text in enumerate(_forms(20))]
    texts = [ProtectedText("short, report", text) for text in _forms(20)]
    held = build_held([*texts, *(ProtectedText("long, report", text) for text in longer)])
    assert held.find(f"{_forms(20)[3]} or less") == "short, report"
    assert held.find(f"{' '.join(FORM)} 1234 and more 5") == ""


def test_the_run_stops_with_counts_and_ids_and_no_text() -> None:
    records = [_record(LONG, f"r{number}") for number in range(12)] + [_record("clean", "c")]
    with pytest.raises(
        UserError, match=r"12 of 13 records hold .* triage, report: 12 \(r0, .* and 2 more"
    ) as e:
        Screen(Held(), _job(LONG)).keep(records, record_text, "records")
    assert "word7" not in str(e.value)
    assert 'found = "drop"' in str(e.value)


def test_records_are_dropped_and_counted_where_the_recipe_says_so() -> None:
    screen = Screen(Held(found="drop"), _job(LONG))
    kept = screen.keep([_record(LONG), _record("clean", "c")], record_text, "records")
    assert [one.id for one in kept] == ["c"]
    assert screen.record() == {
        "texts": 1,
        "of": ["triage, report"],
        "files": 0,
        "not_scored": [],
        "dropped": {"triage, report": 1},
        "identifiers": {"looked_at": 1, "holding": 0, "kinds": {}},
    }
    assert "dropped, for they hold some: triage, report: 1." in told(screen.record())
    with pytest.raises(UserError, match="all 1 records hold test texts"):
        screen.keep([_record(LONG)], record_text, "records")


def test_files_of_hashed_test_texts_are_looked_for_by_any_13_words_as_in_a_corpus(tmp_path: Path) -> None:
    save_protected(build_protected([ProtectedText("ours, test", LONG)]), tmp_path / "ours.npz")
    tests = Held(files=("ours.npz",))
    with pytest.raises(UserError, match="ours, test: 1 "):
        Screen(tests, Job(Path("out"), tmp_path)).keep(
            [_record(" ".join(LONG.split()[:14]))], record_text, "records"
        )


def test_what_only_selects_is_not_learned_word_for_word() -> None:
    screen = Screen(Held(), Job(Path("out")))
    with pytest.raises(UserError, match="this recipe's select: 1"):
        screen.keep([_record(f"{LONG}.")], record_text, "records", [_record(LONG, "s")])
    assert len(screen.keep([_record("Normal.")], record_text, "records", [_record("normal", "s")])) == 1


def test_tasks_that_the_model_is_never_scored_on_are_left_out_and_the_card_bars_scores_on_them() -> None:
    asked: list[tuple[str, ...]] = []

    def held(not_scored: tuple[str, ...]) -> Found:
        asked.append(not_scored)
        return build_held([ProtectedText("triage, report", LONG)])

    screen = Screen(Held(not_scored=["medhallu"]), Job(Path("out"), held=held))
    assert screen.keep([_record("A note.")], record_text, "records")
    assert asked == [("medhallu",)]
    assert "must not be scored on medhallu" in told(screen.record())


def test_a_card_says_where_nothing_was_known() -> None:
    screen = Screen(Held(), Job(Path("out")))
    screen.keep([_record("a")], record_text, "records")
    assert "none were known" in told(screen.record())


def test_tasks_without_their_data_are_named(tmp_path: Path) -> None:
    missing: list[str] = []
    tasks = [TASKS["ktas_triage"], TASKS["healthver"]]
    assert list(held_texts(tasks, tmp_path, missing.append)) == []
    assert missing == ["ktas_triage", "healthver"]


def test_options_that_all_items_share_are_no_test_text(data_folder: Path) -> None:
    tasks = [TASKS["ktas_triage"]]
    held = build_held(held_texts(tasks, data_folder, lambda name: pytest.skip(f"{name}: no data")))
    assert held.texts > 100
    from posology.evaluate.splits import load_parts
    from posology.evaluate.task import Part

    parts = load_parts(tasks[0], data_folder)
    assert not [one.id for one in parts[Part.TUNE] if held.find(one.text)]  # a form, other patients
    assert all(
        held.find(f"Note.\n{one.text}\nEnd.") for one in parts[Part.REPORT] if len(one.text.split()) > 12
    )


def test_a_part_that_is_never_scored_on_is_left_out_and_the_other_is_held(data_folder: Path) -> None:
    from posology.cli.adapt import _parts_named
    from posology.evaluate.held import held_texts

    task = TASKS["ncbi_disease"]
    for name, owners in (
        ("ncbi_disease/select", {"ncbi_disease, report"}),
        ("ncbi_disease", set()),
        ("medhallu", {"ncbi_disease, select", "ncbi_disease, report"}),
    ):
        missing: list[str] = []
        found = held_texts([task], data_folder, missing.append, _parts_named(name))
        assert {one.owner for one in found} == owners
        assert not missing
    with pytest.raises(UserError, match=r"ncbi_disease/tune: the parts that are measured on are select and"):
        _parts_named("ncbi_disease/tune")


@NEEDS_TORCH
def test_tuning_stops_before_its_first_step_or_drops_and_says_so_in_the_card(tmp_path: Path) -> None:
    from posology.adapt.running import plan_recipe, run_recipe

    folder = write_bench(tmp_path)
    held = build_held([ProtectedText("weights, report", example(3).messages[1].content)])
    job = replace(job_of(folder), held=lambda _: held)
    for act in (run_recipe, plan_recipe):
        with pytest.raises(UserError, match=r"1 of 8 examples hold .* weights, report: 1 \(note-3\)"):
            act(recipe_of(), job)
    assert not job.work.exists()
    made = run_recipe(recipe_of({"tests": {"found": "drop"}, "optimizer": {"steps": 1}}), job)
    report = json.loads((made / "report.json").read_text())
    assert report["examples"] == 7
    assert report["tests"]["dropped"] == {"weights, report": 1}
    assert "dropped, for they hold some: weights, report: 1" in (made / "card.md").read_text()
