"""Clinical notes in several styles, with the place of every decisive sentence."""

import html
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

__all__ = ["NOTE_STYLES", "Encoding", "Mark", "Note", "NoteStyle", "Piece", "encode_note", "write_note"]

NoteStyle = Literal["soap", "telegraphic", "dictated", "copied-forward", "bulleted", "consult"]
NOTE_STYLES: tuple[NoteStyle, ...] = (
    "soap",
    "telegraphic",
    "dictated",
    "copied-forward",
    "bulleted",
    "consult",
)
Encoding = Literal["plain", "html", "rtf"]

OPENERS = (
    "Seen in clinic today for a scheduled visit.",
    "Presents for follow-up as planned.",
    "Returns today; interval records were reviewed.",
    "Here for a planned visit, accompanied by no one.",
    "Established with this practice, seen for review.",
)
EXAM = (
    "Lungs clear to auscultation bilaterally.",
    "Heart regular rate and rhythm, no murmur.",
    "Abdomen soft, nontender, no organomegaly.",
    "Skin warm and dry, no rash.",
    "Neck supple, no lymphadenopathy.",
    "Extraocular movements intact.",
    "Well appearing, in no distress.",
)
PLAN = (
    "Medication list reconciled at check-in.",
    "Vaccinations are up to date per the state registry.",
    "Return precautions reviewed.",
    "Follow up in 4 weeks or sooner if needed.",
    "Outside records requested.",
    "Routine labs ordered for the next visit.",
)
STALE = (
    "Weight at that time 171 lb, pulse 74.",
    "At that visit the left ear was irrigated for cerumen.",
    "Then recovering from a viral upper respiratory infection, since resolved.",
    "At that time taking a short course of amoxicillin, completed.",
)
SHORT: tuple[tuple[str, str], ...] = (
    (r"\b[Tt]he patient\b", "pt"),
    (r"\b[Pp]atient\b", "pt"),
    (r"\bwithout\b", "w/o"),
    (r"\bwith\b", "w/"),
    (r"\b[Hh]istory of\b", "h/o"),
    (r"\bfollow-up\b", "f/u"),
    (r"\bweeks\b", "wks"),
    (r"\bmonths\b", "mos"),
    (r"\byears\b", "yrs"),
    (r"\bbecause of\b", "2/2"),
    (r"\btreatment\b", "tx"),
    (r"\bdiagnosis\b", "dx"),
    (r"\bmedications\b", "meds"),
    (r"\bapproximately\b", "~"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence for a note; ``leaf`` names the leaf that it decides, or is empty."""

    text: str
    leaf: str = ""
    answer: str = ""  # what it answers to the leaf's question, yes or no


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a decisive sentence stands in the note's text: characters, half-open."""

    leaf: str
    answer: str
    start: int
    end: int


@dataclass(frozen=True)
class Note:
    """The text of a note and the marks in it."""

    title: str
    text: str
    marks: tuple[Mark, ...]
    style: NoteStyle


@dataclass(frozen=True)
class Scene:
    """Who writes about whom, when, and what else the chart knows."""

    day: date
    patient: str
    clinician: str
    clinic: str
    problems: tuple[str, ...]
    typos: bool = False


class _Page:
    """Text that grows, and marks where sentences land."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.marks: list[Mark] = []

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def say(self, piece: Piece) -> None:
        if piece.leaf:
            self.marks.append(Mark(piece.leaf, piece.answer, self.length, self.length + len(piece.text)))
        self.add(piece.text)

    def run(self, pieces: Sequence[Piece], lead: str = "", gap: str = " ", tail: str = "\n") -> None:
        for place, piece in enumerate(pieces):
            self.add(lead if place == 0 or gap != " " else gap)
            self.say(piece)
            if gap != " ":
                self.add(gap)
        if gap == " ":
            self.add(tail)


def write_note(style: NoteStyle, pieces: Sequence[Piece], scene: Scene, rng: random.Random) -> Note:
    """Write a note that holds the pieces among what such a note usually says."""
    page = _Page()
    title = WRITERS[style](page, list(pieces), scene, rng)
    text = "".join(page.parts).rstrip()
    return Note(title, text, tuple(page.marks), style)


def _filler(pool: Sequence[str], number: int, scene: Scene, rng: random.Random) -> list[Piece]:
    chosen = rng.sample(list(pool), min(number, len(pool)))
    return [Piece(_misspell(text, rng) if scene.typos and rng.random() < 0.5 else text) for text in chosen]


def _misspell(text: str, rng: random.Random) -> str:
    words = list(re.finditer(r"[a-z]{6,}", text))
    if not words:
        return text
    place = rng.choice(words).start() + 2
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _mixed(pieces: list[Piece], extra: list[Piece], rng: random.Random) -> list[Piece]:
    mixed = [*pieces, *extra]
    rng.shuffle(mixed)
    return mixed


def _soap(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    half = len(pieces) // 2 + len(pieces) % 2
    page.add(f"{scene.clinic}\nProgress note, {scene.day:%m/%d/%Y}\n\nSUBJECTIVE\n")
    page.run(_filler(OPENERS, 1, scene, rng) + pieces[:half])
    page.add("\nOBJECTIVE\n")
    page.add(
        f"HR {rng.randint(58, 92)}, RR {rng.randint(12, 18)}, SpO2 {rng.randint(95, 99)}% on room air.\n"
    )
    page.run(_filler(EXAM, 3, scene, rng))
    page.add("\nASSESSMENT AND PLAN\n")
    for number, problem in enumerate(scene.problems, 1):
        page.add(f"{number}. {problem}: stable.\n")
    page.run(_mixed(pieces[half:], _filler(PLAN, 2, scene, rng), rng))
    page.add(f"\nElectronically signed by {scene.clinician}\n")
    return "Progress note"


def _telegraphic(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    short = [Piece(_shorten(p.text), p.leaf, p.answer) for p in pieces]
    page.add(f"{scene.day:%m/%d/%y} clinic f/u. ")
    page.run(short[:1])
    page.run(short[1:])
    if scene.problems:
        page.add("PMH: " + ", ".join(p.lower() for p in scene.problems) + "\n")
    page.add("PE: ")
    page.run([Piece(_shorten(p.text).lower()) for p in _filler(EXAM, 2, scene, rng)])
    page.add("P: ")
    page.run([Piece(_shorten(p.text).lower()) for p in _filler(PLAN, 2, scene, rng)])
    return "Brief note"


def _shorten(text: str) -> str:
    for pattern, short in SHORT:
        text = re.sub(pattern, short, text)
    return text


def _dictated(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    third = max(1, len(pieces) // 2)
    page.add(f"DATE OF VISIT: {scene.day:%B %d, %Y}\n\nHISTORY OF PRESENT ILLNESS:  ")
    page.run(_filler(OPENERS, 1, scene, rng) + pieces[:third])
    page.add("\nPAST MEDICAL HISTORY:  ")
    page.add(
        "Notable for " + " and ".join(p.lower() for p in scene.problems) + ".\n"
        if scene.problems
        else "Reviewed.\n"
    )
    page.add("\nPHYSICAL EXAMINATION:  ")
    page.run(_filler(EXAM, 4, scene, rng))
    page.add("\nIMPRESSION AND RECOMMENDATIONS:  ")
    page.run(pieces[third:] + _filler(PLAN, 2, scene, rng))
    page.add(f"\nDictated by {scene.clinician}, transcribed, not proofread.\n")
    return "Dictated visit note"


def _bulleted(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    page.add(f"Visit template  {scene.day.isoformat()}\n\nReview\n")
    page.run(pieces, lead="- ", gap="\n")
    page.add("\nChecklist\n")
    for text in rng.sample(
        ("Allergies reviewed", "Medication list reconciled", "Advance directive on file"), 3
    ):
        page.add(f"[{rng.choice('x ')}] {text}\n")
    page.add("\nExam\n")
    page.run(_filler(EXAM, 3, scene, rng), lead="* ", gap="\n")
    page.add("\nPlan\n")
    page.run(_filler(PLAN, 2, scene, rng), lead="* ", gap="\n")
    return "Templated note"


def _consult(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    page.add(f"{scene.clinic}\n{scene.day:%B %d, %Y}\n\nRe: {scene.patient}\n\nDear Colleague,\n\n")
    page.add("Thank you for asking me to see this patient in consultation. ")
    page.run(pieces)
    page.add("\nOn examination: ")
    page.run(_filler(EXAM, 3, scene, rng))
    page.run(_filler(PLAN, 1, scene, rng))
    page.add(f"\nWith kind regards,\n{scene.clinician}\n")
    return "Consultation letter"


def _copied(page: _Page, pieces: list[Piece], scene: Scene, rng: random.Random) -> str:
    page.add(f"Progress note {scene.day.isoformat()} (sections copied forward)\n\n")
    page.add(
        f"--- Copied from the note of {scene.day.year - rng.randint(2, 4)}-0{rng.randint(1, 9)}-12 ---\n"
    )
    page.run(_filler(STALE, 2, scene, rng))
    page.add("--- End of copied text ---\n\nINTERVAL HISTORY\n")
    page.run(_filler(OPENERS, 1, scene, rng) + pieces)
    page.add("\nEXAM\n")
    page.run(_filler(EXAM, 3, scene, rng))
    page.add("\nPLAN\n")
    page.run(_filler(PLAN, 2, scene, rng))
    return "Progress note"


WRITERS: Mapping[NoteStyle, Callable[[_Page, list[Piece], Scene, random.Random], str]] = {
    "soap": _soap,
    "telegraphic": _telegraphic,
    "dictated": _dictated,
    "copied-forward": _copied,
    "bulleted": _bulleted,
    "consult": _consult,
}


def encode_note(text: str, encoding: Encoding) -> tuple[str, bytes]:
    """Return the content type and the bytes of a note's text."""
    if encoding == "html":
        lines = "\n".join(f"<p>{html.escape(line, quote=False)}</p>" for line in text.split("\n") if line)
        return "text/html", f"<html><body>\n{lines}\n</body></html>".encode()
    if encoding == "rtf":
        lines = "\\par\n".join(escape_rtf(line) for line in text.split("\n"))
        return "text/rtf", ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\n" + lines + "\n}").encode(
            "ascii"
        )
    return "text/plain", text.encode()


def escape_rtf(line: str) -> str:
    """Escape a line for RTF."""
    escaped = re.sub(r"([\\{}])", r"\\\1", line)
    return "".join(c if ord(c) < 128 else f"\\u{ord(c)}?" for c in escaped)
