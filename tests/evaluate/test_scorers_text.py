"""Written texts: ROUGE as the reference package, inventions and omissions as a reader would find them."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.scorers.fidelity import find_inventions, find_omissions, judge_fidelity
from posology.evaluate.scorers.findings import affirmed_findings, known_findings
from posology.evaluate.scorers.measures import total
from posology.evaluate.scorers.rouge import longest_common, rouge_l, rouge_n
from posology.evaluate.scorers.spoken import spoken_in_digits
from posology.evaluate.scorers.text import text_measures
from posology.evaluate.tasks.aci_bench import ACI_BENCH
from posology.evaluate.tasks.openi_indiana_reports import OPENI_INDIANA_REPORTS

WORDS = [
    "no",
    "acute",
    "disease",
    "heart",
    "size",
    "normal",
    "lungs",
    "clear",
    "left",
    "effusion",
    "2",
    "of",
    "is",
]
TEXTS = st.lists(st.sampled_from([*WORDS, "X-ray,", "Café", "ΔT", "1.5", "."]), max_size=30).map(" ".join)
REPORT = (
    "Heart size is mildly enlarged. There is an 8 mm nodule in the left upper lobe. No pneumothorax or "
    "pleural effusion. Compared with 03/02/2019, the right base is clear."
)
VISIT = (
    "Doctor: How old are you?\nPatient: I'm fifty two.\nDoctor: Any fever?\nPatient: No.\n"
    "Doctor: What do you take?\nPatient: Metformin, five hundred milligrams twice a day. And I had my "
    "gallbladder out in nineteen ninety eight.\nDoctor: Your blood pressure is one forty over ninety.\n"
    "Patient: My left knee hurts, for three weeks now."
)


@given(TEXTS, TEXTS)
@settings(max_examples=80, deadline=None)
def test_rouge_is_that_of_rouge_score(reference: str, answer: str) -> None:
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False).score(reference, answer)
    assert rouge_n(reference, answer, 1) == pytest.approx(theirs["rouge1"].fmeasure, abs=1e-9)
    assert rouge_n(reference, answer, 2) == pytest.approx(theirs["rouge2"].fmeasure, abs=1e-9)
    assert rouge_l(reference, answer) == pytest.approx(theirs["rougeL"].fmeasure, abs=1e-9)


def test_rouge_of_notes_of_hundreds_of_words_is_that_of_rouge_score() -> None:
    rng = random.Random(3)
    for _ in range(3):
        first, second = (" ".join(rng.choices(WORDS, k=rng.randint(150, 300))) for _ in range(2))
        theirs = RougeScorer(["rougeL"], use_stemmer=False).score(first, second)["rougeL"].fmeasure
        assert rouge_l(first, second) == pytest.approx(theirs, abs=1e-9)


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_longest_common_sequence_is_that_of_the_textbook_table(first: str, second: str) -> None:
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    assert longest_common(first, second) == table[-1][-1]


@pytest.mark.parametrize(
    ("answer", "fault", "reason"),
    [
        ("Mild cardiomegaly.", "", "says what the enlarged heart is called"),
        ("8 mm left upper lobe nodule.", "", "number, unit and side stand in the findings"),
        ("No pneumothorax.", "", "a denial that the source has"),
        ("1. Cardiomegaly. 2. Left nodule.", "", "the numbers of a list are no facts"),
        ("18 mm left upper lobe nodule.", "numbers", "another size"),
        ("8 cm nodule.", "numbers", "another unit"),
        ("8 mm nodule in the right upper lobe.", "laterality", "the other side"),
        ("Unchanged since 03/02/2018.", "dates", "another year"),
        ("Small pneumothorax.", "denial", "what the source denies"),
        ("Pneumonia.", "findings", "a disease that the source does not name"),
        ("Start amoxicillin.", "drugs", "a drug that the source does not name"),
        ("Discussed with Dr. Miller.", "identity", "a person whom the source does not name"),
        ("The mother had pneumonia.", "", "of a relative: no finding of the patient, and not looked for"),
        ("Possible pneumonia.", "", "a doubt affirms nothing"),
        ("No acute abnormality.", "", "so general that it contradicts no finding"),
        ("Follow-up is advised because of the smoking.", "", "not seen: a reason in plain words"),
    ],
)
def test_what_is_an_invention_in_an_impression(answer: str, fault: str, reason: str) -> None:
    found = {one.partition(":")[0] for sentence in find_inventions(REPORT, answer) for one in sentence.faults}
    assert found == ({fault} if fault else set()), reason


@pytest.mark.parametrize(
    ("answer", "fault", "reason"),
    [
        ("The patient is a 52-year-old.", "", "an age that answers a question"),
        ("Metformin 500 mg twice daily.", "", "spoken numbers are numbers"),
        ("Cholecystectomy in 1998.", "", "a year said in two halves"),
        ("BP 140/90.", "", "a pressure as it is said"),
        ("Denies fever.", "", "a denial that answers a question is not judged in a dialogue"),
        ("He has left knee pain for 3 weeks.", "", "the patient's sex is not judged"),
        ("The patient is a 62-year-old.", "dates", "another age"),
        ("Metformin 850 mg twice daily.", "numbers", "another dose"),
        ("Right knee pain.", "laterality", "the other side"),
        ("Left knee pain for 3 months.", "dates", "another duration"),
        ("Cholecystectomy in 1989.", "dates", "another year"),
    ],
)
def test_what_is_an_invention_in_a_note_of_a_dialogue(answer: str, fault: str, reason: str) -> None:
    found = {one.partition(":")[0] for sentence in find_inventions(VISIT, answer) for one in sentence.faults}
    assert fault in found if fault else not found, reason


@pytest.mark.parametrize(
    ("answer", "omitted", "reason"),
    [
        ("Cardiomegaly with an 8 mm left upper lobe nodule.", 0, "everything is said"),
        ("Enlarged heart. Nodule of 8 mm in the left upper lobe.", 0, "in another order and other words"),
        ("Cardiomegaly.", 1, "the nodule with its size is left out"),
        ("An 8 mm nodule.", 2, "the side, and the heart"),
        ("Normal chest.", 2, "both"),
        ("", 2, "no answer leaves out everything"),
    ],
)
def test_what_is_an_omission(answer: str, omitted: int, reason: str) -> None:
    reference = "Cardiomegaly. 8 mm nodule of the left upper lobe."
    found = find_omissions(REPORT, reference, answer)
    assert sum(bool(one.faults) for one in found) == omitted, reason


def test_what_the_source_does_not_have_cannot_be_left_out() -> None:
    reference = "An 8 mm nodule, followed up in 6 months; discussed with Dr. Miller on 04/05/2020."
    assert not any(one.faults for one in find_omissions(REPORT, reference, "An 8 mm nodule."))


def test_the_reference_and_the_source_omit_nothing_of_themselves() -> None:
    for source in (REPORT, VISIT):
        assert judge_fidelity(source, source, source).omissions == 0
    assert judge_fidelity(REPORT, REPORT, REPORT).inventions == 0


@given(st.permutations(REPORT.split(". ")))
@settings(max_examples=10, deadline=None)
def test_sentences_of_the_source_in_any_order_invent_nothing(sentences: list[str]) -> None:
    answer = ". ".join(sentence.rstrip(".") for sentence in sentences) + "."
    assert not any(one.faults for one in find_inventions(REPORT, answer))


def test_the_place_of_each_sentence_is_told_and_its_words_are_not() -> None:
    answer = "Cardiomegaly. An 18 mm nodule."
    places = find_inventions(REPORT, answer)
    assert [answer[one.start : one.end] for one in places] == ["Cardiomegaly.", "An 18 mm nodule."]
    assert "18" not in repr(places[1]).replace(f"{places[1].start}:{places[1].end}", "")


@pytest.mark.parametrize(
    ("said", "written", "reason"),
    [
        ("in nineteen ninety two", "in 1992", "a year in two halves"),
        ("two thousand and five", "2005", "a year with thousand"),
        ("one forty over ninety", "140 over 90", "a blood pressure"),
        ("a hundred and twenty pounds", "a 120 pounds", "hundreds"),
        ("twenty-five", "25", "with a hyphen"),
        ("two or three days", "2 or 3 days", "a choice stays two numbers"),
        ("nine one one", "9 1 1", "digits one by one stay apart"),
        ("someone stone weighty", "someone stone weighty", "parts of words are no numbers"),
    ],
)
def test_spoken_numbers_are_written_in_digits(said: str, written: str, reason: str) -> None:
    assert spoken_in_digits(said) == written, reason


def test_findings_are_affirmed_or_only_mentioned() -> None:
    text = (
        "Small left effusion, no pneumothorax. Father died of a stroke. Possible pneumonia. High cholesterol."
    )
    assert affirmed_findings(text) == {"effusion", "hyperlipidemia"}
    assert known_findings(text) >= {"effusion", "pneumothorax", "stroke", "pneumonia", "hyperlipidemia"}


def outcome(answer: str | None) -> Outcome:
    """Return an impression of the report above; None: a failure."""
    item = Item("1", "1", REPORT, "Cardiomegaly. 8 mm nodule of the left upper lobe.")
    return Outcome(item, Response(answer) if answer is not None else Response(None, "length: too long"))


def values(outcomes: list[Outcome]) -> dict[str, tuple[float, int]]:
    """Return each measure's value with its n."""
    found = {}
    for measure in text_measures(OPENI_INDIANA_REPORTS):
        counts, places = total(measure, outcomes)
        sums = counts.sum(axis=0) if places else np.zeros(2)
        found[measure.name] = (float(measure.value(sums)), len(places))
    return found


