"""Truth: criteria of made charts, whose answers are known by construction, against the program's.

Structured leaves: right or wrong, every disagreement listed. Text leaves: precision and recall of met,
not met and unknown, by rules alone and with the model, by note style. Sentences: what the model says of
single sentences whose answer is known, asked as a draft asks it. Removal: all witnesses of each met
leaf are taken out in turn; the leaf must then never be met and always be asked for.

    python benchmarks/criteria.py --charts 30 --profile embedded
    python benchmarks/criteria.py --held-out --charts 12 --writer models/judge-writer --reads all --name tuned

``--held-out``: only the policies of the task criteria's part report, with notes in the styles that no
lesson is written in. ``--writer``: a folder with an adapter or a model instead of the profile's writer.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from common import rate, settings_of, write_report

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
    options.add_argument("--held-out", action="store_true", help="policies and styles nothing learned from")
    options.add_argument("--writer", default="", help="a folder that takes the place of the profile's writer")
    options.add_argument("--reads", choices=("named", "all"), help="sentences that the writer judges")
    options.add_argument("--name", default="", help="written to reports/criteria-NAME")
    args = options.parse_args()
    from posology.priorauth import open_models

    models = open_models(settings_of(args.profile, args.writer))
    models = replace(models, reads=args.reads or models.reads)
    score = Score()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for policy, style, n in cases(args):
            out = Path(folder) / f"{policy.id}-{style.note or 'mixed'}"
            run_policy(policy, out, (args, style, n), models, score)
    results = score.results() | {"seconds": round(time.perf_counter() - start, 1)}
    results["identities"] = models.identities()
    results["models"] = {part: one["name"] for part, one in models.identities().items()}
    name = args.name or ("" if args.profile == "embedded" else args.profile)
    name = "-".join(filter(None, ("criteria", "held-out" if args.held_out else "", name)))
    write_report(name, results, command=" ".join(sys.argv), settings=vars(args))
    json.dump({k: v for k, v in results.items() if not k.endswith("_list")}, sys.stdout, indent=2)
    print()
    for line in score.disagreements[:15]:
        print(line)


def cases(args: argparse.Namespace) -> Iterator[tuple[Any, Any, int]]:
    """Yield each policy with a style of its charts and their number; of the held-out styles each in turn."""
    from posology import load_policies
    from posology.evaluate.task import Part
    from posology.evaluate.tasks.criteria import policy_part
    from posology.testing import Style
    from posology.testing.teaching import HELD_STYLES

    for policy in load_policies():
        if not args.held_out:
            yield policy, Style(), args.charts
        elif policy_part(policy.id) is Part.REPORT:
            for style in HELD_STYLES:
                yield policy, Style(note=style), -(-args.charts // len(HELD_STYLES))


class Score:
    """Counts, by part of the benchmark."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.charts = 0
        self.structured: Counter[bool] = Counter()
        self.overall: Counter[bool] = Counter()
        self.conclusions: Counter[bool] = Counter()
        self.text: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.sentences: Counter[tuple[str, str]] = Counter()
        self.cited: Counter[bool] = Counter()
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
            "sentences_judged_by_the_model": confusion(self.sentences, ("yes", "no", "not stated")),
            "evidence_of_the_model_that_answers_nothing": rate(self.cited[False], self.cited.total()),
            "removal": {
                "leaves": self.removed["n"],
                "still_met": rate(self.removed["still met"], self.removed["n"]),
                "asked_for": rate(self.removed["asked"], self.removed["n"]),
            },
            "disagreements_list": self.disagreements[:200],
        }


def confusion(table: Mapping[tuple[str, str], int], statuses: Sequence[str] = STATUSES) -> dict[str, Any]:
    """Return precision and recall of each status from counts of (truth, read)."""
    rows: dict[str, Any] = {"n": sum(table.values())}
    for status in statuses:
        right = table.get((status, status), 0)
        rows[status] = {
            "precision": rate(right, sum(n for (_, read), n in table.items() if read == status)),
            "recall": rate(right, sum(n for (truth, _), n in table.items() if truth == status)),
        }
    return rows


def run_policy(policy: Any, out: Path, case: tuple[Any, Any, int], models: Any, score: Score) -> None:
    """Judge the made charts of one policy in one style."""
    from posology.testing import write_charts

    args, style, n = case
    write_charts(policy, out, n=n, seed=args.seed, style=style)
    known: dict[tuple[str, str], str] = {}
    for number, file in enumerate(sorted(out.glob("*.truth.json"))):
        truth = json.loads(file.read_text())
        bundle = json.loads((out / (file.name.removesuffix(".truth.json") + ".json")).read_text())
        score.charts += 1
        judge_chart(policy, bundle, truth, models, score, file.stem)
        known |= known_sentences(policy, truth)
        if number < args.removals:
            judge_removals(policy, bundle, truth, models, score)
    if models.writer is not None:
        judge_known(known, models.writer, score)


def known_sentences(policy: Any, truth: Any) -> dict[tuple[str, str], str]:
    """Return the answers of the sentences of a chart that were written for a question, by both."""
    from posology.priorauth.tree import all_leaves

    questions = {leaf.id: str(leaf.question) for leaf in all_leaves(policy) if leaf.question}
    known: dict[tuple[str, str], str] = {}
    for leaf_id, expected in truth["leaves"].items():
        if leaf_id in questions:
            asked = questions[leaf_id]
            known |= {(asked, text): "not stated" for text in expected["distractors"]}
            known |= {(asked, w["quote"]): w["answer"] for w in expected["witnesses"] if "answer" in w}
    return known


def judge_known(known: Mapping[tuple[str, str], str], writer: Any, score: Score) -> None:
    """Ask the model about single sentences as a draft does; compare with what they were written to say."""
    from posology.chat import ask
    from posology.priorauth.reading import judgement_prompt

    prompts = [judgement_prompt(question, sentence) for question, sentence in known]
    for expected, answer in zip(known.values(), ask(writer, prompts, parse=str), strict=True):
        score.sentences[expected, str(answer.value)] += 1


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
        readers["rules and model"] = read_leaves(asked, index, models.writer, request.day, reads=models.reads)
        count_evidence(readers["rules and model"], truth, models.writer.identity.name, score)
    overall = judge_criteria(policy, chart, request, index, models.writer, reads=models.reads)
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


def count_evidence(findings: Mapping[str, Any], truth: Any, writer: str, score: Score) -> None:
    """Count the sentences that a finding rests on by the model's word, and those that answer nothing."""
    for leaf_id, finding in findings.items():
        if finding.decided_by == writer:
            said = [one_line(w["quote"]) for w in truth["leaves"][leaf_id]["witnesses"] if "answer" in w]
            for evidence in finding.evidence:
                quote = one_line(evidence.quote)
                score.cited[any(text in quote or quote in text for text in said)] += 1


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


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
