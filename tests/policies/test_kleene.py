from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from posology.policies import Branch, Leaf, evaluate
from posology.quotes import Status

STATUSES = (Status.MET, Status.NOT_MET, Status.UNKNOWN)
LEAVES = tuple("abcd")


def leaf(name):
    return Leaf(id=name, text=name, attest=True)


def nodes():
    return st.recursive(
        st.sampled_from(LEAVES).map(leaf),
        lambda inner: st.builds(
            lambda kind, children, n: Branch(kind, tuple(children), n),
            st.sampled_from(["all", "any", "none", "at_least"]),
            st.lists(inner, min_size=1, max_size=3),
            st.integers(1, 4),
        ),
        max_leaves=6,
    )


def boolean(node, world):
    """Evaluate with every leaf known, the plain way."""
    if isinstance(node, Leaf):
        return world[node.id]
    values = [boolean(child, world) for child in node.children]
    tests = {
        "all": all(values),
        "any": any(values),
        "none": not any(values),
        "at_least": sum(values) >= node.n,
    }
    return tests[node.kind]


def completions(statuses):
    choices = {
        name: {Status.MET: [True], Status.NOT_MET: [False], Status.UNKNOWN: [True, False]}[status]
        for name, status in statuses.items()
    }
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


@settings(max_examples=150, deadline=None)
@given(nodes(), st.lists(st.sampled_from(STATUSES), min_size=4, max_size=4))
def test_a_decided_status_holds_however_the_unknown_turns_out(node, values):
    statuses = dict(zip(LEAVES, values, strict=True))
    decided = evaluate(node, statuses)
    outcomes = {boolean(node, world) for world in completions(statuses)}
    if decided is not Status.UNKNOWN:
        assert outcomes == {decided is Status.MET}
    if Status.UNKNOWN not in values:
        assert outcomes == {decided is Status.MET}


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["all", "any", "none", "at_least"]),
    st.integers(1, 5),
    st.lists(st.sampled_from(STATUSES), min_size=1, max_size=4),
)
def test_one_node_of_separate_leaves_is_unknown_only_where_the_outcomes_differ(kind, n, values):
    statuses = {LEAVES[number]: value for number, value in enumerate(values)}
    node = Branch(kind, tuple(leaf(name) for name in statuses), n)
    outcomes = {boolean(node, world) for world in completions(statuses)}
    expected = Status.UNKNOWN if len(outcomes) == 2 else Status.MET if outcomes == {True} else Status.NOT_MET
    assert evaluate(node, statuses) is expected
