"""Claims with their sources: what is false is false, nothing shallow gives it away, parts share nothing."""

import hashlib
import json
import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from posology.adapt.claims import (
    Claim,
    build_claims,
    claims_of_lessons,
    claims_of_pairs,
    claims_of_passages,
    deal_claims,
    labelled_claims,
    match_claims,
)
from posology.adapt.claims.building import claims_part
from posology.adapt.claims.faults import KINDS, add_fault
from posology.adapt.claims.matching import area_above
from posology.adapt.claims.wordings import reword_claim, statement_of
from posology.adapt.encoders.labelled import Labelled, read_labelled, render_labelled
from posology.adapt.teacher.frames import load_frames
from posology.adapt.teacher.grammar import make_judged
from posology.cli.app import app
from posology.corpus import Provenance
from posology.corpus.parts import PARTS, part_of
from posology.corpus.spec import Parts
from posology.errors import UserError
from posology.evidence.tokens import lexical_overlap
from posology.policies import open_policy
from posology.testing.claims import claims_of_charts, word_freely

MADE = Provenance("made", "made here", group="g")


def claim(sentence: str, source: str, name: str = "a", *, supported: bool = True) -> Claim:
    return Claim(name, sentence, source, supported, "as stated", MADE)


@pytest.mark.parametrize(
    ("kind", "sentence", "source", "why"),
    [
        (
            "exchanged number",
            "Ferritin was 20 ng/mL.",
            "Ferritin: 20\nLDL: 131",
            "the other's number stands there",
        ),
        (
            "exchanged day",
            "Seen on 2024-01-02.",
            "2024-01-02; later 2024-03-04",
            "the other day stands there",
        ),
        (
            "exchanged name",
            "An order of “gout diet”.",
            "“gout diet”, “liver biopsy”",
            "the other name stands there",
        ),
        ("state", "The order is active.", "active", "another state"),
        ("negation", "The patient has asthma.", "Asthma.", "denied"),
        ("laterality", "Pain in the left knee.", "Left knee pain.", "the other side"),
        ("drug", "Takes metformin 500 mg.", "Metformin 500 mg.", "another drug"),
        ("unit", "Takes metformin 500 mg.", "Metformin 500 mg.", "another unit"),
    ],
)
def test_a_fault_of_each_kind_changes_the_claim(kind: str, sentence: str, source: str, why: str) -> None:
    found = KINDS[kind](sentence, source, random.Random(3))
    assert found not in (None, sentence), why
    if kind.startswith("exchanged"):
        assert lexical_overlap(str(found), [source]) >= lexical_overlap(sentence, [source]), why


def test_a_sentence_without_a_fact_takes_no_fault() -> None:
    assert add_fault("Yes.", "Yes.", random.Random(0)) is None


def test_every_question_of_the_frames_can_be_stated_both_ways() -> None:
    rng = random.Random(1)
    judged = list(islice(make_judged(4), 600))
    assert {one.kind for one in judged} == {frame.kind for frame in load_frames()}
    for one in judged:
        said = [statement_of(one.kind, one.question, rng, affirmed=side) for side in (True, False)]
        assert all(said), one.question
        assert said[0] != said[1], one.question


def test_rewording_keeps_numbers_and_says_dates_otherwise() -> None:
    said = {reword_claim("The dose was 5 mg on 2024-03-05.", random.Random(seed)) for seed in range(12)}
    assert len(said) > 3
    assert all("5" in one and "2024" in one for one in said)
    assert reword_claim("On 2024-13-41.", random.Random(0)) == "On 2024-13-41.", "what is no date stays"


def test_terms_are_replaced_as_whole_words_only() -> None:
    for seed in range(20):
        assert "currently active" not in reword_claim("a reactive finding", random.Random(seed))


def test_lessons_give_the_same_claims_again_and_both_labels() -> None:
    once, again = (list(claims_of_lessons(40, seed=3)) for _ in range(2))
    assert once == again
    assert {one.supported for one in once} == {True, False}
    assert "another's fact" in {one.kind for one in once}
    assert all(one.sentence and one.source for one in once)


def test_matched_claims_are_told_apart_by_neither_length_nor_overlap() -> None:
    found = match_claims(list(claims_of_lessons(150, seed=1)))
    truth = [one.supported for one in found.claims]
    assert sum(truth) * 2 == len(truth) > 150
    assert found.overlap_area is not None
    assert abs(found.overlap_area - 0.5) < 0.05
    assert found.length_area is not None
    assert abs(found.length_area - 0.5) < 0.06
    assert sum(found.left_out.values()) > 0, "what has no partner is counted"


def test_the_area_counts_ties_as_halves_and_is_unknown_with_one_label() -> None:
    assert area_above([True, False], [1.0, 1.0]) == 0.5
    assert area_above([True, True, False], [3.0, 1.0, 2.0]) == 0.5
    assert area_above([True], [1.0]) is None


