"""Numbers: every value, unit and comparator of the sentence must stand in a cited source."""

from collections.abc import Iterable, Sequence

from posology.evidence.facts.grades import Grade
from posology.evidence.facts.lexicon import measures
from posology.evidence.facts.quantities import Quantity
from posology.evidence.facts.reading import Case, Reading, failure
from posology.evidence.facts.units import Unit
from posology.evidence.facts.values import CheckResult

__all__ = ["check_numbers", "same_value"]

# mg/dL to mmol/L and the like, by what is measured: grams in a mole
_MOLAR_MASS = {
    "glucose": 180.16, "creatinine": 113.12, "total cholesterol": 386.65, "ldl": 386.65, "hdl": 386.65,
    "triglycerides": 885.7, "calcium": 40.08, "bun": 28.01, "uric acid": 168.11, "bilirubin": 584.66,
    "magnesium": 24.305, "phosphorus": 30.97,
}  # fmt: skip


def check_numbers(case: Case) -> list[CheckResult]:
    """Return the numbers of the sentence that stand in no cited source."""
    known = [(q, source) for source in case.sources for q in source.quantities]
    found = []
    for quantity in case.sentence.quantities:
        if quantity.unit is not None and quantity.unit.dimension == "time":
            continue
        if not any(_same(quantity, other) for other, _ in known) and not _both_ends(quantity, known):
            found.append(_missing(quantity, case.sentence, known))
    return found + _frequencies(case) + _grades(case)


def _same(mine: Quantity, theirs: Quantity) -> bool:
    """Tell whether the source's quantity bears out the sentence's."""
    if mine.measure and theirs.measure and mine.measure != theirs.measure:
        return False
    if (mine.second is None) != (theirs.second is None) and not _out_of_ten(mine, theirs):
        return False
    if mine.second is not None and theirs.second is not None and mine.second != theirs.second:
        return False
    return (
        _same_sign(mine.comparator, theirs.comparator)
        and same_value(mine, theirs)
        and (mine.low == mine.high) == (theirs.low == theirs.high)
    )


def _out_of_ten(mine: Quantity, theirs: Quantity) -> bool:
    """Tell whether one is "7/10" and the other "7", of the same measure."""
    return 10 in (mine.second, theirs.second) and "pain score" in (mine.measure, theirs.measure)


def _same_sign(mine: str, theirs: str) -> bool:
    if mine == theirs or "over" in (mine, theirs):
        return {mine, theirs} <= {"over", "", ">", "~"} or mine == theirs
    return {mine, theirs} <= {"", "~"}


def same_value(mine: Quantity, theirs: Quantity) -> bool:
    """Tell whether two quantities are equal in their units, rounding to the precision shown allowed."""
    return all(
        _same_number(mine, theirs, a, b) for a, b in ((mine.low, theirs.low), (mine.high, theirs.high))
    )


def _same_number(mine: Quantity, theirs: Quantity, a: float, b: float) -> bool:
    if mine.unit is None or theirs.unit is None or mine.unit == theirs.unit:
        if not _may_lack_unit(mine, theirs):
            return False
        return a == b or _rounded(a, b, mine, exact=theirs.decimals <= mine.decimals)
    converted = _convert(b, theirs.unit, mine.unit, mine.measure or theirs.measure)
    return converted is not None and (a == converted or _rounded(a, converted, mine, exact=False))


def _may_lack_unit(mine: Quantity, theirs: Quantity) -> bool:
    """Tell whether a unit given on one side only is the one that goes without saying."""
    unit = mine.unit or theirs.unit
    if unit is None or (mine.unit is not None and theirs.unit is not None):
        return True
    measure = measures().get(mine.measure or theirs.measure)
    return measure is not None and unit.name in measure.units


def _rounded(a: float, b: float, mine: Quantity, *, exact: bool) -> bool:
    """Tell whether ``b`` rounds to ``a`` at the decimals that ``a`` shows, by less than 5 in 100."""
    if mine.comparator == "~" and abs(a - b) <= 0.05 * abs(b):
        return True
    if exact or not b:
        return False
    return abs(a - b) <= 0.5 * 10**-mine.decimals + 1e-9 and abs(a - b) <= 0.05 * abs(b)


def _convert(value: float, unit: Unit, to: Unit, measure: str) -> float | None:
    if unit.dimension == to.dimension:
        return (unit.to_base(value) - to.offset) / to.factor
    mass = _MOLAR_MASS.get(measure)
    kinds = (unit.dimension, to.dimension)
    if mass and kinds == ("mass concentration", "molar concentration"):
        return unit.to_base(value) / mass / to.factor
    if mass and kinds == ("molar concentration", "mass concentration"):
        return unit.to_base(value) * mass / to.factor
    if measure == "hba1c" and kinds == ("molar ratio", "percent"):
        return 0.09148 * value + 2.152
    if measure == "hba1c" and kinds == ("percent", "molar ratio"):
        return (value - 2.152) / 0.09148
    return None


def _both_ends(mine: Quantity, known: Sequence[tuple[Quantity, Reading]]) -> bool:
    """Tell whether both ends of a range stand in the sources as numbers of their own, in its order."""
    if mine.low == mine.high:
        return False
    for place, (low, source) in enumerate(known):
        later = [q for q, other in known[place + 1 :] if other is source]
        if _single(mine, mine.low, low) and any(_single(mine, mine.high, high) for high in later):
            return True
    return False


def _single(mine: Quantity, end: float, theirs: Quantity) -> bool:
    same_kind = not (mine.measure and theirs.measure) or mine.measure == theirs.measure
    return same_kind and theirs.low == theirs.high and _same_number(mine, theirs, end, theirs.low)


def _missing(mine: Quantity, sentence: Reading, known: Iterable[tuple[Quantity, Reading]]) -> CheckResult:
    words = mine.text(sentence.text)
    for theirs, source in known:
        for factor in (10, 0.1):
            if (
                theirs.low
                and abs(mine.low - theirs.low * factor) < 1e-9 * mine.low
                and mine.unit == theirs.unit
            ):
                times = "ten times" if factor == 10 else "a tenth of"
                heard = theirs.text(source.text)
                return failure("numbers", f"{words} is {times} the {heard} of its source", mine.span, heard)
    near = next((q.text(s.text) for q, s in known if mine.measure and q.measure == mine.measure), "")
    near = near or next((q.text(s.text) for q, s in known if q.low == mine.low), "")
    near = near or next((q.text(s.text) for q, s in known if mine.unit and q.unit == mine.unit), "")
    return failure("numbers", f"{words} stands in no cited source", mine.span, near)


def _frequencies(case: Case) -> list[CheckResult]:
    known = [other for source in case.sources for other in source.frequencies]
    return [
        failure("numbers", f"{words.span.of(case.sentence.text)} stands in no cited source", words.span)
        for words in case.sentence.frequencies
        if not any(words.same(other) for other in known)
    ]


def _grades(case: Case) -> list[CheckResult]:
    known = [other for source in case.sources for other in source.grades]
    return [
        failure("numbers", f"{grade.span.of(case.sentence.text)} stands in no cited source", grade.span)
        for grade in case.sentence.grades
        if not any(_same_grade(grade, other) for other in known)
    ]


def _same_grade(mine: Grade, theirs: Grade) -> bool:
    return mine.label == theirs.label and (
        mine.value == theirs.value or mine.value == theirs.value.rstrip("abcd")
    )
