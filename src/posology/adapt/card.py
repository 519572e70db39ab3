"""The card of a model: what a reader must know, written by the program from what was measured."""

from collections.abc import Mapping
from typing import Any

from posology.adapt.recipe import Recipe

__all__ = ["tuning_card"]


def tuning_card(recipe: Recipe, report: Mapping[str, Any], base: Mapping[str, str]) -> str:
    """Return the card of a tuned model as Markdown."""
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "No description.",
        "",
        f"Made from {base.get('name', 'unknown')} ({base.get('precision', 'unknown')}; licence: "
        f"{base.get('licence', 'unknown')}; SHA-256 {base.get('sha256', '')[:16]}).",
        "",
        "## What it learned from",
        "",
        *_table(("source", "examples"), report["sources"]),
        "",
        *_table(("licence", "examples"), report["licences"]),
        "",
        *_left_out(report["left_out"]),
        f"The weights may be given away: {_may(recipe)}.",
        "",
        "## How it learned",
        "",
        f"- {report['steps']} steps, {report['tokens']:,} tokens, {report['supervised']:,} of answers",
        f"- ended: {report['ended']}",
        f"- {report['trained_parameters']:,} of {report['parameters']:,} weights learned, on "
        f"{report['device']}, {report['arithmetic']}",
        f"- {report['seconds']:.0f} s; most memory {_gigabytes(report['peak_memory_bytes'])}",
        f"- energy: {_energy(report['energy_wh'])}",
        f"- {_select(report)}",
        "",
        "## Limits",
        "",
        "The loss on select says when training was ended, not how good the model is: score it on items that "
        "neither training nor selection saw (`posology evaluate`). It is measured on the tasks above only. A "
        "person decides; the model's word alone decides nothing.",
        "",
    ]
    return "\n".join(lines)


def _table(head: tuple[str, str], rows: Mapping[str, int]) -> list[str]:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---:|"]
    return lines + [f"| {name.replace('|', '/')} | {number:,} |" for name, number in rows.items()]


def _left_out(reasons: Mapping[str, int]) -> list[str]:
    return [f"Left out: {number:,} examples, {reason}." for reason, number in reasons.items()] + [""] * bool(
        reasons
    )


def _may(recipe: Recipe) -> str:
    purpose = getattr(getattr(recipe, "data", None), "purpose", "study")
    if purpose == "ship":
        return "yes, as far as the licences of records and base go"
    return "not established (purpose: study)"


def _gigabytes(number: int | None) -> str:
    return "unknown" if number is None else f"{number / 1e9:.2f} GB"


def _energy(watt_hours: float | None) -> str:
    return (
        "not measured" if watt_hours is None else f"{watt_hours:.2f} Wh, from the stated draw of the machine"
    )


def _select(report: Mapping[str, Any]) -> str:
    before, after = report["select_before"], report["select_after"]
    if before is None or after is None:
        return "no examples of select: the last weights are kept"
    change = "" if after < before else "; **no measurement was better than the base**"
    return (
        f"loss on {report['select_examples']} examples of select: {before:.4f} before, {after:.4f} after "
        f"(step {report['best_step']}){change}"
    )
