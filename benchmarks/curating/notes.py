"""Made notes in any number, with copies of one another planted among them."""

import random
import re
from pathlib import Path

from posology.corpus import Provenance, Record, line_of

__all__ = ["SEED", "made_note", "write_notes"]

SEED = 20261121
SENTENCES = tuple(
    line.strip()
    for line in """
    The patient is a {age}-year-old {sex} who presents with {symptom} of the {site} for {n} {unit}.
    Pain is rated {score} out of 10 and is worse with {act}.
    There is no history of {disease} but {disease} runs in the family.
    Past medical history is notable for {disease} and {disease}.
    Current medications are {drug} {dose} mg daily and {drug} {dose} mg twice daily.
    A trial of {drug} for {n} {unit} gave {result}.
    {n} sessions of {therapy} were completed over {n} {unit} with {result}.
    Allergies: {drug} causes {symptom}.
    Blood pressure was {bp} mmHg, pulse {pulse} per minute, weight {weight} kg.
    On examination there is tenderness over the {site} and strength of {score} over 5.
    Range of motion of the {site} is limited to {pulse} degrees.
    Imaging of the {site} on the {n}th visit shows {finding}.
    Laboratory values include a haemoglobin of {lab} and a creatinine of {lab}.
    The assessment is {disease} with {symptom}, {course}.
    We discussed {therapy}, {drug} and the option of surgery on the {site}.
    The plan is to start {drug} at {dose} mg and to review after {n} {unit}.
    The patient was advised to avoid {act} and to return if {symptom} gets worse.
    Sleep is disturbed by {symptom} on {n} nights a week.
    The patient works at a desk and reports that {act} brings on {symptom}.
    Previous records from {n} {unit} ago describe {finding} of the {site}.
    An injection into the {site} {n} {unit} ago was followed by {result}.
    The functional score fell from {pulse} to {weight} on the last visit.
    Family members help with {act} since the {symptom} began.
    A second opinion recommended {therapy} before any procedure on the {site}.
    """.strip().splitlines()
)
WORDS = {
    "sex": ["man", "woman"],
    "symptom": [
        "pain",
        "numbness",
        "swelling",
        "stiffness",
        "weakness",
        "cramps",
        "burning",
        "itching",
        "fatigue",
        "nausea",
    ],
    "site": [
        "left knee",
        "right knee",
        "lower back",
        "neck",
        "left hip",
        "right shoulder",
        "ankle",
        "wrist",
        "elbow",
        "foot",
    ],
    "unit": ["days", "weeks", "months", "years"],
    "act": ["walking", "standing", "lifting", "climbing stairs", "sitting", "running", "bending", "driving"],
    "disease": [
        "hypertension",
        "type 2 diabetes",
        "asthma",
        "osteoarthritis",
        "hypothyroidism",
        "depression",
        "migraine",
        "psoriasis",
        "coronary disease",
        "sleep apnoea",
        "gout",
        "anaemia",
    ],
    "drug": [
        "naproxen",
        "ibuprofen",
        "metformin",
        "lisinopril",
        "atorvastatin",
        "gabapentin",
        "sertraline",
        "omeprazole",
        "amlodipine",
        "prednisone",
        "duloxetine",
        "celecoxib",
    ],
    "result": ["no relief", "partial relief", "good relief for a while", "side effects", "clear improvement"],
    "therapy": [
        "physical therapy",
        "exercise at home",
        "acupuncture",
        "cognitive therapy",
        "bracing",
        "aquatic therapy",
    ],
    "finding": [
        "degenerative change",
        "a small effusion",
        "no fracture",
        "disc bulging",
        "mild stenosis",
        "a tear",
    ],
    "course": ["stable", "improving", "worsening", "unchanged since last time", "recurrent"],
}
_SLOT = re.compile(r"\{(\w+)\}")


def made_note(dice: random.Random) -> str:
    """Make a note of about 200 words; two notes share few runs of five words."""
    chosen = dice.sample(SENTENCES, 16)
    return " ".join(_SLOT.sub(lambda match: _filled(match[1], dice), sentence) for sentence in chosen)


def _filled(slot: str, dice: random.Random) -> str:
    if slot in WORDS:
        return dice.choice(WORDS[slot])
    low, high = {"age": (18, 89), "score": (0, 10), "n": (1, 24), "dose": (1, 900), "pulse": (20, 180)}.get(
        slot, (40, 160)
    )
    number = dice.randint(low, high)
    return {"bp": f"{number + 40}/{number}", "lab": f"{number / 10:.1f}"}.get(slot, str(number))


def planted(text: str, number: int, dice: random.Random) -> str:
    """Return a copy: every other one with other case and punctuation, the rest with a few other words."""
    if number % 2:
        return text.upper().replace(".", " .")
    words = text.split(" ")
    for place in dice.sample(range(len(words)), 3):
        words[place] = "altogether"
    return " ".join(words)


def write_notes(path: Path, size: int) -> int:
    """Write made notes, one in a hundred a copy of an earlier one; return how many copies there are."""
    dice, copies = random.Random(SEED), 0
    recent: list[str] = []
    with path.open("w", encoding="utf-8") as stream:
        for number in range(size):
            text = made_note(dice)
            if number % 100 == 99:
                text, copies = planted(dice.choice(recent), number // 100, dice), copies + 1
            elif number % 7 == 0:
                recent = [*recent[-50:], text]
            home = Provenance("made", "made here", "", f"patient-{number // 3}")
            stream.write(line_of(Record(f"n{number}", text, home)) + "\n")
    return copies
