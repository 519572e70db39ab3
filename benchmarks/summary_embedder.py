"""The section of docs/measurements.md on the tuned retrieval model."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from common import REPORTS, load

__all__ = ["embedder"]

_MEASURES = ("recall@1", "recall@5", "recall@10", "ndcg@10")
_SHOWN = {
    "MedQuAD": "MedQuAD, among all its answers",
    "policies": "policies, among all wordings (seen before)",
    "made notes": "made notes, within the chart (charts unseen, their policies' questions seen before)",
    "made notes, thick charts": "the same among 100 passages of several charts",
}


def embedder() -> Iterator[str]:
    """Yield the section on the retrieval model tuned on questions and answers."""
    r, where = load("embedder")
    choice = json.loads((REPORTS / "embedder" / "choice.json").read_text())
    yield "## The tuned retrieval model"
    yield ""
    seeds = len(r["train_s"])
    yield f"{where}. `recipes/embed-static.toml`, {r['pairs']['tune']:,} pairs; tuned: the mean of {seeds} seeds."
    yield f"Settings and weight were chosen on *select* (`reports/embedder/choice.json`: {choice['chosen']}; dense half {choice['weight']:g});"
    yield "*report* was scored once. Intervals draw whole documents, policies or charts."
    yield ""
    yield "| questions (n) | search | " + " | ".join(_MEASURES) + " |"
    yield "|---" * (2 + len(_MEASURES)) + "|"
    for kind, row in r["kinds"].items():
        for name, scores in row["scores"].items():
            cells = " | ".join(_score(scores[one]) for one in _MEASURES)
            yield f"| {_SHOWN[kind]} ({row['n']}) | {name} | {cells} |"
    yield ""
    yield "Paired differences of nDCG@10; the second interval draws whole questions, of which made charts repeat a few."
    yield ""
    yield "| questions | difference | nDCG@10 | drawn by question |"
    yield "|---|---|---|---|"
    for kind, row in r["kinds"].items():
        for name, measures in row["differences"].items():
            one = measures["ndcg@10"]
            yield f"| {kind} ({row['n']}, {row['groups']} groups, {row['questions']} questions) | {name} | {_signed(one)} | {_signed(one['by_question'])} |"


def _score(one: Mapping[str, Any]) -> str:
    return f"{one['value']:.3f} ({one['ci95'][0]:.3f}-{one['ci95'][1]:.3f})"


def _signed(one: Mapping[str, Any]) -> str:
    low, high = one["ci95"]
    return f"{one['value']:+.3f} ({low:+.3f} to {high:+.3f})"
