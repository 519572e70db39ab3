"""An exported ledger is checked without the database, and every alteration of it is found."""

import io
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import LedgerError
from posology.ledger import (
    Act,
    Kind,
    build_entry,
    canonical,
    leaf_hash,
    root_of,
    sign_head,
    sign_successor,
    verify_export,
    write_export,
)
from posology.ledger.export import MAX_PROBLEMS
from tests.ledger.small_ledger import KEY, LOG, NEXT_KEY, SmallLedger, grown_ledger
from tests.quick import least_seconds

LEDGER = grown_ledger(23)
EXPORT = LEDGER.export()
PUBLIC = KEY.public_bytes()


@pytest.fixture
def check(tmp_path):
    def checked(data, heads=(), public_key=PUBLIC):
        path = tmp_path / "ledger.jsonl"
        path.write_bytes(data)
        return verify_export(path, heads=heads, public_key=public_key)

    return checked


def test_an_export_verifies_and_gives_its_size_and_root(check):
    found = check(EXPORT)
    assert found.ok
    assert found.problems == ()
    assert (found.size, found.root) == (23, root_of(map(leaf_hash, LEDGER.entries)))
    assert check(EXPORT, public_key=None).ok


def test_an_export_continues_every_head_exported_before(check):
    heads = [LEDGER.head(size) for size in range(24)]
    assert check(EXPORT, heads=heads).ok


def test_an_export_of_an_empty_ledger_verifies(check):
    assert check(LEDGER.export(0), heads=[LEDGER.head(0)]).ok


def lines():
    return EXPORT.splitlines(keepends=True)


def altered(position, **changes):
    found = lines()
    value = json.loads(found[position]) | changes
    found[position] = canonical(value) + b"\n"
    return b"".join(found)


@pytest.mark.parametrize("position", range(1, 24))
def test_an_entry_changed_dropped_doubled_or_moved_is_found(check, position):
    other = lines()
    dropped = b"".join(other[:position] + other[position + 1 :])
    doubled = b"".join(other[: position + 1] + other[position:])
    neighbour = position + 1 if position < 23 else 1
    other[position], other[neighbour] = other[neighbour], other[position]
    for forged in (altered(position, actor="u9"), dropped, doubled, b"".join(other)):
        found = check(forged)
        assert not found.ok
        assert any("root" in problem or "entries" in problem for problem in found.problems)


def test_an_entry_added_without_a_new_signature_is_found(check):
    added = lines()
    entry = json.loads(added[-2])
    added.insert(-1, canonical(entry | {"n": 23}) + b"\n")
    assert check(b"".join(added)).problems == ("the head signs 23 entries, the file holds 24",)


def resigned(ledger_entries, key=KEY):
    """Write a ledger anew, as one could who holds the signing key."""
    stream, root = io.BytesIO(), root_of(map(leaf_hash, ledger_entries))
    head = sign_head(key, LOG, len(ledger_entries), root, 7)
    write_export(stream, head, key.public_bytes(), ledger_entries)
    return stream.getvalue()


@pytest.mark.parametrize("n", [0, 1, 7, 15])
def test_an_entry_altered_by_who_holds_the_signing_key_is_found_by_an_older_head(check, n):
    entries = list(LEDGER.entries)
    entries[n] = canonical(json.loads(entries[n]) | {"actor": "u9"})
    forged = resigned(entries)
    assert check(forged).ok
    assert check(forged, heads=[LEDGER.head(n)]).ok
    (problem,) = check(forged, heads=[LEDGER.head(n), LEDGER.head(16)]).problems
    assert problem.startswith("the head of 16 entries")
    assert "altered since" in problem


def test_entries_cut_off_by_who_holds_the_signing_key_are_found_by_an_older_head(check):
    (problem,) = check(resigned(LEDGER.entries[:20]), heads=[LEDGER.head(21)]).problems
    assert "the file holds only 20: entries were cut off" in problem


def test_a_ledger_signed_by_another_key_is_found(check):
    forged = resigned(LEDGER.entries, NEXT_KEY)
    assert check(forged, public_key=None).ok
    (problem,) = check(forged).problems
    assert "does not follow from the key given" in problem


def test_heads_of_others_are_no_evidence(check):
    other_log = sign_head(KEY, "other", 3, LEDGER.head(3).root, 7)
    other_key = LEDGER.head(3, NEXT_KEY)
    forged = LEDGER.head(3).__class__.from_json(LEDGER.head(3).as_json() | {"size": 4})
    assert "another ledger" in check(EXPORT, heads=[other_log]).problems[0]
    assert "does not record" in check(EXPORT, heads=[other_key]).problems[0]
    assert "its signature is not" in check(EXPORT, heads=[forged]).problems[0]


def rotated(signature):
    ledger = grown_ledger(5)
    details = {"what": "ledger", "old_key_id": KEY.key_id}
    ledger.rotate(NEXT_KEY, details | ({"signature": signature.hex()} if signature else {}))
    ledger.add(Act(Kind.SIGN_OUT, "u1"))
    return ledger


def test_a_new_signing_key_is_trusted_because_the_old_one_names_it(check):
    ledger = rotated(sign_successor(KEY, LOG, NEXT_KEY.public_bytes()))
    heads = [ledger.head(4, KEY), ledger.head(7)]
    assert check(ledger.export(), heads).ok
    assert check(ledger.export(), heads, NEXT_KEY.public_bytes()).ok
    assert check(ledger.export(), heads, None).ok


