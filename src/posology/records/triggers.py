"""The English words that turn a statement: negation, doubt, relatives, the past, what is only planned.

Every entry is a regular expression matched without regard to case at word boundaries. A *pre* trigger
speaks of what follows, a *post* trigger of what precedes, a *pseudo* trigger looks like one and is none.
"""

from collections.abc import Mapping

__all__ = ["ANSWERED_NO", "POST", "PRE", "PSEUDO", "TERMINATORS"]

_RELATIVES = (
    r"(?:step)?(?:mother|father|mom|dad|brother|sister|parents?|siblings?)|aunts?|uncles?|cousins?|"
    r"grand(?:mother|father|parents?|ma|pa)s?|sons?|daughters?|nephews?|nieces?|twin|"
    r"(?:half[- ])?(?:brothers|sisters)|relatives?"
)
_OTHERS = (
    r"husband|wife|spouse|partner|roommate|room-mate|housemate|neighbou?r|co-?worker|friend|"
    r"boyfriend|girlfriend"
)
_SPEAKS = (
    r"(?:reports?|reported|states?|stated|says|said|notes|noted|denies|denied|confirms?|provides?|"
    r"gives?|feels)"
)
_HELPED = (
    r"(?:tolerat\w*|respond\w*|help\w*|work(?:ed|ing)?|improv\w*|control\w*|benefit\w*|effective\w*|"
    r"success\w*|"
    r"sufficient\w*|adequate\w*|achiev\w*|reliev\w*|enough|meet\w*|lost|lose|bear|continue)"
)
_ADVERBS = (
    r"(?:been able to |able to |adequately |well |fully |really |significantly |satisfactorily |longer )*"
)

# "Hypertension: no", "Diabetes? denies": the answer to a question of a form
ANSWERED_NO = (
    r"[-–:?]+[\s,]*(?:no|none|negative|neg|denies|denied|absent|never|n)"
    r"(?=\s*(?:[,;.|)\]]|$|\s\s|\s[A-Z][\w /]*[:?]))"
)

