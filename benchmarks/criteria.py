"""Truth: criteria of made charts, whose answers are known by construction, against the program's.

Structured leaves: right or wrong, every disagreement listed. Text leaves: precision and recall of met,
not met and unknown, by rules alone and with the model, by note style. Removal: all witnesses of each met
leaf are taken out in turn; the leaf must then never be met and always be asked for.

    python benchmarks/criteria.py --charts 30 --profile embedded
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from common import rate, write_report

STATUSES = ("met", "not_met", "unknown")


def main() -> None:
    """Judge every made chart and write reports/criteria."""
    options = argparse.ArgumentParser()
    options.add_argument("--charts", type=int, default=30, help="made charts a policy")
    options.add_argument("--profile", default="embedded")
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument(
        "--removals", type=int, default=10, help="charts a policy whose witnesses are removed"
    )
    args = options.parse_args()
    from posology import load_policies
    from posology.config import load_settings
    from posology.priorauth import open_models

    models = open_models(load_settings(None, profile=args.profile))
    score = Score()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for policy in load_policies():
            run_policy(policy, Path(folder) / policy.id, args, models, score)
    results = score.results() | {"seconds": round(time.perf_counter() - start, 1)}
    name = "criteria" if args.profile == "embedded" else f"criteria-{args.profile}"
    write_report(name, results, command=" ".join(sys.argv), settings=vars(args))
    json.dump({k: v for k, v in results.items() if not k.endswith("_list")}, sys.stdout, indent=2)
    print()
    for line in score.disagreements[:15]:
        print(line)


class Score:
    """Counts, by part of the benchmark."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.charts = 0
        self.structured: Counter[bool] = Counter()
        self.overall: Counter[bool] = Counter()
        self.conclusions: Counter[bool] = Counter()
        self.text: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.styles: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.removed: Counter[str] = Counter()
        self.disagreements: list[dict[str, Any]] = []

    def results(self) -> dict[str, Any]:
        """Return everything with n and intervals."""
        return {
            "charts": self.charts,
            "structured_leaves_right": rate(self.structured[True], self.structured.total()),
            "all_leaves_right": rate(self.overall[True], self.overall.total()),
            "conclusions_right": rate(self.conclusions[True], self.conclusions.total()),
            "text_leaves": {reader: confusion(table) for reader, table in self.text.items()},
            "text_leaves_by_style": {style: confusion(table) for style, table in sorted(self.styles.items())},
            "removal": {
                "leaves": self.removed["n"],
                "still_met": rate(self.removed["still met"], self.removed["n"]),
                "asked_for": rate(self.removed["asked"], self.removed["n"]),
            },
            "disagreements_list": self.disagreements[:200],
        }


