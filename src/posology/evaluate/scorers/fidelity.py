"""Inventions and omissions of a written text, sentence by sentence, by the deterministic fact checks.

An *invention* is a fact of an answer's sentence that the source does not have. An *omission* is a fact that
the reference tells, the source has, and the answer lacks. Facts are: numbers with their units, dates,
durations, ages, drugs with their doses, sides of the body and levels of the spine, codes, names and
identifiers, denials that contradict the source, and some ninety findings named by one word.

What this cannot see: a fault in words that are none of those (a wrong reason or order of events, a plan, a
disease not in the list); a fact moved to where it makes sense too; a denial left out; a denial that
contradicts a dialogue (one that answers a question is not read as one). What it sees too much: a finding that
the source has in other words, or that a radiologist rightly concludes from it. Not every fact of a reference
ought to be in an answer. So compare systems, and beside them what the reference itself gets.

Measured by ``benchmarks/fidelity.py``: of the references' own sentences 5 in 100 (Indiana), 10 (MTS-Dialog)
and 7 (ACI-Bench) have an invention by this count; of those read, most are facts that stand nowhere in the
source. Of planted faults it finds all added drugs, 83 to 93 in 100 added diseases, 88 to 94 changed numbers,
74 to 80 changed sides, and but 4 to 7 in 100 dropped denials: "acute disease" for "no acute disease" goes
unseen. English only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from posology.evaluate.grouping import same_words
from posology.evaluate.scorers.findings import affirmed_findings, known_findings
from posology.evaluate.scorers.spoken import spoken_in_digits
from posology.evidence import ChartFacts, CheckResult, Source, check_sentences
from posology.records.sentences import sentence_spans

__all__ = ["Fidelity", "SentenceFaults", "find_inventions", "find_omissions", "judge_fidelity"]

_ENUMERATED = re.compile(r"^\s*(?:\(?\d{1,2}[.)](?:\s+|(?=[A-Z]))|[-*•]\s+)|\s\d{1,2}\.\s*$")  # of a list
_TURN = re.compile(
    r"^\s*(?:\[[a-z_]+\]|(?:doctor|patient|guest_[a-z]+|nurse)\s*:)", re.IGNORECASE | re.MULTILINE
)
_DIRECTIONS = re.compile(
    r"(?:upper|superior|lower|inferior|mid|middle|anterior|posterior|medial|lateral|proximal|distal|cervical"
    r"|thoracic|lumbar)(?:ly)?",
    re.IGNORECASE,
)
_CUES = re.compile(
    r"(?:no|not|never|without|den(?:y|ies|ied)|negative|absence|free|neither|nor|none|\w+n't|rule)\b", re.I
)
_GENERAL = re.compile(r"\b(?:abnormalit\w+|diseases?|process\w*|findings?|changes?)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CHECKS = ("numbers", "dates", "drugs", "laterality", "codes", "identity")
_NOBODY = ChartFacts()


@dataclass(frozen=True, slots=True)
class SentenceFaults:
    """A sentence and what is wrong with it: the names of the checks with what each is about."""

    start: int  # of the text, characters, half-open
    end: int
    faults: tuple[str, ...]  # such as "numbers: 45 kg/m2", in the order of the checks

    def __repr__(self) -> str:
        """Show where and how many, never the words."""
        return f"SentenceFaults({self.start}:{self.end}, {len(self.faults)})"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """The counts of one answer: its sentences and its inventions, the reference's and what is left out."""

    sentences: int
    invented: int  # sentences of the answer with an invention
    inventions: int  # facts
    reference_sentences: int
    omitted: int  # sentences of the reference with an omission
    omissions: int  # facts


@lru_cache(maxsize=4096)
def judge_fidelity(source: str, reference: str, answer: str) -> Fidelity:
    """Count the inventions and omissions of an answer."""
    made, left = find_inventions(source, answer), find_omissions(source, reference, answer)
    return Fidelity(
        sentences=len(made),
        invented=sum(bool(one.faults) for one in made),
        inventions=sum(len(one.faults) for one in made),
        reference_sentences=len(left),
        omitted=sum(bool(one.faults) for one in left),
        omissions=sum(len(one.faults) for one in left),
    )


