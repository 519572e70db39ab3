"""A thing named is not a thing said of the patient: no kind of denial, delay, doubt or teaching is a yes."""

import pytest

from posology.evidence import judge_by_rules
from posology.evidence.passages import split_passages
from posology.evidence.search import Hit
from posology.records.chart import Document

ILLNESS = (
    "Does the patient have cirrhosis?",
    "Is cirrhosis documented?",
    "Has the patient been diagnosed with cirrhosis?",
)
SYMPTOM = (
    "Does the patient have chest pain?",
    "Is chest pain documented?",
    "Has the patient experienced chest pain?",
)
TEST = (
    "Was a skin biopsy performed?",
    "Has the patient had a skin biopsy?",
    "Is a skin biopsy documented?",
    "Has a skin biopsy been done?",
)
FAILED = ("Was methotrexate tried without success?", "Has the patient tried and failed methotrexate?")
BORNE = (
    "Was methotrexate not tolerated, or is it contraindicated?",
    "Is an intolerance of methotrexate documented?",
)
LASTED = (
    "Has the patient completed at least 6 weeks of physical therapy?",
    "Was physical therapy followed for 6 weeks or longer?",
)
SEEN = (
    "Was the patient evaluated by a dietitian?",
    "Has a dietitian seen the patient?",
    "Is a visit with a dietitian documented?",
)

