"""Taking a yes/no question apart: what it is about, what must have come of it, how long, how many."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from posology.evidence.amounts import Required, required_amounts
from posology.evidence.limits import Limit, find_limit, limited_otherwise, limits_worded_alike
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
    "cause presence clinical clinically report reported show shown exist existing occur occurred experience "
    "experienced suffer suffered undergo undergoing"
)
_EMPTY = frozenset(alike(search_tokens(_EMPTY_WORDS)))
_LIST = re.compile(
    r",?\s+(?:such as|including|like|e\.g\.,?|for example)\s+|\(\s*(?:such as|e\.g\.,?|for example)\s+"
)
_TOO_MUCH = re.compile(
    r"\b(?:not|never|neither|nor|unless|except|within the (?:last|past)|other than|before"
    r"|(?:in|per|within|during|over)\s+(?:an?|the|one|any|each|\d+)\s+(?:(?:last|past"
    r"|previous)\s+)?(?:\w+\s+)?"
    r"(?:weeks?|months?|years?))\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:is|are|was|were|has|have|had|does|do|did|can|will)\s+(?:there\s+)?(?:the\s+patient\s+|patient\s+"
    r"|he\s+|she\s+)?",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:personal|family)(?: (?:and|or) (?:personal|family))? history of\b", re.IGNORECASE
)
_SPLIT = re.compile(r"\s*,\s*(?:or\s+|and\s+)?|\s+or\s+|(?<=[a-z]{3})/(?=[a-z]{3})")
_CARER = r"(?:care\s?giver|carer|parent|guardian|family member)s?"
_ALSO = re.compile(rf"^(?:\(\s*or\s+[^()]*\)|or\s+(?:an?|the|his|her|their)\s+{_CARER}\b)\s*", re.IGNORECASE)
_SECOND = re.compile(
    r",?\s+or\s+(?=(?:is|are|was|were|has|have|had|does|do|did)\s+(?:there|the)\b)", re.IGNORECASE
)
_RANGE = re.compile(r"\bmoderate(?:ly)?(?:\s+to\s+|-to-|\s+or\s+)severe(?:ly)?\b", re.IGNORECASE)
_RELATED = re.compile(
    r"^(?:the\s+)?(?P<effect>.+?)\s+(?:associated with|related to|due to|caused by|secondary to"
    r"|attributable to"
    r"|an? (?:result|consequence|complication) of)\s+(?P<cause>.+)$",
    re.IGNORECASE,
)
_CAUSE_HEAD = re.compile(r"^(?:the\s+)?(?P<effect>.+?)\s+have\s+an?\s+(?P<kind>.+?)\s+cause\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^(?:did|has|have|does|do)\s+the\s+(?P<effect>(?!patient\b)[^?,()]+?)\s+"
    r"(?=(?:fail|improv|not\b|respond|persist|worsen)\w*)",
    re.IGNORECASE,
)
_PRESENT = re.compile(r"(?:is|are|does|do)\b", re.IGNORECASE)
_AFTER = frozenset(["in", "of", "to", "for", "with", "on", "by", "from", "at", "and", "or", "that", "which"])
_DEED = re.compile(
    r"\b(?:completed?|finished|educated|trained|instructed|counsell?ed|counsell?ing|evaluated|assessed"
    r"|performed"
    r"|undergone|underwent|undergo|participated|attended|received|visit|reviewed|discussed|followed)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:planned|proposed|requested|scheduled|intended)\s+(?:operation|procedure|surgery|treatment"
    r"|service|device)\b",
    re.IGNORECASE,
)
# words that only carry another: the CPAP device is CPAP, a depressive disorder is depressive
_LIGHT = frozenset(
    (
        "device",
        "machine",
        "unit",
        "program",
        "system",
        "class",
        "visit",
        "session",
        "encounter",
        "appointment",
    )
)
# an infectious disease is an infection, but a mood disorder is no mood
_AILING = frozenset(("disorder", "disease", "condition", "state"))
_QUALITY = re.compile(r"\w+(?:ic|ory|ous|ive|al)")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that may be named: by the names of a term if it has one, and by words beside it.

    ``names`` mean the thing itself, ``kinds`` something narrower that implies it.
    """

    names: tuple[Name, ...]
    kinds: tuple[Name, ...]
    words: tuple[str, ...]
    broader: tuple[Name, ...] = ()  # names of what this is a kind of
    bare: bool = False  # the term is the thing itself, the further words only narrow it
    limit: Limit | None = None  # what its value must be above or below

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
    effect: Concept | None = None  # what one of the concepts must be the cause of
    graded: bool = False  # moderate or severe
    lasting: bool = False  # how long it has lasted, rather than how long it was given
    deed: bool = False  # something that is done: taught, evaluated, completed
    present: bool = False  # how things are, not how they once were
    planned: bool = False  # what is planned is asked, not what was done
    alternatives: tuple["Question", ...] = ()  # whole questions, joined by "or"
    unread_limit: bool = False  # it compares with a number in a way that is not read

    @property
    def limited(self) -> bool:
        """Tell whether it asks for nothing but values beyond a limit."""
        return all(c.limit for c in self.concepts) and not self.outcomes and not self.required

    def __repr__(self) -> str:
        """Show how many concepts it has: a question comes from a policy, not from a record."""
        return f"Question({self.text!r}, {len(self.concepts)} concepts)"