def find_inventions(source: str, answer: str) -> list[SentenceFaults]:
    """Return each sentence of an answer with the facts in it that the source does not have.

    >>> [one.faults for one in find_inventions("Nodule of 8 mm in the left lung.", "An 18 mm left nodule.")]
    [('numbers: 18 mm',)]
    """
    return list(_missing(answer, source))


def find_omissions(source: str, reference: str, answer: str) -> list[SentenceFaults]:
    """Return each sentence of a reference with the facts in it that the source has and the answer lacks.

    >>> note, talk = "Takes metformin 500 mg.", "I am on metformin 500 mg since May."
    >>> [one.faults for one in find_omissions(talk, note, "Takes a drug for diabetes.")]
    [('drugs: metformin', 'numbers: 500 mg')]
    """
    unfounded, lacking = _missing(reference, source), _missing(reference, answer, opposites=False)
    return [
        SentenceFaults(one.start, one.end, tuple(sorted({*one.faults} - {*other.faults})))
        for one, other in zip(lacking, unfounded, strict=True)
    ]


@lru_cache(maxsize=4096)  # a reference is held against its source once for all systems
def _missing(text: str, source: str, *, opposites: bool = True) -> tuple[SentenceFaults, ...]:
    """Return the sentences of a text with the facts in them that a source does not have."""
    spans = [span for span in sentence_spans(text) if re.search(r"\w", span.of(text))]
    sentences = [_plain(span.of(text)) for span in spans]
    denials = opposites and len(_TURN.findall(source)) < 2
    words = f" {same_words(spoken_in_digits(source))} {same_words(source)} "
    checks = ("assertion", *_CHECKS) if denials else _CHECKS
    checked = check_sentences(sentences, _sources(source), facts=_NOBODY, checks=checks)
    known = known_findings(source)
    found = []
    for span, sentence, results in zip(spans, sentences, checked, strict=True):
        faults = [fault for one in results if (fault := _fault(one, sentence, words))]
        faults += [f"findings: {name}" for name in affirmed_findings(sentence) - known]
        found.append(SentenceFaults(span.start, span.end, tuple(sorted(set(faults)))))
    return tuple(found)


def _plain(sentence: str) -> str:
    """Return a sentence without the number or mark of a list before it."""
    return _ENUMERATED.sub("", sentence)


def _sources(text: str) -> Sequence[Source]:
    """Return the text, and once more with its spoken numbers in digits where it has some."""
    digits = spoken_in_digits(text)
    return [Source(text)] if digits == text else [Source(text), Source(digits)]


def _fault(result: CheckResult, sentence: str, words: str) -> str:
    """Return what a failed check is about, "" where it is no fault between a summary and its source.

    A patient's sex is not judged (a dialogue speaks of relatives, a report of nobody), directions only where
    the source has another one of the same part, moods but for plain denials not at all: a summary may plan or
    doubt. An age or a range whose numbers stand in the source is taken for said ("How old?" "Forty.").
    """
    if result.ok:
        return ""
    about = result.span.of(sentence).strip() if result.span else result.found
    if result.check == "assertion":
        return f"denial: {about}" if _contradicts(result, sentence, about) else ""
    if result.check == "identity" and ("sex" in result.why or f" {same_words(about)} " in words):
        return ""
    if result.check == "dates" and _numbers_said(result, about, words):
        return ""
    if result.check == "laterality" and not result.found and _DIRECTIONS.fullmatch(about):
        return ""
    return f"{result.check}: {about}"


def _contradicts(result: CheckResult, sentence: str, about: str) -> bool:
    """Tell whether a denial is plain and of something: "no acute abnormality" contradicts no finding."""
    plain = result.span is None or _CUES.match(about)
    return (
        bool(plain) and result.why.startswith("assertion: what is denied") and not _GENERAL.search(sentence)
    )


def _numbers_said(result: CheckResult, about: str, words: str) -> bool:
    """Tell whether the numbers of an age or of a range all stand in the source."""
    digits = spoken_in_digits(about)
    ranged = re.search(r"\d\s*(?:-|–|to|or)\s*\d", digits) and "/" not in digits
    if not ranged and not result.why.startswith("dates: the age"):
        return False
    return all(f" {number} " in words for number in _NUMBER.findall(digits))
