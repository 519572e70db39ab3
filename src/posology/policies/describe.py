"""A policy as a plain structure, and as lines that a person reads."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from posology.policies.policy import Duration, Leaf, Node, Policy, ValueSetEntry
from posology.policies.systems import canonical_system

__all__ = ["describe_policy", "phrase_duration", "render_policy"]

_DEFAULTS = {"expect": "yes", "when_absent": "unknown", "attest": False}
_NAMES = {"in_codes": "in", "minimum": "min", "maximum": "max"}


def describe_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as plain values, with the keys of the policy file."""
    return {
        "id": policy.id,
        "title": policy.title,
        "payer": policy.payer,
        "version": policy.version,
        "effective": {
            "from": policy.effective_from.isoformat(),
            "until": policy.effective_until.isoformat() if policy.effective_until else None,
        },
        "jurisdiction": policy.jurisdiction,
        "source": {"title": policy.source_title, "characters": len(policy.source_text)},
        "services": [{"system": own.system, "code": own.code} for own in policy.services],
        "codes": {name: [_entry(entry) for entry in entries] for name, entries in policy.codes.items()},
        "documents": [_plain(document) for document in policy.documents],
        "administrative": list(policy.administrative),
        "criteria": _node(policy.criteria),
        "exclusions": [_node(node) for node in policy.exclusions],
        "sha256": policy.sha256,
        "file": policy.file,
    }


def render_policy(policy: Policy) -> str:
    """Return a policy as lines that a person reads: services, the tree of criteria, value sets."""
    until = f"until {policy.effective_until}" if policy.effective_until else "without end"
    lines = [
        f"{policy.id}  version {policy.version}",
        policy.title,
        f"Payer: {policy.payer}.  In force from {policy.effective_from} {until}.",
        f"Source: {policy.source_title or 'not given'}",
        "",
        "Services: " + ", ".join(f"{canonical_system(own.system)}:{own.code}" for own in policy.services),
        "",
        "Criteria",
        *_lines(policy.criteria, 1),
    ]
    if policy.exclusions:
        lines += ["", "Exclusions", *(line for node in policy.exclusions for line in _lines(node, 1))]
    if policy.documents:
        lines += ["", "Documents", *(f"  {document.id}: {document.text}" for document in policy.documents)]
    if policy.administrative:
        lines += ["", "Administrative fields: " + ", ".join(policy.administrative)]
    if policy.codes:
        lines += ["", "Value sets"]
        lines += [f"  {name}: {', '.join(map(_code, rows))}" for name, rows in policy.codes.items()]
    return "\n".join(lines)


def phrase_duration(length: Duration) -> str:
    """Return a length of time in words.

    >>> phrase_duration(Duration(6, "week"))
    '6 weeks'
    """
    return f"{length.amount} {length.unit}{'' if length.amount == 1 else 's'}"


def _lines(node: Node, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(node, Leaf):
        rules = {
            key: value for key, value in _node(node).items() if key not in ("id", "text", "source_quote")
        }
        return [f"{indent}{node.id}: {node.text}", f"{indent}    {_phrase(rules)}"]
    title = {"all": "all of", "any": "any of", "none": "none of", "at_least": f"at least {node.n} of"}[
        node.kind
    ]
    named = " - ".join(part for part in (node.id, node.text) if part)
    head = f"{indent}{title}{f' ({named})' if named else ''}:"
    return [head, *(line for child in node.children for line in _lines(child, depth + 1))]


def _phrase(rules: dict[str, Any]) -> str:
    return "; ".join(f"{key}: {_words(value)}" for key, value in rules.items())


def _words(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _node(node: Node) -> dict[str, Any]:
    if isinstance(node, Leaf):
        rows: dict[str, Any] = _plain(node)
        if node.duration is not None:
            rows["duration"] = {"min": rows["duration"]}
        return {key: value for key, value in rows.items() if _DEFAULTS.get(key) != value}
    children: Any = [_node(child) for child in node.children]
    inner = {"n": node.n, "of": children} if node.kind == "at_least" else children
    named = {key: value for key, value in (("id", node.id), ("text", node.text)) if value}
    return {**named, node.kind: inner}


def _plain(value: Any) -> Any:
    if isinstance(value, Duration):
        return phrase_duration(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if getattr(value, "expression", None):
        return value.expression
    if hasattr(value, "__dataclass_fields__"):
        pairs = [(_NAMES.get(field.name, field.name), getattr(value, field.name)) for field in fields(value)]
        return {name: _plain(inner) for name, inner in pairs if inner is not None}
    return value


def _entry(entry: ValueSetEntry) -> dict[str, str]:
    rows = {"system": entry.system, "code": entry.code, "prefix": entry.prefix}
    return {key: value for key, value in rows.items() if value is not None}


def _code(entry: ValueSetEntry) -> str:
    return f"{canonical_system(entry.system)}:{entry.code if entry.code is not None else f'{entry.prefix}*'}"
