"""What an entry looks like, what it can never say, and the digests that bind rows to it."""

import sqlite3
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.errors import InternalError
from posology.ledger import values
from posology.ledger.entries import (
    FORMAT,
    Act,
    Kind,
    build_entry,
    canonical,
    check_details,
    check_envelope,
    format_time,
    parse_time,
    row_digest,
)
from posology.ledger.kinds import ALWAYS, DETAILS
from tests.quick import least_seconds

HASH = "0a" * 32
SECRET = "Maria Lopez takes warfarin"
AT_US = 1_767_323_045_000_006

MODEL_CALL = {
    "role": "writer",
    "name": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "version": "2024-11",
    "sha256": HASH,
    "engine": "openvino-genai",
    "prompt_hash": HASH,
    "output_hash": HASH,
    "prompt_tokens": 412,
    "output_tokens": 31,
    "milliseconds": 812,
    "at": "2026-01-02T03:04:05Z",
}


def test_an_entry_has_one_form_in_bytes():
    act = Act(Kind.PACKET_READ, "u1", "s1", "p1", 2, {"form": "html"})
    entry = build_entry(7, AT_US, act, {"packets/p1": HASH, "scratches/x": None}, 25)
    assert canonical(entry).decode() == (
        '{"actor":"u1","at":"2026-01-02T03:04:05.000006Z","details":{"clock_back_us":25,"form":"html"},'
        f'"kind":"packet.read","n":7,"objects":{{"packets/p1":"{HASH}","scratches/x":null}},'
        '"packet":"p1","posology":"ledger/1","session":"s1","version":2}'
    )


def test_what_is_not_known_is_null_and_every_key_is_there():
    entry = build_entry(0, 0, Act(Kind.SIGN_OUT, "system"))
    assert entry == {
        "posology": FORMAT,
        "n": 0,
        "at": "1970-01-01T00:00:00.000000Z",
        "actor": "system",
        "session": None,
        "kind": "sign-out",
        "packet": None,
        "version": None,
        "objects": {},
        "details": {},
    }


def test_a_model_call_says_which_model_made_what_from_what():
    entry = build_entry(0, AT_US, Act(Kind.MODEL_CALLED, "system", details=MODEL_CALL))
    assert entry["details"] == MODEL_CALL


def test_every_kind_has_its_details_and_every_detail_a_rule():
    assert set(DETAILS) == set(Kind)
    assert all(isinstance(rule, values.Rule) for line in DETAILS.values() for rule in line.values())
    assert all(values.CODE.holds(key) for line in (*DETAILS.values(), ALWAYS) for key in line)


@pytest.mark.parametrize("text", [SECRET, "", " ", "warfarin 5 mg", "x" * 300, "é", "a\nb", "naïve", "ID 7"])
def test_no_detail_of_any_kind_can_hold_free_text(text):
    for kind, line in DETAILS.items():
        for key, rule in {**line, **ALWAYS}.items():
            for value in (text, [text], {text: 1}, {"a": text}, [[text]], {"a": {"b": text}}):
                assert not rule.holds(value), (kind, key)


@given(st.sampled_from(list(Kind)), st.text(min_size=1), st.text(min_size=1))
def test_what_holds_a_space_never_enters(kind, left, right):
    text = f"{left} {right}"
    for key in DETAILS[kind]:
        with pytest.raises(InternalError):
            build_entry(0, 0, Act(kind, "system", details={key: text}))


@pytest.mark.parametrize(
    ("act", "objects", "expected"),
    [
        (Act(Kind.PACKET_READ, SECRET), {}, "actor is not an id"),
        (Act(Kind.PACKET_READ, ""), {}, "actor is not an id"),
        (Act(Kind.PACKET_READ, "u", SECRET), {}, "session is not an id"),
        (Act(Kind.PACKET_READ, "u", "s", SECRET), {}, "packet is not an id"),
        (Act(Kind.PACKET_READ, "u", "s", "p", -1), {}, "version is not a whole number"),
        (Act(Kind.PACKET_READ, "u", "s", "p", True), {}, "version is not a whole number"),
        (Act(Kind.PACKET_READ, "u"), {SECRET: HASH}, "objects is not"),
        (Act(Kind.PACKET_READ, "u"), {"packets/p": SECRET}, "objects is not"),
        (Act(Kind.PACKET_READ, "u"), {"packets/p": HASH.upper()}, "objects is not"),
        (Act(Kind.PACKET_READ, "u"), {f"packets/{SECRET}": HASH}, "objects is not"),
        (Act(Kind.PACKET_READ, "u", details={"form": SECRET}), {}, "the detail form is not a code"),
        (Act(Kind.PACKET_READ, "u", details={"form": 7}), {}, "the detail form is not a code"),
        (Act(Kind.PACKET_READ, "u", details={"note": "x"}), {}, "no detail named note"),
        (Act(Kind.PACKET_READ, "u", details={SECRET: "x"}), {}, "no detail named (a name that is no code)"),
        (Act(Kind.PACKET_READ, "u", details={"request": SECRET}), {}, "the detail request is not an id"),
        (Act(Kind.USER_CREATED, "u", details={"role": "owner"}), {}, "role is not one of clinician"),
        (Act(Kind.CHECK_MADE, "u", details={"ok": 1}), {}, "ok is not true or false"),
        (Act(Kind.VERDICT_GIVEN, "u", details={"score": 0.98}), {}, "score is not a whole number"),
        (Act(Kind.MODEL_CALLED, "u", details={"prompt_hash": "abc"}), {}, "prompt_hash is not a SHA-256"),
        (Act("packet.burnt", "u"), {}, "no such kind"),
        (Act(SECRET, "u"), {}, "kind is not a code"),
    ],
)
def test_what_an_entry_may_not_say_is_refused_by_name_and_never_quoted(act, objects, expected):
    with pytest.raises(InternalError) as raised:
        build_entry(0, AT_US, act, objects)
    message = str(raised.value)
    assert message.startswith("ledger: ")
    assert expected in message
    assert not any(word in message for word in SECRET.split())


