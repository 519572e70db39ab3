"""The teacher writes a document for each scenario and judges it; a second model judges it again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from posology.adapt.teacher.passages import parse_quoted, passage_prompt
from posology.adapt.teacher.scenario import Point, Scenario
from posology.adapt.teacher.terms import Terms, require_other_family, require_terms
from posology.chat import Generator, Message, Prompt, Sampling, ask
from posology.errors import UserError

__all__ = ["Candidate", "Reading", "document_prompt", "read_again", "write_candidates"]

_SYSTEM = (
    "You write clinical notes about people who do not exist, to train software. Write only the note, without "
    "any heading about yourself. Say every given fact in your own words, in one sentence each, so that a "
    "reader can quote it. Leave open what is to be left open. Add no other disease, treatment or result, and "
    "no name, address, telephone number or identifier."
)
_STYLES = {
    "soap": "a progress note with the headings SUBJECTIVE, OBJECTIVE, ASSESSMENT AND PLAN",
    "telegraphic": "a brief clinic note in shorthand and abbreviations",
    "dictated": "a dictated visit note in full sentences",
    "copied-forward": "a progress note with an older part that was copied forward, marked as such",
    "bulleted": "a visit note as a list of points",
    "consult": "a consultation letter to a colleague",
}
_MOST = 700  # tokens of a document


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model read in a document: answer and quote; ``told`` is "" where it gave none of use."""

    told: str
    quote: str = ""

    def __repr__(self) -> str:
        """Show the answer only."""
        return f"Reading({self.told or 'none'})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that a teacher wrote, with its own readings and the second model's, a point each."""

    scenario: Scenario
    document: str
    first: tuple[Reading, ...]
    second: tuple[Reading, ...] = ()
    teacher: str = ""
    reader: str = ""

    def __repr__(self) -> str:
        """Show the scenario and the length: the text may come from a record."""
        return f"Candidate({self.scenario.id}, {len(self.document)} characters)"


def write_candidates(
    scenarios: Sequence[Scenario],
    teacher: Generator,
    terms: Terms,
    *,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Candidate]:
    """Let the teacher write a document for each scenario, then judge each point of what it wrote."""
    require_terms(scenarios, terms)
    prompts = [document_prompt(one, seed + number) for number, one in enumerate(scenarios)]
    written = teacher.generate(prompts, progress=progress)
    drafts = [
        Candidate(one, done.text.strip() if done.finish == "stop" else "", (), (), teacher.identity.name)
        for one, done in zip(scenarios, written, strict=True)
    ]
    return [replace(one, first=read) for one, read in zip(drafts, _readings(drafts, teacher), strict=True)]


def read_again(candidates: Sequence[Candidate], second: Generator, teacher: Generator) -> list[Candidate]:
    """Let a second model, of another family, judge each point of each document by itself."""
    require_other_family(teacher, second)
    name = second.identity.name
    readings = _readings(candidates, second)
    return [replace(one, second=read, reader=name) for one, read in zip(candidates, readings, strict=True)]


def document_prompt(scenario: Scenario, seed: int) -> Prompt:
    """Return how the teacher is asked for a document: what it must say and what it must leave open."""
    lines = [
        f"Write {_style(scenario.style)} about {scenario.patient}, 100 to 250 words.",
        "",
        "Say in your own words:",
        *_bullets(text for point in scenario.points for text in point.says),
        "",
        "Mention, but leave undecided for the patient:",
        *_bullets(text for point in scenario.points for text in point.beside),
        "",
        "Say nothing that answers these questions in any other way:",
        *_bullets(_bounded(point) for point in scenario.points),
    ]
    messages = (Message("system", _SYSTEM), Message("user", "\n".join(lines)))
    return Prompt(messages, None, max_tokens=_MOST, sampling=Sampling(0.8, seed))


def _style(name: str) -> str:
    if name not in _STYLES:
        raise UserError(f"no note is written in the style {name!r}; possible: {', '.join(_STYLES)}")
    return _STYLES[name]


def _bullets(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts] or ["- (nothing)"]


def _bounded(point: Point) -> str:
    state = "must stay unanswered" if point.told == "not stated" else f"the answer is {point.told}"
    return f"{point.question} ({state})"


def _readings(candidates: Sequence[Candidate], reader: Generator) -> list[tuple[Reading, ...]]:
    """Ask one reader every question of every document in one batch; an empty document is not asked about."""
    asked = [(n, point) for n, one in enumerate(candidates) if one.document for point in one.scenario.points]
    prompts = [passage_prompt(point.question, candidates[n].document) for n, point in asked]
    answers = ask(reader, prompts, parse=parse_quoted) if prompts else []
    found: list[list[Reading]] = [[] for _ in candidates]
    for (n, _), answer in zip(asked, answers, strict=True):
        found[n].append(Reading("") if answer.value is None else Reading(*answer.value))
    return [tuple(rows) for rows in found]