# by kind of phrasing: the questions, the sentences, and why none of them is a yes
DENIED = [
    (TEST, "Skin biopsy not performed.", "a verb denied behind its noun, without an auxiliary"),
    (TEST, "Skin biopsy has yet to be done.", "yet to be done is not done"),
    (TEST, "Skin biopsy, planned for May, was not done.", "the verb goes on behind a comma"),
    (TEST, "MRI was done but skin biopsy was not.", "the verb is left out"),
    (TEST, "No record of a skin biopsy.", "nothing on record"),
    (TEST, "Skin biopsy was attempted but not completed.", "called off behind but"),
    (TEST, "Treated without skin biopsy.", "without it"),
    (TEST, "Skin biopsy not on file.", "not on file"),
    (TEST, "Failed to attend for skin biopsy.", "did not come"),
    (TEST, "Never got around to skin biopsy.", "not done"),
    (SYMPTOM, "Without chest pain at any time.", "without"),
    (SYMPTOM, "Asked directly about chest pain; there has been none.", "denied behind a semicolon"),
    (SYMPTOM, "Chest pain is not something she has noticed.", "denied behind it"),
    (SYMPTOM, "Has not complained of chest pain.", "the complaint is denied"),
    (SYMPTOM, "ROS: chest pain (-).", "a minus in brackets"),
    (SYMPTOM, "ROS: chest pain -, dyspnea -.", "a minus"),
    (SYMPTOM, "Chest pain-free.", "free of it"),
    (SYMPTOM, "Chest pain: denies.", "a label and its answer"),
    (ILLNESS, "Cirrhosis (no).", "an answer in brackets"),
    (ILLNESS, "Excluded: cirrhosis, hepatitis.", "a denial as a label"),
    (ILLNESS, "Pertinent negatives include cirrhosis.", "listed as a negative"),
    (ILLNESS, "As to cirrhosis, the patient does not have it.", "the thing first, the denial behind it"),
    (ILLNESS, "He does not, as far as known, have cirrhosis.", "words between the denial and its verb"),
    (ILLNESS, "Prior label of cirrhosis was in error.", "an error"),
    (ILLNESS, "Cirrhosis was incorrectly listed.", "an error"),
    (ILLNESS, "Cirrhosis was removed from the problem list.", "taken off the list"),
    (ILLNESS, "Pseudo-cirrhosis on imaging.", "another thing whose name holds it"),
    (SEEN, "Visit with a dietitian did not take place.", "it did not happen"),
    (SEEN, "Dietitian was unable to see the patient.", "unable"),
    (SYMPTOM, "Chest pain 0/10.", "none on its scale"),
    (SYMPTOM, "Zero chest pain.", "none"),
    (SYMPTOM, "Chest pain, dyspnea, syncope: all no.", "one answer to a list"),
]
LISTS = [
    (SYMPTOM, "No fever, cough, chest pain today.", "a list without or"),
    (SYMPTOM, "Denies fever, cough, and chest pain over 3 days.", "a number behind the list ends no denial"),
    (SYMPTOM, "No fever, cough or chest pain for 3 weeks.", "a length behind the list ends no denial"),
    (SYMPTOM, "Reports neither dyspnea nor chest pain.", "neither and nor"),
    (ILLNESS, "No fibrosis, steatosis, or cirrhosis.", "the last of a list"),
    (ILLNESS, "No known liver disease or cirrhosis.", "the last of a list"),
]
PUT_OFF = [
    (TEST, "Skin biopsy ordered.", "ordered"),
    (TEST, "Skin biopsy was cancelled and not rescheduled.", "cancelled"),
    (TEST, "Skin biopsy declined.", "declined"),
    (TEST, "Skin biopsy on hold.", "on hold"),
    (TEST, "Skin biopsy to be done.", "to be done"),
    (TEST, "Skin biopsy is indicated.", "indicated"),
    (TEST, "Skin biopsy contraindicated.", "must not be done"),
    (TEST, "Awaits skin biopsy.", "waited for"),
    (TEST, "On the waiting list for skin biopsy.", "waited for"),
    (TEST, "Consent for skin biopsy signed.", "agreed to, not done"),
    (TEST, "Dermatology to do skin biopsy.", "an infinitive is a plan"),
    (TEST, "Told to get a skin biopsy.", "told to"),
    (TEST, "Lesion too small for skin biopsy.", "not possible"),
    (TEST, "Has been putting off skin biopsy.", "put off"),
    (TEST, "MRI and labs done; skin biopsy outstanding.", "still open"),
    (TEST, "Skin biopsy deemed unnecessary.", "not wanted"),
    (LASTED, "8 weeks of physical therapy were prescribed.", "prescribed is not completed"),
    (LASTED, "Authorized for 8 weeks of physical therapy.", "authorized is not completed"),
    (LASTED, "Started 8 weeks of physical therapy.", "begun is not completed"),
    (LASTED, "Physical therapy x 8 weeks to start Monday.", "to start"),
    (LASTED, "Completed 3 of 8 weeks of physical therapy.", "a part of it"),
    (LASTED, "3 weeks into an 8 week course of physical therapy.", "a part of it"),
    (LASTED, "Off physical therapy for 8 weeks.", "the length of its absence"),
    (SEEN, "Visit with dietitian still outstanding.", "still open"),
    (SEEN, "To see a dietitian next month.", "to come"),
    (TEST, "Skin biopsy was to have been performed in May.", "it was not"),
    (TEST, "Skin biopsy referral performed.", "the referral was"),
    (LASTED, "Physical therapy approved for 8 weeks.", "approved is not completed"),
    (LASTED, "Physical therapy waiting time is 8 weeks.", "waiting is not completed"),
    (FAILED, "Methotrexate claim failed.", "the claim did"),
]
PERSONS = [
    (SYMPTOM, "Worried because of chest pain in husband.", "a person behind it, without a pronoun"),
    (SYMPTOM, "Chest pain in her son last week.", "a person behind it"),
    (ILLNESS, "Cirrhosis took her uncle.", "a person as the object"),
    (ILLNESS, "Cirrhosis (mother).", "a person in brackets"),
    (ILLNESS, "Cirrhosis runs on his father's side.", "a family"),
    (ILLNESS, "Adopted; cirrhosis in biological parents.", "a family"),
    (ILLNESS, "Lost a friend to cirrhosis.", "a friend"),
    (ILLNESS, "Chart of another patient with cirrhosis was filed here.", "another patient"),
    (TEST, "Skin biopsy of her mother was benign.", "a relative's test"),
    (SEEN, "Dietitian has seen her husband.", "a relative was seen"),
    (FAILED, "Methotrexate failed in her sister.", "a relative's treatment"),
    (ILLNESS, "Patient's husband, who has cirrhosis, came along.", "a person behind a comma"),
    (LASTED, "Physical therapy for her daughter lasted 8 weeks.", "a relative's treatment"),
]
SUPPOSED = [
    (SYMPTOM, "Counseled that chest pain may follow the injection.", "warned of"),
    (SYMPTOM, "Side effects such as chest pain were explained.", "a side effect"),
    (SYMPTOM, "Chest pain is a known side effect.", "true in general"),
    (SYMPTOM, "Call 911 for chest pain.", "an instruction"),
    (SYMPTOM, "Nitroglycerin PRN chest pain.", "for the case that it comes"),
    (ILLNESS, "Handout on cirrhosis given.", "teaching"),
    (ILLNESS, "The form asks whether there is cirrhosis.", "a form"),
    (ILLNESS, "Patients with cirrhosis need surveillance.", "people in general"),
    (ILLNESS, "Alcohol can lead to cirrhosis.", "a possibility"),
    (ILLNESS, "Contraindicated in cirrhosis.", "a rule for a drug"),
    (ILLNESS, "He fears cirrhosis.", "a fear"),
    (ILLNESS, "Diagnosis to be confirmed: cirrhosis.", "not confirmed"),
    (ILLNESS, "It is not clear that she has cirrhosis.", "not clear"),
    (ILLNESS, "Initially thought to be cirrhosis, biopsy showed steatosis.", "once thought"),
    (ILLNESS, "Hepatologist disagrees with the label of cirrhosis.", "disputed"),
    (ILLNESS, "Low probability of cirrhosis.", "hardly probable"),
    (TEST, "Given a handout on skin biopsy.", "teaching"),
    (TEST, "Skin biopsy discussed.", "talk"),
    (TEST, "Unsure whether skin biopsy was ever done.", "not known"),
    (FAILED, "Adalimumab is covered when methotrexate has failed.", "a rule of coverage"),
    (FAILED, "Step therapy: methotrexate failure required.", "a rule of coverage"),
]
INSTEAD = [
    (ILLNESS, "Imaging shows fatty liver rather than cirrhosis.", "something else"),
    (ILLNESS, "Imaging argues against cirrhosis.", "spoken against"),
    (ILLNESS, "Ruled-out cirrhosis.", "ruled out, as one word"),
    (ILLNESS, "Hepatitis in the absence of cirrhosis.", "absent"),
    (TEST, "Skin scraping instead of skin biopsy.", "something else was done"),
    (SEEN, "Seen by a nurse rather than a dietitian.", "somebody else"),
    (SEEN, "She is a dietitian, seen for cough.", "the patient's own work"),
]
OTHER_TREATMENT = [
    (FAILED, "Sulfasalazine failed, methotrexate started.", "another drug failed"),
    (FAILED, "Started methotrexate because ibuprofen failed.", "begun because another failed"),
    (FAILED, "Ibuprofen without relief, methotrexate considered.", "another drug, and a thought"),
    (FAILED, "Pain persists, methotrexate planned.", "planned because of it"),
    (FAILED, "Pharmacy failed to supply methotrexate.", "a failure of another kind"),
    (BORNE, "Intolerant of sulfasalazine, takes methotrexate.", "another drug was not borne"),
    (BORNE, "Could not tolerate sulfasalazine and was switched to methotrexate.", "the drug before it"),
]
_HYPERTENSION = ("Does the patient have hypertension?",)
_DEPRESSION = ("Does the patient have depression?",)
PART_OF_A_NAME = [
    (("Does the patient have diabetes?",), "Diabetes insipidus.", "another disease"),
    (_HYPERTENSION, "Portal hypertension.", "of another vessel"),
    (_HYPERTENSION, "Pulmonary hypertension is present.", "of another vessel"),
    (_DEPRESSION, "ST depression on ECG.", "of a line"),
    (_DEPRESSION, "Respiratory depression after opioids.", "of breathing"),
    (("Does the patient have obstructive sleep apnea?",), "Central sleep apnea.", "of another cause"),
    (("Has the patient had a stroke?",), "Heat stroke in August.", "another illness"),
    (("Does the patient have asthma?",), "Cardiac asthma.", "of the heart"),
]
NEVER_YES = [*PART_OF_A_NAME, *DENIED, *LISTS, *PUT_OFF, *PERSONS, *SUPPOSED, *INSTEAD, *OTHER_TREATMENT]