@pytest.mark.parametrize("at_us", [-1, 253_402_300_800_000_000])
def test_a_clock_out_of_the_calendar_is_refused(at_us):
    with pytest.raises(InternalError, match="clock"):
        format_time(at_us)


@given(st.integers(0, 253_402_300_799_999_999))
def test_a_time_survives_its_text(at_us):
    assert parse_time(format_time(at_us)) == at_us


def test_the_last_moment_of_the_calendar_can_be_written():
    assert format_time(253_402_300_799_999_999) == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"extra": 1}, "and no others"),
        ({"posology": "ledger/2"}, "posology is not"),
        ({"n": -1}, "n is not"),
        ({"n": "0"}, "n is not"),
        ({"at": "2026-01-02T03:04:05Z"}, "at is not"),
        ({"at": None}, "at is not"),
        ({"actor": None}, "actor is not"),
        ({"kind": "Packet"}, "kind is not"),
        ({"objects": []}, "objects is not"),
        ({"details": None}, "details is not"),
    ],
)
def test_the_form_of_an_entry_is_strict(change, expected):
    entry = build_entry(0, AT_US, Act(Kind.SIGN_OUT, "u"))
    assert check_envelope(entry) == ""
    assert expected in check_envelope(entry | change)
    assert "and no others" in check_envelope({key: entry[key] for key in list(entry)[1:]})


def test_kinds_and_details_can_be_checked_of_what_was_read():
    assert check_details("model.called", MODEL_CALL) == ""
    assert check_details("packet.burnt", {}) == "there is no such kind of entry"


def test_lists_and_mappings_hold_only_what_their_rule_allows():
    assert values.listed(values.CODE).holds(["password", "role"])
    assert not values.listed(values.CODE).holds("password")
    assert not values.listed(values.COUNT).holds([1] * 2001)
    assert values.mapped(values.CODE, values.COUNT).holds({"accuracy": 7})
    assert not values.mapped(values.CODE, values.COUNT).holds({"accuracy": -7})
    assert not values.mapped(values.CODE, values.COUNT).holds([("accuracy", 7)])


@pytest.mark.parametrize("value", [float("nan"), 2**53, "\ud800", {1: 2}, b"x"])
def test_what_canonical_json_cannot_hold_is_refused_without_its_value(value):
    with pytest.raises(InternalError, match="canonical JSON cannot hold") as raised:
        canonical({"a": value})
    assert raised.value.__cause__ is None


ROW = {"id": "p1", "size": 7, "body": b"\x00sealed", "owner": None, "score": 0.5, "open": True, "big": 2**62}


def test_the_digest_of_a_row_is_that_of_its_canonical_json():
    body = sha256(b"\x00sealed").hexdigest()
    form = (
        f'{{"big":"4611686018427387904","body":{{"sha256":"{body}"}},"id":"p1","open":1,"owner":null,'
        '"score":"0.5","size":7}'
    )
    assert row_digest(ROW) == sha256(form.encode()).hexdigest()
    assert row_digest(dict(reversed(ROW.items()))) == row_digest(ROW)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "p2"},
        {"size": 8},
        {"size": None},
        {"body": b"\x00sealee"},
        {"body": None},
        {"owner": ""},
        {"owner": "u"},
        {"score": 0.5000000000000001},
        {"open": False},
        {"big": 2**62 + 1},
        {"more": None},
    ],
)
def test_any_change_of_a_row_changes_its_digest(change):
    assert row_digest(ROW | change) != row_digest(ROW)


def test_a_row_has_one_digest_however_the_database_returns_it():
    assert row_digest(ROW | {"open": 1}) == row_digest(ROW)
    assert row_digest(ROW | {"body": memoryview(ROW["body"])}) == row_digest(ROW)
    assert row_digest(ROW | {"body": bytearray(ROW["body"])}) == row_digest(ROW)


@given(
    st.dictionaries(
        st.text("abc_", min_size=1, max_size=8),
        st.none()
        | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
        | st.binary()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False),
        min_size=1,
    )
)
def test_a_row_keeps_its_digest_through_a_database(row):
    columns = list(row)
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"create table t ({','.join(f'c{i}' for i in range(len(columns)))})")
        connection.execute(f"insert into t values ({','.join('?' * len(columns))})", list(row.values()))
        found = connection.execute("select * from t").fetchone()
    connection.close()
    assert row_digest(dict(zip(columns, found, strict=True))) == row_digest(row)


@pytest.mark.parametrize("value", [[1], {"a": 1}, object()])
def test_a_column_of_an_unforeseen_type_has_no_digest(value):
    with pytest.raises(InternalError, match="the column notes holds a"):
        row_digest({"notes": value})


def test_twenty_thousand_small_rows_are_digested_in_a_second():
    row = {"id": "ab" * 10, "key_id": "cd" * 10, "created_us": AT_US, "body": b"x" * 200, "gaps": 3}

    def digest():
        for _ in range(5000):
            row_digest(row)

    assert least_seconds(digest, under=0.25) < 0.25