def confusion(table: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return precision and recall of each status from counts of (truth, read)."""
    rows: dict[str, Any] = {"n": sum(table.values())}
    for status in STATUSES:
        right = table.get((status, status), 0)
        rows[status] = {
            "precision": rate(right, sum(n for (_, read), n in table.items() if read == status)),
            "recall": rate(right, sum(n for (truth, _), n in table.items() if truth == status)),
        }
    return rows


def run_policy(policy: Any, out: Path, args: argparse.Namespace, models: Any, score: Score) -> None:
    """Judge the made charts of one policy."""
    from posology.testing import write_charts

    write_charts(policy, out, n=args.charts, seed=args.seed)
    for number, file in enumerate(sorted(out.glob("*.truth.json"))):
        truth = json.loads(file.read_text())
        bundle = json.loads((out / (file.name.removesuffix(".truth.json") + ".json")).read_text())
        score.charts += 1
        judge_chart(policy, bundle, truth, models, score, file.stem)
        if number < args.removals:
            judge_removals(policy, bundle, truth, models, score)


def judge_chart(policy: Any, bundle: Any, truth: Any, models: Any, score: Score, name: str) -> None:
    """Compare structured, text and overall statuses with the truth."""
    from posology.policies import judge_structured
    from posology.priorauth.criteria import build_index, judge_criteria
    from posology.priorauth.reading import read_leaves
    from posology.priorauth.tree import all_leaves

    chart, request = load(bundle, truth)
    structured = judge_structured(policy, chart, request.as_resource(), request.day)
    index = build_index(chart, models.embedder, request.day)
    asked = [leaf for leaf in all_leaves(policy) if leaf.question]
    readers = {"rules": read_leaves(asked, index, None, request.day)}
    if models.writer is not None:
        readers["rules and model"] = read_leaves(asked, index, models.writer, request.day)
    overall = judge_criteria(policy, chart, request, index, models.writer)
    for leaf_id, expected in truth["leaves"].items():
        if expected["structured"] is not None:
            right = str(structured[leaf_id].status) == expected["structured"]
            score.structured[right] += 1
            if not right:
                score.disagreements.append(
                    row(name, leaf_id, "structured", expected["structured"], structured[leaf_id])
                )
        score.overall[str(overall[leaf_id].status) == expected["status"]] += 1
        if expected["text"] is not None:
            for reader, findings in readers.items():
                pair = (expected["text"], str(findings[leaf_id].status))
                score.text[reader][pair] += 1
                if reader == "rules":
                    for style in {w["style"] for w in expected["witnesses"] if "style" in w} or {"none"}:
                        score.styles[style][pair] += 1
                if pair[0] != pair[1]:
                    score.disagreements.append(row(name, leaf_id, reader, pair[0], findings[leaf_id]))
    score.conclusions[concluded(policy, overall) == truth["conclusion"]["expected"]] += 1


def concluded(policy: Any, findings: Any) -> str:
    """Return what the packet would conclude were no document or field missing."""
    from posology.priorauth.conclusion import conclude

    return conclude(policy, findings, gaps=False).outcome


def row(name: str, leaf_id: str, part: str, expected: str, finding: Any) -> dict[str, Any]:
    """Describe a disagreement; made charts hold no patient's text."""
    read = str(finding.status)
    quotes = [e.quote for e in (*finding.evidence, *finding.contrary)]
    return {
        "chart": name,
        "leaf": leaf_id,
        "part": part,
        "truth": expected,
        "read": read,
        "reason": finding.reason,
        "quotes": quotes,
    }


def load(bundle: Any, truth: Any) -> Any:
    """Read a made chart and its request."""
    import io

    from posology import read_chart
    from posology.policies import Code
    from posology.priorauth import Request

    chart = read_chart("-", stdin=io.BytesIO(json.dumps(bundle).encode()))
    service = Code(truth["service"]["system"], truth["service"]["code"])
    return chart, Request(service, date.fromisoformat(truth["date"]))


def judge_removals(policy: Any, bundle: Any, truth: Any, models: Any, score: Score) -> None:
    """Take out the witnesses of each met leaf in turn; it must not stay met, and must be asked for."""
    from posology.priorauth.criteria import build_index, judge_criteria
    from posology.priorauth.gaps import criterion_gaps
    from posology.testing import remove_witnesses

    for leaf_id, expected in truth["leaves"].items():
        if expected["status"] != "met" or not expected["witnesses"]:
            continue
        chart, request = load(remove_witnesses(bundle, truth, leaf_id), truth)
        index = build_index(chart, models.embedder, request.day)
        findings = judge_criteria(policy, chart, request, index, None)
        score.removed["n"] += 1
        score.removed["still met"] += str(findings[leaf_id].status) == "met"
        score.removed["asked"] += leaf_id in {gap["id"] for gap in criterion_gaps(policy, findings)}
        if str(findings[leaf_id].status) == "met":
            score.disagreements.append(row(truth["plan"], leaf_id, "removal", "not met", findings[leaf_id]))


if __name__ == "__main__":
    main()
