"""A decisive fact that no sentence of the letter states is found missing."""

import pytest

from posology.evidence.facts import check_absence
from posology.quotes import Evidence, EvidenceKind


def evidence(quote, label="A fact"):
    return Evidence(EvidenceKind.TEXT, "DocumentReference/n1", quote, label=label)


STATED = [
    ("41.2 kg/m2", "Her BMI was 41.2 kg/m2.", "the same value"),
    ("41.2 kg/m2", "Her BMI was 41.2 kilograms per square meter.", "the unit in words"),
    ("metformin 1000 mg BID", "She took metformin 1000 mg twice daily.", "the frequency in words"),
    ("E66.01", "Diagnosis E66.01.", "the code"),
    ("type 2 diabetes mellitus", "She has T2DM.", "an abbreviation"),
    ("denies chest pain", "She has no chest pain.", "another way to deny"),
    ("obstructive sleep apnea", "OSA is documented.", "an abbreviation without digits"),
    ("AHI 31 events per hour", "Her AHI was 31/h.", "another spelling of the unit"),
    ("6 weeks of physical therapy", "She completed six weeks of PT.", "a number word"),
    ("Xolair", "Omalizumab was started.", "brand and generic"),
]
LEFT_OUT = [
    ("41.2 kg/m2", "Her BMI was 39.2 kg/m2.", "another value"),
    ("41.2 kg/m2", "She has obesity.", "no value"),
    ("metformin 1000 mg BID", "She took metformin.", "no dose"),
    ("E66.01", "She has morbid obesity.", "no code"),
    ("type 2 diabetes mellitus", "She has type 1 diabetes.", "another type"),
    ("denies chest pain", "She has chest pain.", "the denial is lost"),
    ("obstructive sleep apnea", "She has asthma.", "another disease"),
    ("AHI 31 events per hour", "Her AHI was high.", "no number"),
    ("6 weeks of physical therapy", "She completed PT.", "no duration"),
    ("Xolair", "A biologic was started.", "only the class"),
]


@pytest.mark.parametrize(("quote", "sentence", "reason"), STATED)
def test_a_fact_that_a_sentence_states_is_not_missed(quote, sentence, reason):
    assert check_absence(["She was seen.", sentence], [evidence(quote)]) == (), reason


@pytest.mark.parametrize(("quote", "sentence", "reason"), LEFT_OUT)
def test_a_fact_that_no_sentence_states_is_found_missing(quote, sentence, reason):
    findings = check_absence([sentence], [evidence(quote)])
    assert [f.check for f in findings] == ["absence"], reason


def test_a_finding_names_the_label_and_never_the_quote():
    finding = check_absence([], [evidence("41.2 kg/m2", "Body mass index")])[0]
    assert finding.why == "absence: Body mass index is decisive and stands in no sentence"