def test_parts_share_no_group_and_the_folder_can_be_read(tmp_path: Path) -> None:
    parts = deal_claims(claims_of_lessons(60, seed=2))
    made = build_claims(tmp_path / "c", parts, settings={}, seed=2)
    read = {part: list(read_labelled(tmp_path / "c" / part / "labelled.jsonl")) for part in parts}
    groups = [{one.provenance.group for one in rows} for rows in read.values()]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    assert [len(rows) for rows in read.values()] == [len(one.claims) for one in made.values()]
    assert {one.label for one in read["tune"]} == {"supported", "unsupported"}
    assert "word overlap alone" in (tmp_path / "c" / "card.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "c" / "manifest.json").read_text(encoding="utf-8"))["seed"] == 2


def test_a_matter_stays_in_the_part_it_was_always_dealt_to() -> None:
    """Claims were dealt by a rule of their own, tune first; the parts of a data set made before must stay."""

    def dealt_before(group: str) -> str:
        place = int(hashlib.sha256(f"claims:{group}".encode()).hexdigest()[:15], 16) / 16**15
        return "tune" if place < 0.75 else "select" if place < 0.75 + 0.1 else "report"

    groups = [f"matter:weight {number}" for number in range(600)]
    found = [claims_part(group) for group in groups]
    assert found == [dealt_before(group) for group in groups]
    assert set(found) == set(PARTS)
    assert found != [part_of("claims", group, Parts(select=0.1, report=0.15)) for group in groups]


def test_a_group_in_two_parts_is_refused(tmp_path: Path) -> None:
    one = claim("The patient has gout.", "Gout.")
    with pytest.raises(UserError, match="is in tune and in report"):
        build_claims(tmp_path / "c", {"tune": [one], "select": [], "report": [one]}, settings={}, seed=0)


def test_a_task_s_pairs_keep_their_ids_and_true_ones_give_a_faulty_copy() -> None:
    pair = Labelled(
        "7", "Ferritin was low in 20 women.", MADE, "Ferritin: low in 20 women.", "supported", task="t"
    )
    false = replace(pair, id="8", label="unsupported")
    first, copy, last = claims_of_pairs([pair, false])
    assert (first.name, first.task, first.supported) == ("7", "t", True)
    assert (copy.task, copy.supported) == ("claims", False)
    assert (last.name, last.supported) == ("8", False)
    assert labelled_claims([last])[0].label == "unsupported"


def test_sentences_of_a_passage_are_claims_on_the_text_around_them() -> None:
    text = (
        "The patient has had asthma for 12 years. She takes albuterol 90 mcg when she wheezes. Nothing else."
    )
    found = list(claims_of_passages([Labelled("1", text, MADE, task="t")], seed=1))
    assert {one.supported for one in found} == {True, False}
    assert all(one.source in text for one in found)


def test_letters_of_made_charts_give_claims_on_what_they_cite() -> None:
    policy = open_policy("northfield-cgm")
    found = list(claims_of_charts([policy], 1, seed=0))
    assert {one.supported for one in found} == {True, False}
    assert {"another's fact", "another's source"} & {one.kind for one in found}
    stated = [one for one in found if one.kind == "as stated" and "“" in one.sentence]
    assert all(lexical_overlap(one.sentence, [one.source]) > 0.4 for one in stated)
    assert found == list(claims_of_charts([policy], 1, seed=0))


def test_what_was_ordered_is_never_worded_as_had() -> None:
    worded = {
        word_freely("The record shows an order of “sleep study”, on 2024-01-02.", random.Random(n))
        for n in range(60)
    }
    assert len(worded) > 2
    assert all("order" in one.lower() or "request" in one.lower() for one in worded), worded
    assert not any("patient had" in one for one in worded)


def test_the_command_writes_claims_and_public_tasks_need_their_data(tmp_path: Path) -> None:
    said = CliRunner().invoke(
        app, ["adapt", "claims", "--out", str(tmp_path / "c"), "--lessons", "30", "--charts", "0"]
    )
    assert said.exit_code == 0, said.output
    assert "to tune" in said.output
    asked = (
        f"adapt claims --lessons 5 --charts 0 --task medhallu --out {tmp_path / 'd'} --data {tmp_path / 'no'}"
    )
    with pytest.raises(UserError, match="no such folder"):
        CliRunner().invoke(app, asked, catch_exceptions=False)


def test_a_line_separator_within_a_text_ends_no_line(tmp_path: Path) -> None:
    one = Labelled("1", "one\u2028two\x85three", MADE, second="x", label="supported")
    (tmp_path / "labelled.jsonl").write_text(render_labelled([one]), encoding="utf-8")
    assert list(read_labelled(tmp_path / "labelled.jsonl")) == [one]
