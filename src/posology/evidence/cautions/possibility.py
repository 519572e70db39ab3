"""What is only possible, was taken for the thing, or stands where the thing might have stood."""

import re

from posology.evidence.cautions.surroundings import Surroundings, last_clause

__all__ = ["in_place_of_another", "is_possible"]

_AFTER = re.compile(
    r"^[^;.:,]{0,40}?\b(?:(?-i:may)|might|can|could|would|will|should|must|shall)\b"
    r"(?!\s*(?:not|never)\b|n['’]t)"
    r"|^[^;.]{0,60}?\b(?:un(?:certain|clear|confirmed|proven|likely)|im(?:probable|plausible)|doubtful"
    r"|questionable|question(?:ed)?|suspected|(?<!not )(?:possible|probable)|presumed|provisional|tentative"
    r"|to be (?:confirmed|excluded|determined)"
    r"|not (?:yet )?(?:been )?(?:confirmed|established|proven|certain|clear|excluded)"
    r"|(?:awaiting|pending) confirmation|(?:under|being) (?:investigat|evaluat|consider|review|work)\w*"
    r"|differential|work-?up (?:in progress|pending|under ?way)|versus|vs|disputed|debated|entertained"
    r"|(?:can|could)(?:not| not|['’]t|n['’]t) (?:be )?(?:confirmed|established|proven|verified"
    r"|substantiated))\b"
    r"|^\s*(?:\?|\(\?\))|^[\s,]*(?:if|unless|should)\b(?!\s+not\b)",
    re.IGNORECASE,
)
_CAN = re.compile(r"\bcan\b(?!\s*(?:not|no longer)\b|['’]t)[^,;.]*$", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:thought|believed|felt|assumed|interpreted|mistaken|taken)\s+(?:\w+\s+)?"
    r"(?:to (?:be|have|represent|reflect)|as|for|it was)\b[^,;.]*$"
    r"|\b(?:not|un)\s*(?:clear|certain|sure|convinced|established|proven|confirmed)\s+(?:that|of|whether|if)\b"
    r"|\b(?:disagree\w*|disput\w+|doubt\w*|refut\w+|challeng(?:es|ed))\b|\b(?:pre-?test|low) probability\b"
    r"|\b(?:to be (?:confirmed|determined|excluded)|possible|suspected|presumed|differential\w*|ddx)\b"
    r"[^:.;]{0,20}:\s",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"\b(?:(?:every(?:one|body)|any(?:one|body)|all(?: of them)?) (?:but|save(?: for)?|bar|besides)"
    r"|rather than|instead of|as opposed to|in place of|in lieu of|unlike|other than|apart from"
    r"|aside from|except(?: for)?|in the absence of|(?:argu|speak|point|weigh|tell|spok|protect)\w* against"
    r"|evidence against|against an?y? diagnosis of|alternative to|avoid(?:s|ed|ing)?"
    r"|(?:not |in)consistent with|mistaken for|confused with|mimic\w*|resembl\w+|exclud\w+"
    r"|compared (?:to|with)|similar to|(?:vaccinat|immuni[sz])\w* (?:against|for)|ruled-out)\s+"
    r"(?:(?:an?|the|any|having|getting|with|of|diagnosis|as|true|further)\s+)*(?:[\w-]+\s+){0,2}$",
    re.IGNORECASE,
)
_WORKS_AS = re.compile(
    r"\b(?:works?|working|worked|employed|retired|trained|training|studying|career|job)\s+(?:as|to be)\s+"
    r"(?:an?\s+)?(?:\w+\s+)?$|\b(?:s?he|patient|pt)\s+(?:is|was)\s+an?\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
_SEEING = re.compile(r"\b(?:seen|evaluated|visit|see|saw|consult\w*)\b", re.IGNORECASE)


def is_possible(around: Surroundings) -> bool:
    """Tell whether it may be, was once thought to be, or is doubted."""
    if around.new(_AFTER.finditer(around.after)) or around.new(_BEFORE.finditer(around.before)):
        return True
    return not around.outcome and around.new(_CAN.finditer(last_clause(around.before)))


def in_place_of_another(around: Surroundings) -> bool:
    """Tell whether something else is meant: rather than it, unlike it; or it is somebody's work."""
    if around.new(_INSTEAD.finditer(around.before)):
        return True
    return bool(_SEEING.search(around.asked) and _WORKS_AS.search(around.before))
