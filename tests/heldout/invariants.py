"""What every packet must hold, checked on its files alone against the chart as the program prints it."""

import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

FILES = {"packet.json", "letter.md", "letter.html", "letter.pdf", "manifest.json"}
STATUSES = {"met", "not_met", "unknown"}
BASES = {"structured", "text", "conflict", "absence", "human", "none"}
SECTIONS = {"clinical_summary", "medical_necessity", "prior_treatment", "request"}
KINDS = {"structured", "text", "derived", "policy", "human"}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")

TextOf = Callable[[str], str]


def value_at(resource: Any, path: str) -> Any:
    """Follow a path such as ``component[1].valueQuantity`` into JSON."""
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        resource = resource[int(step[1:-1])] if step[0] == "[" else resource[step]
    return resource


def leaves_of(value: Any) -> Iterable[str]:
    """Yield every scalar under a JSON value as text."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves_of(one)
    elif value is not None:
        yield json.dumps(value) if not isinstance(value, str) else value


def problems_of(folder: Path, resources: Mapping[str, Any], text_of: TextOf, policy_text: str) -> list[str]:
    """List what is wrong with a packet folder."""
    packet = json.loads((folder / "packet.json").read_text(encoding="utf-8"))
    found: list[str] = []
    if {one.name for one in folder.iterdir()} != FILES:
        found.append(f"files: {sorted(one.name for one in folder.iterdir())}")
    modes = [folder, *folder.iterdir()]
    found += [f"mode of {one.name}" for one in modes if stat.S_IMODE(one.stat().st_mode) & 0o077]
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        found.append("folder mode")
    evidence = {one["id"]: one for one in packet["evidence"]}
    if len(evidence) != len(packet["evidence"]):
        found.append("evidence ids repeat")
    for one in evidence.values():
        found += evidence_problems(one, evidence, resources, text_of, policy_text)
    found += criterion_problems(packet, evidence)
    found += narrative_problems(packet, evidence)
    found += conclusion_problems(packet)
    digest = hashlib.sha256((folder / "packet.json").read_bytes()).hexdigest()
    if digest not in (folder / "manifest.json").read_text(encoding="utf-8"):
        found.append("manifest: hash of packet.json")
    return found


def evidence_problems(
    one: Mapping[str, Any],
    evidence: Mapping[str, Any],
    resources: Mapping[str, Any],
    text_of: TextOf,
    policy_text: str,
) -> list[str]:
    kind, key = one["kind"], one["id"]
    if kind not in KINDS:
        return [f"{key}: kind {kind}"]
    if kind == "text":
        same = text_of(one["source"])[one["start"] : one["end"]] == one["quote"]
        return [] if same and one["quote"] else [f"{key}: text quote at offsets"]
    if kind == "policy":
        there = " ".join(one["quote"].split()) in " ".join(policy_text.split())
        return [] if there else [f"{key}: policy quote"]
    if kind == "structured":
        resource = resources.get(one["source"])
        if resource is None:
            return (
                [] if one["source"].startswith(("request", "Request")) else [f"{key}: source {one['source']}"]
            )
        try:
            value = value_at(resource, one["path"])
        except (KeyError, IndexError, TypeError):
            return [f"{key}: path {one['path']}"]
        words = list(leaves_of(value))
        shown = one["quote"] in words or all(
            any(part in word for word in words) or part in words
            for part in re.split(r"(?<=[<>=])|\s+", one["quote"])
        )
        return [] if shown else [f"{key}: quote {one['quote']!r} of {one['path']} {words}"]
    if kind == "derived":
        gone = [name for name in one["from"] if name not in resources and name not in evidence]
        return [f"{key}: from {gone}"] if [n for n in gone if not n.lower().startswith("request")] else []
    return []


def criterion_problems(packet: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[str]:
    found = []
    for one in packet["criteria"]:
        key = one["id"]
        if one["status"] not in STATUSES or one["basis"] not in BASES:
            found.append(f"{key}: {one['status']}, {one['basis']}")
        if [e for e in [*one["evidence"], *one["contrary"]] if e not in evidence]:
            found.append(f"{key}: evidence")
        if one["basis"] in ("structured", "text", "conflict") and not one["evidence"] and not one["contrary"]:
            found.append(f"{key}: {one['basis']} without evidence")
        if one["status"] == "unknown" and not one["looked"] and "state" not in one["reason"]:
            found.append(f"{key}: unknown without looked")
        if not one["reason"] or not one["decided_by"]:
            found.append(f"{key}: no reason")
        asked = [gap for gap in packet["gaps"] if gap["kind"] == "criterion" and gap["id"] == key]
        if one["status"] == "unknown" and not asked:
            found.append(f"{key}: unknown without gap")
    ids = [one["id"] for one in packet["criteria"]]
    found += ["criteria ids repeat"] if len(ids) != len(set(ids)) else []
    return found + [f"gap {gap['id']}: no ask" for gap in packet["gaps"] if not gap["ask"]]


def narrative_problems(packet: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[str]:
    found = []
    for one in packet["narrative"]:
        if one["section"] not in SECTIONS or one["verdict"] not in ("supported", "unchecked"):
            found.append(f"narrative: {one['section']}, {one['verdict']}")
        if [cite for cite in one["cites"] if cite not in evidence] or not one["cites"]:
            found.append(f"narrative cites: {one['sentence']}")
            continue
        cited = json.dumps([evidence[cite] for cite in one["cites"]], ensure_ascii=False)
        held = set(NUMBER.findall(cited)) | set(re.findall(r"\d+(?:\.\d+)?", cited))
        known = held | set(re.findall(r"\d+", json.dumps(packet["request"])))
        lost = [
            n
            for n in NUMBER.findall(one["sentence"])
            if n not in known and f"{int(float(n)):02d}" not in known
        ]
        found += [f"narrative number {lost}: {one['sentence']} <- {cited}"] if lost else []
    if packet["conclusion"] == "not_supported" and [
        n for n in packet["narrative"] if n["section"] == "medical_necessity"
    ]:
        found.append("medical necessity in not_supported")
    return found


def conclusion_problems(packet: Mapping[str, Any]) -> list[str]:
    allowed = {
        "ready": [None],
        "incomplete": [None],
        "not_supported": [None],
        "review": ["ready", "not_supported"],
    }
    if packet["conclusion"] not in allowed or packet["provisional"] not in allowed[packet["conclusion"]]:
        return [f"conclusion {packet['conclusion']}, {packet['provisional']}"]
    stopping = [gap for gap in packet["gaps"] if gap["kind"] != "criterion"]
    return ["ready with gaps"] if packet["conclusion"] == "ready" and stopping else []
