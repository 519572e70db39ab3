"""Drugs: each drug of the sentence stands in a source, with the same dose, route and frequency."""

import re

from posology.evidence.facts.lexicon import drug_names
from posology.evidence.facts.lexicon import drugs as lexicon
from posology.evidence.facts.medication import Mention, find_classes
from posology.evidence.facts.numbers import same_value
from posology.evidence.facts.quantities import Quantity
from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.values import CheckResult
from posology.spans import Span

__all__ = ["check_drugs"]

_WORD = re.compile(r"[A-Za-z]{5,}")


def check_drugs(case: Case) -> list[CheckResult]:
    """Return the drugs of the sentence that the sources lack, or have otherwise."""
    known = [mention for source in case.sources for mention in source.mentions]
    names = {name for mention in known for name in _parts(mention.name)}
    found = []
    for mention in case.sentence.mentions:
        same = [other for other in known if _same_drug(mention.name, other.name)]
        if same:
            found += _regimen(mention, same, case)
        elif not _misspelt_in_source(mention, case):
            found.append(_absent(mention, case, known))
    return found + _classes(case, names) + _misspelt(case, names)


def _same_drug(mine: str, theirs: str) -> bool:
    """Tell whether two names are one drug, or one is the telling ingredient of the other."""
    shared = _parts(mine) & _parts(theirs)
    if mine == theirs or not shared:
        return mine == theirs
    return not ({mine, theirs} - {"acetaminophen"}) < {mine, theirs} and (mine in shared or theirs in shared)


def _parts(name: str) -> set[str]:
    """Return the ingredients of a drug; "insulin glargine" is not plain insulin."""
    words = name.split()
    whole = words[0] == "insulin" or words[-1] in {
        "acid",
        "oxide",
        "chloride",
        "carbonate",
        "sulfate",
        "estrogens",
    }
    if len(words) == 1 or whole:
        return {name}
    return {name, *words} if all(word in lexicon() for word in words) else {name}


def _absent(mention: Mention, case: Case, known: list[Mention]) -> CheckResult:
    words = mention.span.of(case.sentence.text)
    near = next((other.name for other in known), "")
    alike = next((other.name for other in known if _distance_is_one(mention.name, other.name)), "")
    hint = f" (its source has {alike}, a look-alike)" if alike else ""
    return failure("drugs", f"{words} stands in no cited source{hint}", mention.span, alike or near)


def _regimen(mine: Mention, same: list[Mention], case: Case) -> list[CheckResult]:
    """Return what is said of the drug here and not there: dose, route and frequency, together."""
    if any(_agrees(mine, theirs) for theirs in same):
        return []
    parts = [(mine.doses, [d for m in same for d in m.doses], "dose")]
    text = case.sentence.text
    for quantities, known, kind in parts:
        for quantity in quantities:
            if known and not any(_same_dose(quantity, other) for other in known):
                words = f"{kind} {quantity.text(text)}"
                return [_clash(mine, f"the {words} of", quantity, known, case)]
    rest = "dose, route and frequency of"
    return [failure("drugs", f"{rest} {mine.span.of(text)} stand together in no cited source", mine.span)]


def _clash(mine: Mention, what: str, mine_dose: Quantity, known: list[Quantity], case: Case) -> CheckResult:
    times = [other.low for other in known if other.low and mine_dose.low / other.low in (10, 0.1)]
    tenfold = ", ten times its source or a tenth of it" if times else ""
    drug = mine.span.of(case.sentence.text)
    return failure(
        "drugs", f"{what} {drug} stands in no cited source{tenfold}", mine_dose.span, f"{known[0].low:g}"
    )


def _agrees(mine: Mention, theirs: Mention) -> bool:
    doses = not mine.doses or not theirs.doses or all(
        any(_same_dose(dose, other) for other in theirs.doses) for dose in mine.doses
    )  # fmt: skip
    often = not mine.frequencies or not theirs.frequencies or all(
        any(f.same(other) for other in theirs.frequencies) for f in mine.frequencies
    )  # fmt: skip
    routes = not mine.routes or not theirs.routes or set(mine.routes) <= set(theirs.routes)
    return doses and often and routes


def _same_dose(mine: Quantity, theirs: Quantity) -> bool:
    if mine.unit and theirs.unit and mine.unit.dimension != theirs.unit.dimension:
        return False
    return same_value(mine, theirs)


def _misspelt_in_source(mention: Mention, case: Case) -> bool:
    """Tell whether a source has the drug with one letter wrong, which is no other drug's name."""
    table = drug_names()
    return any(
        word.lower() not in table and _distance_is_one(word.lower(), mention.name)
        for source in case.sources
        for word in _WORD.findall(source.plain)
    )


def _misspelt(case: Case, names: set[str]) -> list[CheckResult]:
    """Return words that are a drug of the sources but for one letter."""
    table = drug_names()
    texts = [source.text.lower() for source in case.sources]
    found = []
    for match in _WORD.finditer(case.sentence.plain):
        word = match.group().lower()
        if word in table or any(word in text for text in texts):
            continue
        alike = next(
            (name for name in names if _distance_is_one(word, name) and word not in (name + "s",)), ""
        )
        if alike:
            why = f"{match.group()} is not how its source writes {alike}"
            found.append(failure("drugs", why, Span(*match.span()), alike))
    return found


def _classes(case: Case, names: set[str]) -> list[CheckResult]:
    """Return words for classes of drugs of which the sources have neither the word nor a member."""
    said = find_classes(case.sentence.plain)
    if not said:
        return []
    table = lexicon()
    known = {word for name in names if name in table for word in table[name].classes} | names
    for source in case.sources:
        known |= {word for word, _ in find_classes(source.plain)}
    return [
        failure("drugs", f"{span.of(case.sentence.text)} stands in no cited source", span)
        for word, span in said
        if word not in known
    ]


def _distance_is_one(first: str, second: str) -> bool:
    """Tell whether one letter put in, left out, changed or swapped with its neighbour parts two words."""
    if first == second or abs(len(first) - len(second)) > 1 or min(len(first), len(second)) < 5:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    if len(first) == len(second):
        swapped = first[start + 1 : start + 2] + first[start : start + 1] == second[start : start + 2]
        return first[start + 1 :] == second[start + 1 :] or (
            swapped and first[start + 2 :] == second[start + 2 :]
        )
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return longer[start + 1 :] == shorter[start:]
