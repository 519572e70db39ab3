"""A proof file shows one entry to stand in the ledger, and any altered one does not."""

import json

import pytest

from posology.errors import LedgerError
from posology.ledger import SignedHead, build_proof, inclusion_proof, verify_proof
from tests.cli.cli_runs import run
from tests.ledger.small_ledger import KEY, NEXT_KEY, grown_ledger

LEDGER = grown_ledger(23)
PUBLIC = KEY.public_bytes()


def proof(index=5, size=23, key=KEY):
    path = inclusion_proof(index, size, LEDGER.node)
    return build_proof(json.loads(LEDGER.entries[index]), path, LEDGER.head(size, key), key.public_bytes())


@pytest.mark.parametrize("size", [1, 2, 7, 16, 23])
def test_every_entry_has_a_proof_in_every_ledger_that_holds_it(size):
    for index in range(size):
        made = proof(index, size)
        assert verify_proof(made) == []
        assert verify_proof(json.dumps(made, indent=2), public_key=PUBLIC) == []
        assert verify_proof(json.dumps(made).encode(), public_key=PUBLIC) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"posology": "ledger-proof/2"}, "not a ledger-proof/1 file"),
        ({"more": 1}, "not a ledger-proof/1 file"),
        ({"index": 6}, "another number"),
        ({"index": -1}, "index is not"),
        ({"size": 22}, "another size"),
        ({"size": "23"}, "size is not"),
        ({"path": []}, "does not lead"),
        ({"path": proof(6)["path"]}, "does not lead"),
        ({"path": [*proof()["path"], "00" * 32]}, "does not lead"),
        ({"path": ["00"]}, "path is not"),
        ({"path": "00"}, "path is not"),
        ({"entry": proof(6)["entry"]}, "another number"),
        ({"entry": proof()["entry"] | {"actor": "u9"}}, "does not lead"),
        ({"entry": proof()["entry"] | {"details": {}}}, "does not lead"),
        ({"entry": proof()["entry"] | {"details": {"a": float("nan")}}}, "canonical JSON cannot hold"),
        ({"entry": proof()["entry"] | {"more": 1}}, "entry: an entry has the keys"),
        ({"entry": None}, "entry is not"),
        ({"head": LEDGER.head(22).as_json()}, "another size"),
        ({"head": LEDGER.head().as_json() | {"root": "00" * 32}}, "not signed by the key"),
        ({"head": LEDGER.head().as_json() | {"signature": "00" * 64}}, "not signed by the key"),
        ({"head": LEDGER.head(23, NEXT_KEY).as_json()}, "not signed by the key"),
        ({"head": {}}, "not a signed head"),
        ({"public_key": NEXT_KEY.public_bytes().hex()}, "not signed by the key"),
        ({"public_key": "00"}, "public_key is not"),
    ],
)
def test_a_proof_with_anything_changed_does_not_prove(change, expected):
    problems = verify_proof(proof() | change, public_key=PUBLIC)
    assert any(expected in problem for problem in problems), problems


def test_a_proof_signed_by_another_key_is_found_only_by_who_holds_the_right_one():
    forged = proof(key=NEXT_KEY)
    assert verify_proof(forged) == []
    assert verify_proof(forged, public_key=PUBLIC) == ["the proof is not signed by the key given"]


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"index": 1, "index": 1}', b"\xff", "[" * 100_000])
def test_what_is_no_proof_file_is_a_problem_and_no_exception(text):
    (problem,) = verify_proof(text)
    assert problem.startswith("not a")


def test_no_bit_of_a_proof_file_can_be_flipped():
    text = json.dumps(proof()).encode()
    for at in range(len(text)):
        forged = bytearray(text)
        forged[at] ^= 1 << at % 8
        assert verify_proof(bytes(forged), public_key=PUBLIC) or json_value(forged) == json_value(text)


def json_value(data):
    try:
        return json.loads(bytes(data))
    except ValueError:
        return None


def test_a_proof_that_would_not_verify_is_not_given():
    with pytest.raises(LedgerError, match="no proof of entry 5"):
        build_proof(json.loads(LEDGER.entries[5]), (), LEDGER.head(), PUBLIC)


def test_a_head_kept_elsewhere_must_have_the_proofs_root():
    other = SignedHead(
        **{name: getattr(LEDGER.head(), name) for name in SignedHead.__slots__} | {"root": b"0" * 32}
    )
    assert verify_proof(proof(), heads=[LEDGER.head(), LEDGER.head(7)]) == []
    assert verify_proof(proof(), heads=[other]) == ["a head kept elsewhere has another root at this size"]


def test_anybody_checks_a_proof_file_from_the_command_line(tmp_path):
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof(), indent=2), encoding="utf-8")
    told = run("ledger", "verify", file, "--public-key", PUBLIC.hex())
    assert (told.code, told.out) == (0, "entry 5 stands among the 23 of the ledger: proved.\n")
    assert json.loads(run("ledger", "verify", file, "--json").out)["ok"] is True
    file.write_text(json.dumps(proof() | {"path": proof(6)["path"]}), encoding="utf-8")
    told = run("ledger", "verify", file)
    assert told.code == 2
    assert "NOT PROVED" in told.out
    assert "the path does not lead from the entry" in told.out
