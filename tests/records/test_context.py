"""What a sentence says of a thing: a table with the reason for each row."""

import pytest

from posology.records.context import Assertion, assertion_of
from posology.spans import Span

N, U, F, H, P, X = "negated", "uncertain", "family", "historical", "hypothetical", "other"
FIELDS = (N, U, F, H, P, X)

# (sentence with the thing in <angle brackets>, what must be said of it, why)
TABLE = [
    ("The patient has <asthma>.", "", "a plain statement"),
    ("No <chest pain>.", N, "no"),
    ("Denies chest pain, <dyspnea> or fever.", N, "denial reaches through a list"),
    ("Denies chest pain, dyspnea or <fever>.", N, "denial reaches the end of the list"),
    ("She denies <tobacco use>.", N, "denies"),
    ("Negative for <deep vein thrombosis>.", N, "negative for"),
    ("Patient is w/o <edema>.", N, "w/o"),
    ("No h/o <stroke>.", f"{N} {H}", "no history of"),
    ("There is no evidence of <malignancy>.", N, "no evidence of"),
    ("PE was considered; <pulmonary embolism> was ruled out.", N, "ruled out after the thing"),
    ("CT ruled out <pulmonary embolism>.", N, "ruled out before the thing"),
    ("DVT and <PE> were ruled out.", N, "a plural verb"),
    ("<DVT> and PE were ruled out.", N, "a plural verb speaks of the whole list"),
    ("He has <asthma>, and pneumonia was ruled out.", "", "a singular verb speaks of the nearest thing"),
    ("r/o <pneumonia>", U, "to be ruled out is not ruled out"),
    ("Cannot rule out <appendicitis>.", U, "not excluded is no denial"),
    ("<Appendicitis> cannot be excluded.", U, "not excluded, after the thing"),
    ("<Infection> has not been ruled out.", U, "not ruled out"),
    ("Possible <rheumatoid arthritis>.", U, "possible"),
    ("Suspected <obstructive sleep apnea>.", U, "suspected"),
    ("<Lupus> is unlikely.", U, "unlikely is doubt"),
    ("Concern for <cauda equina syndrome>.", U, "concern for"),
    ("? <gout>", U, "a question mark before"),
    ("She did not tolerate <metformin>.", "", "an intolerance says that the drug was given"),
    ("Could not tolerate <methotrexate> because of nausea.", "", "could not tolerate"),
    ("<Ibuprofen> did not help.", "", "it was taken and did not help"),
    ("No relief with <naproxen>.", "", "no relief: it was taken"),
    ("No response to <adalimumab>.", "", "no response: it was given"),
    ("No improvement after six weeks of <physical therapy>.", "", "no improvement: it was done"),
    ("Failed <metformin> in 2018.", H, "failed is no denial"),
    ("Pain was not controlled with <gabapentin>.", "", "not controlled with it"),
    ("No increase in <edema>.", "", "no increase is no denial"),
    ("Not only <hypertension> but diabetes too.", "", "not only"),
    ("No change in <lumbar stenosis>.", "", "no change"),
    ("Denies fever but has <cough>.", "", "but ends the denial"),
    ("No fever; <cough> for three days.", "", "a semicolon ends it"),
    ("No fever, however <chills> are present.", "", "however ends it"),
    ("Denies chest pain and is taking <metformin>.", "", "a new verb ends it"),
    ("No acute distress, BMI 41, <obesity> noted.", "", "a number begins another statement"),
    ("No fever. <Cough> is present.", "", "a sentence ends it"),
    ("No symptoms except <fatigue>.", "", "except ends it"),
    ("Never smoked <cigarettes>.", N, "never"),
    ("Patient is not taking <insulin>.", N, "not taking"),
    ("She isn't on <prednisone>.", N, "a contraction"),
    ("Has never been on <semaglutide>.", N, "never been on"),
    ("Lack of <sensation> in the feet.", N, "lack of"),
    ("<non-smoker>", "", "a word of its own"),
    ("non-<diabetic>", N, "non before the word"),
    ("Straight leg raise <radicular pain>: negative", N, "a result after the thing"),
    ("<Hypertension>: no", N, "a form answered no"),
    ("Hypertension: no  <Diabetes>: yes", "", "the no belongs to the question before"),
    ("<Asthma> - denies", N, "an answer after a dash"),
    ("ROS: no <chest pain>", N, "a colon before the no"),
    ("[ ] <asthma>", N, "an empty box"),
    ("[x] <asthma>", "", "a ticked box"),
    ("[ ] asthma [x] <COPD>", "", "the nearest box counts"),
    ("☐ <depression>", N, "an empty box as a glyph"),
    ("☑ <depression>", "", "a ticked box as a glyph"),
    ("Mother had <breast cancer>.", F, "a relative"),
    ("Family history of <diabetes>.", F, "family history"),
    ("No family history of <colon cancer>.", f"{N} {F}", "denied of the family"),
    ("<Colon cancer> in her father.", F, "a relative after the thing"),
    ("<Thyroid disease> runs in the family.", F, "runs in the family"),
    ("Her mother had diabetes and she has <hypertension>.", "", "the patient again"),
    ("Lives with her mother and has <asthma>.", "", "living with a relative"),
    ("Mother reports that he has <seizures>.", "", "a relative who speaks"),
    ("Accompanied by daughter, complains of <back pain>.", "", "accompanied by a relative"),
    ("Her roommate has <influenza>.", X, "another person"),
    ("History of <asthma>.", H, "history of"),
    ("s/p <appendectomy>", H, "status post"),
    ("<Depression> resolved.", H, "resolved"),
    ("No longer takes <lisinopril>.", H, "no longer: it was taken"),
    ("<Metformin> was discontinued.", H, "discontinued"),
    ("Patient tried <phentermine> two years ago.", H, "tried in the past"),
    ("History of present illness: <knee pain> for a week.", "", "the name of a section"),
    ("If <rash> develops, call the office.", P, "a condition"),
    ("Return to the ED if <chest pain> worsens.", P, "a return precaution"),
    ("Plan to start <semaglutide>.", P, "planned"),
    ("Will start <adalimumab> next month.", P, "in the future"),
    ("Will continue <adalimumab>.", "", "what goes on is no plan"),
    ("We recommend <physical therapy>.", P, "recommended, not done"),
    ("<Physical therapy> was recommended.", P, "recommended, after the thing"),
    ("Consider <MRI of the lumbar spine>.", P, "considered"),
    ("Watch for <hypoglycemia>.", P, "what to watch for"),
    ("Start <metformin> 500 mg daily.", P, "an order at the start of a sentence"),
    ("Continue <metformin> 500 mg daily.", "", "continued"),
    ("Risk factors include <hypertension>.", "", "risk factors are present"),
    ("At risk for <falls>.", P, "a risk is not the thing"),
    ("Patient declined <colonoscopy>.", N, "declined: not done"),
    ("MRI shows no new <lesions>.", U, "no new: old ones may be there"),
    ("Gram negative <sepsis>.", "", "gram negative is a name"),
    ("HER2-negative <breast cancer>.", "", "the sign belongs to the name"),
    ("There is no doubt that <psoriasis> is present.", "", "no doubt"),
    ("Takes <metformin> without difficulty.", "", "without difficulty"),
    ("Negative for evidence of trauma, injury or <infection>.", N, "negative for reaches through a list"),
    ("The risks of <bleeding> were explained.", P, "risks"),
    ("<Surgery> was then discussed.", P, "discussed"),
    ("INFECTION<S>: , None.", N, "an answer after a lost line break"),
    ("She may be able to get help with <depression>.", "", "an ability is no doubt"),
    ("Stable.,FAMILY HISTORY:, Positive for heart disease, <hypertension>.", F, "a heading inside a line"),
    ("No fever.,LUNGS:  <Wheezes>.", "", "a heading inside a line begins a sentence"),
]


