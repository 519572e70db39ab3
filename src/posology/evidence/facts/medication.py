"""Drugs as they stand in a text, each with the dose, route and frequency said of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from posology.evidence.facts.frequencies import Frequency
from posology.evidence.facts.lexicon import Phrases, drug_names, drugs
from posology.evidence.facts.quantities import Quantity
from posology.spans import Span

__all__ = ["Mention", "find_classes", "find_mentions"]

_LETTERS = re.compile(r"(?<![\w-])[A-Za-z]{5,}(?!\w)")
_ENDINGS = (
    "mab", "tinib", "ciclib", "parib", "gliptin", "gliflozin", "glutide", "sartan", "prazole", "statin",
    "cillin", "floxacin", "mycin", "cycline", "conazole", "ovir", "avir", "xaban", "parin", "triptan",
    "gepant", "dipine", "setron", "azepam", "barbital", "caine", "tidine", "lukast", "dronate", "platin",
    "rubicin", "taxel", "citabine", "tecan", "azosin", "olol", "pril", "thiazide", "cept", "kinra", "limus",
    "afil", "zolamide", "fenacin", "profen", "oxetine",
)  # fmt: skip
_NOT_DRUGS = {
    "concept",
    "except",
    "accept",
    "percept",
    "precept",
    "intercept",
    "april",
    "somatostatin",
    "cystatin",
    "nystatin",
}
_CLASS_WORDS = {
    "statins": "statin", "nsaids": "nsaid", "anti-inflammatory": "nsaid", "anti-inflammatories": "nsaid",
    "nonsteroidal anti-inflammatory drug": "nsaid", "nonsteroidal anti-inflammatory drugs": "nsaid",
    "opioids": "opioid", "narcotic": "opioid", "narcotics": "opioid", "opiate": "opioid", "opiates": "opioid",
    "ssris": "ssri", "snris": "snri", "tricyclics": "tricyclic", "steroid": "corticosteroid",
    "steroids": "corticosteroid", "corticosteroids": "corticosteroid", "glucocorticoid": "corticosteroid",
    "glucocorticoids": "corticosteroid", "beta-blocker": "beta blocker", "beta blockers": "beta blocker",
    "beta-blockers": "beta blocker", "biologics": "biologic", "anticoagulants": "anticoagulant",
    "blood thinner": "anticoagulant", "blood thinners": "anticoagulant", "antibiotics": "antibiotic",
    "diuretics": "diuretic", "benzodiazepines": "benzodiazepine", "triptans": "triptan",
    "antidepressants": "antidepressant", "antipsychotics": "antipsychotic",
    "anticonvulsants": "anticonvulsant",
    "antihistamines": "antihistamine", "bronchodilators": "bronchodilator",
    "muscle relaxants": "muscle relaxant",
    "acei": "ace inhibitor", "ace inhibitors": "ace inhibitor", "ace-inhibitor": "ace inhibitor",
    "angiotensin receptor blocker": "arb", "proton pump inhibitor": "ppi", "proton pump inhibitors": "ppi",
    "ppis": "ppi", "tnf inhibitors": "tnf inhibitor", "glp-1 receptor agonist": "glp-1 agonist",
    "glp-1 ra": "glp-1 agonist", "sulfonylureas": "sulfonylurea", "bisphosphonates": "bisphosphonate",
    "chemo": "chemotherapy", "dmards": "dmard", "antiplatelets": "antiplatelet", "triptan": "triptan",
    "sglt-2 inhibitor": "sglt2 inhibitor", "sglt2 inhibitors": "sglt2 inhibitor",
}  # fmt: skip
_ROUTES = {
    "oral": r"(?:by\s+mouth|orally|oral|p\.?o\.?(?=\s|$|,)|per\s+os)",
    "intravenous": r"(?:i\.?v\.?(?=\s|$|,)|intravenous(?:ly)?|infusions?)",
    "subcutaneous": r"(?:s\.?c\.?(?=\s|$|,)|subq|sub-?q|s\.?q\.?(?=\s|$|,)|subcutaneous(?:ly)?|subcut)",
    "intramuscular": r"(?:i\.?m\.?(?=\s|$|,)|intramuscular(?:ly)?)",
    "topical": r"(?:topical(?:ly)?|transdermal(?:ly)?|cream|ointment|patch)",
    "inhaled": r"(?:inhaled|by\s+inhalation|nebuli[sz]ed|inhaler)",
    "rectal": r"(?:rectal(?:ly)?|p\.?r\.?(?=\s|$|,))",
    "sublingual": r"(?:sublingual(?:ly)?|s\.?l\.?(?=\s|$|,))",
    "intranasal": r"(?:intranasal(?:ly)?|nasal\s+spray)",
    "intra-articular": r"(?:intra-?articular(?:ly)?)",
    "epidural": r"(?:epidural(?:ly)?)",
}
_ROUTE = re.compile(
    "|".join(f"(?P<r{i}>(?<![\\w/.]){form}(?!\\w))" for i, form in enumerate(_ROUTES.values())), re.I
)
_DOSE = {"mass", "units", "puffs", "tablets", "capsules", "drops", "sprays", "volume", "dose by weight",
         "dose by surface", "mass rate", "equivalents", "units by weight"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """A drug (``name`` is its nonproprietary name, or the word itself where no list has it)."""

    name: str
    span: Span
    doses: tuple[Quantity, ...] = ()
    routes: tuple[str, ...] = ()
    frequencies: tuple[Frequency, ...] = ()


@cache
def _names() -> Phrases:
    return Phrases(drug_names())


@cache
def _class_words() -> dict[str, str]:
    table = {name: name for drug in drugs().values() for name in drug.classes}
    return table | _CLASS_WORDS


@cache
def _classes() -> Phrases:
    return Phrases(_class_words())


def find_classes(text: str) -> tuple[tuple[str, Span], ...]:
    """Find words for classes of drugs ("a statin", "NSAIDs")."""
    return tuple((found.value, Span(found.start, found.end)) for found in _classes().find(text))


def find_mentions(
    text: str, quantities: Sequence[Quantity] = (), frequencies: Sequence[Frequency] = ()
) -> tuple[Mention, ...]:
    """Find the drugs of a text and give each the doses, routes and frequencies that follow it."""
    spots = {found.start: (found.value, Span(found.start, found.end)) for found in _names().find(text)}
    for match in _LETTERS.finditer(text):
        word = match.group().lower()
        if (
            word.endswith(_ENDINGS)
            and word not in _NOT_DRUGS
            and word not in _class_words()
            and not _taken(match, spots)
        ):
            spots[match.start()] = (word, Span(match.start(), match.end()))
    ordered = [spots[start] for start in sorted(spots)]
    return tuple(_mention(ordered, index, text, quantities, frequencies) for index in range(len(ordered)))


def _taken(match: re.Match[str], spots: dict[int, tuple[str, Span]]) -> bool:
    span = Span(match.start(), match.end())
    return any(span.overlaps(other) for _, other in spots.values())


def _mention(
    ordered: list[tuple[str, Span]],
    index: int,
    text: str,
    quantities: Sequence[Quantity],
    frequencies: Sequence[Frequency],
) -> Mention:
    name, span = ordered[index]
    end = ordered[index + 1][1].start if index + 1 < len(ordered) else len(text)
    stop = re.search(r"[;\n]|\.\s", text[span.end : end])
    end = min(end, span.end + stop.start()) if stop else end
    start = ordered[index - 1][1].end if index else 0
    doses = [q for q in quantities if span.end <= q.span.start < end and _is_dose(q)]
    before = [q for q in quantities if start <= q.span.start and q.span.end <= span.start and _is_dose(q)]
    if before and re.fullmatch(r"\s*(?:of\s+)?(?:[a-z]+\s+)?", text[before[-1].span.end : span.start]):
        doses.insert(0, before[-1])
    elif index + 1 < len(ordered) and doses:
        following = ordered[index + 1][1]
        if re.fullmatch(r"\s*(?:of\s+)", text[doses[-1].span.end : following.start]):
            doses.pop()
    window = text[span.end : end]
    routes = tuple(_route(match) for match in _ROUTE.finditer(window))
    often = tuple(f for f in frequencies if span.end <= f.span.start < end)
    return Mention(name, span, tuple(doses), routes, often)


def _is_dose(quantity: Quantity) -> bool:
    return quantity.unit is not None and quantity.unit.dimension in _DOSE and not quantity.measure


def _route(match: re.Match[str]) -> str:
    return next(route for i, route in enumerate(_ROUTES) if match[f"r{i}"] is not None)