def parse_question(text: str) -> Question:
    """Take a question apart.

    >>> question = parse_question("Has the patient completed at least 6 weeks of physical therapy?")
    >>> question.concepts[0].names[0].text, question.required[0].least
    ('physical therapy', Decimal('42'))
    """
    parts = [part for part in _SECOND.split(text) if part.strip()]
    if len(parts) > 1:
        return _joined(text, tuple(parse_question(part) for part in parts))
    return _parse_one(text)


def _joined(text: str, parts: tuple[Question, ...]) -> Question:
    """Return a question whose alternatives are questions of their own, with all that they are about."""
    parts = (parts[0], *(_of_first(part, parts[0]) for part in parts[1:]))
    concepts = tuple(c for part in parts for c in part.concepts)
    clear, unread = all(part.clear for part in parts), any(part.unread_limit for part in parts)
    question = Question(text, concepts, None, (), frozenset(), (), False, False, clear, alternatives=parts)
    return replace(question, unread_limit=unread)


def _of_first(part: Question, first: Question) -> Question:
    """A second question whose noun stands in the first speaks of the same thing: four episodes of "
    "depression."""
    words = {word for concept in part.concepts for word in concept.words}
    if any(c.names for c in part.concepts) or not words <= set(alike(search_tokens(first.text))):
        return part
    return replace(part, concepts=first.concepts)


def _parse_one(text: str) -> Question:
    subject = _SUBJECT.match(text.strip())
    text, whole = limits_worded_alike(text), text
    outcomes, rest = asked_outcomes(text.strip()[subject.end() :] if subject else text)
    if not outcomes:
        subject, rest = None, text
    required, rest = required_amounts(rest)
    clear = not _TOO_MUCH.search(rest.replace("before meals", "")) and sum(r.is_time for r in required) < 2
    unread = limited_otherwise(rest)
    clear = clear and len(required) < 3 and not unread
    body = _ALSO.sub("", _LEAD.sub("", rest.strip().rstrip("? .")))
    graded = bool(_RANGE.search(body))
    body = _RANGE.sub(" ", _RELATION.sub(" ", body))
    head_text, examples, listed = _examples(body)
    effect, head_text = _effect(text, head_text, bool(examples))
    effect = _concept(subject["effect"], False) if subject else effect
    parts = examples or _alternatives(head_text)
    planned = bool(_PLANNED.search(body))
    if planned:
        parts = [_PLANNED.sub(" ", part) for part in parts]
    counted = {r.noun for r in required if not r.is_time}
    concepts = tuple(_concept(part, bool(outcomes or required)) for part in parts)
    concepts = tuple(_uncounted(c, counted) for c in concepts if not _uncounted(c, counted).empty) or concepts
    head = _concept(head_text, False) if examples else None
    context = (
        tuple(name for t in _terms_in(head_text) for name in _names(t, loose=True)) if listed and head else ()
    )
    lower = text.lower()
    return Question(
        text=whole,
        concepts=concepts,
        head=head,
        context=context,
        outcomes=outcomes,
        required=tuple(required),
        family="family" in lower,
        current=bool(re.search(r"\b(?:current|currently|active|now|ongoing|untreated)\b", lower)),
        clear=clear and any(not c.empty for c in concepts),
        effect=effect,
        graded=graded,
        lasting=bool(re.search(r"\b(?:last(?:ed|s|ing)?|persist\w*)\b", lower)),
        deed=bool(_DEED.search(text)) and not outcomes,
        present="current" in lower
        or bool(_PRESENT.match(lower) and not re.search("history|document", lower)),
        planned=planned,
        unread_limit=unread,
    )


