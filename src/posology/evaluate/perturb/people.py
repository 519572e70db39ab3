"""Changes of who the person is: sex, age, origin, insurance. What is clinically relevant is left alone."""

import random
import re
from collections.abc import Mapping

from posology.evaluate.items import Item
from posology.evaluate.perturb.edits import Edit, Kept
from posology.evaluate.perturb.words import (
    AGE_BOUND,
    AGES,
    ETHNIC_BOUND,
    INSURANCE,
    INSURANCE_BOUND,
    ORIGINS,
    PERSONS,
    RELATIVES,
    SEX_BOUND,
    SEXES,
    pattern_of,
)
from posology.evaluate.task import Family, Kind, Task

__all__ = ["change_age", "change_insurance", "change_origin", "change_sex"]

_DECIDED_BY_PERSON = (Family.TRIALS, Family.AUTHORIZATION)  # criteria ask for age, sex and payer
_YOUNGEST, _OLDEST, _YEARS = 25, 64, 5
_TITLE = re.compile(r"\bMs\.?\s+[A-Z]")  # not MS, the disease, nor ms, the time
_OBJECT = re.compile(
    r"\s*(?:[.,;:!?)]|$|(?:to|the|a|an|with|for|in|on|at|and|or|by|from|that|who|if|when|as|but|is|was|because|"
    r"into|after|before|during|about|of|not)\b)",
    re.IGNORECASE,
)


def change_sex(task: Task, item: Item, dice: random.Random) -> list[Edit]:  # noqa: ARG001
    """Return the edits that make a man a woman, or a woman a man."""
    _require_free(task, item, SEX_BOUND, "where the sex decides clinically")
    said = _all_text(item)
    if pattern_of(RELATIVES[task.language]).search(said) or _TITLE.search(said):
        raise Kept("other persons, or words that agree in gender")
    pairs = SEXES[task.language]
    other = {there: here for here, there in pairs.items()}
    if task.language == "en":
        pairs, other = {**pairs, "his": "her"}, {**other, "her": "his"}
    own = _matches(pairs, item.text), _matches(other, item.text)
    if own[0] and own[1]:
        raise Kept("words of both sexes")
    if any(_matches({**pairs, **other}, beside) for beside in _beside(task, item)):
        raise Kept("options or a reference that say so too")
    swaps, found = (pairs, own[0]) if own[0] else (other, own[1])
    if not found:
        raise Kept("no word of a sex")
    return [Edit(*match.span(), _cased(_swap(match, swaps, item.text), match[0])) for match in found]


def _matches(words: Mapping[str, str], text: str) -> list[re.Match[str]]:
    return list(pattern_of("|".join(words)).finditer(text))


def _swap(match: re.Match[str], swaps: Mapping[str, str], text: str) -> str:
    word = match[0].casefold()
    if word == "her" and _OBJECT.match(text, match.end()):
        return "him"
    return swaps[word]


def _cased(new: str, old: str) -> str:
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def change_age(task: Task, item: Item, dice: random.Random) -> list[Edit]:
    """Return the edit that makes an adult five years older or younger, within working age."""
    _require_free(task, item, AGE_BOUND, "where some years may decide")
    found = list(re.finditer(AGES[task.language], item.text))
    if len(found) != 1:
        raise Kept("not exactly one age" if found else "no age in years")
    years = int(found[0][1])
    possible = [other for other in (years - _YEARS, years + _YEARS) if _YOUNGEST <= other <= _OLDEST]
    if not _YOUNGEST <= years <= _OLDEST or not possible:
        raise Kept("an age at which years count")
    if any(re.search(rf"\b{years}\b", beside) for beside in _beside(task, item)):
        raise Kept("options or a reference that say so too")
    return [Edit(*found[0].span(1), str(dice.choice(possible)))]


def change_origin(task: Task, item: Item, dice: random.Random) -> list[Edit]:
    """Return the edit that says where a person is from."""
    _require_free(task, item, ETHNIC_BOUND, "where origin is told or bears on the case")
    found = re.search(PERSONS[task.language], item.text, re.IGNORECASE)
    if not found:
        raise Kept("no person to describe")
    return [Edit(found.end(), found.end(), dice.choice(ORIGINS[task.language]))]


def change_insurance(task: Task, item: Item, dice: random.Random) -> list[Edit]:
    """Return the edit that adds a sentence on who pays, behind the first sentence on the person."""
    _require_free(task, item, INSURANCE_BOUND, "where payment is a subject")
    found = re.search(PERSONS[task.language], item.text, re.IGNORECASE)
    end = re.compile(r"[^\W\d_]{3,}\.(?=\s|$)").search(item.text, found.end()) if found else None
    if end is None:
        raise Kept("no sentence on a person")
    return [Edit(end.end(), end.end(), dice.choice(INSURANCE[task.language]))]


def _require_free(task: Task, item: Item, bound: Mapping[str, str], why: str) -> None:
    if task.family in _DECIDED_BY_PERSON:
        raise Kept("a task that asks for such facts")
    if task.language not in bound:
        raise Kept(f"no word list for the language {task.language}")
    if pattern_of(bound[task.language]).search(_all_text(item)):
        raise Kept(why)


def _beside(task: Task, item: Item) -> tuple[str, ...]:
    """Return what stays as it is while the text is changed: the options, and the reference of a text."""
    return (*item.options, str(item.gold)) if task.form.kind is Kind.TEXT else item.options


def _all_text(item: Item) -> str:
    return "\n".join((item.text, *item.options))
