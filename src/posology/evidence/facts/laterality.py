"""Laterality and level: left stays left, L4-L5 stays L4-L5, each with its part of the body."""

from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.sides import Side
from posology.evidence.facts.values import CheckResult

__all__ = ["check_laterality"]


def check_laterality(case: Case) -> list[CheckResult]:
    """Return the sides, directions and levels of the sentence that the sources do not have."""
    known = [side for source in case.sources for side in source.sides]
    quoted = [side for source in case.sources for side in source.sides if source.is_core(side.span)]
    found = []
    for side in case.sentence.sides:
        heads = {other.head for other in quoted if other.group == side.group}
        why = _why(side, quoted if side.head in heads else known)
        if why:
            words = f"{side.value} {side.head}".strip()
            found.append(failure("laterality", f"{words} {why}", side.span, _instead(side, known)))
    return found + _levels(case)


def _why(mine: Side, known: list[Side]) -> str:
    same_group = [side for side in known if side.group == mine.group]
    of_head = [side for side in same_group if mine.head and side.head == mine.head]
    for side in of_head or same_group:
        if side.value == mine.value:
            return ""
    values = {side.value for side in (of_head or same_group)}
    if mine.value == "bilateral" and values >= {"left", "right"}:
        return ""
    if of_head:
        return f"contradicts its sources, which have {' and '.join(sorted(values))}"
    return "stands in no cited source"


def _instead(mine: Side, known: list[Side]) -> str:
    return next((side.value for side in known if side.group == mine.group and side.head == mine.head), "")


def _levels(case: Case) -> list[CheckResult]:
    known = [level.vertebrae for source in case.sources for level in source.levels]
    single = {vertebra for level in known for vertebra in level if len(level) == 1}
    return [
        failure(
            "laterality",
            f"{level.span.of(case.sentence.text)} stands in no cited source",
            level.span,
            "-".join(known[0]) if known else "",
        )
        for level in case.sentence.levels
        if level.vertebrae not in known and not set(level.vertebrae) <= single
    ]