def test_a_new_signing_key_that_the_old_one_does_not_name_is_not_trusted(check):
    unsigned = rotated(None).export()
    assert "does not follow from the key given" in check(unsigned).problems[0]
    wrong = rotated(sign_successor(NEXT_KEY, LOG, NEXT_KEY.public_bytes())).export()
    assert check(wrong).problems[0].startswith("line 7: the signing key is not the one")
    other = rotated(sign_successor(KEY, "other", NEXT_KEY.public_bytes())).export()
    assert check(other).problems[0].startswith("line 7: the signing key is not the one")


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(EXPORT) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(tmp_path_factory, at, bit):
    forged = bytearray(EXPORT)
    forged[at] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "flipped.jsonl"
    path.write_bytes(forged)
    assert not verify_export(path, public_key=PUBLIC).ok
    assert not verify_export(path).ok


def test_random_bytes_put_in_cut_out_or_written_over_are_found(check):
    rng = random.Random(9162)
    for _ in range(150):
        at, length = rng.randrange(len(EXPORT)), rng.randint(1, 40)
        noise = rng.randbytes(length)
        for forged in (
            EXPORT[:at] + noise + EXPORT[at:],
            EXPORT[:at] + EXPORT[at + length :],
            EXPORT[:at] + noise + EXPORT[at + length :],
        ):
            assert forged == EXPORT or not check(forged).ok


@pytest.mark.parametrize("length", [0, 1, 100, len(EXPORT) // 2, len(EXPORT) - 1])
def test_an_export_that_is_cut_off_is_found(check, length):
    assert not check(EXPORT[:length]).ok


@pytest.mark.parametrize(
    ("forged", "expected"),
    [
        (altered(0, posology="ledger-export/2"), "line 1: not the header"),
        (altered(0, log="other"), "another ledger than the header"),
        (altered(0, public_key="xyz"), "line 1: the ledger's id or public key is malformed"),
        (altered(0, public_key=NEXT_KEY.public_bytes().hex()), "not signed by the key of the header"),
        (altered(0, more=1), "line 1: not the header"),
        (altered(3, n=3), "line 4: here belongs entry 2, and entry 3 stands here"),
        (altered(3, more=1), "line 4: an entry has the keys"),
        (altered(3, details=[]), "line 4: details is not"),
        (altered(24, size=22), "the head signs 22 entries"),
        (altered(24, more=1), "the export may be cut off"),
        (EXPORT.replace(b'"n":4', b'"n": 4'), "line 6: not in canonical form"),
        (EXPORT.replace(b'"n":4', b'"n":4.0'), "line 6: not in canonical form"),
        (EXPORT.replace(b'"n":4', b'"n":NaN'), "line 6: not in canonical form"),
        (EXPORT.replace(b'"n":4,', b'"n":4,"n":4,'), "line 6: not a whole line of JSON"),
        (EXPORT.replace(b'"n":4,', b'"n":4,"x":' + b"[" * 99_999 + b","), "line 6: not a whole line of JSON"),
        (EXPORT.replace(b"\n", b"\r\n"), "line 1: not in canonical form"),
        (EXPORT + b"\n", "last line: not a whole line of JSON"),
        (b"\xef\xbb\xbf" + EXPORT, "line 1: not"),
        (EXPORT.decode().encode("utf-16"), "line 1: not"),
        (b"[]\n" + EXPORT, "line 1: not a whole line of JSON"),
    ],
)
def test_a_malformed_export_is_found_by_line(check, forged, expected):
    problems = check(forged).problems
    assert any(expected in problem for problem in problems), problems


def test_problems_quote_nothing_of_the_file(check):
    secret = "Maria Lopez takes warfarin"
    for position in range(25):
        for key in ("actor", "log", "at", "posology", "details", secret):
            problems = check(altered(position, **{key: secret})).problems
            assert problems
            assert "Maria" not in " ".join(problems)


def test_many_problems_are_counted_not_listed(check):
    export = grown_ledger(300).export()
    problems = check(export.replace(b'"n":', b'"n": ')).problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].endswith("more problems")


def test_an_export_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(LedgerError, match="cannot be read"):
        verify_export(tmp_path / "none.jsonl")


def test_a_ledger_that_does_not_fit_its_head_is_not_exported_as_whole():
    stream = io.BytesIO()
    with pytest.raises(LedgerError, match="was altered"):
        write_export(stream, LEDGER.head(), PUBLIC, LEDGER.entries[:-1])
    assert b"ledger-head" not in stream.getvalue()
    with pytest.raises(LedgerError, match="not signed by the key"):
        write_export(io.BytesIO(), LEDGER.head(), NEXT_KEY.public_bytes(), LEDGER.entries)


@pytest.mark.parametrize("count", [10_000])
def test_an_export_is_verified_fast_enough_for_a_hundred_thousand_entries_in_ten_seconds(check, count):
    act = Act(Kind.PACKET_READ, "ab" * 10, "cd" * 8, "ef" * 10, 3, {"form": "html"})
    entries = [canonical(build_entry(n, n, act, {f"packets/{n}": "0b" * 32})) for n in range(count)]
    forged = resigned(entries)

    def verified():
        assert check(forged).ok

    bound = 10 * count / 100_000
    assert least_seconds(verified, under=bound) < bound


def test_a_ledger_made_by_the_small_one_begins_with_its_key():
    assert json.loads(SmallLedger().entries[0])["details"]["key_id"] == KEY.key_id