def _uncounted(concept: Concept, counted: set[str]) -> Concept:
    """Drop the noun that is counted: the count says it."""
    return replace(concept, words=tuple(w for w in concept.words if w not in counted))


def _effect(text: str, head: str, examples: bool) -> tuple[Concept | None, str]:
    """Return what a cause is asked of, and the text that names the cause."""
    match = _CAUSE_HEAD.match(head) if examples else _RELATED.match(head)
    if not match or not re.match(r"(?:is|are|was|were|does|do)\s+the\b", text.strip(), re.IGNORECASE):
        return None, head
    effect = _concept(match["effect"], False)
    return (None, head) if effect.empty else (effect, match["kind" if examples else "cause"])


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
    """Find what is named, and the limit that is set to its value, if any."""
    limit, text = find_limit(text)
    joined = re.sub(r"\b(co|non|re|pre|anti)-(?=\w)", r"\1", text, flags=re.IGNORECASE)
    concept = _named(re.sub(r"(?<=[a-z]{3})-(?=[a-z]{3})", " ", joined), treatment)
    return replace(concept, limit=limit)


def _named(text: str, treatment: bool) -> Concept:
    """Find the longest named term; what words remain must stand in the sentence too."""
    terms = _terms_in(text)
    if not terms:
        return Concept((), (), _heavy(w for w in alike(search_tokens(text)) if w not in _EMPTY))
    term = max(terms, key=lambda t: max(_length(n, text) for n in _names(t)))
    names = _names(term)
    rest = text
    for name in sorted(names, key=lambda n: -len(n.text)):
        rest = name.pattern.sub(" ", rest)
    kinds = tuple(Name(kind) for kind in term.kinds)
    if treatment:
        kinds += tuple(Name(loose) for loose in term.loose if loose in ("PT", "HEP", "NSAID", "NSAIDs"))
    words = (w for w in alike(search_tokens(rest)) if w not in _EMPTY and not w.isdigit())
    return Concept(
        names,
        kinds,
        tuple(w for w in dict.fromkeys(words) if w not in _LIGHT),
        _broader(term),
        _is_bare(text, names),
    )


def _is_bare(text: str, names: tuple[Name, ...]) -> bool:
    """Tell whether a name is what the text is about: surgery for epilepsy, not training in CPAP or CPAP "
    "training."""
    for match in (name.pattern.search(text) for name in names):
        if match:
            before, after = text[: match.start()], text[match.end() :]
            cut = re.split(r"\b(?:in|of|to|for|with|on|by|from)\b", before)
            ruled = any(w not in _EMPTY for part in cut[:-1] for w in alike(search_tokens(part)))
            following = re.match(r"\s+([a-z]+)", after, re.IGNORECASE)
            word = following[1].lower() if following else "for"
            heads = word not in _AFTER and any(w not in _EMPTY for w in alike(search_tokens(word)))
            if not ruled and not heads:
                return True
    return False


def _heavy(words: Iterable[str]) -> tuple[str, ...]:
    """Drop words that only carry another, unless nothing else is left."""
    found = tuple(dict.fromkeys(words))
    kept = tuple(w for w in found if w not in _LIGHT) or found
    rest = tuple(w for w in kept if w not in _AILING)
    return rest if rest and all(_QUALITY.fullmatch(w) for w in rest) else kept


def _broader(term: Term) -> tuple[Name, ...]:
    """Return the names of terms that this one is a kind of: to deny those is to deny it."""
    own = {text.lower() for text in (term.name, *term.same)}
    return tuple(
        name for other in TERMS if own.intersection(map(str.lower, other.kinds)) for name in _names(other)
    )


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
