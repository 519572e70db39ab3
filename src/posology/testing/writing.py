"""Writing made charts to a folder, the truth beside each."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from posology.files import staged_folder, write_atomic
from posology.policies.policy import Policy
from posology.testing.charts import MadeChart, make_chart
from posology.testing.drafts import Style
from posology.testing.plans import Plan, plans_for, random_plan

__all__ = ["write_charts"]


def write_charts(policy: Policy, out: Path, *, n: int, seed: int, style: Style | None = None) -> list[Path]:
    """Write ``n`` charts with their truth and a manifest into ``out``, an empty or new folder.

    The plans come in order: every leaf met, each failed and lacking in turn, then mixtures.
    Returns the charts' paths.
    """
    with staged_folder(out) as folder:
        rows = [
            _write_one(policy, plan, seed + number, folder / f"{policy.id}-{number:04d}-{plan.name}", style)
            for number, plan in enumerate(_plans(policy, n, seed))
        ]
        write_atomic(folder / "manifest.json", _manifest(policy, seed, rows))
    return [out / row["chart"] for row in rows]


def _write_one(policy: Policy, plan: Plan, seed: int, stem: Path, style: Style | None) -> dict[str, Any]:
    made = make_chart(policy, plan=plan, seed=seed, style=style)
    chart, truth = as_bytes(made)
    write_atomic(stem.parent / f"{stem.name}.json", chart)
    write_atomic(stem.parent / f"{stem.name}.truth.json", truth)
    return {
        "chart": f"{stem.name}.json",
        "plan": plan.name,
        "seed": seed,
        "sha256": sha256(chart).hexdigest(),
    }


def _manifest(policy: Policy, seed: int, rows: list[dict[str, Any]]) -> bytes:
    manifest = {
        "posology": "charts/1",
        "policy": {"id": policy.id, "version": policy.version, "sha256": policy.sha256},
        "seed": seed,
        "licence": "CC0-1.0",
        "charts": rows,
    }
    return (json.dumps(manifest, indent=1) + "\n").encode()


def as_bytes(made: MadeChart) -> tuple[bytes, bytes]:
    """Return the chart and its truth as UTF-8 JSON, the same bytes for the same chart."""
    return tuple(  # type: ignore[return-value]
        (json.dumps(part, indent=1, ensure_ascii=False) + "\n").encode() for part in (made.bundle, made.truth)
    )


def _plans(policy: Policy, n: int, seed: int) -> Iterator[Plan]:
    ordered = plans_for(policy)
    for number in range(n):
        yield ordered[number] if number < len(ordered) else random_plan(policy, seed + number)
