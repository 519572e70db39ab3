"""The card of a model: what a reader must know, written by the program from what was measured."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from posology.adapt.recipe import Recipe

__all__ = ["UNSCORED", "card_with", "energy_words", "gigabytes", "scored_card", "tuning_card"]

UNSCORED = "score it on items that neither training nor selection saw (`posology adapt score`)"
"""What every card says until scores stand in it."""
_UNSCORED_BEFORE = UNSCORED.replace("adapt score", "evaluate")  # of cards written before
_SCORED = "its scores on tasks stand under Scores"
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_MARK = "<!-- written by posology adapt score -->"  # tells our sections from those of a person
_TITLE = re.compile(r"\A(## [^\n]*\n\n)")
_ARMS = {"tuned": "tuned", "same": "base, same words", "few": "base, few-shot"}
_HEAD = {"tuned": "head", "counting": "counting or rules"}  # the arms of a head


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
        f"- {report['seconds']:.0f} s; most memory {gigabytes(report['peak_memory_bytes'])}",
        f"- energy: {energy_words(report['energy_wh'])}",
        f"- {_select(report)}",
        "",
        "## Limits",
        "",
        f"The loss on select says when training was ended, not how good the model is: {UNSCORED}. A score "
        "holds for the task that it is of, asked in the words that it was asked in. A person decides; the "
        "model's word alone decides nothing.",
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


def gigabytes(number: int | None) -> str:
    """Return bytes in words."""
    return "unknown" if number is None else f"{number / 1e9:.2f} GB"


def energy_words(watt_hours: float | None) -> str:
    """Return the energy of a training in words."""
    return (
        "not measured" if watt_hours is None else f"{watt_hours:.2f} Wh, from the stated draw of the machine"
    )


def _select(report: Mapping[str, Any]) -> str:
    before, after = report["select_before"], report["select_after"]
    if before is None or after is None:
        return "no examples of select: the last weights are kept"
    change = "" if after < before else "; **no better than the base**"
    return (
        f"loss on {report['select_examples']} examples of select: {before:.4f} before, {after:.4f} after "
        f"(step {report['kept_step']}){change}"
    )


def scored_card(card: str, scores: Mapping[str, Any]) -> str:
    """Return a card with the sections Scores and Forgetting, in the place of earlier ones.

    ``scores``: what scores.json holds. They stand before the limits, or last; nothing else is changed but
    the advice to score the model.
    """
    own = ["\n".join(_scores(scores))]
    if not _of_head(scores):
        own.append("\n".join(_forgetting(scores)))
    return card_with(card, own, scored=bool(scores["tasks"]))


def card_with(card: str, own: Sequence[str], *, scored: bool) -> str:
    """Return a card with sections that were measured, in the place of those of the same title before.

    A section of that title that a person wrote stays.

    ``own``: the sections as Markdown, each begins with its title and an empty line; ``scored``: whether there
    are scores among them.
    """
    own = [_TITLE.sub(rf"\1{_MARK}\n\n", one) for one in own]
    card = card.replace(_SCORED, UNSCORED).replace(_UNSCORED_BEFORE, UNSCORED)
    if scored:
        card = card.replace(UNSCORED, _SCORED)
    head, *sections = _SECTION.split(card)
    titles = {one.splitlines()[0] for one in own}
    kept = [one for one in sections if _MARK not in one or one.splitlines()[0] not in titles]
    limits = next((at for at, one in enumerate(kept) if one.startswith("## Limits")), len(kept))
    parts = [head, *kept[:limits], *own, *kept[limits:]]
    return "\n\n".join(one.strip() for one in parts) + "\n"


def _scores(scores: Mapping[str, Any]) -> list[str]:
    if not scores["tasks"]:
        none = "Not measured: no task was named (`posology adapt score MODEL --task NAME`)."
        return ["## Scores", "", none]
    asked, arms = scores["asked"]["tasks"], _HEAD if _of_head(scores) else _ARMS
    ours, *rivals = arms.values()
    lines = [
        "## Scores",
        "",
        f"{_on('Scored', asked)}On the first {asked['n']} items, or all, of the part {asked['part']}, the "
        f"same for all; seed {asked['seed']}. In brackets 95 % intervals, from drawing whole groups of "
        f"items. Differences are {ours} less the other, paired; p is of a permutation test, Holm's "
        "correction over all rows. Won or lost: 0 lies outside the interval of the difference and p is 0.05 "
        "at most; else open.",
        "",
        _row(["task", "measure", "n", ours, *rivals, *(f"{ours} less {one}" for one in rivals)]),
        f"|---|---|---:{'|---' * (1 + 2 * len(rivals))}|",
    ]
    for one in scores["tasks"]:
        lines += [_score_row(one, arms), *_label_rows(one, arms)]
    lines += [
        "",
        "| task | arm | not answered | s an item | tokens an item, in and out | J an item |",
        "|---|---|---:|---:|---|---|",
    ]
    lines += [_cost_row(one, arm, arms) for one in scores["tasks"] for arm in arms if arm in one["arms"]]
    if told := [f"- {note}" for one in scores["tasks"] for note in one["told"]]:
        lines += ["", *told]
    return lines


def _of_head(scores: Mapping[str, Any]) -> bool:
    return bool(scores["model"]["kind"] == "encode")


def _on(did: str, asked: Mapping[str, Any]) -> str:
    """Return when a half was asked, which may be another day than the other half's."""
    return f"{did} on {asked['on']}. " if asked["on"] else ""


