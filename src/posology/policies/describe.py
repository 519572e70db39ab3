"""Showing a policy to people and programs, and beginning a new one."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from posology.errors import PolicyError
from posology.policies.policy import Branch, Duration, Leaf, Node, Policy

__all__ = ["describe_policy", "new_policy_text", "render_policy"]


def describe_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as values that JSON can hold, without its source's whole text."""
    record = _plain(asdict(policy))
    del record["source_text"]
    return dict(record)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner not in (None, (), [], {})}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | bool) else str(value)


def render_policy(policy: Policy) -> str:
    """Return a policy as a tree that people can read."""
    until = policy.effective_until or "open"
    lines = [
        policy.title,
        f"{policy.id}, version {policy.version}; payer: {policy.payer}; "
        f"in force {policy.effective_from} to {until}",
        f"Source: {policy.source_title}",
        "Services: " + ", ".join(f"{s.system} {s.code}" for s in policy.services),
        "",
        "Criteria",
        *_tree(policy.criteria, 1),
    ]
    if policy.exclusions:
        lines += ["", "Exclusions (one that is met makes the request not supported)"]
        lines += [line for node in policy.exclusions for line in _tree(node, 1)]
    if policy.documents:
        lines += ["", "Documents", *(f"  {d.id}: {d.text}" for d in policy.documents)]
    if policy.administrative:
        lines += ["", "Administrative: " + ", ".join(policy.administrative)]
    return "\n".join(lines)


_WORDS = {"all": "all of", "any": "any of", "none": "none of"}


def _tree(node: Node, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(node, Branch):
        yield indent + (f"at least {node.n} of" if node.kind == "at_least" else _WORDS[node.kind])
        for child in node.children:
            yield from _tree(child, depth + 1)
    else:
        yield f"{indent}{node.id}: {node.text}"
        yield f"{indent}    {'; '.join(_asks(node))}"


def _asks(leaf: Leaf) -> Iterator[str]:
    if leaf.find is not None:
        find = leaf.find
        yield "find " + (
            find.expression or " ".join(part for part in (find.resource, find.codes, find.where) if part)
        )
    for name, length in (("within", leaf.within), ("for at least", leaf.duration)):
        if length is not None:
            yield f"{name} {_length(length)}"
    compare = leaf.compare
    if compare is not None and compare.op is not None:
        yield f"{leaf.pick or 'latest'} {compare.op} {compare.value} {compare.unit or ''}".strip()
    if compare is not None and compare.in_codes is not None:
        yield f"{leaf.pick or 'latest'} in {compare.in_codes}"
    if leaf.test is not None:
        yield f"test {leaf.test}"
    if leaf.count is not None:
        low, high = leaf.count.minimum, leaf.count.maximum
        bounds = ("" if low is None else f"at least {low}", "" if high is None else f"at most {high}")
        yield "count " + " and ".join(bound for bound in bounds if bound)
    if leaf.near is not None:
        yield f"within {_length(leaf.near.within)} {leaf.near.order or 'of'} {leaf.near.leaf}"
    if leaf.question is not None:
        yield f"asks: {leaf.question} (expects {leaf.expect})"
    if leaf.attest:
        yield "a person must state it"


def _length(length: Duration) -> str:
    return f"{length.amount} {length.unit}{'' if length.amount == 1 else 's'}"


_TEMPLATE = """\
posology: policy/1
id: {identifier}
title: What this policy is about
payer: Name of the payer            # matched against --payer or the chart's Coverage
version: "1"
effective: {{from: 2024-01-01, until: null}}
jurisdiction: US
source:                             # the payer's wording; each source_quote must stand in it word for word
  title: Title of the payer's document
  text: |
    The patient has a body mass index of 35 or more and was previously unsuccessful with medical
    treatment for obesity.
services:                           # what it governs: HCPCS, ICD-10-PCS, RxNorm, SNOMED CT
  - {{system: HCPCS, code: E0601}}
codes:                              # named value sets: `code` exact, `prefix` for a branch
  bmi: [{{system: "http://loinc.org", code: 39156-5}}]
administrative: [member-id, npi]    # fields this payer asks for beyond the usual
criteria:                           # all | any | none | at_least: {{n: 2, of: [...]}}
  all:
    - id: bmi-35                    # decided from structured data
      text: Body mass index of 35 or more.
      source_quote: a body mass index of 35 or more
      find: {{resource: Observation, codes: bmi}}
      within: 12 months
      pick: latest
      compare: {{op: ">=", value: 35, unit: kg/m2}}
    - id: failed-treatment          # answered from notes, with a quote; a person confirms it
      text: Previously unsuccessful with medical treatment for obesity.
      source_quote: previously unsuccessful with medical treatment for obesity
      question: Was medical treatment for obesity (diet, exercise, medication) tried without success?
"""


def new_policy_text(identifier: str) -> str:
    """Return a commented policy that loads and checks clean, to be edited."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", identifier):
        raise PolicyError(
            f"{identifier!r}: an id is of letters, digits, dots and hyphens, such as acme-mri.2"
        )
    return _TEMPLATE.format(identifier=identifier)
