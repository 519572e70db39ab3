"""Denials that reach a thing: before it, behind it, as the answer to it, or in a list."""

import re

from posology.evidence.cautions.plans import SAME_SUBJECT
from posology.evidence.cautions.surroundings import Surroundings, first_clause

__all__ = ["is_denied"]

_DENIAL = re.compile(
    r"(?:\b(?:no|not|never|zero|without|w/o|den(?:y|ies|ied|ying)|nor|neither|negative for|free of|free from"
    r"|absence of|lack(?:s|ed|ing)?|cannot|nothing|none|hardly|un(?:able|likely)|naive to)\b|n['’]t\b)"
    r"(?=(?P<gap>[^;:.]*)$)",
    re.IGNORECASE,
)
# where a denial before a thing no longer speaks of the thing
_BREAK = re.compile(
    r"\b(?:but|however|although|though|except|while|whereas|despite|due|because|since|after|from|with|on|to"
    r"|has|have|had|is|was|are|were|reports?|complains?|presents?|endorses|admits|takes?|taking|remains?"
    r"|continues?|known|which|who|that|controlled|well|improv\w+|only|for|in|at|until|when|as|by|of)\b|\d",
    re.IGNORECASE,
)
_QUALIFIED = (
    r"(?:(?:any|known|current|prior|previous|new|recent|significant|active|further|such|evidence of"
    r"|history of|signs? of|symptoms? of|episodes? of|complaints? of)\s+)*"
)
_DIRECT = re.compile(
    r"\b(?:no|without|w/o|den(?:y|ies|ied|ying)|never had|free (?:of|from)|absence of|lack of|nor|neither)\s+"
    rf"{_QUALIFIED}$"
    r"|(?:\b(?:not|never|no longer|without|denies)|n['’]t)\s+(?:\w+\s+)?(?:complain|report|endors"
    r"|admit|mention"
    r"|describ|notic|experienc|present|develop|troubled|bothered|suffer)\w*\s+(?:(?:of|to|having|with|by|from"
    r"|any)\s+)*(?:[\w-]+\s+){0,2}$"
    r"|(?:\b(?:not|never)|n['’]t)\s*,[^,;.]{0,40},\s*(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:^|[.;]\s*)[^:.;]{0,40}\b(?:negatives?|exclud(?:ed|es)|ruled[- ]out|rule[- ]outs?|denie[ds]"
    r"|denials?|absent"
    r"|none of|never|not (?:found|present|seen|done|performed|tried|reported"
    r"|endorsed))\b[^:.;]{0,20}:[^:;.]*$"
    r"|\bnegatives?\s+(?:include[ds]?|are|were)\b[^;.]*$",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"^(?P<gap>[^;.]{0,60}?)(?:\b(?:not|never|hardly|scarcely)|n['’]t)\s+"
    r"(?:(?:yet|ever|been|be|so far|previously|formally|actually|really|truly|at all|an?|the)\s+)*"
    r"(?P<word>[\w-]+)",
    re.IGNORECASE,
)
_NOT_LAST = re.compile(
    r"^\s*(?:(?:was|were|is|has|have|had|did|does|been)\s+)*(?:not|never)\s*(?:yet|so far)?\s*(?:[,.;)]|$)",
    re.IGNORECASE,
)
_FILE = (
    r"(?:on (?:file|record|(?:the |her |his )?problem list)"
    r"|in (?:the |her |his |our )?(?:chart|record|file|system))"
)
_NOT_ON_FILE = re.compile(rf"^[^;.,]{{0,60}}?\bnot\s+(?:\w+\s+)?{_FILE}", re.IGNORECASE)
_OF_A_DEED = re.compile(
    r"(?:done|performed|obtained|completed|carried|undertaken|conducted|given|held|taken|tried|used|started"
    r"|begun|initiated|attended|received|attempted|provided|available|found|seen|located|documented|recorded"
    r"|noted|reported|present|identified|diagnosed|established|demonstrated|detected|observed|evident"
    r"|appreciated|elicited|endorsed|mentioned|true|had|happened|occur\w*|pursued|made)",
    re.IGNORECASE,
)
# what a disease, a complaint or a treatment that is there may fail to be
_STILL_THERE = re.compile(
    r"(?:well|fully|adequately|optimally|completely|entirely|sufficiently|satisfactorily|control\w*|improv\w*"
    r"|respond\w*|responsive|tolerat\w*|adequate|optimal\w*|relie\w+|better|resolv\w+|heal\w*|cured|subsid\w*"
    r"|abat\w*|respons\w+|help\w*|work\w*|effective\w*|successful\w*|sustain\w*|enough|sufficient|at|only|just"
    r"|merely|stable|severe|mild|bothersome|disabling|limiting|acute|surprising|due|related|caused|explained"
    r"|attribut\w*|radiat\w*|worse\w*|chang\w*|progress\w*|interfer\w*|prevent\w*|affect\w*|adherent|compliant"
    r"|taking|using|able|amenable|suited|follow\w*|treated|reach\w*|achiev\w*|lost|lose|uncommon|go\w*|went"
    r"|allow\w*|let|stop\w*|eas\w*|last\w*|different|unusual|until|because|since|candidate|fix\w*|bring|brought"
    r"|produc\w*|provid\w*|make|made|yield\w*|give|gave|meet|met|normal|quite|managed|maintain\w*|necessarily"
    r"|less|more|very|too|so|currently|presently|recently|requiring|needing|on|in|under|hospital\w*|admitted"
    r"|intubated|operated|biopsied|disabled|limited|troubled|bothered|incapacitat\w*)",
    re.IGNORECASE,
)
_ANSWER_ENDS = r"(?=\s*(?:[.,;)\]]|$|\b(?:to|by|at|today|such|any|all|this|it|both)\b))"
_NONE_AFTER = re.compile(
    r"^[^.]{0,80}?(?:\b(?:none|nil)\b(?!\s+(?:the less|too))"
    r"|[:;,–-]\s*(?:there\s+(?:is|was|were|has|have)\s+(?:been\s+)?)?(?:no|denied|denies|absent|negative|never)"
    rf"{_ANSWER_ENDS}|\bdenied\b|\b(?:was|were|is|are)\s+(?:absent|lacking|excluded|dismissed"
    r"|disproved|refuted|disproven|unfounded|gone|history)\b"
    r"|\bno\s+(?:such|record|trace|(?:evidence|signs?) of (?:it|this|that))\b)",
    re.IGNORECASE,
)
_IN_ERROR = re.compile(
    r"^[^;.]{0,60}?\b(?:in error|by mistake|mistaken\w*|erroneous\w*|misdiagnos\w+|wrong(?:ly)?|incorrect\w*"
    r"|inaccurate\w*|false(?:ly)?|inadvertent\w*|removed from|retracted|revoked|revised to|does not apply|n/a"
    r"|not applicable|(?:ruled|struck|crossed|taken) (?:out|off)|lacking|(?:is|was) missing"
    r"|(?:does )?not exist)\b",
    re.IGNORECASE,
)
_SIGN_AFTER = re.compile(
    r"^\s*[:,]?\s*0\s*(?:/|out of)\s*(?:\d{1,2}|three|four|five|ten)\b(?!\s*/)"
    r"|^\s+:?\s*(?-i:N)(?=[,;.)]|$|\s(?!\s*(?:[&+/]|and\b)))"
    r"|^\s*\(\s*(?:no|none|neg\w*|-|−|–|denied|denies|absent|0)\s*\)|^\s+[-−–](?=\s*(?:[,;.)]|$))|^[\s-]free\b",
    re.IGNORECASE,
)


def is_denied(around: Surroundings) -> bool:
    """Tell whether it is denied; what denies an outcome is left to the reading of outcomes."""
    if around.outcome:
        return False
    if any(p.search(around.before) for p in (_DIRECT, _LABEL)):
        return True
    if any(p.search(around.after) for p in (_NONE_AFTER, _IN_ERROR, _SIGN_AFTER, _NOT_LAST)):
        return True
    if any(not _BREAK.search(found["gap"]) for found in _DENIAL.finditer(around.before)):
        return True
    return _denied_behind(first_clause(around.after))


def _denied_behind(clause: str) -> bool:
    """A verb denied behind a thing denies it, unless it says how the thing that is there fails to be."""
    if _NOT_ON_FILE.search(clause):
        return True
    found = _NOT_AFTER.match(clause)
    if found is None or _STILL_THERE.fullmatch(found["word"]):
        return False
    return bool(_OF_A_DEED.fullmatch(found["word"]) or SAME_SUBJECT.search(found["gap"]))
