"""How a model is asked: composable strategies, named the same everywhere.

``zero``, ``few``, ``constrained``, ``few+constrained``, ``few:8:nearest+constrained+calibrated``, ``reason``,
``reason+vote:5``, ``retrieved:3+few``. ``tuned`` and ``tuned+constrained`` say the same of a model that was
tuned for the task: it is asked as it was trained, without examples.
"""

from dataclasses import dataclass
from typing import Literal

from posology.declarations import nearest_words
from posology.errors import UserError

__all__ = ["Strategy", "name_of", "parse_strategy"]

PARTS = ("zero", "few", "constrained", "calibrated", "reason", "vote", "retrieved", "tuned")
_SHOTS, _VOTES, _PASSAGES = 5, 5, 3


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way of asking. Examples, calibration and passages come from the part *tune* alone."""

    shots: int = 0
    choose: Literal["fixed", "nearest"] = "fixed"
    constrained: bool = False
    calibrated: bool = False  # label priors measured on *tune* items are divided out
    reason: bool = False  # the model reasons before it answers
    votes: int = 1  # samples whose most frequent answer counts
    passages: int = 0  # of answered questions found for the item
    tuned: bool = False


def parse_strategy(name: str) -> Strategy:
    """Read a strategy's name; raise UserError with the nearest known word where it is none."""
    found: dict[str, int | str | bool] = {}
    for part in name.split("+"):
        word, *rest = part.strip().split(":")
        if word not in PARTS:
            raise UserError(f"strategy {name}: {part.strip()!r} is unknown{nearest_words(word, PARTS)}")
        if word in found:
            raise UserError(f"strategy {name}: {word} is said twice")
        found[word] = True
        _read_rest(name, word, rest, found)
    strategy = _made(found)
    _require_sense(name, strategy, found)
    return strategy


def _read_rest(name: str, word: str, rest: list[str], found: dict[str, int | str | bool]) -> None:
    allowed = {"few": 2, "vote": 1, "retrieved": 1}.get(word, 0)
    for more in rest:
        if more in ("fixed", "nearest") and word == "few" and "choose" not in found:
            found["choose"] = more
        elif more.isdecimal() and int(more) > 0 and f"{word}:n" not in found and allowed:
            found[f"{word}:n"] = int(more)
        else:
            raise UserError(
                f"strategy {name}: {word}:{more} is not understood; such as few:5:nearest, vote:5"
            )


def _made(found: dict[str, int | str | bool]) -> Strategy:
    return Strategy(
        shots=int(found.get("few:n", _SHOTS)) if "few" in found else 0,
        choose="nearest" if found.get("choose") == "nearest" else "fixed",
        constrained="constrained" in found,
        calibrated="calibrated" in found,
        reason="reason" in found,
        votes=int(found.get("vote:n", _VOTES)) if "vote" in found else 1,
        passages=int(found.get("retrieved:n", _PASSAGES)) if "retrieved" in found else 0,
        tuned="tuned" in found,
    )


def _require_sense(name: str, strategy: Strategy, found: dict[str, int | str | bool]) -> None:
    if "zero" in found and (strategy.shots or strategy.tuned):
        raise UserError(f"strategy {name}: zero means no examples and no tuning")
    if strategy.tuned and strategy.shots:
        raise UserError(f"strategy {name}: a tuned model is asked as it was trained, without examples")
    if strategy.calibrated and not strategy.constrained:
        raise UserError(f"strategy {name}: calibrated needs constrained: priors are of the labels")
    if strategy.calibrated and (strategy.reason or strategy.votes > 1):
        raise UserError(f"strategy {name}: calibrated does not go with reason or vote")


def name_of(strategy: Strategy) -> str:
    """Return the one name of a strategy."""
    parts = ["tuned"] if strategy.tuned else []
    if strategy.passages:
        parts.append("retrieved" if strategy.passages == _PASSAGES else f"retrieved:{strategy.passages}")
    if strategy.shots:
        count = "" if strategy.shots == _SHOTS else f":{strategy.shots}"
        parts.append(f"few{count}{':nearest' if strategy.choose == 'nearest' else ''}")
    parts += ["reason"] if strategy.reason else []
    if strategy.votes > 1:
        parts.append("vote" if strategy.votes == _VOTES else f"vote:{strategy.votes}")
    parts += ["constrained"] if strategy.constrained else []
    parts += ["calibrated"] if strategy.calibrated else []
    return "+".join(parts) or "zero"
