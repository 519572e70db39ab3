"""Writing made charts to a folder, the truth beside each."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from posology.files import write_atomic
from posology.policies.policy import Policy
from posology.testing.charts import MadeChart, Style, make_chart
from posology.testing.plans import Plan, plans_for, random_plan

__all__ = ["write_charts"]


def write_charts(policy: Policy, out: Path, *, n: int, seed: int, style: Style | None = None) -> list[Path]:
    """Write ``n`` charts with their truth and a manifest into ``out``; return the charts' paths.

    The plans come in order: every leaf met, each failed and lacking in turn, then mixtures.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    rows: list[dict[str, Any]] = []
    for number, plan in enumerate(_plans(policy, n, seed)):
        made = make_chart(policy, plan=plan, seed=seed + number, style=style)
        name = f"{policy.id}-{number:04d}-{plan.name}"
        chart, truth = as_bytes(made)
        write_atomic(out / f"{name}.json", chart)
        write_atomic(out / f"{name}.truth.json", truth)
        paths.append(out / f"{name}.json")
        rows.append({"chart": f"{name}.json", "plan": plan.name, "sha256": sha256(chart).hexdigest()})
    manifest = {
        "posology": "charts/1",
        "policy": {"id": policy.id, "version": policy.version, "sha256": policy.sha256},
        "seed": seed,
        "licence": "CC0-1.0",
        "charts": rows,
    }
    write_atomic(out / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
    return paths


def as_bytes(made: MadeChart) -> tuple[bytes, bytes]:
    """Return the chart and its truth as UTF-8 JSON, the same bytes for the same chart."""
    return tuple(  # type: ignore[return-value]
        (json.dumps(part, indent=1, ensure_ascii=False) + "\n").encode() for part in (made.bundle, made.truth)
    )


def _plans(policy: Policy, n: int, seed: int) -> Iterator[Plan]:
    ordered = plans_for(policy)
    for number in range(n):
        yield ordered[number] if number < len(ordered) else random_plan(policy, seed + number)
