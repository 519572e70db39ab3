"""Speed and memory of a draft, after loading, and its cost against the plain way with the same model.

python benchmarks/draft.py --part rules        # 500 kB chart, 10 leaves, no model
python benchmarks/draft.py --part embedded     # 4 text leaves, embedded models, against the plain way
python benchmarks/draft.py --part size         # up to 10,000 resources and 2,000 notes
"""

import argparse
import base64
import copy
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from common import REPORTS, peak_memory_mb, quantile, write_report


def main() -> None:
    """Run one part and write reports/draft-PART."""
    options = argparse.ArgumentParser()
    options.add_argument("--part", choices=("rules", "embedded", "size"), required=True)
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--seed", type=int, default=7)
    args = options.parse_args()
    results = {"rules": rules, "embedded": embedded, "size": size}[args.part](args)
    write_report(f"draft-{args.part}", results, command=" ".join(sys.argv), settings=vars(args))
    json.dump(results, sys.stdout, indent=2)
    print()


def made(policy_id: str, n: int, seed: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield made charts of a policy with their truth."""
    from posology import load_policies
    from posology.testing import write_charts

    policy = next(p for p in load_policies() if p.id == policy_id)
    with tempfile.TemporaryDirectory() as folder:
        for file in write_charts(policy, Path(folder), n=n, seed=seed):
            truth = file.with_name(file.name.removesuffix(".json") + ".truth.json")
            yield json.loads(file.read_text()), json.loads(truth.read_text())


def grown(bundle: dict[str, Any], *, resources: int, notes: int) -> dict[str, Any]:
    """Copy a chart's observations and notes under new ids until it has so many."""
    chart = copy.deepcopy(bundle)
    kinds = {"Observation": resources, "DocumentReference": notes}
    for kind, wanted in kinds.items():
        patterns = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
        for number in range(max(0, wanted - len(patterns)) if patterns else 0):
            resource = copy.deepcopy(patterns[number % len(patterns)])
            resource["id"] = f"copy-{kind.lower()}-{number}"
            if kind == "DocumentReference":
                vary(resource, number)
            chart["entry"].append({"fullUrl": f"urn:uuid:{kind}-{number}", "resource": resource})
    return chart


def vary(resource: dict[str, Any], number: int) -> None:
    """Make a copied note's text its own, so that it does not fold into its pattern."""
    attachment = resource["content"][0]["attachment"]
    text = base64.b64decode(attachment["data"]).decode()
    attachment["data"] = base64.b64encode(
        f"{text}\nVisit number {number} of this series.\n".encode()
    ).decode()
    attachment["contentType"] = "text/plain"


def drafter(profile: str) -> Any:
    """Return a function that drafts a chart with models opened once."""
    from posology import draft, load_policies, read_chart
    from posology.config import load_settings
    from posology.policies import Code
    from posology.priorauth import open_models

    settings, policies = load_settings(None, profile=profile), load_policies()
    models = open_models(settings)

    def run(data: bytes, truth: dict[str, Any]) -> Any:
        chart = read_chart("-", stdin=io.BytesIO(data))
        service = Code(truth["service"]["system"], truth["service"]["code"])
        return draft(
            chart, service=service, day=date.fromisoformat(truth["date"]), policies=policies,
            policy_id=truth["policy"]["id"], settings=settings, models=models,
        )  # fmt: skip

    return run, models


def timed(run: Any, data: bytes, truth: dict[str, Any]) -> tuple[float, Any]:
    """Return the seconds of a draft with its letter, and the packet."""
    start = time.perf_counter()
    packet = run(data, truth)
    with tempfile.TemporaryDirectory() as folder:
        packet.write(Path(folder) / "packet")
    return time.perf_counter() - start, packet


def rules(args: argparse.Namespace) -> dict[str, Any]:
    """Time drafts without a model on 500 kB charts."""
    run, _ = drafter("rules")
    seconds, sizes, leaves = [], [], []
    charts = list(made("cms-ncd-280.14", 3, args.seed))
    for number in range(args.runs + 1):
        bundle, truth = charts[number % len(charts)]
        data = pad(bundle, 500_000)
        spent, packet = timed(run, data, truth)
        if number:  # the first fills caches
            seconds.append(spent)
            sizes.append(len(data))
            leaves.append(len(packet.record["criteria"]))
    return {
        "runs": len(seconds),
        "chart_bytes_median": quantile(sizes, 0.5),
        "leaves": leaves[0],
        "seconds_p50": quantile(seconds, 0.5),
        "seconds_p95": quantile(seconds, 0.95),
        "target_s": 0.5,
        "peak_mb": peak_memory_mb(),
    }


def pad(bundle: dict[str, Any], size: int) -> bytes:
    """Grow a chart by observations until its JSON has so many bytes."""
    count = 10
    data = json.dumps(bundle).encode()
    while len(data) < size:
        count = int(count * 1.3) + 5
        data = json.dumps(grown(bundle, resources=count, notes=0)).encode()
    return data


def embedded(args: argparse.Namespace) -> dict[str, Any]:
    """Time drafts with the embedded models against the plain way, on the same charts."""
    run, models = drafter("embedded")
    counting = Counting(models.writer)
    object.__setattr__(models, "writer", counting)
    ours, plain = [], []
    for policy_id in ("cms-ncd-160.18", "cms-ncd-30.3.3", "northfield-adalimumab"):
        for bundle, truth in made(policy_id, max(1, args.runs // 3), args.seed):
            data = json.dumps(bundle).encode()
            before = counting.tokens
            spent, _ = timed(run, data, truth)
            text_leaves = sum(1 for leaf in truth["leaves"].values() if leaf["text"] is not None)
            ours.append(
                {"seconds": spent, "prompt_tokens": counting.tokens - before, "text_leaves": text_leaves}
            )
            plain.append(plain_way(data, truth, counting))
    return {
        "runs": len(ours),
        "text_leaves_median": quantile([row["text_leaves"] for row in ours], 0.5),
        "ours": summary(ours),
        "plain": summary(plain),
        "target_s_p50": 8.0,
        "target_peak_mb": 2500,
        "peak_mb": peak_memory_mb(),
        "rows": [{"ours": a, "plain": b} for a, b in zip(ours, plain, strict=True)],
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians and the 95th percentile."""
    seconds = [row["seconds"] for row in rows]
    return {
        "seconds_p50": quantile(seconds, 0.5),
        "seconds_p95": quantile(seconds, 0.95),
        "prompt_tokens_p50": quantile([row["prompt_tokens"] for row in rows], 0.5),
    }


class Counting:
    """A generator that counts the prompt tokens which go through it."""

    def __init__(self, inner: Any) -> None:
        """Wrap a generator."""
        self._inner = inner
        self.tokens = 0
        self.identity = inner.identity
        self.window = inner.window
        self.count_tokens = inner.count_tokens

    def generate(self, prompts: Any, *, progress: Any = None) -> Any:
        """Pass prompts on and count them."""
        answers = self._inner.generate(prompts, progress=progress)
        self.tokens += sum(answer.prompt_tokens for answer in answers)
        return answers


def plain_way(data: bytes, truth: dict[str, Any], writer: Counting) -> dict[str, Any]:
    """Do what a user would try first: BM25's best passages and the policy in one prompt."""
    import bm25s

    from posology import load_policies, read_chart
    from posology.chat import Message, Prompt

    start, before = time.perf_counter(), writer.tokens
    chart = read_chart("-", stdin=io.BytesIO(data))
    policy = next(p for p in load_policies() if p.id == truth["policy"]["id"])
    passages = [text for d in chart.documents for text in d.text.split("\n\n") if text.strip()] or [
        "(no notes)"
    ]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(passages, show_progress=False), show_progress=False)
    query = bm25s.tokenize(" ".join(str(leaf) for leaf in truth["leaves"]), show_progress=False)
    top, _ = index.retrieve(query, k=min(10, len(passages)), show_progress=False)
    excerpt = "\n".join(passages[int(i)] for i in top[0])
    text = (
        f"Policy:\n{policy.source_text[:6000]}\n\nChart:\n{excerpt}\n\nWrite the letter of medical necessity."
    )
    writer.generate([Prompt((Message("user", text),), None, max_tokens=400)])
    return {"seconds": time.perf_counter() - start, "prompt_tokens": writer.tokens - before}


def size(args: argparse.Namespace) -> dict[str, Any]:
    """Time drafts without a model over growing charts, and plot them."""
    run, _ = drafter("rules")
    bundle, truth = next(made("cms-ncd-30.3.3", 1, args.seed))
    rows = []
    for resources, notes in (
        (50, 10),
        (500, 100),
        (1_000, 200),
        (2_500, 500),
        (5_000, 1_000),
        (10_000, 2_000),
    ):
        data = json.dumps(grown(bundle, resources=resources, notes=notes)).encode()
        spent, _ = timed(run, data, truth)
        rows.append({"resources": resources, "notes": notes, "bytes": len(data), "seconds": round(spent, 3)})
    plot(rows)
    return {"rows": rows, "target_s": 30, "target_peak_mb": 3000, "peak_mb": peak_memory_mb()}


def plot(rows: list[dict[str, Any]]) -> None:
    """Draw time against chart size as a small SVG."""
    import math

    width, height, left, bottom = 560, 320, 70, 50
    xs, ys = [math.log10(r["resources"]) for r in rows], [math.log10(r["seconds"]) for r in rows]
    x0, x1, y0, y1 = min(xs), max(xs), math.floor(min(ys)), math.ceil(max(ys))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            left + (x - x0) / (x1 - x0) * (width - left - 20),
            height - bottom - (y - y0) / max(1, y1 - y0) * (height - bottom - 20),
        )

    points = [at(x, y) for x, y in zip(xs, ys, strict=True)]
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#1b5e8c"/>' for x, y in points)
    labels = "".join(
        f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle">{r["resources"]:,}</text>'
        f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{r["seconds"]:.2f} s</text>'
        for (x, y), r in zip(points, rows, strict=True)
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f'<polyline points="{line}" fill="none" stroke="#1b5e8c" stroke-width="2"/>{marks}{labels}'
        f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">'
        "observations in the chart (log scale; one note to five)</text>"
        f'<text x="16" y="{height / 2}" text-anchor="middle" '
        f'transform="rotate(-90 16 {height / 2})">seconds (log scale)</text></svg>'
    )
    (REPORTS / "draft-size").mkdir(parents=True, exist_ok=True)
    (REPORTS / "draft-size" / "time-against-size.svg").write_text(svg)


if __name__ == "__main__":
    main()