PRE: Mapping[str, tuple[str, ...]] = {
    "negated": (
        r"no(?! longer)",
        r"no (?:evidence|signs?|symptoms?|history|hx|h/o|complaints?|indication|suspicion|known|prior|"
        r"previous) (?:of|for)?",
        r"not",
        r"\w+n['’]t",
        r"cannot",
        r"den(?:y|ies|ied|ying)",
        r"without",
        r"w/o",
        r"never",
        r"neither",
        r"nor",
        r"none of",
        r"negative for",
        r"neg for",
        r"(?:negative|neg)(?! for)(?= (?:\w+ ){0,2}\w+)",
        r"absence of",
        r"absent",
        r"lack(?:s|ed|ing)?(?: of)?",
        r"free (?:of|from)",
        r"rule[sd] out(?: for)?",
        r"r/o['’]d",
        r"unremarkable for",
        r"fail(?:s|ed) to (?:show|reveal|demonstrate)",
        r"declin(?:es|ed|ing)",
        r"refus(?:es|ed|ing)",
        r"non-?",
        r"naive to",
    ),
    "uncertain": (
        r"possibl[ey]",
        r"probabl[ey]",
        r"likely",
        r"unlikely",
        r"suspect(?:s|ed|ing)?",
        r"suspicious for",
        r"suspicion (?:of|for)",
        r"concern(?:s|ed|ing)? (?:for|about|of)",
        r"questionable",
        r"query",
        r"\?",
        r"may (?:have|be|represent|indicate|suggest|reflect)",
        r"might",
        r"could (?:be|have|represent|indicate|reflect)",
        r"r/o",
        r"rule[- ]out",
        r"to rule out",
        r"(?:evaluate|evaluation|work-?up|assess|assessed|tested|testing|screened) for",
        r"differential(?: diagnosis)?(?: includes?)?",
        r"ddx",
        r"(?:cannot|can['’]?t|can not|could not|unable to) (?:be )?(?:exclude|rule out)",
        r"presum(?:ed|ptive|ably)",
        r"suggest(?:s|ive|ing|ed)(?: of)?",
        r"(?:unclear|uncertain|unsure|not (?:certain|sure|clear)|unknown) (?:if|whether|about|of)",
        r"doubt(?:s|ful)?",
        r"appears to (?:have|be)",
        r"seems to (?:have|be)",
        r"no new",
        r"borderline",
        r"versus",
        r"vs\.?",
    ),
    "family": (
        rf"(?:maternal|paternal)?\s?(?:{_RELATIVES})",
        r"maternal",
        r"paternal",
        r"family (?:history|hx|h/o)(?: is)?(?: significant| positive| notable| remarkable)?(?: of| for)?",
        r"fam(?:ily)? hx",
        r"fhx?(?: of|:)?",
        r"familial",
    ),
    "historical": (
        r"(?<!family )history of",
        r"(?<!family )(?:hx|h/o)(?: of)?",
        r"past(?: medical)?(?: history)?(?: of)?",
        r"previous(?:ly)?",
        r"prior(?! auth)(?: history of)?",
        r"status[- ]post",
        r"s/p",
        r"remote",
        r"former(?:ly)?",
        r"ex-",
        r"used to",
        r"no longer(?: on| takes?| taking| has| having| uses?| using)?",
        r"discontinued",
        r"stopped(?: taking| using)?",
        r"d/c['’]?e?d",
        r"quit",
        r"resolved",
        r"in childhood",
        r"(?:tried|trialed|trialled|took|completed|underwent|was (?:on|treated with|given))",
    ),
    "hypothetical": (
        r"if",
        r"unless",
        r"in case of",
        r"in the event of",
        r"should (?:she|he|they|you|the patient|symptoms|there)",
        r"return (?:to (?:the )?(?:ed|er|clinic|office|emergency department)|precautions|for|if)",
        r"(?:call|seek care|go to the (?:er|ed)) (?:if|for|with)",
        r"(?:watch|monitor|look) (?:out )?for",
        r"(?:at )?(?:high |low |increased |higher )?risks? (?:of|for)",
        r"(?:to )?prevent(?:ion)?(?: of)?",
        r"prophylaxis(?: for| against)?",
        r"screen(?:ing)? for",
        r"plan(?:s|ned|ning)?(?: is)?(?: to| for| on)?:?",
        r"will(?! continue| remain| keep)",
        r"would(?: like| benefit| consider| need| recommend)",
        r"recommend(?:s|ed|ing|ation)?(?: for)?",
        r"consider(?:s|ed|ing)?",
        r"discuss(?:ed|ing)? (?:starting|trying|the option|options?|risks?|the possibility|possible|"
        r"referral)(?: of| for)?",
        r"counsel(?:l?ed|l?ing)?(?: \w+)? (?:on|about|regarding)",
        r"advis(?:e|ed|es|ing)(?: to| on| about)?",
        r"educat(?:ed|ion) (?:on|about|regarding)",
        r"schedul(?:e|ed) for",
        r"to (?:start|begin|initiate|try|undergo|schedule|obtain)",
        r"refer(?:red|ral)?(?: \w+)? (?:to|for)",
        r"(?:candidate|eligible|evaluated|indication|indicated|approval|authorization|request(?:ing|"
        r"ed)?) for",
        r"(?:interested in|wants|desires|requests|requesting|awaiting|pending)",
        r"needs?",
        r"until",
        r"(?:goal|target) (?:is|of)",
    ),
    "other": (
        rf"(?:her |his |their |the )?(?:{_OTHERS})(?:['’]s)?",
        r"donor",
        r"f(?:o)?etus",
        r"exposure to",
    ),
}

