"""Taking a yes/no question apart: what it is about, what must have come of it, how long, how many."""

import re
from dataclasses import dataclass

from posology.evidence.amounts import Required, required_amounts
from posology.evidence.outcomes import Outcome, asked_outcomes
from posology.evidence.terms import TERMS, Term
from posology.evidence.tokens import Name, alike, search_tokens

__all__ = ["Concept", "Question", "parse_question"]

_EMPTY_WORDS = (
    "regimen feature comprehensive average documented record recorded documentation noted chart note "
    "history historical tried try try attempted "
    "attempt "
    "completed complete lasted last lasting received undergone underwent performed done made used use "
    "present "
    "currently current evidence diagnosed diagnosis personal adequate trial course course use therapy "
    "treatment "
    "medical sign symptom finding participated part take took followed follow appropriate prior previous "
    "longer more "
    "period duration week month year day have had been take taken test requested been response related due "
    "cause"
)
_EMPTY = frozenset(alike(search_tokens(_EMPTY_WORDS)))
_LIST = re.compile(
    r",?\s+(?:such as|including|like|e\.g\.,?|for example)\s+|\(\s*(?:such as|e\.g\.,?|for example)\s+"
)
_TOO_MUCH = re.compile(
    r"\b(?:not|never|neither|nor|unless|except|within the (?:last|past)|other than|before)\b", re.IGNORECASE
)
_LEAD = re.compile(
    r"^(?:is|are|was|were|has|have|had|does|do|did|can|will)\s+(?:there\s+)?(?:the\s+patient\s+|patient\s+"
    r"|he\s+|she\s+)?",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:personal|family)(?: (?:and|or) (?:personal|family))? history of\b", re.IGNORECASE
)
_SPLIT = re.compile(r"\s*,\s*(?:or\s+|and\s+)?|\s+or\s+|/(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that may be named: by the names of a term if it has one, and by words beside it.

    ``names`` mean the thing itself, ``kinds`` something narrower that implies it.
    """

    names: tuple[Name, ...]
    kinds: tuple[Name, ...]
    words: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Tell whether nothing is named."""
        return not self.names and not self.words


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart.

    One of ``concepts`` must be named; ``head`` is what they are examples of, ``context`` the same as search
    words that must stand nearby where the examples by themselves are too general. ``clear`` is false where
    the wording is beyond the rules: then they answer nothing.
    """

    text: str
    concepts: tuple[Concept, ...]
    head: Concept | None
    context: tuple[Name, ...]
    outcomes: frozenset[Outcome]
    required: tuple[Required, ...]
    family: bool
    current: bool
    clear: bool

    def __repr__(self) -> str:
        """Show how many concepts it has: a question comes from a policy, not from a record."""
        return f"Question({self.text!r}, {len(self.concepts)} concepts)"


def parse_question(text: str) -> Question:
    """Take a question apart.

    >>> question = parse_question("Has the patient completed at least 6 weeks of physical therapy?")
    >>> question.concepts[0].names[0].text, question.required[0].least
    ('physical therapy', Decimal('42'))
    """
    outcomes, rest = asked_outcomes(text)
    required, rest = required_amounts(rest)
    clear = not _TOO_MUCH.search(rest) and len(required) < 2
    body = _RELATION.sub(" ", _LEAD.sub("", rest.strip().rstrip("? .")))
    head_text, examples, listed = _examples(body)
    parts = examples or _alternatives(head_text)
    concepts = tuple(c for c in (_concept(part, bool(outcomes or required)) for part in parts) if not c.empty)
    head = _concept(head_text, False) if examples else None
    context = (
        tuple(name for t in _terms_in(head_text) for name in _names(t, loose=True)) if listed and head else ()
    )
    lower = text.lower()
    return Question(
        text=text,
        concepts=concepts,
        head=head,
        context=context,
        outcomes=outcomes,
        required=tuple(required),
        family="family" in lower,
        current=bool(re.search(r"\b(?:current|currently|active|now|ongoing|untreated)\b", lower)),
        clear=clear and bool(concepts),
    )


def _examples(body: str) -> tuple[str, list[str], bool]:
    """Return the text before a list of examples, the examples, and whether they stood in brackets."""
    bracket = re.search(r"\(([^()]*,[^()]*)\)", body)
    if bracket and not _LIST.search(body):
        head = body[: bracket.start()] + body[bracket.end() :]
        return head, [part for part in _SPLIT.split(bracket[1]) if part.strip()], True
    cut = re.sub(r"\([^()]*\)", " ", body) if not _LIST.search(body) else body
    match = _LIST.search(cut)
    if not match:
        return cut, [], False
    return cut[: match.start()], _alternatives(cut[match.end() :].rstrip(") ")), False


def _alternatives(text: str) -> list[str]:
    """Split "A, B or C" into its parts; a part without its noun borrows that of the next."""
    if not re.search(r"\sor\s|/", text):
        return [text]
    parts = [part for part in _SPLIT.split(text) if part.strip()]
    for at in range(len(parts) - 2, -1, -1):
        lone = len(search_tokens(parts[at])) == 1 or parts[at].split()[-1].lower() in ("of", "to", "for")
        following = parts[at + 1].split()
        if lone and not _terms_in(parts[at]) and len(following) > 1:
            parts[at] = f"{parts[at]} {following[-1]}"
    return parts


def _concept(text: str, treatment: bool) -> Concept:
    """Find the longest named term; what words remain must stand in the sentence too."""
    terms = _terms_in(text)
    if not terms:
        return Concept((), (), tuple(w for w in dict.fromkeys(alike(search_tokens(text))) if w not in _EMPTY))
    term = max(terms, key=lambda t: max(_length(n, text) for n in _names(t)))
    names = _names(term)
    rest = text
    for name in sorted(names, key=lambda n: -len(n.text)):
        rest = name.pattern.sub(" ", rest)
    kinds = tuple(Name(kind) for kind in term.kinds)
    if treatment:
        kinds += tuple(Name(loose) for loose in term.loose if loose in ("PT", "HEP", "NSAID", "NSAIDs"))
    words = tuple(w for w in dict.fromkeys(alike(search_tokens(rest))) if w not in _EMPTY and not w.isdigit())
    return Concept(names, kinds, words)


def _length(name: Name, text: str) -> int:
    match = name.pattern.search(text)
    return len(match[0]) if match else 0


def _terms_in(text: str) -> list[Term]:
    return [term for term in TERMS if any(name.pattern.search(text) for name in _names(term))]


_NAMES: dict[tuple[str, bool], tuple[Name, ...]] = {}


def _names(term: Term, *, loose: bool = False) -> tuple[Name, ...]:
    key = (term.name, loose)
    if key not in _NAMES:
        texts = (term.name, *term.same, *(term.loose if loose else ()))
        _NAMES[key] = tuple(Name(text) for text in texts)
    return _NAMES[key]
