"""Drafting a held-out case with the command itself."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.cli.cli_runs import run
from tests.heldout.case import Case

POLICIES = Path(__file__).parent / "policies"


@dataclass(frozen=True)
class Outcome:
    """A packet folder, its record and the chart behind it."""

    folder: Path
    packet: dict[str, Any]
    chart: Path


def leaves_in(packet: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["status"] for one in packet["criteria"]}


def drafted(case: Case, folder: Path, profile: str = "rules") -> Outcome:
    """Build a case's chart and run ``posology draft`` on it."""
    (folder / "in").mkdir()
    chart, out = case.build(folder / "in"), folder / "out"
    arguments: list[object] = ["draft", chart, "--service", case.service, "--out", out, "--date", case.day]
    arguments += ["--policies", POLICIES, "--profile", profile, *case.options]
    if case.request is not None:
        (folder / "request.json").write_text(json.dumps(case.request), encoding="utf-8")
        arguments += ["--request", folder / "request.json"]
    ran = run(*arguments)
    if ran.code:
        raise AssertionError(f"{case.name}: exit {ran.code}: {ran.err}")
    return Outcome(out, json.loads((out / "packet.json").read_text(encoding="utf-8")), chart)


def resources_of(chart: Path) -> dict[str, Any]:
    """Return each resource of a bundle by its reference, contained ones too."""
    found: dict[str, Any] = {}
    for entry in json.loads(chart.read_text(encoding="utf-8"))["entry"]:
        one = entry["resource"]
        name = f"{one['resourceType']}/{one['id']}"
        found[name] = one
        found |= {f"{name}#{part['id']}": part for part in one.get("contained", [])}
    return found


@cache
def policy_texts() -> str:
    return " ".join(one.read_text(encoding="utf-8") for one in sorted(POLICIES.iterdir()))
