"""Names that hold the name of another thing: diabetes insipidus is no diabetes mellitus."""

import re

__all__ = ["is_part_of_a_name"]

_OTHERS = re.compile(
    r"\b(?:"
    r"(?:portal|pulmonary(?:\s+arterial)?|intracranial|intra-?abdominal|ocular|venous|white[\s-]coat)\s+hypertension"
    r"|(?:st|st[\s-]segment|respiratory|marrow|cns|myocardial|cardiac)[\s-]+depressions?"
    r"|depressions?\s+of\s+the\s+(?:[\w-]+\s+){0,2}(?:plateau|skull|end-?plate|bone|fragment)"
    r"|central\s+sleep\s+apno?ea|diabetes\s+insipidus|cardiac\s+asthma|primary\s+biliary\s+cirrhosis"
    r"|cystic\s+fibrosis|(?:heat|breast|back|sun)[\s-]?strokes?|stroke\s+(?:volume|work|index)"
    r"|(?:abdominal|ludwig['’]?s?|vincent['’]?s?)\s+angina|lupus\s+(?:anticoagulants?|vulgaris|pernio)"
    r"|(?:fo?etal|corpuscular|cellular|glycated|glycos?ylated|free|plasma)\s+ha?emoglobin"
    r"|(?:right\s+ventricular|rv|gall-?bladder)\s+ejection\s+fraction"
    r"|(?:urine|urinary|csf|cerebrospinal\s+fluid|pleural(?:\s+fluid)?|ascitic(?:\s+fluid)?|synovial(?:\s+fluid)?"
    r"|cord(?:\s+blood)?|donor)\s+(?:glucose|sugar|proteins?|albumin|sodium|potassium|calcium|creatinine|urea|cortisol|copper|iron"
    r"|lactate|ldh|amylase|bilirubin|cholesterol|triglycerides?|ha?emoglobin|osmolality|ph|cell\s+count)"
    r")\b",
    re.IGNORECASE,
)


def is_part_of_a_name(sentence: str, start: int, end: int, asked: str) -> bool:
    """Tell whether the thing named from ``start`` to ``end`` is part of another's name that is not asked for.

    >>> is_part_of_a_name("Portal hypertension.", 7, 19, "is hypertension documented?")
    True
    """
    return any(
        other.start() <= start and end <= other.end() and end - start < len(other[0])
        for other in _OTHERS.finditer(sentence)
        if other[0].lower() not in asked
    )
