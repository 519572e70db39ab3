"""Which treatment an outcome is told of, where a clause names more than one."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from posology.evidence.facts.lexicon import Phrases, drug_names
from posology.evidence.terms import TERMS
from posology.spans import Span

__all__ = ["is_new_treatment", "of_no_treatment", "told_of_another"]

# what is done rather than swallowed: terms that a course of treatment may be
_COURSES = frozenset(
    (
        "physical therapy",
        "home exercise program",
        "conservative therapy",
        "chiropractic",
        "acupuncture",
        "exercise",
        "diet",
        "cognitive behavioral therapy",
        "epidural steroid injection",
        "continuous positive airway pressure",
        "nonsteroidal anti-inflammatory drug",
        "corticosteroid",
        "biologic",
        "TNF inhibitor",
        "opioid",
    )
)
_LISTED = re.compile(
    r"(?:[\s,/&+()]|\b(?:and|or|nor|plus|with|then|both|combined|combination|either|at|of|high-dose|low-dose"
    r"|mg|mcg|g|units?|weekly|daily|nightly|bid|tid|qid|po|oral|prn|\d[\d.,/-]*)\b)*",
    re.IGNORECASE,
)
_NEW_AFTER = re.compile(
    r"^\s*(?:(?:was|is|were|are|has been|have been|will be|being|to be|now|then)\s+)*(?:ordered"
    r"|planned|recommended"
    r"|considered|proposed|requested|advised|suggested|offered|declined|refused|started|added|initiated|begun"
    r"|prescribed|discussed)\b",
    re.IGNORECASE,
)
_NEW_BEFORE = re.compile(
    r"\b(?:start(?:ed|ing|s)?|add(?:ed|ing|s)?|initiat\w+|prescrib\w+|began|begun|order\w*|(?:switch\w*|chang\w+"
    r"|escalat\w+|advanc\w+|transition\w*|moved|step(?:ped)?(?: up)?) to)\s+"
    r"(?:(?:on|to|oral|weekly|daily|again|back|low-dose|high-dose)\s+)*$",
    re.IGNORECASE,
)
_REASON = re.compile(r"\b(?:because|since|as|after|when|for|due to|given)\b", re.IGNORECASE)

# what a body does not bear, or a diet: no treatment is named
_NOT_BORNE = (
    r"(?:cold|heat|exercise|exertional|effort|activity|temperature|orthostatic|lactose|milk|dairy|gluten"
    r"|wheat|glucose|carbohydrate|fructose|sucrose|histamine|alcohol|food|fat|noise)"
)
_BODILY_BEFORE = re.compile(rf"\b{_NOT_BORNE}[\s-]+$", re.IGNORECASE)
_BODILY_AFTER = re.compile(rf"\s+(?:to|of|for)\s+(?:the\s+)?{_NOT_BORNE}\b", re.IGNORECASE)
# what may fail about a treatment and is not the treatment: its supply, its paper, its device, its lessons
_SUPPLY_BEFORE = re.compile(
    r"\b(?:prescriptions?|scripts?|refills?|orders?|deliver(?:y|ies)|shipments?|claims?|authori[sz]ations?"
    r"|requests?|fax(?:es)?|transmissions?|pick-?ups?|(?:auto-?)?injectors?|pens?|pumps?|devices?|syringes?"
    r"|training|teaching)\s+(?:(?:has|have|had)\s+)?$",
    re.IGNORECASE,
)
_OTHER_WORD = (
    r"(?:(?!(?:by|at|on|in|per|since|after|before|with|to|and|or|despite|due|during|until|as|from|for|last"
    r"|this|next|first|second|two|three)\b)[\w-]+\s+)"
)
_SUPPLY_AFTER = re.compile(
    rf"\s+{_OTHER_WORD}{{0,3}}?(?:training|teaching|instruction|lessons?|demonstration|quiz|competency"
    r"|authori[sz]ation|approval|delivery|transmission|adjudication|appointments?|refills?|inspection)\b"
    r"|\s+(?:at|in|with)\s+(?:(?:the|her|his|our|an?)\s+)?(?:\w+\s+)?(?:pharmacy|insurer|payer|clearinghouse"
    r"|check-?out|portal)\b",
    re.IGNORECASE,
)


def of_no_treatment(text: str, mention: Span, cue: Span) -> bool:
    """Tell whether what failed or is not borne is no treatment: a refill, a lesson, the cold.

    >>> of_no_treatment("Methotrexate, cold intolerance.", Span(0, 12), Span(19, 30))
    True
    """
    word = cue.of(text).lower()
    pair = (
        (_BODILY_BEFORE, _BODILY_AFTER) if word.startswith("intoleran") else (_SUPPLY_BEFORE, _SUPPLY_AFTER)
    )
    if not word.startswith(("intoleran", "fail")):
        return False
    before, after = pair[0].search(text[: cue.start]), pair[1].match(text, cue.end)
    if before and not Span(*before.span()).overlaps(mention):
        return True
    return after is not None and not mention.start < after.end() <= mention.end


def told_of_another(text: str, clause: Span, mention: Span, cue: Span, own: Sequence[Span]) -> bool:
    """Tell whether words of an outcome stand nearer to another treatment that is not in one list with it.

    ``own`` are the places that name what is asked about, by whatever name.
    """
    rest = [
        other for other in _treatments(text, clause) if not any(other.overlaps(o) for o in (mention, *own))
    ]
    return any(
        _distance(other, cue) < _distance(mention, cue) and not _listed(text, mention, other, rest)
        for other in rest
    )


def is_new_treatment(text: str, sentence: Span, mention: Span, cue: Span) -> bool:
    """Tell whether a treatment is begun or thought of because of the outcome: what failed was before it."""
    before, after = text[sentence.start : mention.start], text[mention.end : sentence.end]
    if not (_NEW_AFTER.match(after) or _NEW_BEFORE.search(before)):
        return False
    return cue.end <= mention.start or bool(_REASON.search(text[mention.end : max(mention.end, cue.start)]))


def _treatments(text: str, clause: Span) -> list[Span]:
    words = clause.of(text)
    return [Span(found.start + clause.start, found.end + clause.start) for found in _lexicon().find(words)]


@cache
def _lexicon() -> Phrases:
    courses = {
        name: term.name for term in TERMS if term.name in _COURSES for name in _plain(term.same, term.name)
    }
    return Phrases({**courses, **drug_names()})


def _plain(names: Iterable[str], name: str) -> list[str]:
    return [one.lower() for one in (name, *names) if len(one) > 3]


def _listed(text: str, one: Span, other: Span, rest: Sequence[Span]) -> bool:
    """Tell whether nothing but other treatments, doses and "and" stand between two treatments."""
    start, end = min(one.end, other.end), max(one.start, other.start)
    if start >= end:
        return True
    between = text[start:end]
    for span in sorted((s for s in rest if start <= s.start and s.end <= end), reverse=True):
        between = between[: span.start - start] + " " + between[span.end - start :]
    return bool(_LISTED.fullmatch(between))


def _distance(one: Span, other: Span) -> int:
    return max(one.start - other.end, other.start - one.end, 0)
