"""Drafts by rules alone of made charts, each made once."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from posology.config import Settings, load_settings
from posology.policies import Code, Policy, load_policies
from posology.priorauth import Packet, RequestFile, draft
from posology.records import Chart, read_chart
from posology.testing import MadeChart, make_chart, plans_for, random_plan

POLICIES = {policy.id: policy for policy in load_policies()}


@cache
def rules() -> Settings:
    return load_settings(None, profile="rules", environ={})


def made(policy_id: str, plan: str = "meet", seed: int = 5) -> MadeChart:
    """Make a chart for a policy; ``plan`` is a plan's name, or mixed."""
    policy = POLICIES[policy_id]
    plans = {one.name: one for one in plans_for(policy)}
    chosen = random_plan(policy, seed) if plan == "mixed" else plans[plan]
    return make_chart(policy, plan=chosen, seed=seed)


def chart_of(bundle: dict[str, Any], *, include_restricted: bool = False) -> Chart:
    """Read a bundle as a file of that name would be."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chart.json"
        path.write_text(json.dumps(bundle), encoding="utf-8")
        return read_chart(path, include_restricted=include_restricted)


@dataclass(frozen=True)
class Drafted:
    """A draft with what it was made from."""

    policy: Policy
    bundle: dict[str, Any]
    truth: dict[str, Any]
    chart: Chart
    packet: Packet

    @property
    def record(self) -> Any:
        return self.packet.record


def draft_of(
    policy_id: str,
    plan: str = "meet",
    seed: int = 5,
    *,
    details: RequestFile | None = None,
    bundle: dict[str, Any] | None = None,
    settings: Settings | None = None,
    include_restricted: bool = False,
    payer: str | None = None,
) -> Drafted:
    """Draft for a made chart, or for ``bundle`` in its place."""
    one = made(policy_id, plan, seed)
    body = bundle if bundle is not None else json.loads(json.dumps(one.bundle))
    chart = chart_of(body, include_restricted=include_restricted)
    packet = draft(
        chart,
        service=Code(**one.truth["service"]),
        day=date.fromisoformat(one.truth["date"]),
        policy_id=policy_id,
        payer=payer,
        details=details,
        settings=settings or rules(),
    )
    return Drafted(POLICIES[policy_id], body, one.truth, chart, packet)


@cache
def drafted(policy_id: str, plan: str = "meet", seed: int = 5) -> Drafted:
    """Return a draft, made once."""
    return draft_of(policy_id, plan, seed)


def raw_bodies(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources of a bundle as the file has them, by type and id."""
    bodies = [entry["resource"] for entry in bundle["entry"]]
    return {f"{body['resourceType']}/{body['id']}": body for body in bodies}


def value_at(body: Any, path: str) -> Any:
    """Return what stands at a path such as ``code.coding[0].display``."""
    for name, number in re.findall(r"([A-Za-z0-9_]+)|\[(\d+)\]", path):
        body = body[name] if name else body[int(number)]
    return body


def plain_text(body: dict[str, Any], number: int = 0) -> str | None:
    """Return the text of a plain attachment, decoded here; ``None`` for other kinds."""
    attachment = body["content"][number]["attachment"]
    if attachment.get("contentType", "").partition(";")[0] != "text/plain":
        return None
    return base64.b64decode(attachment["data"]).decode("utf-8")


def without(bundle: dict[str, Any], *types: str) -> dict[str, Any]:
    """Return a copy of a bundle without some types of resource."""
    kept = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] not in types]
    return json.loads(json.dumps(bundle | {"entry": kept}))