def locate(marked: str) -> tuple[str, Span]:
    start, end = marked.index("<"), marked.index(">") - 1
    return marked.replace("<", "").replace(">", ""), Span(start, end)


def said(assertion: Assertion) -> str:
    return " ".join(field for field in FIELDS if getattr(assertion, field))


@pytest.mark.parametrize(("marked", "expected", "reason"), TABLE, ids=[row[2] for row in TABLE])
def test_a_sentence_says_what_it_says(marked, expected, reason):
    text, span = locate(marked)
    assert said(assertion_of(text, span)) == expected, reason


def test_words_around_another_sentence_do_not_reach():
    note = "HPI: She denies fever.\n\nShe has psoriasis. There is no cough."
    assert assertion_of(note, Span(note.index("psoriasis"), note.index("psoriasis") + 9)).holds


def test_a_family_history_section_speaks_of_relatives():
    note = "PMH: asthma\n\nFAMILY HISTORY:\nDiabetes, breast cancer.\n\nPLAN:\nFollow up."
    assert assertion_of(note, Span(note.index("breast"), note.index("breast") + 13)).family
    asthma = assertion_of(note, Span(note.index("asthma"), note.index("asthma") + 6))
    assert asthma.historical
    assert not asthma.family


def test_the_line_that_leads_a_list_speaks_of_its_items():
    note = "Patient denies the following:\n- chest pain\n- syncope\n\nShe has asthma."
    assert assertion_of(note, Span(note.index("syncope"), note.index("syncope") + 7)).negated
    assert not assertion_of(note, Span(note.index("asthma"), note.index("asthma") + 6)).negated


def test_a_wrapped_line_keeps_its_negation():
    note = "The patient has had no recurrence and there is no evidence of active\nsacroiliitis on imaging."
    assert assertion_of(note, Span(note.index("sacro"), note.index("sacro") + 12)).negated


def test_cues_are_spans_of_the_deciding_words():
    text, span = locate("Denies chest pain or <dyspnea>.")
    assert [cue.of(text) for cue in assertion_of(text, span).cues] == ["Denies"]
