"""The conclusion: the four rules, against an oracle that tries every truth of what is unknown."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.policies import Branch, Finding, Leaf, Policy
from posology.policies.policy import Find
from posology.priorauth.conclusion import Conclusion, conclude, is_confirmed
from posology.quotes import Status

MET, NOT_MET, UNKNOWN = Status.MET, Status.NOT_MET, Status.UNKNOWN


def leaf(name: str, **more) -> Leaf:
    return Leaf(name, f"{name}.", find=Find(resource="Condition"), question="Is it?", **more)


def policy(criteria, *exclusions) -> Policy:
    return Policy(
        id="p", title="P", payer="X", version="1", effective_from=date(2000, 1, 1), effective_until=None,
        jurisdiction="", source_title="", source_text="", services=(), codes={}, documents=(),
        administrative=(), criteria=criteria, exclusions=exclusions, sha256="", file="p.yaml",
    )  # fmt: skip


def finding(status: Status, basis: str) -> Finding:
    return Finding(status, basis)  # type: ignore[arg-type]


BOTH = policy(Branch("all", (leaf("a"), leaf("b"))), leaf("x"))
SURE, READ = "structured", "text"

RULES = [
    ("all confirmed for it", "met", "met", "not_met", SURE, False, Conclusion("ready")),
    ("a criterion fails", "not_met", "met", "not_met", SURE, False, Conclusion("not_supported")),
    ("an exclusion is met", "met", "met", "met", SURE, False, Conclusion("not_supported")),
    ("a gap is open", "met", "met", "not_met", SURE, True, Conclusion("review", "ready", ())),
    ("one is unknown", "met", "unknown", "not_met", SURE, False, Conclusion("incomplete")),
    ("an exclusion is unknown", "met", "met", "unknown", SURE, False, Conclusion("incomplete")),
    ("a failure outweighs a gap", "not_met", "unknown", "unknown", SURE, True, Conclusion("not_supported")),
    ("text alone", "met", "met", "not_met", READ, False, Conclusion("review", "ready", ("a", "b", "x"))),
    (
        "text alone, against it",
        "met",
        "not_met",
        "not_met",
        READ,
        False,
        Conclusion("review", "not_supported", ("a", "b", "x")),
    ),
    ("text and an unknown", "met", "unknown", "not_met", READ, False, Conclusion("incomplete")),
]


@pytest.mark.parametrize(
    ("a", "b", "x", "basis", "gaps", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES]
)
def test_the_four_rules(a, b, x, basis, gaps, expected):
    findings = {name: finding(Status(status), basis) for name, status in zip("abx", (a, b, x), strict=True)}
    assert conclude(BOTH, findings, gaps=gaps) == expected


BASES = [
    ("structured", {}, True, "structured data decides"),
    ("human", {}, True, "a person decides"),
    ("text", {}, False, "a reading of text must be confirmed"),
    ("conflict", {}, False, "nothing is decided"),
    ("none", {}, False, "nothing is decided"),
    ("absence", {}, True, "nothing of the kind in structured data is a fact of the chart"),
    ("absence", {"find": None}, False, "no passage says so: text may say it in words that were not found"),
]


@pytest.mark.parametrize(("basis", "changes", "sure", "why"), BASES, ids=[row[3] for row in BASES])
def test_what_counts_as_confirmed(basis, changes, sure, why):
    plain = leaf("a") if not changes else Leaf("a", "a.", question="Is it?")
    assert is_confirmed(plain, finding(NOT_MET, basis)) is sure, why


def truth(node, world) -> bool:
    """Evaluate a tree in a world where every leaf is true or false: the oracle's two-valued logic."""
    if isinstance(node, Leaf):
        return world[node.id]
    values = [truth(child, world) for child in node.children]
    return {
        "all": all(values),
        "any": any(values),
        "none": not any(values),
        "at_least": sum(values) >= node.n,
    }[node.kind]


def oracle(chosen: Policy, statuses, sure, gaps: bool) -> tuple[str, str | None]:
    """Apply the four rules by trying every world that agrees with what is known."""

    def verdict(known) -> str:
        names = list(known)
        worlds = [
            dict(zip(names, values, strict=True))
            for values in product((True, False), repeat=len(names))
            if all(known[n] is UNKNOWN or (known[n] is MET) == v for n, v in zip(names, values, strict=True))
        ]
        wins = {
            truth(chosen.criteria, world) and not any(truth(x, world) for x in chosen.exclusions)
            for world in worlds
        }
        return {frozenset({True}): "for", frozenset({False}): "against"}.get(frozenset(wins), "open")

    confirmed = {name: status if sure[name] else UNKNOWN for name, status in statuses.items()}
    if verdict(confirmed) == "against":
        return "not_supported", None
    if verdict(confirmed) == "for" and not gaps:
        return "ready", None
    likely = verdict(statuses)
    if likely == "open":
        return "incomplete", None
    return "review", "ready" if likely == "for" else "not_supported"


@st.composite
def trees(draw):
    """Draw a policy in which every leaf stands once, so that Kleene logic loses nothing."""
    names = iter("abcdef")

    def node(depth: int):
        if depth == 0 or draw(st.booleans()):
            return leaf(next(names))
        kind = draw(st.sampled_from(["all", "any", "none"]))
        children = tuple(node(0) for _ in range(draw(st.integers(1, 2))))
        return Branch(kind, children)

    criteria = Branch(draw(st.sampled_from(["all", "any"])), (node(1), node(1)))
    exclusions = tuple(leaf(next(names)) for _ in range(draw(st.integers(0, 2))))
    return policy(criteria, *exclusions)


def names_of(chosen: Policy) -> list[str]:
    def walk(node):
        if isinstance(node, Leaf):
            yield node.id
        else:
            for child in node.children:
                yield from walk(child)

    return [name for node in (chosen.criteria, *chosen.exclusions) for name in walk(node)]


@settings(max_examples=150)
@given(trees(), st.data(), st.booleans())
def test_the_rules_agree_with_trying_every_world(chosen, data, gaps):
    names = names_of(chosen)
    statuses = {name: data.draw(st.sampled_from([MET, NOT_MET, UNKNOWN])) for name in names}
    sure = {name: data.draw(st.booleans()) for name in names}
    findings = {name: finding(statuses[name], SURE if sure[name] else READ) for name in names}
    found = conclude(chosen, findings, gaps=gaps)
    assert (found.outcome, found.provisional) == oracle(chosen, statuses, sure, gaps)
    if found.outcome == "review":
        wanted = [n for n in names if not sure[n] and statuses[n] is not UNKNOWN]
        assert list(found.to_confirm) == wanted
    else:
        assert found.to_confirm == ()


@settings(max_examples=100)
@given(trees(), st.data())
def test_text_alone_never_makes_ready_or_not_supported(chosen, data):
    names = names_of(chosen)
    findings = {n: finding(data.draw(st.sampled_from([MET, NOT_MET, UNKNOWN])), READ) for n in names}
    assert conclude(chosen, findings, gaps=False).outcome in ("review", "incomplete")


def test_at_least_two_of_three_is_met_by_two():
    chosen = policy(Branch("at_least", (leaf("a"), leaf("b"), leaf("c")), n=2))
    sure = {n: finding(s, SURE) for n, s in zip("abc", (MET, MET, UNKNOWN), strict=True)}
    assert conclude(chosen, sure, gaps=False) == Conclusion("ready")