# the same words where they keep nothing from being said
STILL_YES = [
    (ILLNESS[0], "Cirrhosis, not well controlled.", "how it fails to be, not whether it is"),
    (ILLNESS[0], "Cirrhosis: no change to the plan today.", "no belongs to the change"),
    (ILLNESS[0], "Cirrhosis is not improving.", "it is there"),
    (ILLNESS[0], "Cirrhosis, labs ordered.", "the labs are ordered"),
    (ILLNESS[0], "Cirrhosis, never hospitalized.", "the stay is denied"),
    (ILLNESS[0], "Accompanied by daughter; has cirrhosis.", "the daughter came along"),
    (SYMPTOM[0], "Mother also reports chest pain.", "she tells of it"),
    (_HYPERTENSION[0], "Hypertension, diabetes insipidus.", "another's name beside it"),
    ("Is portal hypertension documented?", "Portal hypertension.", "the question has the whole name"),
    (ILLNESS[0], "Has had cirrhosis since May 2019.", "a month is no possibility"),
    (
        "Is there a diagnosis of non-Hodgkin lymphoma?",
        "Known non-Hodgkin lymphoma.",
        "non- belongs to the name",
    ),
    (TEST[0], "Skin biopsy ordered in May showed psoriasis.", "ordered, and its result"),
    (TEST[0], "Skin biopsy done 3 weeks ago, report on file.", "done"),
    (FAILED[0], "Failed sulfasalazine and methotrexate.", "a list of what failed"),
    (
        FAILED[0],
        "Sulfasalazine, leflunomide and methotrexate 15 mg weekly were ineffective.",
        "a list of what failed",
    ),
    (FAILED[0], "Methotrexate failed, sulfasalazine started.", "it is the one that failed"),
    (BORNE[0], "Methotrexate stopped because of nausea, sulfasalazine started.", "it is the one not borne"),
]


