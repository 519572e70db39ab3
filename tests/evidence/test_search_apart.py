"""What stands beside a thing and is not said of it: another complaint, a refill, the cold, a thesis."""

import pytest

from posology.evidence import judge_by_rules
from posology.evidence.passages import Passage
from posology.evidence.search import Hit
from posology.spans import Span

KNEE = "Is osteoarthritis of the knee documented?"
FAILED = "Has the patient tried and failed methotrexate?"
BORNE = "Is an intolerance of methotrexate documented?"
ILL = "Does the patient have cirrhosis?"
PAIN = "Does the patient have chest pain?"
SEEN = "Was the patient evaluated by a dietitian?"

NO_YES = [
    (KNEE, "Osteoarthritis of the hip, knee pain.", "the knee only hurts"),
    (KNEE, "Osteoarthritis of the hip and knee stiffness.", "the stiffness may be all of the knee"),
    (KNEE, "Knee pain, osteoarthritis of the hip.", "the complaint stands first"),
    (KNEE, "Osteoarthritis of the hands, sprains; knee pain.", "another part of the sentence"),
    (FAILED, "Methotrexate prescription failed at the pharmacy.", "the supply failed"),
    (FAILED, "Methotrexate refill has failed.", "a refill"),
    (FAILED, "Methotrexate failed at the pharmacy counter.", "where it failed is no treatment"),
    (FAILED, "Methotrexate, failed auto-injector training.", "a lesson"),
    (FAILED, "Failed methotrexate injection training.", "a lesson, the drug named in it"),
    (FAILED, "Methotrexate, failed prior authorization.", "a paper"),
    (BORNE, "Methotrexate, cold intolerance noted.", "the cold is not borne"),
    (BORNE, "Methotrexate, heat-intolerance noted.", "the heat"),
    (BORNE, "Methotrexate, exercise intolerance noted.", "exercise"),
    (BORNE, "On methotrexate, intolerance to cold noted.", "the cold behind it"),
    (BORNE, "On methotrexate, lactose intolerance.", "a food"),
    (ILL, "Cirrhosis 0/4.", "none of four"),
    (ILL, "Cirrhosis 0 out of 3", "none of three"),
    (PAIN, "Chest pain N dyspnea N", "a list with Y and N"),
    (PAIN, "Chest pain N, dyspnea Y", "N before a comma"),
    (ILL, "Wrote a thesis on cirrhosis.", "a thesis"),
    (ILL, "Her dissertation about cirrhosis won a prize.", "a dissertation"),
    (ILL, "Reads papers about cirrhosis.", "papers"),
    (SEEN, "Evaluated by everyone but the dietitian.", "all others"),
    (SEEN, "Evaluated by everybody save the dietitian.", "all others, in other words"),
]
STILL_YES = [
    (KNEE, "Osteoarthritis of the hip and knee.", "both have it"),
    (KNEE, "Osteoarthritis, right knee.", "the site behind a comma"),
    (KNEE, "Knee pain from osteoarthritis.", "the pain is of it"),
    (KNEE, "Knee pain, osteoarthritis of the knee.", "the knee is named twice"),
    (KNEE, "Osteoarthritis with knee pain.", "it has no other site"),
    (KNEE, "Severe osteoarthritis of bilateral knees, hip pain.", "the other site only hurts"),
    (FAILED, "Methotrexate failed in 2021.", "a year"),
    (FAILED, "Failed methotrexate.", "plain"),
    (FAILED, "Failed methotrexate after two refills.", "the refills only count"),
    (FAILED, "Methotrexate failed by the last visit.", "a time"),
    (BORNE, "Methotrexate intolerance.", "plain"),
    (BORNE, "Intolerance of methotrexate due to nausea.", "with its reason"),
    ("Is exercise intolerance documented?", "Exercise intolerance noted.", "what is asked for"),
    (ILL, "Cirrhosis, Child-Pugh score 0/4 points.", "a score of it"),
    (ILL, "Cirrhosis with ascites 2/4.", "two of four"),
    (PAIN, "Chest pain Y dyspnea N", "Y"),
    (PAIN, "Chest pain N/V since Monday.", "nausea and vomiting"),
    (SEEN, "Evaluated by the dietitian.", "plain"),
]


def answer(question: str, text: str) -> str:
    passage = Passage("a", 0, len(text), text, (Span(0, len(text)),))
    return judge_by_rules(question, [Hit(passage, 1.0, 1, 1)]).answer


@pytest.mark.parametrize(("question", "text", "why"), NO_YES)
def test_what_stands_beside_a_thing_is_not_said_of_it(question: str, text: str, why: str) -> None:
    assert answer(question, text) != "yes", why


@pytest.mark.parametrize(("question", "text", "why"), STILL_YES)
def test_what_is_said_of_it_stays_a_yes(question: str, text: str, why: str) -> None:
    assert answer(question, text) == "yes", why
