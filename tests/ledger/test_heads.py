"""Signed heads, and the file in which they are kept outside the store."""

import json
import os
import threading
from dataclasses import replace

import pytest

from posology.errors import KeyFileError, LedgerError, OutputError
from posology.ledger.heads import (
    SignedHead,
    SigningKey,
    append_head,
    key_id_of,
    read_heads,
    sign_head,
    sign_successor,
    verify_head,
    verify_successor,
)

LOG = "a1b2c3d4"
KEY = SigningKey.from_bytes(bytes(range(32)))
OTHER = SigningKey.from_bytes(bytes(range(1, 33)))
ROOT = bytes(range(32))
HEAD = sign_head(KEY, LOG, 7, ROOT, 1_767_323_045_000_006)


def test_the_key_is_ed25519_as_rfc_8032_defines_it():
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    key = SigningKey.from_bytes(secret)
    assert (key.public_bytes(), key.sign(b""), key.to_bytes()) == (public, signature, secret)


def test_a_key_is_named_by_the_hash_of_its_public_half_and_never_shown():
    key = SigningKey.generate()
    assert SigningKey.from_bytes(key.to_bytes()).public_bytes() == key.public_bytes()
    assert key.key_id == key_id_of(key.public_bytes())
    assert len(key.key_id) == 16
    assert repr(key) == f"SigningKey({key.key_id})"
    assert SigningKey.generate().key_id != key.key_id


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(64)])
def test_a_key_of_another_length_is_refused(secret):
    with pytest.raises(KeyFileError, match="32 bytes"):
        SigningKey.from_bytes(secret)


def test_a_head_survives_its_json_and_verifies():
    read = SignedHead.from_json(json.loads(json.dumps(HEAD.as_json())))
    assert read == HEAD
    assert verify_head(read, KEY.public_bytes())
    assert HEAD.as_json()["at"] == "2026-01-02T03:04:05.000006Z"


@pytest.mark.parametrize(
    "change",
    [
        {"log": "a1b2c3d5"},
        {"size": 8},
        {"root": bytes(32)},
        {"at_us": HEAD.at_us + 1},
        {"key_id": OTHER.key_id},
        {"signature": bytes(64)},
        {"signature": b"short"},
    ],
)
def test_a_head_with_any_field_changed_does_not_verify(change):
    assert not verify_head(replace(HEAD, **change), KEY.public_bytes())


def test_a_head_does_not_verify_under_another_key():
    assert not verify_head(HEAD, OTHER.public_bytes())
    assert not verify_head(replace(HEAD, key_id=OTHER.key_id), OTHER.public_bytes())
    assert not verify_head(replace(HEAD, key_id=key_id_of(b"short")), b"short")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"posology": "ledger-head/2"}, "posology"),
        ({"log": "a b"}, "log is not an id"),
        ({"size": -1}, "size is not"),
        ({"size": "7"}, "size is not"),
        ({"size": True}, "size is not"),
        ({"root": ROOT.hex().upper()}, "root is not"),
        ({"root": ROOT.hex()[:-2]}, "root is not"),
        ({"at": "2026-01-02"}, "at is not a time"),
        ({"at": "2026-02-30T03:04:05.000006Z"}, "at is not a time"),
        ({"at": 7}, "at is not a time"),
        ({"at": "1969-12-31T23:59:59.999999Z"}, "at is not a time"),
        ({"at": "0000-01-02T03:04:05.000006Z"}, "at is not a time"),
        ({"signature": "00"}, "signature is not"),
        ({"more": 1}, "no others"),
    ],
)
def test_a_head_that_is_not_exactly_one_is_refused(change, expected):
    with pytest.raises(LedgerError, match=expected):
        SignedHead.from_json(HEAD.as_json() | change)


@pytest.mark.parametrize("value", [None, [], "head", {}])
def test_what_is_no_head_at_all_is_refused(value):
    with pytest.raises(LedgerError, match="no others"):
        SignedHead.from_json(value)


def test_what_could_not_be_read_back_is_not_signed():
    with pytest.raises(LedgerError, match="root"):
        sign_head(KEY, LOG, 7, b"short", 0)


def test_a_key_names_the_key_that_follows_it_in_one_ledger():
    signature = sign_successor(KEY, LOG, OTHER.public_bytes())
    assert verify_successor(KEY.public_bytes(), LOG, OTHER.public_bytes(), signature)
    assert not verify_successor(KEY.public_bytes(), "other", OTHER.public_bytes(), signature)
    assert not verify_successor(KEY.public_bytes(), LOG, KEY.public_bytes(), signature)
    assert not verify_successor(OTHER.public_bytes(), LOG, OTHER.public_bytes(), signature)


def head(size, root=None, log=LOG):
    return sign_head(KEY, log, size, root or bytes([size] * 32), 1000 + size)


def test_heads_are_kept_one_a_line_in_their_order(tmp_path):
    path = tmp_path / "heads.jsonl"
    heads = [head(0), head(3), head(3), head(9)]
    for one in heads:
        append_head(path, one)
    assert read_heads(path) == tuple(heads)
    assert path.read_bytes().count(b"\n") == 4


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (head(2), "2 entries, the one before 3"),
        (head(3, bytes(32)), "different roots"),
        (head(4, log="other"), "of ledger other"),
    ],
)
def test_a_head_that_contradicts_the_last_one_is_refused_and_the_file_stays(tmp_path, bad, expected):
    path = tmp_path / "heads.jsonl"
    append_head(path, head(3))
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=expected) as raised:
        append_head(path, bad)
    assert "find out what happened" in str(raised.value)
    assert path.read_bytes() == before
    path.write_bytes(before + json.dumps(bad.as_json()).encode() + b"\n")
    with pytest.raises(LedgerError, match=f"line 2: .*{expected}"):
        read_heads(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{}\n", "line 1: not a signed head"),
        (b"nothing\n", "line 1: not JSON"),
        (b"\xff\n", "line 1: not JSON"),
        (b"[" * 100_000 + b"\n", "line 1: not JSON"),
        (b"\n", "line 1: not JSON"),
        (b'{"posology":', "the last line is cut off"),
    ],
)
def test_a_damaged_file_of_heads_is_refused_by_line(tmp_path, content, expected):
    path = tmp_path / "heads.jsonl"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=expected):
        read_heads(path)
    with pytest.raises(LedgerError, match=expected):
        append_head(path, HEAD)
    assert path.read_bytes() == content


def test_a_file_of_heads_that_is_not_there_is_no_empty_one(tmp_path):
    with pytest.raises(LedgerError, match="cannot be read"):
        read_heads(tmp_path / "none.jsonl")


def test_a_head_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be opened"):
        append_head(tmp_path / "none" / "heads.jsonl", HEAD)
    with pytest.raises(OutputError, match="cannot be opened"):
        append_head(tmp_path, HEAD)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_an_error():
    with pytest.raises(OutputError, match="was not written"):
        append_head_to_full_disk()


def append_head_to_full_disk():
    from pathlib import Path

    class FullDisk(type(Path())):
        def read_bytes(self):
            return b""

    append_head(FullDisk("/dev/full"), HEAD)


def test_heads_appended_at_once_all_stand_in_the_file_whole(tmp_path):
    path = tmp_path / "heads.jsonl"
    threads = [threading.Thread(target=append_head, args=(path, HEAD)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_heads(path) == (HEAD,) * 20