POST: Mapping[str, tuple[str, ...]] = {
    "negated": (
        r"(?:was|is|were|are|been|being) (?:ruled out|excluded|absent|denied|negative|declined|refused)",
        r"(?:has|have) been (?:ruled out|excluded)",
        r"ruled out",
        r"(?:was|is|were|are) not (?:seen|found|present|identified|demonstrated|noted|observed|detected|"
        r"evident|given|"
        r"taken|performed|done|started|used|prescribed|tried|appreciated)",
        r"not (?:seen|found|present|identified|demonstrated|noted|observed|detected|evident|appreciated|"
        r"given|tried)",
        r"(?:has|have) (?:not|never) been \w+",
        r"never (?:tried|used|started|taken|done|given)",
        r"(?:was|were|is|are)n['’]t (?:seen|found|present|identified|noted|given|done|started)",
        r"negative",
        r"neg",
        r"absent",
        r"denied",
        ANSWERED_NO,
    ),
    "uncertain": (
        r"(?:is|are|was|were|remains?) (?:possible|likely|unlikely|suspected|questionable|probable|"
        r"uncertain|unclear)",
        r"suspected",
        r"unlikely",
        r"(?:cannot|can ?not|can['’]t|could not) be (?:excluded|ruled out)",
        r"not (?:been )?(?:completely |entirely |definitively )?(?:ruled out|excluded)",
        r"\?",
        r"vs\.?",
        r"versus",
        r"(?:to be|being) (?:ruled out|evaluated|worked up)",
    ),
    "family": (
        rf"in (?:her|his|the|a|their|patient['’]s)?\s?(?:maternal |paternal )?(?:{_RELATIVES})",
        r"runs in (?:the|her|his) family",
        r"in the family",
        r"on (?:the|her|his) (?:mother|father)['’]s side",
        r"\((?:maternal |paternal )?(?:mother|father|brother|sister|aunt|uncle|grandmother|"
        r"grandfather)[^)]*\)",
    ),
    "historical": (
        r"resolved",
        r"in (?:the )?past",
        r"(?:\w+ )?(?:years?|months?|weeks?|decades?|yrs?) (?:ago|prior|earlier)",
        r"as a (?:child|teenager|young adult)",
        r"in childhood",
        r"(?:was|were) (?:stopped|discontinued)",
        r"discontinued",
        r"in (?:19|20)\d\d",
    ),
    "hypothetical": (
        r"(?:is|was|are|were|has been) (?:then |also )?(?:recommended|planned|scheduled|considered|"
        r"discussed|advised|"
        r"offered|requested)",
        r"(?:will|would|should|to) be (?:\w+ )?(?:started|tried|considered|ordered|scheduled|performed|"
        r"discussed|"
        r"requested|added|initiated|needed|repeated|obtained)",
        r"if (?:needed|necessary|indicated|symptoms|no improvement|not)",
        r"(?:is |are )?(?:pending|planned|recommended)",
    ),
    "other": (rf"in (?:her|his|the|a) (?:{_OTHERS})",),
}

