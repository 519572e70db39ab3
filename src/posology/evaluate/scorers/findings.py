"""Findings, symptoms and diseases that a text names: those that one word names by itself."""

import re
from functools import cache

from posology.evidence.facts.polarity import Mood, read_statement

__all__ = ["affirmed_findings", "known_findings"]

# single words, common in notes and reports, each a finding, symptom or disease on its own;
# general words (pain, disease, change, lesion, normal) are left out: they name nothing that could be missing
_WORDS = """
abscess anemia aneurysm angina appendicitis arthritis ascites asthma atelectasis bleeding bronchiectasis
bronchitis cancer cardiomegaly cataract cellulitis cholecystitis cirrhosis colitis consolidation
constipation copd cough dementia depression diabetes diarrhea diverticulitis dizziness dyspnea eczema
effusion endometriosis epilepsy fever fibromyalgia fibrosis fracture gallstones glaucoma gout granuloma
hematuria hepatitis hernia hydrocephalus hyperlipidemia hypertension hyperthyroidism hypothyroidism
incontinence infarction itching jaundice kyphosis leukemia lupus lymphadenopathy lymphoma melanoma
meningitis migraine murmur nausea neuropathy nodule osteopenia osteoporosis palpitations pancreatitis
pleurisy pneumonia pneumothorax psoriasis rash sarcoidosis schizophrenia sciatica scoliosis seizure
sepsis sinusitis stenosis stroke syncope tachycardia thrombosis tinnitus tuberculosis ulcer uti vertigo
vomiting wheezing
"""


# what says the same without the word itself
_OTHER_WORDS = {
    "anxiety": r"anxious|worr(?:y|ied)",
    "cancer": r"tumou?r|metasta|malignan",
    "cardiomegaly": r"enlarged? [^.]{0,40}\b(?:heart|cardi)|\b(?:heart|cardi)[^.]{0,60}\benlarge",
    "colitis": r"c\.? diff",
    "consolidation": r"air ?space (?:disease|opacit)|infiltrat",
    "copd": r"hyper-?(?:inflat|expan)|flatten",
    "diabetes": r"diabet|blood sugar|sugar",
    "diarrhea": r"loose stool",
    "fever": r"temperature|chills",
    "fracture": r"broke|fractur",
    "hyperlipidemia": r"cholesterol|lipid",
    "hypertension": r"blood pressure",
    "incontinence": r"incontinen|leak",
    "itching": r"itch",
    "neuropathy": r"neuropath|nerve",
    "nodule": r"nodul|granuloma|lump",
    "palpitations": r"heart (?:rac|flutter|pound)|rapid heart",
    "seizure": r"convuls|epilep",
    "tachycardia": r"heart rac|rapid heart|fast heart",
    "tuberculosis": r"tubercul|\btb\b",
    "vomiting": r"thr(?:ow|ew)(?:ing)? up|emesis",
    "wheezing": r"wheez",
}


def affirmed_findings(text: str) -> frozenset[str]:
    """Return the findings that a text says are there: not denied, of a relative, doubted or planned.

    >>> sorted(affirmed_findings("Small effusion. No pneumothorax. Mother had a stroke. Possible pneumonia."))
    ['effusion']
    """
    statement = read_statement(text)
    moods: tuple[Mood, ...] = ("family", "uncertain", "hypothetical")
    under = frozenset[str]().union(*(statement.under[mood] for mood in moods))
    return frozenset(_names()[one] for one in (statement.plain["negated"] - under) & _names().keys())


def known_findings(text: str) -> frozenset[str]:
    """Return the findings that a text mentions in any way, also to deny them or in other words.

    >>> sorted(known_findings("No pneumothorax. The heart is mildly enlarged."))
    ['cardiomegaly', 'pneumothorax']
    """
    statement = read_statement(text)
    said = (statement.plain["negated"] | statement.under["negated"]) & _names().keys()
    other = {name for name, words in _OTHER_WORDS.items() if re.search(words, text, re.IGNORECASE)}
    return frozenset({*(_names()[one] for one in said), *other})


@cache
def _names() -> dict[str, str]:
    """Return the findings by the concept that the fact checks read their word as."""
    return {one: word for word in _WORDS.split() for one in read_statement(word).plain["negated"]}
