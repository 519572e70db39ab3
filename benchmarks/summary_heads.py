"""The sections of docs/measurements.md on heads: entities on whole report parts, and the checker."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from common import REPORTS, load

__all__ = ["checker", "heads"]

_SHOWN = ("strict F1", "strict precision", "strict recall", "relaxed F1")  # and the strict F1 of each label


def heads() -> Iterator[str]:
    """Yield the section on heads of entities."""
    yield "## Heads on a small encoder: entities"
    yield ""
    yield "`posology evaluate TASK --model HEAD --system rules` on all items of *report*; training saw none of them, and"
    yield "neither did the choice of settings. Heads are all-MiniLM-L6-v2 (22.6 million parameters); those named -minilm"
    yield "ship, -seed-N are the same with another seed. Intervals draw whole documents where items name them."
    yield ""
    yield "| task (n) | arm | precision | measure | value |"
    yield "|---|---|---|---|---|"
    for task in sorted(path for path in (REPORTS / "heads").iterdir() if path.is_dir()):
        for arm in sorted(task.iterdir()):
            summary = json.loads((arm / "summary.json").read_text(encoding="utf-8"))
            for one in summary["measures"]:
                if one["name"] in _SHOWN or one["name"].startswith("strict F1: "):
                    kind = summary["arm"]["precision"] or "-"
                    value = f"{one['value']:.3f} ({one['low']:.3f}-{one['high']:.3f})"
                    yield f"| {task.name} ({one['n']}) | {arm.name} | {kind} | {one['name']} | {value} |"
    yield ""
    yield from _means()


def _means() -> Iterator[str]:
    """Yield the mean strict F1, also of each label, of heads with more than one seed."""
    for task in sorted(path for path in (REPORTS / "heads").iterdir() if path.is_dir()):
        seeds: dict[str, dict[str, list[float]]] = {}
        for arm in sorted(task.iterdir()):
            summary = json.loads((arm / "summary.json").read_text(encoding="utf-8"))
            of_arm = seeds.setdefault(re.sub(r"-seed-\d+$", "", arm.name), {})
            for one in summary["measures"]:
                if one["name"] == _SHOWN[0] or one["name"].startswith(f"{_SHOWN[0]}: "):
                    of_arm.setdefault(one["name"], []).append(one["value"])
        for name, measures in seeds.items():
            for measure, found in measures.items():
                if len(found) > 1:
                    told = ", ".join(f"{one:.3f}" for one in found)
                    mean = sum(found) / len(found)
                    yield f"{task.name}, {name}: mean {measure} of {len(found)} seeds {mean:.3f} ({told})."


def checker() -> Iterator[str]:
    """Yield the section on the trained checker."""
    r, where = load("checker")
    yield "## The trained checker"
    yield ""
    yield f"{where}. Balanced accuracy; the last column is the trained head less the system, paired."
    yield ""
    yield "| items (n) | system | balanced accuracy | head less this |"
    yield "|---|---|---|---|"
    for name, row in r.items():
        if not isinstance(row, Mapping) or "systems" not in row:
            continue
        for system, scores in row["systems"].items():
            yield f"| {name} ({row['n']}) | {system} | {_score(scores)} | {_difference(scores)} |"
    yield ""
    for name, row in r.items():
        if isinstance(row, Mapping) and row.get("other_seeds"):
            found = [row["systems"]["trained head"]["balanced_accuracy"], *row["other_seeds"]]
            told = ", ".join(f"{one:.3f}" for one in found)
            yield f"{name}: mean of {len(found)} seeds {sum(found) / len(found):.3f} ({told})."


def _score(scores: Mapping[str, Any]) -> str:
    low, high = scores["ci95"]
    return f"{scores['balanced_accuracy']:.3f} ({low:.3f}-{high:.3f})"


def _difference(scores: Mapping[str, Any]) -> str:
    if "head_minus_this" not in scores:
        return "-"
    low, high = scores["head_minus_this_ci95"]
    return f"{scores['head_minus_this']:+.3f} ({low:+.3f} to {high:+.3f})"
