"""Cues that deny, doubt, plan or speak of relatives, where they end, and words that deny themselves."""

import re
from typing import Literal

__all__ = ["AFTER", "CUES", "END", "FLIPS", "NOUN_CUE", "PSEUDO", "VERB", "Mood"]

Mood = Literal["negated", "uncertain", "family", "hypothetical"]
CUES: dict[Mood, str] = {
    "negated": r"no(?:\s+(?:longer|evidence\s+(?:of|for)|signs?\s+of|sign\s+of|history\s+of"
    r"|complaints?\s+of|further|known|new|current))?"
    r"|not|never|without(?:\s+(?:any|evidence\s+of|signs?\s+of))?|den(?:ies|ied|ying)|negative\s+for"
    r"|neg\s+for|absence\s+of|free\s+of|free\s+from"
    r"|lacks?|lacking|lack\s+of|neither|nor|none\s+of|cannot|can't|won't|didn't|doesn't|don't|isn't|wasn't"
    r"|weren't|hasn't|haven't|hadn't|aren't|couldn't|wouldn't"
    r"|rule[sd]?\s+out|ruling\s+out|excluded?|excludes|failed\s+to|fails\s+to|failure\s+to|unable\s+to"
    r"|inability\s+to|declined|declines|refused|refuses"
    r"|inadequate|inadequately|insufficient|insufficiently|poor|poorly|minimal|minimally|little|limited"
    r"|non(?=\s|-)|nil|zero|avoid(?:s|ed)?|resolution\s+of|contraindication\s+to",
    "uncertain": r"possibl[ey]|probabl[ey]|suspected|suspicious\s+for|suspicion\s+(?:of|for)"
    r"|concern(?:ing)?\s+for|may|might|could|(?:un)?likely|rule\s+out|r/o"
    r"|questionable|presumed|presumptive|suggest(?:s|ive|ing)?(?:\s+of)?|apparent(?:ly)?"
    r"|cannot\s+(?:exclude|rule\s+out)|equivocal|uncertain|unclear|perhaps|differential",
    "family": r"(?:grand)?(?:mother|father)s?|(?:step)?(?:mother|father)|brothers?|sisters?|aunts?|uncles?"
    r"|cousins?|siblings?|parents?|sons?|daughters?|family\s+(?:history|hx)(?:\s+(?:of|for|is"
    r"|significant|positive|notable))*|familial|maternal|paternal|mom|dad|husband|wife|nephew"
    r"|niece|relatives?",
    "hypothetical": r"if|should\s+(?:she|he|they|the|symptoms)|in\s+case\s+of|in\s+the\s+event\s+of|unless"
    r"|watch(?:ing)?\s+for|monitor(?:ing)?\s+for|to\s+prevent|prevention\s+of|prophylaxis"
    r"|at\s+risk\s+(?:of|for)|risk\s+of|will|would|plan(?:s|ned|ning)?(?:\s+(?:to|for"
    r"|on))?|scheduled|recommend(?:s|ed|ing)?|consider(?:s|ing)?|screening\s+for"
    r"|evaluat(?:e|ion)\s+for|return\s+for|intends?\s+to|going\s+to",
}
AFTER: dict[Mood, str] = {
    "negated": r"(?:(?:was|were|is|are|been|be)\s+)?(?:ruled\s+out|excluded|denied|absent|not\s+(?:present"
    r"|seen|found|identified|noted|detected|documented|recorded|confirmed|diagnosed"
    r"|demonstrated|observed|reported|visualized|evident|appreciated|used|tried|taken|given))"
    r"|(?:has|have|had)?\s*resolved|(?:was|were|is|are|came\s+back|came\s+back\s+as"
    r"|tested)\s+negative|(?<!\w)negative(?=\s*[.,;)]|\s*$)|unremarkable\s+for",
    "uncertain": r"(?:is|was|are|were)\s+(?:possible|suspected|probable|likely|questionable|in\s+question"
    r"|not\s+excluded|uncertain)|cannot\s+be\s+(?:excluded|ruled\s+out)",
    "family": r"in\s+(?:her|his|the|their)\s+(?:mother|father|brother|sister|family|aunt|uncle|parents"
    r"|grandmother|grandfather)|(?:runs?|running)\s+in\s+the\s+family",
    "hypothetical": r"(?:is|are|was|were)\s+(?:planned|recommended|scheduled|considered|being\s+considered)",
}
PSEUDO = re.compile(
    r"no\s+(?:more\s+than|less\s+than|later\s+than|fewer\s+than|greater\s+than|doubt)|not\s+(?:only"
    r"|more\s+than|less\s+than|"
    r"fewer\s+than|necessarily|exceeding|greater\s+than|higher\s+than)|gram[\s-]negative|no\.\s*\d"
    r"|whether\s+or\s+not|if\s+not|may\s+(?=\d)|Rh[\s-]negative|poor\s+historian|limited\s+to",
    re.IGNORECASE,
)
END = re.compile(
    r"(?-i:(?<=\s)(?=[A-Z][A-Z /&-]{2,}:|[A-Z][a-z]+:\s|(?:She|He|The|There|They|It|Her|His|We"
    r"|Regarding)\s))|[;\n]|[.!?](?=\s|$)|:(?=\s)|(?<!\w)(?:but|however|although|though|except"
    r"|apart\s+from|aside\s+from|whereas|while|yet|which|who|because|since|due\s+to|secondary\s+to"
    r"|owing\s+to|despite|after|before|until|when|nevertheless|so|prior\s+to|other\s+than"
    r"|as\s+well\s+as\s+having|given\s+that|on\s+account\s+of)(?!\w)",
    re.IGNORECASE,
)
VERB = re.compile(
    r"(?:,|\band\b)\s+(?:she|he|they|it|the\s+patient|patient|there|her|his)?\s*(?:has|have|had|is|was|are"
    r"|were|reports?|reported|complains?|presents?|notes?|endorses?|admits?|takes?|does|did|denies|denied"
    r"|continues?|remains?|shows?|showed|positive|improved|responded|reveals?|revealed)\b",
    re.IGNORECASE,
)
NOUN_CUE = re.compile(
    r"no\b(?!\s+longer)|without|den|neg|absence|free|neither|nor|none\s+of|lack(?:s|ing)?\b|nil|zero", re.I
)
FLIPS: tuple[tuple[str, str, bool], ...] = (
    (
        r"fail\w*|ineffect\w*|unsuccess\w*|non-?respons\w*|unrespons\w*|refractory|unhelpful|futile",
        "outcome",
        True,
    ),
    (
        r"effective\w*|efficac\w*|success\w*|respon[ds]\w*|improv\w*|benefi\w*|relie[fv]\w*|help|helps"
        r"|helped|helpful|helping|worked",
        "outcome",
        False,
    ),
    (r"intoler\w*", "toler", True),
    (r"toler\w*", "toler", False),
    (r"abnormal\w*", "normal", True),
    (r"normal\w*|unremarkable", "normal", False),
    (r"unstable|instability", "stable", True),
    (r"stable|stability|stabilized", "stable", False),
    (r"uncontrolled", "control", True),
    (r"control|controlled|controls", "control", False),
    (r"non-?complian\w*|non-?adheren\w*", "adhere", True),
    (r"complian\w*|adheren\w*|adher\w*", "adhere", False),
    (r"asymptomatic", "symptomatic", True),
    (r"afebrile", "fever", True),
    (r"non-?tender", "tender", True),
    (r"non-?smok\w*", "tobacco", True),
    (r"non-?diabetic", "diabetes", True),
    (r"ineligible", "eligible", True),
    (r"incomplete\w*", "complete", True),
    (r"uncomplicated", "complicated", True),
    (r"unchanged", "changed", True),
    (r"contraindicat\w*", "indicated", True),
    (r"indicated", "indicated", False),
    (r"discontinu\w*|stopp\w*|ceas\w*|quit", "continue", True),
    (r"continu\w*|remains|remained", "continue", False),
    (r"decreas\w*|declin\w*|reduc\w*|fell|dropped|lowered", "rise", True),
    (r"increas\w*|rose|risen|elevat\w*", "rise", False),
    (r"unaware", "aware", True),
    (r"disagree\w*", "agree", True),
    (r"unilateral\w*", "unilateral", False),
    (r"worsen\w*|worse|deteriorat\w*", "worse", False),
    (r"non-?ambulatory", "ambulatory", True),
    (r"unmotivated", "motivated", True),
    (r"non-?reactive", "reactive", True),
    (r"atraumatic", "traumatic", True),
    (r"non-?distended", "distended", True),
    (r"unwilling\w*", "willing", True),
    (r"willing\w*", "willing", False),
)
