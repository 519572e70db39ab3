"""A teacher writes, checks and a second model sift, a person decides: only then is it learned from."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from posology.adapt.embedding.pairs import read_pairs
from posology.adapt.teacher import (
    Point,
    Scenario,
    Terms,
    check_candidates,
    read_again,
    read_reviews,
    read_scenarios,
    write_candidates,
    write_reviews,
    write_scenarios,
)
from posology.adapt.teacher.stages import Taught, build_audit, build_candidates, build_lessons, build_reviewed
from posology.chat import Prompt, ScriptedGenerator
from posology.corpus import Provenance
from posology.corpus.jsonl import read_examples
from posology.errors import UserError
from posology.policies import load_policies
from posology.testing.teaching import make_scenarios

QUESTION = "Did montelukast fail to control the disease?"
SAID = "Montelukast was taken for four months and brought no relief at all."
NOTE = (
    "SUBJECTIVE. Comes for a planned visit about breathing trouble. "
    + SAID
    + " Sleeps through most nights, works full time in an office, walks to the station each morning. "
    "OBJECTIVE. Lungs with a faint wheeze on both sides, heart regular, skin clear, no fever today. "
    "ASSESSMENT AND PLAN. Options were discussed at length and a return visit was agreed upon for spring."
)
POLICY = "Coverage requires that a leukotriene antagonist was tried and failed. Requests are reviewed yearly."
SCENARIO = Scenario(
    "s1",
    "p1",
    "HCPCS J1",
    "soap",
    "a 50-year-old woman",
    (
        Point(
            "failed",
            QUESTION,
            "yes",
            "a leukotriene antagonist was tried and failed",
            ("Montelukast failed.",),
        ),
    ),
    Provenance("posology scenarios", "made here", group="s1"),
)


def _answering(note: str, told: str, quote: str, family: str) -> ScriptedGenerator:
    def answer(prompt: Prompt) -> str:
        return note if prompt.constraint is None else json.dumps({"answer": told, "quote": quote})

    return ScriptedGenerator(answer, family=family)


def _checked(note: str = NOTE, told: str = "yes", quote: str = SAID, second: str = "yes"):
    teacher = _answering(note, told, quote, "big")
    reader = _answering("", second, quote if second != "not stated" else "", "other")
    written = write_candidates([SCENARIO], teacher, Terms(licence="made here"))
    return check_candidates(read_again(written, reader, teacher))[0]


def test_a_document_that_both_models_read_as_it_was_meant_passes_without_doubt() -> None:
    checked = _checked()
    assert (checked.faults, checked.doubts) == ((), ())


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"note": "Too short."}, "words"),
        ({"note": NOTE + " [Patient Name]"}, "place to be filled in"),
        ({"note": NOTE + " As an AI I note this."}, "speaks of itself"),
        ({"note": NOTE + " Call 555-867-5309 or write to ann@example.org."}, "identifier"),
        ({"quote": "Montelukast never helped."}, "does not stand in the document"),
        ({"told": "no"}, "the teacher read no"),
        ({"told": "not stated", "quote": ""}, "the teacher read not stated"),
        ({"quote": ""}, "no usable judgement"),
        ({"note": ""}, "no whole document"),
    ],
)
def test_certain_faults_refuse_a_document(changed: dict[str, str], fault: str) -> None:
    assert fault in "; ".join(_checked(**changed).faults)


def test_a_document_that_repeats_the_words_of_the_policy_is_refused() -> None:
    long = replace(SCENARIO, points=(replace(SCENARIO.points[0], policy_text=POLICY),))
    teacher = _answering(f"{NOTE} {POLICY}", "yes", SAID, "big")
    (checked,) = check_candidates(write_candidates([long], teacher, Terms()))
    assert checked.faults == ("failed: repeats the words of the question or of the policy",)


def test_a_second_model_that_reads_otherwise_is_a_doubt_for_a_person_and_no_fault() -> None:
    checked = _checked(second="not stated")
    assert checked.passed
    assert any("second model" in doubt for doubt in checked.doubts)


def test_a_document_much_like_an_earlier_one_is_refused() -> None:
    again = replace(SCENARIO, id="s2")
    teacher = _answering(NOTE, "yes", SAID, "big")
    first, second = check_candidates(write_candidates([SCENARIO, again], teacher, Terms()))
    assert first.passed
    assert "much like an earlier document" in second.faults


def test_a_second_reader_of_the_same_family_is_refused() -> None:
    teacher = _answering(NOTE, "yes", SAID, "big")
    with pytest.raises(UserError, match="another family"):
        read_again([], teacher, teacher)


@pytest.mark.parametrize(
    ("terms", "origin", "message"),
    [
        (Terms(remote=True), "made", "agreement"),
        (Terms(remote=True, agreement="BAA 7"), "chart", "de-identification gate"),
        (Terms(), "chart", "de-identification gate"),
    ],
)
def test_nothing_is_given_to_a_teacher_without_the_agreement_and_the_gate(
    terms: Terms, origin: str, message: str
) -> None:
    teacher = _answering(NOTE, "yes", SAID, "big")
    with pytest.raises(UserError, match=message):
        write_candidates([replace(SCENARIO, origin=origin)], teacher, terms)  # type: ignore[arg-type]
    assert teacher.calls == []


def _decide(path: Path, change: Callable[[dict], None]) -> Path:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        change(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _accepted(row: dict) -> None:
    row.update(verdict="accept", by="Dr. Reviewer")
    row["points"][0]["section"] = "a leukotriene antagonist was tried and failed"


def test_only_what_a_person_accepted_becomes_examples_and_mapped_sentences_become_pairs(
    tmp_path: Path,
) -> None:
    scenarios = tmp_path / "scenarios.jsonl"
    assert write_scenarios(scenarios, [SCENARIO]) == 1
    assert list(read_scenarios(scenarios)) == [SCENARIO]
    taught = Taught(
        _answering(NOTE, "yes", SAID, "big"),
        _answering("", "yes", SAID, "other"),
        Terms(licence="Apache-2.0"),
    )
    counts = build_candidates(scenarios, tmp_path / "candidates", taught)
    assert counts == {"scenarios": 1, "refused": 0, "doubtful": 0, "clear": 1}
    reviews = tmp_path / "candidates" / "reviews.jsonl"
    with pytest.raises(UserError, match="nobody has accepted"):
        build_reviewed(reviews, {}, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    _decide(reviews, _accepted)
    assert build_reviewed(reviews, {"p1": POLICY}, tmp_path / "out") == {
        "examples": 2,
        "pairs": 1,
        "left out": 0,
    }
    passage, sentence = read_examples(tmp_path / "out" / "examples.jsonl")
    assert json.loads(passage.answer) == {"answer": "yes", "quote": SAID}
    assert sentence.answer == "yes"
    assert SAID in sentence.messages[-1].content
    for example in (passage, sentence):
        assert example.provenance.licence == "Apache-2.0"
        assert example.provenance.source == "scripted on posology scenarios"
        assert example.provenance.consent == "accepted by Dr. Reviewer"
    (pair,) = read_pairs(tmp_path / "out" / "pairs.jsonl")
    assert (pair.query, pair.passage) == ("a leukotriene antagonist was tried and failed", SAID)
    assert (tmp_path / "out" / "card.md").is_file()
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_what_charts_forbid_the_text_written_from_them_forbids_too(tmp_path: Path) -> None:
    charted = replace(SCENARIO, provenance=Provenance("site", "not stated", "consent 3", "s1"))
    teacher = _answering(NOTE, "yes", SAID, "big")
    checked = check_candidates(
        write_candidates([charted], teacher, Terms(licence="made here", agreement="BAA 7"))
    )
    write_reviews(tmp_path / "r.jsonl", checked, Terms(licence="made here", agreement="BAA 7"))
    (review,) = read_reviews(tmp_path / "r.jsonl", {})
    assert (review.provenance.licence, review.provenance.consent) == ("not stated", "consent 3; BAA 7")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.update(verdict="accept"), "does not say by whom"),
        (
            lambda row: (_accepted(row), row["points"][0].update(quote="Never said.")),
            "does not stand in the document",
        ),
        (
            lambda row: (_accepted(row), row["points"][0].update(told="not stated")),
            "not stated, and yet a quote",
        ),
        (
            lambda row: (_accepted(row), row["points"][0].update(section="Not there.")),
            "does not stand in the text",
        ),
        (lambda row: row.update(verdict="maybe"), "verdict"),
        (lambda row: row.update(extra=1), "extra"),
    ],
)
def test_a_decision_that_contradicts_itself_is_an_error_with_its_line(
    tmp_path: Path, change: Callable[[dict], None], message: str
) -> None:
    write_reviews(tmp_path / "r.jsonl", [_checked()], Terms())
    _decide(tmp_path / "r.jsonl", change)
    with pytest.raises(UserError, match=rf"r\.jsonl, line 1: .*{message}") as caught:
        read_reviews(tmp_path / "r.jsonl", {"p1": POLICY})
    assert "Montelukast" not in str(caught.value)


def test_a_person_may_correct_document_answer_and_quote(tmp_path: Path) -> None:
    def corrected(row: dict) -> None:
        row.update(verdict="accept", by="R", document=row["document"].replace("no relief", "much relief"))
        row["points"][0].update(told="no", quote=SAID.replace("no relief", "much relief"))

    write_reviews(tmp_path / "r.jsonl", [_checked()], Terms(licence="made here"))
    _decide(tmp_path / "r.jsonl", corrected)
    build_reviewed(tmp_path / "r.jsonl", {}, tmp_path / "out")
    assert [e.answer for e in read_examples(tmp_path / "out" / "examples.jsonl")][1] == "no"


def test_scenarios_of_made_charts_say_what_their_answers_rest_on() -> None:
    policies = [policy for policy in load_policies() if policy.id in ("northfield-cgm", "cms-ncd-210.14")]
    scenarios = make_scenarios(policies, 6, seed=1)
    assert len(scenarios) == 6
    assert scenarios == make_scenarios(policies, 6, seed=1)
    for point in (point for one in scenarios for point in one.points):
        assert bool(point.says) == (point.told != "not stated")


def test_the_audit_says_what_is_over_under_and_missing(tmp_path: Path) -> None:
    build_lessons(tmp_path / "made", {"judge": 150})
    build_lessons(tmp_path / "reference", {"passage": 150})
    verdicts = build_audit(tmp_path / "made", tmp_path / "reference", tmp_path / "audit")
    assert verdicts["missing"] >= 1
    assert verdicts["only here"] >= 1
    rows = json.loads((tmp_path / "audit" / "audit.json").read_text(encoding="utf-8"))
    answers = [row for row in rows if row["dimension"] == "answer"]
    assert {row["verdict"] for row in answers} <= {"alike", "unsure"}
    assert "| task | judge |" in (tmp_path / "audit" / "card.md").read_text(encoding="utf-8")
