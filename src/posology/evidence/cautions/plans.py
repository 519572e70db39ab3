"""What is planned, waited for, put off, refused or called off: none of it has been done."""

import re

from posology.evidence.cautions.surroundings import Surroundings, any_of, first_clause, last_clause

__all__ = ["SAME_SUBJECT", "is_planned"]

# behind a comma only a verb goes on speaking of the thing: "biopsy, planned for May, was not repeated"
SAME_SUBJECT = re.compile(
    r"^[^,:]*$|,\s*(?:(?:the|which|that|this|it|he|she|they|has|have|had|was|were|is|are|been|did|does|do"
    r"|ever|still|but|so far|patient|pt|is|subsequently|then|later)\s+)*$",
    re.IGNORECASE,
)
_RESULT = (
    r"(?:but|show(?:s|ed)|reveal\w*|confirmed|found|completed|done|performed|positive|result(?:s|ed)?|report"
    r"|failed|without|despite)"
)
_PUT_OFF = re.compile(
    rf"^(?P<gap>(?:(?!\b{_RESULT}\b)[^;.]){{0,60}}?)"
    r"\b(?:(?:re-?)?ordered|(?:re-?)?scheduled|requested|recommended|planned|booked|arranged|proposed"
    r"|considered|advised|suggested|offered|deferred|postponed|delayed|pending|awaited|outstanding|overdue"
    r"|upcoming|due(?! to)|needed|wanted|desired|declined|refused|rejected|cancell?ed|missed|skipped|aborted"
    r"|abandoned|forgone|waived|incomplete|interrupted|on hold|held off|contemplated|authori[sz]ed"
    r"|under (?:discussion|consideration)|being (?:arranged|considered|planned|scheduled)|in the works"
    r"|(?<!contra)(?<!contra-)indicated|contra-?indicated|prohibited|unnecessary|not warranted"
    r"|(?:is|are|was|were) (?:to|set|slated)|wait(?:ing)?-?list\w*"
    r"|await\w*|no-?show|did not (?:attend|happen|occur|take|show)|yet to)\b"
    r"(?!\s+(?:(?!\b(?:be|not|never|to)\b)[\w-]+\s+){0,6}?"
    r"(?:show(?:s|ed)|reveal\w*|confirmed|completed|done|performed|positive|demonstrated)\b)",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"^\s+(?:[\w-]+\s+){0,6}?(?:next (?:week|month|visit|year|spring|summer|fall|autumn|winter)|tomorrow"
    r"|later this|(?<!continues )(?<!continued )to (?:follow|come|start|begin|be (?!treated|followed))"
    r"|in the (?:near )?future|(?:is|are|was|were|supposed) to have been)\b",
    re.IGNORECASE,
)
_CALLED_OFF = re.compile(
    r"\bbut\s+(?:(?:it|this|she|he|was|were|has|been|had|then|later|patient|pt|ultimately|subsequently)\s+)*"
    r"(?:(?:not|never)\s+(?:done|performed|completed|obtained|attended|given|started|taken|received|carried"
    r"|happened|finished)|cancell\w+|declin\w+|refus\w+|aborted|abandon\w+|unsuccessful|missed|denied"
    r"|postponed|deferred|could not|did not (?:go|attend|have|undergo|complete|happen|show|take)|unable)\b",
    re.IGNORECASE,
)
_FOR_WHAT = any_of(
    r"(?:await\w*|waiting|wait-?list\w*|overdue|slated|set|booked|ready|consent\w*|prepar\w+|prepped"
    r"|appointment|authori[sz]ation|approv\w+|order|slot|requisition|quote|willing|agree\w*|eager|open|hesitant"
    r"|reluctant|opposed|averse|ineligible|unsuitable|inappropriate|not suitable|not a candidate)\s+"
    r"(?:\w+\s+){0,2}?(?:for|to|about)",
    r"(?:gave|given|provided|wrote|written|handed|has)\s+(?:\w+\s+)?(?:prescription|script|slip) for",
    r"due\s+(?:for|to\s+(?:have|undergo|see|start|begin|get|return|receive|meet|attend))",
    r"fail(?:ed|s|ing|ure)? to (?:attend|show|come|appear|keep|have|undergo|complete|go|get|obtain|pick|start"
    r"|schedule|see|return|do|take|arrange)",
    r"too (?:small|large|ill|sick|frail|unstable|weak|unwell|young|old|early|late|risky|obese|anxious)\s+"
    r"(?:for|to (?:have|undergo|complete|attend|get))",
)
_WISH = any_of(
    r"plan(?:s|ning)?", r"intend(?:s|ed|ing)?", "intention", "hopes?", "hoping", "aims?", "aiming", "goals?",
    "targets?", r"want(?:s|ed)?", "would like", "yet", r"pend(?:s|ing)", r"propos\w+", r"contemplat\w+",
    r"postpon\w+", r"defer\w*", r"delay\w*", r"put(?:s|ting)? off", r"h[eo]ld(?:s|ing)? off", r"cancel\w*",
    r"miss(?:ed|es)", r"skip(?:ped|s)", r"avoid\w*", r"declin\w+", r"refus\w+", r"reject\w*", r"forgo\w*",
    "against", r"opt(?:s|ed) out", "awaits", "next step", r"suggest\w*", r"arrang\w+", "trial of", "upcoming",
    "future", "tomorrow", r"pre-?authori[sz]\w+", "in case", "lest",
    r"never got",
)  # fmt: skip
_EARLIER = re.compile(r"\b(?:before|prior to|until)\s+(?:[\w-]+\s+){0,3}$", re.IGNORECASE)
_TO_DO = re.compile(
    r"^\W*to\s+(?!date\b|this\b|the\b|our\b|his\b|her\b)[a-z]+\b"
    r"|(?<!able )(?<!managed )(?<!returned )(?<!continued )(?<!continues )(?<!known )(?<!found )"
    r"(?<!noted )(?<!shown )(?<!confirmed )(?<!reported )(?<!seen )"
    r"\bto\s+(?:do|get|have"
    r"|perform|undergo|obtain|receive|schedule|arrange|complete|see|order|start|begin|try|attend|proceed"
    r"|repeat|visit|be (?:seen|evaluated|assessed|referred|examined))\s+(?:[\w-]+\s+){0,4}$",
    re.IGNORECASE,
)
_LENGTH = r"(?:an?\s+|the\s+|another\s+)?[\w-]+[\s-]+(?:days?|weeks?|wks?|months?|mos?|years?)\b"
_BEGUN = any_of(
    rf"(?:prescri\w+|authori[sz]ed|approved|start(?:s|ed)|beg[au]n|enrol\w+ (?:in|for)|signed up for|entered)"
    rf"\s+(?:for\s+)?{_LENGTH}",
    r"off",
    r"half of",
)
_PRESCRIBED = re.compile(
    r"^[^;.,]{0,40}?(?<!as )\b(?:prescribed|approved|authori[sz]ed|covered|allotted|granted|wait\w*)\b",
    re.IGNORECASE,
)


def is_planned(around: Surroundings) -> bool:
    """Tell whether it is still to come, was put off or called off; never where an outcome is asked."""
    if around.outcome:
        return False
    before = last_clause(around.before)
    found = [match for pattern in (_FOR_WHAT, _WISH, _EARLIER, _TO_DO) for match in pattern.finditer(before)]
    if any(around.is_new(match) and not _asked_for(around, match[0]) for match in found):
        return True
    if _TO_COME.search(around.after) or _CALLED_OFF.search(around.after):
        return True
    return _put_off(around) or _only_begun(around, before)


def _asked_for(around: Surroundings, words: str) -> bool:
    """An order is no delay where the question asks whether it was ordered."""
    first = words.split()[0].lower()
    return len(first) > 4 and first in around.asked


def _put_off(around: Surroundings) -> bool:
    after = _PUT_OFF.match(first_clause(around.after))
    if after is None or not around.is_new(after):
        return False
    return around.deed or bool(SAME_SUBJECT.search(after["gap"]))


def _only_begun(around: Surroundings, before: str) -> bool:
    """A length that was prescribed, or begun, has not passed."""
    return around.timed and bool(_BEGUN.search(before) or _PRESCRIBED.match(around.after))
