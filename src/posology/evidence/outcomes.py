"""What came of a treatment, as notes word it: it failed, helped, was not borne, must not be given."""

import re
from dataclasses import dataclass
from enum import StrEnum

from posology.spans import Span

__all__ = ["Outcome", "OutcomeCue", "asked_outcomes", "find_outcomes"]


class Outcome(StrEnum):
    """What came of a treatment."""

    FAILED = "failed"
    NOT_TOLERATED = "not_tolerated"
    CONTRAINDICATED = "contraindicated"
    HELPED = "helped"
    BORNE = "borne"
    PERMITTED = "permitted"
    PASSING = "passing"  # helped at first only


@dataclass(frozen=True, slots=True)
class OutcomeCue:
    """Words that tell an outcome and where they stand."""

    outcome: Outcome
    span: Span


_GOOD = r"(?:success|relief|improvement|benefit|response|effect|efficacy|help|weight loss|progress|control)"
_FEW = r"(?:[\w-]+\s+){0,3}?"
_HARM = (
    r"(?:side effects?|adverse (?:effects?|reactions?|events?)|intoleran\w+|trouble|problems?"
    r"|difficult\w+|issues?)"
)
_PATTERNS: tuple[tuple[Outcome, str], ...] = (
    (
        Outcome.PERMITTED,
        r"(?:\bno|\bwithout|\bnor|\bden(?:y|ies|ied))\s+(?:(?:any|an?|known|absolute"
        r"|relative)\s+){0,2}contra-?indicat\w+"
        r"|\b(?:is|are|was|were)\s+not\s+contra-?indicated",
    ),
    (
        Outcome.BORNE,
        rf"(?:\bno|\bwithout|\bneither|\bnor|\bnever (?:had|caused)|\bden(?:y|ies|ied))\s+"
        rf"(?:(?!(?:and|but|or|with|due|relief|lasting|improvement)\b)[\w-]+\s+){{0,2}}?{_HARM}"
        r"|\b(?<!not )(?<!poorly )(?:well[- ])?tolerat(?:es|ed|ing)\b(?!\s+poorly)|\btolerat(?:es|ed"
        r"|ing)\s+(?:(?:it|them|[\w-]+)\s+){0,3}well",
    ),
    (
        Outcome.PASSING,
        rf"{_GOOD}\s+(?:has\s+|have\s+|then\s+)?(?:stalled|stopped|ceased|plateaued|ended|waned|faded"
        rf"|is absent|was lost)\b",
    ),
    (
        Outcome.PASSING,
        rf"\b(?:initial(?:ly)?|at first|brief(?:ly)?|transient(?:ly)?|temporar(?:y|ily)|short-lived"
        rf"|short-term)\s+"
        rf"(?:[\w-]+\s+){{0,2}}?(?:{_GOOD}|better|improv\w+|help\w*)",
    ),
    (
        Outcome.CONTRAINDICATED,
        r"contra-?indicat\w+|preclud\w+|\bruled out by\b|(?:is|was|are) not (?:an option|possible|safe"
        r"|appropriate|advisable)"
        r"|(?:should|must|may|can)\s*not\s+(?:be given|take|use|receive)",
    ),
    (
        Outcome.NOT_TOLERATED,
        r"(?:could|can|did|does|was|is|were)\s*(?:not|n't|n’t)\s+(?:able to\s+)?tolerat\w*|unable to tolerate"
        r"|not\s+(?:well[- ])?tolerated|poorly tolerated|intoleran(?:t|ce)s?|(?:did|does|could)(?:n't|n’t) "
        r"tolerate"
        r"|(?:discontinued|stopped|held|d/c'?d|dc'?d|withdrawn|quit)\s+(?:it\s+|them\s+)?(?:due to|because of"
        r"|secondary to|2/2|"
        r"for|owing to|after)\s+(?!(?:\w+\s+){0,2}(?:cost|insurance|coverage|refill|surgery|lack"
        r"|inefficacy|non|no\b|"
        r"\d|good|resol|improve|remission))",
    ),
    (
        Outcome.FAILED,
        rf"\bfail\w*\s+to\s+\w+\s+(?:[\w-]+\s+){{0,3}}?{_GOOD}|\bunimproved\b|\bfail(?:ed|ing|s"
        r"|ures?)?\b(?!\s+to\s+(?:pick|show|attend|appear|fill|follow|return|keep|take|bring|call|start"
        r"|supply|deliver|stock|dispense|prescribe|order|obtain|get|receive|begin|come|arrive|answer|refill|send)\b)"
        rf"(?:\s+to\s+(?:improve|respond|lose|help|relieve|control))?|ineffective\w*"
        rf"|(?:inadequate|insufficient|suboptimal|incomplete|poor|minimal|little|limited|lack of|partial"
        rf"|modest)\s+{_FEW}{_GOOD}"
        rf"|{_GOOD}\s+(?:\w+\s+){{0,5}}?(?:was|were|is|been|remains?|remained)\s+(?:\w+\s+)?(?:inadequate"
        rf"|insufficient|suboptimal|poor)"
        rf"|without\s+(?:any\s+|much\s+)?{_FEW}{_GOOD}"
        rf"|\bno\s+(?!inadequate|insufficient|suboptimal|poor|lack|loss|longer|further|more"
        rf"|better){_FEW}{_GOOD}"
        r"|(?:did|does|do|has|have|had|was|were|is)\s*(?:not|n't|n’t)\s+(?:\w+\s+){0,2}?"
        r"(?:help\w*|improv\w+|work\w*|respond\w*|reliev\w+|effective|successful|adequate|control\w*|lose"
        r"|lost|sustain\w*)"
        r"|unsuccessful\w*|refractory|non-?respon\w+|despite|regain\w*|unable to (?:lose|maintain|sustain"
        r"|keep)"
        r"|\b(?:did|does|do|has|have|had|is|are|was|were) not (?:any )?better|\bno better\b"
        r"|\bno (?:meaningful |real |lasting )?change\b"
        r"|without (?:any )?(?:effect|change|durable|lasting|meaningful)\b|\bpersist(?:s|ed|ing|ent)?\b"
        r"|\bunchanged\b|\bwors(?:e|ened|ening)\b"
        r"|\bto no avail\b|\bnonresponder|(?:of )?(?:no|little) (?:use|avail)\b|inefficac\w+|exhausted"
        r"|(?:drug|treatment|medically|pharmaco)[- ]?resistant|intractable|in spite of|little help|not "
        r"enough",
    ),
    (
        Outcome.HELPED,
        r"\bimprov(?:ed|ing|es|ement)|(?:good|excellent|adequate|great|significant|marked|complete|partial"
        r"|some)\s+"
        rf"{_FEW}{_GOOD}|\beffective\w*|\bhelp(?:ed|ing|s|ful)\b|\bsuccess(?:ful)?\w*|resolved|well[- "
        rf"]controlled"
        r"|respond(?:ed|ing)?s?\s+(?:well|to)|\bpain[- ]free"
        r"|\bworked\b|\bworks\b|\bis working\b"
        r"|\bcontrols\b|\b(?:less|lower) pain\b|\bseizure[- ]free"
        r"|\bbenefit(?:ed|ing|s)?\b"
        r"|\brelief\b"
        r"|at goal|remission|under control|feeling better|\bbetter\b",
    ),
)
_ASKED: tuple[tuple[str, tuple[Outcome, ...]], ...] = (
    (r"contra-?indicat\w+", (Outcome.CONTRAINDICATED,)),
    (
        r"intoleran\w+|not\s+(?:be\s+)?tolerated?|could not tolerate|unable to tolerate|side effects?"
        r"|adverse",
        (Outcome.NOT_TOLERATED,),
    ),
    (
        r"\bfail\w*(?:\s+to\s+(?:improve|respond|help|relieve|work))?|ineffective"
        r"|without\s+(?:\w+\s+){0,2}(?:success|relief|improvement|benefit|response"
        r"|weight loss)"
        r"|unsuccessful\w*|inadequate(?:\s+(?:response|relief|control))?|insufficient|refractory"
        r"|not\s+(?:respond\w*|"
        r"improv\w*|effective|help\w*|successful)|lack of (?:response|improvement)|resistant|intractable",
        (Outcome.FAILED,),
    ),
    (
        r"\bimproving\b|\bimproved\b|\bimprovement\b|\bbenefit\w*|\beffective\b|\bresponding\b|\bhelped\b",
        (Outcome.HELPED,),
    ),
)


def asked_outcomes(question: str) -> tuple[frozenset[Outcome], str]:
    """Return the outcomes that a question asks for and the question without the words that ask.

    >>> asked_outcomes("Was methotrexate ineffective?")
    (frozenset({<Outcome.FAILED: 'failed'>}), 'Was methotrexate  ?')
    """
    found: set[Outcome] = set()
    rest = question
    for pattern, outcomes in _ASKED:
        changed = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
        if changed != rest:
            found.update(outcomes)
            rest = changed
    if Outcome.FAILED in found:
        found.discard(Outcome.HELPED)
    return frozenset(found), rest


def find_outcomes(text: str) -> list[OutcomeCue]:
    """Return the outcomes told in a text; words inside one cue give no second one."""
    found: list[OutcomeCue] = []
    masked = text
    for outcome, pattern in _PATTERNS:
        for match in re.finditer(pattern, masked, re.IGNORECASE):
            found.append(OutcomeCue(outcome, Span(*match.span())))
            masked = masked[: match.start()] + "\x00" * len(match[0]) + masked[match.end() :]
    return sorted(found, key=lambda cue: cue.span)