def test_the_measures_of_a_right_and_of_a_wrong_answer() -> None:
    right = values([outcome("Cardiomegaly. 8 mm nodule of the left upper lobe.")])
    assert right["ROUGE-L"] == right["ROUGE-2"] == (1.0, 1)
    assert right["length ratio"] == (1.0, 1)
    assert all(value == 0 for name, (value, _) in right.items() if "invention" in name or "omission" in name)
    wrong = values([outcome("Pneumonia of the right lower lobe."), outcome("Cardiomegaly.")])
    assert wrong["sentences with an invention"] == (0.5, 2)
    assert wrong["documents with an invention"] == (0.5, 2)
    assert wrong["sentences with an omission"] == (0.75, 2)
    assert wrong["documents with an omission"] == (1.0, 2)


def test_no_answer_is_zero_in_rouge_leaves_out_everything_and_is_not_asked_for_inventions() -> None:
    found = values([outcome(None), outcome("Cardiomegaly. 8 mm nodule of the left upper lobe.")])
    assert found["ROUGE-L"] == (0.5, 2)
    assert found["documents with an omission"] == (0.5, 2)
    assert found["documents with an invention"] == (0.0, 1)
    alone = values([outcome(None)])
    value, n = alone["documents with an invention"]
    assert math.isnan(value)
    assert n == 0


def test_a_reference_without_words_is_nothing_to_score() -> None:
    empty = Outcome(Item("1", "1", REPORT, "…"), Response("Cardiomegaly."))
    value, n = values([empty])["ROUGE-L"]
    assert math.isnan(value)
    assert n == 0
    assert values([empty, outcome("Cardiomegaly. 8 mm nodule of the left upper lobe.")])["ROUGE-1"] == (
        1.0,
        1,
    )


def test_a_text_with_a_wrong_dose_has_nearly_the_rouge_of_the_right_one_and_an_invention() -> None:
    note = "Continue metformin 500 mg twice daily and lisinopril 10 mg daily; recheck in 3 weeks as planned."
    wrong = note.replace("500", "5000")
    assert rouge_l(note, wrong) > 0.9
    assert judge_fidelity(note, note, wrong).inventions >= 1


def test_the_fact_checks_are_only_of_english_texts() -> None:
    names = {measure.name for measure in text_measures(replace(ACI_BENCH, language="it"))}
    assert names == {"ROUGE-L", "ROUGE-1", "ROUGE-2", "length ratio"}
    assert text_measures(ACI_BENCH)[0].name == ACI_BENCH.metric