def answer(question: str, text: str) -> str:
    passages = split_passages([Document("DocumentReference/a", "", "note", text)])
    return judge_by_rules(question, [Hit(passage, 1.0, 1, 1) for passage in passages]).answer


@pytest.mark.parametrize(("questions", "text", "why"), NEVER_YES)
def test_a_thing_that_is_only_named_is_never_a_yes(questions: tuple[str, ...], text: str, why: str) -> None:
    for question in questions:
        assert answer(question, text) != "yes", (question, why)


@pytest.mark.parametrize(("questions", "text", "why"), NEVER_YES)
def test_neither_is_it_inside_a_note(questions: tuple[str, ...], text: str, why: str) -> None:
    note = f"HISTORY\nSeen today for a visit. {text} Gait is steady.\n\nEXAM\nWell appearing.\n"
    for question in questions:
        assert answer(question, note) != "yes", (question, why)


@pytest.mark.parametrize(("questions", "text", "why"), PART_OF_A_NAME)
def test_another_thing_denied_is_no_denial_either(questions: tuple[str, ...], text: str, why: str) -> None:
    for question in questions:
        assert answer(question, f"No {text}") == "not_stated", why


@pytest.mark.parametrize(("question", "text", "why"), STILL_YES)
def test_words_that_keep_nothing_from_being_said_leave_a_yes(question: str, text: str, why: str) -> None:
    assert answer(question, text) == "yes", why