def _score_row(one: Mapping[str, Any], arms: Mapping[str, str]) -> str:
    cells = [one["task"], _worded(one["measure"]), one["n"]]
    cells += [_estimate(one["arms"][arm]["measures"][0]) if arm in one["arms"] else "-" for arm in arms]
    cells += [_difference(one["differences"].get(arm)) for arm in arms if arm != "tuned"]
    return _row(cells)


def _label_rows(one: Mapping[str, Any], arms: Mapping[str, str]) -> list[str]:
    """Return the primary measure of each kind of entity, where it is told for some."""
    begin = f"{one['measure']['name']}: "
    measures = {arm: {m["name"]: m for m in told["measures"]} for arm, told in one["arms"].items()}
    names = [name for name in measures["tuned"] if name.startswith(begin)]
    rows = []
    for name in names if len(names) > 1 else ():
        found = [measures.get(arm, {}).get(name) for arm in arms]
        cells = [_estimate(cell) if cell else "-" for cell in found]
        rows.append(_row([one["task"], name, one["n"], *cells, *["-"] * (len(arms) - 1)]))
    return rows


def _worded(measure: Mapping[str, Any]) -> str:
    return f"{measure['name']}{' (less is better)' if measure['better'] < 0 else ''}"


def _estimate(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    return f"{found['value']:.3f}{_interval(found, '.3f')}"


def _interval(found: Mapping[str, Any], form: str) -> str:
    """Return an interval in brackets; nothing where there is none."""
    low, high = found["low"], found["high"]
    return "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None or found["difference"] is None:
        return "-"
    p = "" if found["p_holm"] is None else f", p {found['p_holm']:.3f}"
    return f"{found['difference']:+.3f}{_interval(found, '+.3f')}{p}: **{found['says']}**"


def _cost_row(one: Mapping[str, Any], arm: str, arms: Mapping[str, str]) -> str:
    told = one["arms"][arm]
    cost, rate = told["cost"], told["cost"]["items_per_s"]["value"]
    energy = cost["energy"]
    tokens = [_number(cost[name]["value"]) for name in ("prompt_tokens", "output_tokens")]
    joules = "not known" if energy["value"] is None else f"{_number(energy['value'])} ({energy['basis']})"
    name = f"{arms[arm]}: {told['arm']['name']}" if arm == "counting" else arms[arm]
    cells = [one["task"], name, sum(told["failures"].values()), _number(1 / rate if rate else None)]
    return _row([*cells, " and ".join(tokens) if any(t != "-" for t in tokens) else "-", joules])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def _forgetting(scores: Mapping[str, Any]) -> list[str]:
    lines = ["## Forgetting", ""]
    if scores["forgetting"]:
        asked = scores["asked"]["forgetting"]
        lines += [
            f"{_on('Measured', asked)}Loss on text that the model did not learn from, at most "
            f"{asked['text_tokens']:,} tokens of each, nats a token, with 95 % intervals from drawing whole "
            f"documents (seed {asked['seed']}); above 0 in the last column is forgotten.",
            "",
            "| text | documents | tokens | base | tuned | perplexity | bits a byte | tuned less base |",
            "|---|---:|---:|---|---|---|---|---|",
            *map(_text_row, scores["forgetting"]),
            *_texts_told(scores["forgetting"]),
        ]
    else:
        lines.append(
            "Not measured: no text was named (`posology adapt score MODEL --text FILE`); what the model "
            "forgot is unknown."
        )
    if scores["held_out"]:
        lines += [
            "",
            "Its own run's held-out text, before and after:",
            "",
            "| held-out text | tokens | perplexity before | after |",
            "|---|---:|---:|---:|",
            *(
                _row(
                    [name, one["tokens"], *(_number(one["perplexity"][when]) for when in ("before", "after"))]
                )
                for name, one in scores["held_out"].items()
            ),
        ]
    return lines


def _text_row(one: Mapping[str, Any]) -> str:
    base, tuned, change = one["base"], one["tuned"], one["difference"]
    perplexity, bits = (
        " to ".join(map(_number, pair))
        for pair in (
            (base["perplexity"]["value"], tuned["perplexity"]["value"]),
            (base["bits_a_byte"], tuned["bits_a_byte"]),
        )
    )
    apart = f"{change['value']:+.4f}{_interval(change, '+.4f')}"
    losses = [_estimate(base["nats"]), _estimate(tuned["nats"])]
    return _row([one["text"], one["documents"], one["tokens"], *losses, perplexity, bits, apart])


def _texts_told(texts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what was not measured of each text, and what is not known of it."""
    told = []
    for one in texts:
        told += [
            f"- {one['text']}: left out: {number:,} documents, {reason}."
            for reason, number in one["left_out"].items()
        ]
        if one["tokens_beyond"]:
            told.append(
                f"- {one['text']}: left out: {one['tokens_beyond']:,} tokens of documents that are measured "
                "in part."
            )
        if one["compared"] == "files":
            told.append(
                f"- {one['text']}: is none of the files that the model learned from; its folder does not "
                "tell their lines, so nothing shows that it has not learned the same text."
            )
    return ["", *told] if told else []
