"""What is taught, asked about or true in general: leaflets, warnings, forms, rules of coverage."""

import re

from posology.evidence.cautions.surroundings import Surroundings, any_of

__all__ = ["is_general", "is_taught"]

_PAPER = (
    r"(?:hand-?outs?|leaflets?|brochures?|pamphlets?|booklets?|flyers?|fact sheets?|print-?outs?|web-?sites?"
    r"|literature|information|materials?|videos?|webinars?|articles?|lectures?|books?"
    r"|thes[ei]s|dissertations?|doctorates?|essays?|papers?|posters?|textbooks?|podcasts?|documentar(?:y|ies))"
)
_SPEECH = (
    r"(?:counsel\w*|warn(?:ed|ing)?|caution(?:ed|s)?|inform(?:ed)?|advis(?:ed)?|explain(?:ed)?|told|taught"
    r"|remind(?:ed)?|reassur\w+|educat\w+|instruct\w*|talk(?:ed)?|spoke|read|asked?|asks|asking|inquir\w+"
    r"|enquir\w+|wonder\w*|question\w*)"
)
_TAUGHT = any_of(
    rf"{_PAPER}\s+(?:\w+\s+){{0,2}}?(?:on|about|for|regarding|concerning|covering|describing)",
    rf"{_SPEECH}\s+(?:[\w']+\s+){{0,3}}?"
    r"(?:that(?!\s+(?:\w+\s+)?(?:has|have|had|is|was)\b)|on|about|regarding|concerning|whether|if|for)",
    r"whether",
    r"(?:possibility|likelihood|chances?|odds|prospect|question|risks?|probability) (?:of|for|that)",
    r"(?:side|adverse) (?:effects?|events?|reactions?)\s*,?\s*(?:such as|like|e\.g\.,?|includ\w+|:)",
    r"complications\s*,?\s*(?:such as|like|includ\w+)",
    r"fear(?:s|ed|ing)?",
    r"dread\w*",
    r"scared of",
    r"worr(?:y|ies|ied|ying) (?:about|over|that)",
)
# what is the patient's own, or the reason for what is spoken of, is there: advice on diet because of gout
_PRESUPPOSED = re.compile(r"\b(?:her|his|their|patient['’]s)\s+$", re.IGNORECASE)
_REASON = any_of("because", "due to", "given", "since", "secondary to", "for", "with")
_ABOUT_TEACHING = any_of(
    r"educat\w*", r"train\w*", r"instruct\w*", r"counsel\w*", "taught", "teaching", r"discuss\w*", "decision"
)
_SPOKEN_OF = re.compile(
    r"^\s+(?:(?:was|were|is|has been|have been|options?)\s+)*(?:discussed|explained|mentioned"
    r"|raised|brought up"
    r"|described|talked about|gone over)\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"(?:^\W*(?:please\s+)?|\b(?:to|will|should|must)\s+)"
    r"(?:call|phone|dial|contact|notify|return(?!\s+(?:visit|patient))|seek|go|come|present)\b[^;.]*\b(?:for|if|with|at|about)\b"
    r"|\b(?:as needed|prn|if needed|when needed)\b[^,;.]*$",
    re.IGNORECASE,
)
_GENERAL_BEFORE = any_of(
    r"(?:patients|people|persons|individuals|adults|those|anyone|women|men|participants|beneficiaries)\s+"
    r"(?:\w+\s+)?(?:with|who|having|without|whose)",
    r"(?:form|questionnaire|survey|checklist|screener|application|reviewer|label|package insert|handbook"
    r"|manual|protocol|worksheet)\s+(?:\w+\s+)?"
    r"(?:asks?|lists?|requires?|mentions?|says|states|names|includes?|warns?|defines?|wants?"
    r"|covers?|calls? for)",
    r"step[- ]therapy",
    r"(?:covered|approved|allowed|reserved|indicated|considered) (?:only )?(?:when|if|once|after)",
    r"(?:typically|generally|usually) (?:causes?|occurs?|presents?|requires?)",
)
_ALLOWED = (
    r"(?:covered|approved|(?:contra-?)?indicated|allowed|reserved|licensed|eligible|required|unsafe|prohibited"
    r"|effective|studied)"
)
_GENERAL_USE = any_of(
    rf"{_ALLOWED}\s+(?:only\s+)?(?:in|with|for|during|when|if|once|after|by)(?!\s+(?:this|the|our) patient)"
)
_GENERAL_AFTER = re.compile(
    r"^\s+(?:is|are|was|can be|being|counts? as|constitutes?)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,2}"
    r"(?:side effects?|adverse|risks?|complication of|possibility|warning|contra-?indications?"
    r"|criteri(?:on|a)"
    r"|requirements?|exclusions?|prerequisite)\b"
    r"|^[^;.]{0,30}?\b(?:is|are)\s+(?:(?:very|more|most|often)\s+)?(?:common|frequent|rare|defined"
    r"|characteri[sz]ed)\s+(?:in|as|by|among)\b"
    r"|^[^;.:]{0,40}?\b(?:is|are)\s+(?:\w+\s+)?(?:required|mandatory|a must|necessary)\b"
    r"|^\s+(?:\w+\s+)?required\s*[.;]?\s*$"
    r"|^\s+(?:is|are)\s+an?\s+(?:\w+\s+){0,2}(?:disease|condition|disorder|illness)\s+"
    r"(?:of|that|which|in which|where|caused|characteri[sz]ed)\b"
    r"|^\s+(?:risks?|screen\w*|prevention|prophylaxis|vaccin\w*|questionnaire|precautions?|protocols?"
    r"|guidelines?|educators?|foundations?|referrals?|claims?|(?:prior |pre-?)?authori[sz]ations?)\b",
    re.IGNORECASE,
)


def is_taught(around: Surroundings) -> bool:
    """Tell whether it is taught, warned of or asked about, unless teaching is what the question asks for."""
    if _IMPERATIVE.search(around.before) and not around.outcome:
        return True
    if _ABOUT_TEACHING.search(around.asked):
        return False
    if _SPOKEN_OF.match(around.after) and not around.outcome:
        return True
    if _PRESUPPOSED.search(around.before):
        return False
    return any(
        around.is_new(match) and not _REASON.search(around.before, match.end())
        for match in _TAUGHT.finditer(around.before)
    )


def is_general(around: Surroundings) -> bool:
    """Tell whether the sentence speaks of people, forms and rules in general."""
    if _GENERAL_BEFORE.search(around.before):
        return True
    if not around.outcome and _GENERAL_USE.search(around.before):
        return True
    return around.new(_GENERAL_AFTER.finditer(around.after))
