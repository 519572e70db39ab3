"""The card of a trained head, in words, from what was measured."""

from collections.abc import Mapping
from typing import Any

from posology.adapt.card import UNSCORED, energy_words, gigabytes
from posology.adapt.recipes.encode import EncodeRecipe
from posology.evidence.heads import HeadCard

__all__ = ["head_card_text"]

_KINDS = {
    "token": "finds spans in a text",
    "sequence": "gives a text a label",
    "pair": "gives two texts, such as a claim and its evidence, a label",
}


def head_card_text(card: HeadCard, report: Mapping[str, Any], recipe: EncodeRecipe) -> str:
    """Return card.md: what the head does, what it learned from, what that took, how it scores on select."""
    parts, below = report["data"], "encoder" if card.network == "bert" else "model"
    lines = [
        f"# {card.name}",
        "",
        *([recipe.about, ""] if recipe.about else []),
        f"A head on {card.base or 'an encoder given by path'} ({card.layers} layers, "
        f"{card.parameters:,} weights) that {_KINDS[card.kind]}: {', '.join(card.labels)}."
        + (" It reads the two apart, then compares them." if card.reads == "apart" else "")
        + (
            " It is a linear probe: the model below reads and did not learn."
            if card.network == "decoder"
            else ""
        ),
        "",
        "## What it learned from",
        "",
        f"{parts['tune']['examples']} examples"
        + (f" of {', '.join(card.tasks)}" if card.tasks else "")
        + f"; licences, the {below}'s among them: {', '.join(card.licences)}.",
        "",
        "Sources: " + "; ".join(f"{name}: {n}" for name, n in report["sources"].items()) + ".",
        "",
        "## How it learned",
        "",
        *_trained(report["training"]),
        "",
        *_chosen(card, report, recipe),
        *(
            [f"`{card.positive}` is answered from {card.threshold:.3f} on."]
            if card.threshold is not None
            else []
        ),
        "",
        "## Limits",
        "",
        " ".join([*_limits(card, report), *_own_labels(recipe)]),
    ]
    return "\n".join(lines) + "\n"


def _trained(training: Mapping[str, Any]) -> list[str]:
    """Return what the training took, as far as the report tells it."""
    return [
        f"- {training['steps']} steps, {training['pieces']:,} word pieces, on {training['device']}",
        f"- ended: {training['ended']}",
        f"- {training['seconds']:.0f} s; most memory {gigabytes(training.get('peak_memory_bytes'))}",
        f"- energy: {energy_words(training['energy_wh'])}",
    ]


def _chosen(card: HeadCard, report: Mapping[str, Any], recipe: EncodeRecipe) -> list[str]:
    """Return what select says, which a head may have learned from."""
    fitted = "fitted on the same examples" if report["select"] else "for there was nothing to fit it on"
    how = "as the recipe states" if recipe.head.temperature else fitted
    told = f"Probabilities are divided by the temperature {card.temperature:.3f}, {how}."
    if not report["select"]:
        why = ": *select* was learned from too" if recipe.data.learn_select else ""
        return [
            f"No part was kept to choose the weights by{why}; all steps were done. That says nothing of how "
            f"good it is: {UNSCORED}.",
            "",
            told,
        ]
    return [
        f"Scores on {report['select_n']} examples of *select*, which also chose the weights, are no estimate "
        f"of what new text gives: {UNSCORED}.",
        "",
        "| measure | value |",
        "|---|---|",
        *(f"| {name} | {_number(value)} |" for name, value in report["select"].items()),
        "",
        told,
    ]


def _own_labels(recipe: EncodeRecipe) -> list[str]:
    """Say of a head whose labels are those of no task that ships how it is scored."""
    if recipe.data.tasks and not recipe.data.rename:
        return []
    return ["Its labels are those of no task that ships: a task of your own with them is named by --task."]


def _limits(card: HeadCard, report: Mapping[str, Any]) -> list[str]:
    tune = report["data"]["tune"]
    told = [f"Texts are read in windows of {card.window} word pieces."]
    if card.network == "decoder":
        told.append("Probabilities hold for texts such as it learned from: of any other text it is as sure.")
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