PSEUDO: Mapping[str, tuple[str, ...]] = {
    "negated": (
        rf"(?:not|never|\w+n['’]t|cannot|unable to|without|no)\s+{_ADVERBS}{_HELPED}(?: (?:to|with|on|"
        rf"from|by|for))?",
        r"(?:no|without|lack of|absence of|little|limited|minimal|insufficient) (?:\w+ )?(?:response|"
        r"relief|improvement|benefit|effect|"
        r"success|efficacy|help|progress|weight loss)(?: (?:to|with|on|from|after|despite|of))?",
        r"no (?:significant |interval |further |acute |recent )?(?:increase|decrease|change|changes|"
        r"worsening|progression)(?: (?:in|of|to))?",
        r"no new",
        r"not (?:only|just|merely|necessarily|certain|sure|clear|limited to)(?: (?:if|whether))?",
        r"no (?:doubt|question)(?: (?:that|of))?",
        r"not (?:been )?(?:completely |entirely |definitively |yet )*(?:ruled out|excluded|exclude|rule out)",
        r"(?:cannot|can ?not|can['’]t|could not|couldn['’]t|unable to) (?:be )?(?:exclude|excluded|"
        r"rule out|ruled out)",
        r"not without",
        r"no longer",
        r"gram[- ]negative",
        r"\w+-negative",
        r"(?:without|no) (?:difficulty|complications?|problems?|issues?|incident|adverse (?:effects?|"
        r"events?|reactions?))"
        r"(?: (?:with|from|to|of))?",
        r"no\.? \d+",
        r"not (?:to|until|unless)",
        r"contraindicated|not contraindicated",
        r"no (?:contraindications?)(?: to| for)?",
        r"no other",
        r"(?:did|does|do|was|is|were|has|have) not (?:change|alter|miss|stop|discontinue|cause)",
        r"fail(?:ed|s|ure|ing)?(?: (?:to respond|to improve|to tolerate|on|with|of))?",
    ),
    "uncertain": (
        r"likely to (?:benefit|need)",
        r"may be able",
        r"vs\.? (?:stable|reviewed|wnl|today)",
        r"without (?:doubt|question)",
        r"no doubt",
    ),
    "family": (
        rf"(?:lives?|living|lived|stays?|accompanied|brought(?: in)?|here|presents?|came|seen|discussed|"
        rf"spoke|moved in|"
        rf"resides?) (?:at home )?(?:with|by) (?:her |his |their |"
        rf"the )?(?:{_RELATIVES})(?: and (?:{_RELATIVES}))?",
        rf"(?:{_RELATIVES}) (?:who )?(?:is |was |also )?(?:{_SPEAKS}|at (?:the )?bedside|present|"
        rf"accompan\w+|translat\w+|helps?)",
        rf"(?:per|according to|history from|caring for|cares for|information from) (?:her |his |their |"
        rf"the )?(?:{_RELATIVES})",
        r"(?:grand)?(?:mother|father) of (?:\w+)",
        rf"(?:her|his|their) (?:{_RELATIVES})['’]s? (?:house|home|place)",
        r"family (?:medicine|practice|physician|doctor|planning|meeting)",
    ),
    "historical": (
        r"history of (?:the )?present(?:ing)? illness",
        r"history and physical",
        r"history (?:was )?(?:obtained|provided|taken|from|per)",
        r"social history",
        r"past (?:two|three|four|six|\d+|several|few)? ?(?:days?|weeks?|months?|years?)",
        r"prior to(?: admission)?",
        r"prior auth\w*",
        r"used to (?:treat|manage|control)",
    ),
    "hypothetical": (
        r"risk factors?(?: (?:of|for|include|including))?",
        r"as (?:planned|recommended|advised|discussed|scheduled)",
        r"treatment plan",
        r"(?:health|insurance|drug) plan",
        r"need(?:s|ed)? for",
        r"considered (?:to be|stable)",
        r"(?:asked|unsure|unclear|uncertain|certain|know|determine|see|question(?:ed)?) if",
        r"if any",
        r"free will|goodwill",
        r"recommended (?:daily|dose|dosage)",
    ),
    "other": (
        rf"(?:lives?|living|accompanied|brought(?: in)?|here) (?:with|by) (?:her |his |their |"
        rf"the )?(?:{_OTHERS})",
        rf"(?:{_OTHERS}) {_SPEAKS}",
    ),
}

# where the reach of a trigger ends
TERMINATORS: tuple[str, ...] = (
    r";",
    r"\bbut\b",
    r"\bhowever\b",
    r"\balthough\b",
    r"\bthough\b",
    r"\bexcept\b",
    r"\bapart from\b",
    r"\baside from\b",
    r"\bother than\b",
    r"\byet\b",
    r"\bnevertheless\b",
    r"\bwhereas\b",
    r"\bwhile\b",
    r"\bbecause\b",
    r"\bsince\b",
    r"\bdue to\b",
    r"\bsecondary to\b",
    r"\bpresents? (?:with|for)\b",
    r"\bpresented (?:with|for)\b",
    r"\bcomplain(?:s|ed|ing) of\b",
    r"\b(?:endorses|admits|reports|reported)\b(?! (?:no|not|never|denying)\b)",
    r"\bpositive for\b",
    r"(?:,|\band\b) ?(?:s?he|they|the patient|patient|pt)\b",
    r"\band (?:is|has|was|had|takes|takes|continues|remains|now|reports|does|currently)\b",
    r"\bnow\b",
    r"\bcurrently\b",
    r",(?!\s*(?:or|nor|and/or)\b)(?=[^,;]*?(?:\b(?:is|are|was|were|has|have|had|takes|taking|remains|"
    r"continues|"
    r"started|weighs|improved|controlled|on|stable)\b|\d))",
    r"(?<=\s\s)(?=\[|[A-Z])",
    r"[|\u2610\u2611\u2612]",
)
