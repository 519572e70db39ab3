"""The card of a trained head, in words, from what was measured."""

from collections.abc import Mapping
from typing import Any

from posology.adapt.recipes.encode import EncodeRecipe
from posology.evidence.heads import HeadCard

__all__ = ["head_card_text"]

_KINDS = {
    "token": "finds spans in a text",
    "sequence": "gives a text a label",
    "pair": "gives two texts, such as a claim and its evidence, a label",
}


def head_card_text(card: HeadCard, report: Mapping[str, Any], recipe: EncodeRecipe) -> str:
    """Return card.md: what the head does, what it learned from, how it scores on select, its limits."""
    parts = report["data"]
    lines = [
        f"# {card.name}",
        "",
        *([recipe.about, ""] if recipe.about else []),
        f"A head on {card.base or 'an encoder given by path'} ({card.layers} layers, "
        f"{card.parameters:,} weights) that {_KINDS[card.kind]}: {', '.join(card.labels)}.",
        "",
        f"Learned from {parts['tune']['examples']} examples"
        + (f" of {', '.join(card.tasks)}" if card.tasks else "")
        + f"; licences, the encoder's among them: {', '.join(card.licences)}.",
        "",
        "Sources: " + "; ".join(f"{name}: {n}" for name, n in report["sources"].items()) + ".",
        "",
        *_chosen(card, report),
        *(
            [f"`{card.positive}` is answered from {card.threshold:.3f} on."]
            if card.threshold is not None
            else []
        ),
        "",
        "Limits: " + " ".join(_limits(card, report)),
    ]
    return "\n".join(lines) + "\n"


def _chosen(card: HeadCard, report: Mapping[str, Any]) -> list[str]:
    """Return what select says, which a head may have learned from."""
    told = f"Probabilities are divided by the temperature {card.temperature:.3f}"
    if not report["select"]:
        return [
            "No part was kept to choose the weights by: all steps were done, as an earlier run of the recipe "
            "had chosen. Scores are those of `posology evaluate` on *report*.",
            "",
            f"{told}, of that run.",
        ]
    return [
        f"Scores on {report['select_n']} examples of *select*, which also chose the weights: no estimate "
        "of what new text gives. Scores for comparison are those of `posology evaluate` on *report*.",
        "",
        "| measure | value |",
        "|---|---|",
        *(f"| {name} | {_number(value)} |" for name, value in report["select"].items()),
        "",
        f"{told}, fitted on the same examples.",
    ]


def _limits(card: HeadCard, report: Mapping[str, Any]) -> list[str]:
    tune = report["data"]["tune"]
    told = [f"texts are read in windows of {card.window} word pieces."]
    if tune["windows_left_out"]:
        told.append(f"{tune['windows_left_out']} windows of long texts were not learned from.")
    if tune["spans_left_out"]:
        told.append(f"{tune['spans_left_out']} of {tune['spans']} spans overlap others and were not learned.")
    if tune["spans_widened"]:
        told.append(f"{tune['spans_widened']} of {tune['spans']} spans end within a word piece.")
    for reason, count in report["left_out"].items():
        told.append(f"{count} examples left out ({reason}).")
    return told


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
