"""Names of people in a text: after a title, before a degree, or by a given name."""

import re
from dataclasses import dataclass
from functools import cache

from posology.evidence.facts.lexicon import drug_names, measure_names, synonyms, word_set
from posology.spans import Span

__all__ = ["Person", "find_people", "name_parts"]

_NAME = r"[A-Z][a-zA-Z]*[a-z](?:['’-][A-Z][a-z]+)*|[A-Z]['’][A-Z][a-z]+|[A-ZÀ-Ý][a-zß-ÿ'’-]+"
_TITLED = re.compile(
    rf"(?<!\w)(?P<title>Dr|Doctor|Mr|Mrs|Ms|Miss|Prof"
    rf"|Professor)\b\.?\s+(?P<name>(?:{_NAME})(?:\s+(?:[A-Z]\.\s+)?(?:{_NAME}))?)"
)
_DEGREE = re.compile(
    rf"(?P<name>(?:{_NAME})\s+(?:[A-Z]\.\s+)?(?:{_NAME})),?\s+(?:M\.?D\.?|D\.?O\.?|N\.?P\.?"
    rf"|P\.?A\.?(?:-C)?|R\.?N\.?|FNP|DPM|Ph\.?D\.?)(?!\w)"
)
_LABELLED = re.compile(
    rf"(?:[Pp]atient|[Mm]ember|[Nn]ame|[Ss]igned(?:\s+by)?|named)(?:\s+[Nn]ame)?(?::\s*"
    rf"|\s+)(?P<name>(?:{_NAME})(?:,?\s+(?:[A-Z]\.\s+)?(?:{_NAME}))+)"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person's name as it stands in a text; ``title`` in lower case, or empty."""

    name: str
    title: str
    span: Span


_SUBJECT = re.compile(
    rf"(?:^|(?<=[.,;:]\s)|(?<=,\s\s)|(?<=\bthat\s))(?P<name>(?:{_NAME})\s+(?:{_NAME}))"
    r"(?=['’]s\s|\s+(?:is|was|has|had|tried|took|takes|used|uses|completed|reports?|reported|presents?"
    r"|presented"
    r"|den(?:ies|ied)|carries|underwent|received|requires|needs|failed|meets|weighs|weighed|stopped"
    r"|started|lost)\b)"
)
_TWO = re.compile(rf"(?<![\w'’-])(?P<name>(?P<given>{_NAME})(?:\s+[A-Z]\.?)?\s+(?P<last>{_NAME}))(?![\w-])")


def find_people(text: str) -> tuple[Person, ...]:
    """Find names of people.

    >>> [p.name for p in find_people("Dr. Amara Okafor saw Mrs. Lopez; signed by Jane Doe, MD")]
    ['Amara Okafor', 'Lopez', 'Jane Doe']
    """
    found: list[Person] = []
    for pattern in (_TITLED, _DEGREE, _LABELLED):
        for match in pattern.finditer(text):
            title = match.groupdict().get("title") or ""
            _add(found, match["name"], title.lower(), Span(*match.span("name")))
    for match in _TWO.finditer(text):
        if match["given"].lower() in word_set("first_names.txt"):
            _add(found, match["name"], "", Span(*match.span("name")))
    for match in _SUBJECT.finditer(text):
        if not _clinical() & name_parts(match["name"]):
            _add(found, match["name"], "", Span(*match.span("name")))
    return tuple(sorted(found, key=lambda person: person.span))


@cache
def _clinical() -> frozenset[str]:
    """Return words that open a sentence in capitals without being a name."""
    words = (*measure_names(), *drug_names(), *synonyms(), *word_set("clinical_words.txt"))
    return frozenset(part for word in words for part in word.split())


def _add(found: list[Person], name: str, title: str, span: Span) -> None:
    words = name.split()
    while words and words[-1].lower().strip(".,") in word_set("not_names.txt"):
        words.pop()
        name = " ".join(words)
    if not words or words[0].lower() in word_set("not_names.txt"):
        return
    if not any(span.overlaps(other.span) for other in found):
        found.append(Person(name, title, Span(span.start, span.start + len(name))))


def name_parts(name: str) -> frozenset[str]:
    """Return the words of a name in lower case, without initials and possessives."""
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", name.lower())
    return frozenset(re.sub(r"['’]s$", "", word) for word in words if len(word) > 1)
