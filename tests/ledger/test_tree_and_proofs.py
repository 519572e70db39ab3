"""The tree and its proofs against RFC 9162: known vectors, a naive reading of the text, and forgeries."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import InternalError, LedgerError
from posology.ledger.proofs import (
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from posology.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash, peaks_of, root_of
from tests.ledger import naive
from tests.quick import least_seconds

# The reference data of the certificate-transparency implementations (Google's C++, Go and their successors).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
L0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
L6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
N01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N0123 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
N4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

INCLUSION = [  # index, size, path
    (0, 1, []),
    (0, 8, [L1, N23, N4567]),
    (5, 8, [L4, N67, N0123]),
    (2, 3, [N01]),
    (1, 5, [L0, N23, L4]),
]
CONSISTENCY = [  # old size, new size, path
    (1, 1, []),
    (1, 8, [L1, N23, N4567]),
    (6, 8, [N45, N67, N0123]),
    (2, 5, [N23, L4]),
    (6, 7, [N45, L6, N0123]),
]
OTHER = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")


def grown(count):
    """Return the entries, and the complete nodes of the tree over them by (level, index)."""
    entries = ENTRIES[:count] if count <= len(ENTRIES) else [b"%d" % i for i in range(count)]
    frontier, nodes = Frontier(), {}
    for entry in entries:
        frontier, finished = frontier.append(leaf_hash(entry))
        for level, index, node in finished:
            assert (level, index) not in nodes
            nodes[level, index] = node
    return entries, nodes


def lookup(nodes):
    return lambda level, index: nodes[level, index]


def unhex(path):
    return tuple(bytes.fromhex(step) for step in path)


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_reference_data(size):
    leaves = [leaf_hash(entry) for entry in ENTRIES[:size]]
    frontier = Frontier()
    for leaf in leaves:
        frontier, _ = frontier.append(leaf)
    assert root_of(iter(leaves)) == frontier.root() == naive.mth(ENTRIES[:size]) == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_paths_are_those_of_the_reference_data(index, size, path):
    _, nodes = grown(8)
    assert inclusion_proof(index, size, lookup(nodes)) == unhex(path)
    assert verify_inclusion(leaf_hash(ENTRIES[index]), index, size, unhex(path), ROOTS[size])


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_consistency_paths_are_those_of_the_reference_data(old, new, path):
    _, nodes = grown(8)
    assert consistency_proof(old, new, lookup(nodes)) == unhex(path)
    assert verify_consistency(old, ROOTS[old], new, ROOTS[new], unhex(path))


def test_every_inclusion_path_of_small_trees_is_the_one_that_the_rfc_defines():
    for size in range(1, 34):
        entries, nodes = grown(size)
        for index in range(size):
            assert inclusion_proof(index, size, lookup(nodes)) == tuple(naive.path(index, entries))


def test_every_consistency_path_up_to_64_is_the_one_that_the_rfc_defines_and_verifies():
    entries, nodes = grown(64)
    roots = [naive.mth(entries[:size]) for size in range(65)]
    for new in range(65):
        assert root_at(new, lookup(nodes)) == roots[new]
        for old in range(new + 1):
            path = consistency_proof(old, new, lookup(nodes))
            assert path == (tuple(naive.proof(old, entries[:new])) if old else ())
            assert verify_consistency(old, roots[old], new, roots[new], path)
            assert not verify_consistency(old, OTHER, new, roots[new], path)
            assert not verify_consistency(old, roots[old], new, OTHER, path) or old == 0


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(1, 400))
def test_an_inclusion_proof_verifies_and_no_altered_one_does(data, size):
    entries, nodes = grown(size)
    index = data.draw(st.integers(0, size - 1))
    leaf, root = leaf_hash(entries[index]), root_at(size, lookup(nodes))
    path = inclusion_proof(index, size, lookup(nodes))
    assert root == naive.mth(entries)
    assert verify_inclusion(leaf, index, size, path, root)
    for forged in forged_paths(data, path):
        assert not verify_inclusion(leaf, index, size, forged, root)
    flipped = data.draw(st.integers(0, 255))
    assert not verify_inclusion(flip(leaf, flipped), index, size, path, root)
    assert not verify_inclusion(leaf, index, size, path, flip(root, flipped))
    for elsewhere in {index - 1, index + 1, index ^ 2, size, size * 2} - {index}:
        assert not verify_inclusion(leaf, elsewhere, size, path, root)
    for other in {-1, 0, size // 2, size * 2 + 1} - {size}:
        assert not verify_inclusion(leaf, index, other, path, root)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), new=st.integers(2, 400))
def test_a_consistency_proof_verifies_and_no_altered_one_does(data, new):
    _, nodes = grown(new)
    old = data.draw(st.integers(1, new - 1))
    roots = root_at(old, lookup(nodes)), root_at(new, lookup(nodes))
    path = consistency_proof(old, new, lookup(nodes))
    assert verify_consistency(old, roots[0], new, roots[1], path)
    for forged in forged_paths(data, path):
        assert not verify_consistency(old, roots[0], new, roots[1], forged)
    flipped = data.draw(st.integers(0, 255))
    assert not verify_consistency(old, flip(roots[0], flipped), new, roots[1], path)
    assert not verify_consistency(old, roots[0], new, flip(roots[1], flipped), path)
    assert not verify_consistency(old, roots[1], new, roots[0], path)
    assert not verify_consistency(new, roots[1], old, roots[0], path)
    assert not verify_consistency(old, roots[0], new * 2 + 1, roots[1], path)


def flip(value, bit):
    return bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(value))


def forged_paths(data, path):
    yield (*path, OTHER)
    yield (OTHER, *path)
    yield (*path, b"")
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        yield path[:at] + path[at + 1 :]
        yield (*path[:at], path[at], *path[at:])
        yield (*path[:at], flip(path[at], data.draw(st.integers(0, 255))), *path[at + 1 :])
        yield (*path[:at], path[at][:31], *path[at + 1 :])
    if len(path) > 1:
        yield path[::-1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((b"short", 0, 1, (), ROOTS[1]), "a leaf is a hash"),
        ((ROOTS[1], 0, 1, (), b""), "a root is a hash"),
        ((ROOTS[1], 0, 0, (), EMPTY_ROOT), "an empty tree has no leaf"),
        ((ROOTS[1], -1, 1, (), ROOTS[1]), "no index is negative"),
        ((ROOTS[1], False, True, (), ROOTS[1]), "a truth value is no number"),
        ((ROOTS[1], 0, 1.0, (), ROOTS[1]), "a size is a whole number"),
        ((ROOTS[1], 0, 2**60, (), ROOTS[1]), "a size fits canonical JSON"),
        ((ROOTS[1], 0, 1, None, ROOTS[1]), "a path is a sequence"),
        ((ROOTS[1], 0, 2, ("text",), ROOTS[1]), "a step is a hash"),
        (("0" * 32, 0, 1, (), "0" * 32), "a hash is bytes"),
    ],
)
def test_a_malformed_inclusion_proof_is_false_and_no_exception(arguments, why):
    assert verify_inclusion(*arguments) is False, why


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((0, OTHER, 0, OTHER, ()), "the empty tree has one root"),
        ((0, OTHER, 1, ROOTS[1], ()), "the empty tree has one root"),
        ((0, EMPTY_ROOT, 1, ROOTS[1], (OTHER,)), "nothing is to be shown of the empty tree"),
        ((1, ROOTS[1], 1, ROOTS[1], (OTHER,)), "nothing is to be shown of the same tree"),
        ((1, ROOTS[1], 1, OTHER, ()), "one size, one root"),
        ((1, ROOTS[1], 2, ROOTS[2], ()), "a longer tree needs a path"),
        ((2, ROOTS[2], 1, ROOTS[1], ()), "a ledger does not shrink"),
        ((-1, ROOTS[2], 1, ROOTS[1], ()), "no size is negative"),
        ((1, ROOTS[1], 2, ROOTS[2], None), "a path is a sequence"),
        ((1, None, 2, ROOTS[2], (OTHER,)), "a root is a hash"),
        ((6, ROOTS[6], 8, ROOTS[8], unhex([N45, N67])), "a path is whole"),
    ],
)
def test_a_malformed_consistency_proof_is_false_and_no_exception(arguments, why):
    assert verify_consistency(*arguments) is False, why


def test_a_proof_asks_for_the_nodes_it_announces_and_for_few_of_them():
    size, asked = 100_000 - 1, []

    def node(level, index):
        asked.append((level, index))
        assert (index + 1) << level <= size, "only complete nodes are asked for"
        return leaf_hash(b"%d/%d" % (level, index))

    for index in (0, 1, 65_535, 65_536, size - 1):
        asked.clear()
        inclusion_proof(index, size, node)
        assert sorted(asked) == sorted(inclusion_nodes(index, size))
        assert len(asked) <= 2 * size.bit_length()
        asked.clear()
        consistency_proof(index + 1, size, node)
        assert sorted(asked) == sorted(consistency_nodes(index + 1, size))
        assert len(asked) <= 2 * size.bit_length()


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 2**53)])
def test_an_inclusion_proof_of_what_is_not_there_is_refused(index, size):
    with pytest.raises(LedgerError, match="no such entry"):
        inclusion_proof(index, size, lookup({}))


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, 2**53)])
def test_a_consistency_proof_backwards_is_refused(old, new):
    with pytest.raises(LedgerError, match="continues"):
        consistency_proof(old, new, lookup({}))


def test_a_frontier_can_be_rebuilt_from_the_nodes_kept_at_any_size():
    entries, nodes = grown(130)
    frontier = Frontier()
    for size, entry in enumerate(entries):
        assert Frontier(size, tuple(nodes[peak] for peak in peaks_of(size))) == frontier
        frontier, finished = frontier.append(leaf_hash(entry))
        assert finished[0] == (0, size, leaf_hash(entry))
        assert finished[-1][2] == frontier.peaks[-1]


def test_a_frontier_that_cannot_be_is_refused():
    with pytest.raises(LedgerError, match="cannot have 1 peaks"):
        Frontier(3, (OTHER,))
    with pytest.raises(LedgerError, match="not a hash"):
        Frontier(1, (b"short",))
    with pytest.raises(LedgerError, match="cannot have"):
        Frontier(-1, (OTHER,))


def test_an_entry_in_place_of_its_hash_is_refused():
    with pytest.raises(InternalError, match="32 bytes, not 5 bytes"):
        Frontier().append(b"entry")
    with pytest.raises(InternalError, match="32 bytes, not 5 bytes"):
        root_of([b"entry"])


def test_a_leaf_cannot_be_passed_off_as_a_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_a_hundred_thousand_leaves_are_hashed_well_within_two_seconds():
    leaves = [leaf_hash(b"%d" % i) for i in range(100_000)]
    assert least_seconds(lambda: root_of(leaves), under=2) < 2
