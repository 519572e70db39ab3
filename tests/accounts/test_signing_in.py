"""Signing in: what is refused, how it is counted, and that nothing tells which part was wrong."""

import json
import threading

import pyotp
import pytest
from sqlalchemy import select, update

from posology.config import Serve
from posology.errors import Conflict, NotAllowed, RequestError
from posology.review.accounts import (
    NewAccount,
    change_account,
    create_account,
    disable_account,
    enable_account,
    find_account,
    list_accounts,
    reset_account,
)
from posology.review.sessions import (
    PROVED_MINUTES,
    end_session,
    find_session,
    is_proved,
    session_id,
    touch_session,
)
from posology.review.signing_in import (
    LOCK_MINUTES,
    MOST_FAILURES,
    REFUSED,
    Claim,
    change_password,
    enrol_code,
    reprove,
    sign_in,
)
from posology.review.totp import matching_step, new_secret, qr_code, seal_pending
from posology.store import SYSTEM, Role
from posology.store.schema import sessions, users

PASSWORD = "correct horse staple 9"


def session_of(store, serve, code=""):
    return find_session(store, sign_in(store, Claim("ada", PASSWORD, code), serve), serve)


def test_a_person_signs_in_by_name_and_password(store, serve, ada, entries):
    secret = sign_in(store, Claim(" ADA ", PASSWORD, address="::1"), serve)
    session = find_session(store, secret, serve)
    assert (session.actor.id, session.actor.role, session.method) == (ada, Role.CLINICIAN, "password")
    (entry,) = entries("sign-in.succeeded")
    assert entry["actor"] == ada
    assert entry["session"] == session.actor.session
    assert entry["details"] == {"user": ada, "method": "password", "address": "[::1]"}


def test_every_wrong_sign_in_gets_the_same_answer(store, serve, ada):
    other = create_account(store, SYSTEM, NewAccount("bob", "Bob Example", Role.STAFF), PASSWORD)
    disable_account(store, SYSTEM, other)
    for claim in (Claim("nobody", PASSWORD), Claim("ada", "wrong"), Claim("bob", PASSWORD), Claim("", "")):
        with pytest.raises(NotAllowed) as caught:
            sign_in(store, claim, serve)
        assert str(caught.value) == REFUSED


def test_what_is_typed_as_an_unknown_name_is_recorded_by_its_keyed_hash_only(store, serve, entries):
    typed = "my-secret-password-typed-too-early"
    for _ in range(2):
        with pytest.raises(NotAllowed):
            sign_in(store, Claim(typed, ""), serve)
    first, second = entries("sign-in.refused")
    assert first["details"]["login"] == second["details"]["login"]
    assert len(first["details"]["login"]) == 64
    assert typed not in json.dumps(entries())


def test_five_failures_lock_the_account_for_fifteen_minutes(store, serve, ada, clock, entries):
    for _ in range(MOST_FAILURES):
        with pytest.raises(NotAllowed):
            sign_in(store, Claim("ada", "wrong"), serve)
    with pytest.raises(NotAllowed):
        sign_in(store, Claim("ada", PASSWORD), serve)
    assert len(entries("sign-in.locked")) == 1
    assert entries("sign-in.refused")[-1]["details"]["reason"] == "locked"
    clock.pass_seconds(LOCK_MINUTES * 60 + 1)
    assert sign_in(store, Claim("ada", PASSWORD), serve)


def test_a_success_forgets_the_failures_before_it(store, serve, ada):
    for _ in range(2):
        for _ in range(MOST_FAILURES - 1):
            with pytest.raises(NotAllowed):
                sign_in(store, Claim("ada", "wrong"), serve)
        assert sign_in(store, Claim("ada", PASSWORD), serve)


def test_guesses_at_the_same_time_do_not_pass_the_lock(store, serve, ada):
    def guess():
        with pytest.raises(NotAllowed):
            sign_in(store, Claim("ada", "wrong"), serve)

    threads = [threading.Thread(target=guess) for _ in range(MOST_FAILURES + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find_account(store, ada).locked_until_us > 0


def enrol(store, serve, clock):
    session = session_of(store, serve)
    secret = new_secret()
    code = pyotp.TOTP(secret).at(clock.now_us // 1_000_000)
    enrol_code(store, session, seal_pending(store, secret, session.actor.id), code)
    clock.pass_seconds(60)
    return secret


def code_at(secret, clock, steps=0):
    return pyotp.TOTP(secret).at(clock.now_us // 1_000_000 + 30 * steps)


def test_an_account_with_a_code_needs_it(store, serve, ada, clock):
    secret = enrol(store, serve, clock)
    for code in ("", "000000", "abcdef", code_at(secret, clock, 5), code_at(secret, clock, -5)):
        with pytest.raises(NotAllowed):
            sign_in(store, Claim("ada", PASSWORD, code), serve)
        with store.volatile() as connection:
            connection.execute(update(users).values(failures=0))
    assert session_of(store, serve, code_at(secret, clock)).method == "password+totp"


def test_a_code_counts_once(store, serve, ada, clock, entries):
    secret = enrol(store, serve, clock)
    code = code_at(secret, clock)
    assert sign_in(store, Claim("ada", PASSWORD, code), serve)
    with pytest.raises(NotAllowed):
        sign_in(store, Claim("ada", PASSWORD, code), serve)
    assert entries("sign-in.refused")[-1]["details"]["reason"] == "code"


def test_the_code_of_the_enrolment_does_not_sign_in(store, serve, ada, clock):
    session, secret = session_of(store, serve), new_secret()
    code = code_at(secret, clock)
    enrol_code(store, session, seal_pending(store, secret, ada), code)
    with pytest.raises(NotAllowed):
        sign_in(store, Claim("ada", PASSWORD, code), serve)


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(clock, steps, taken):
    secret = new_secret()
    assert (matching_step(secret, code_at(secret, clock, steps), clock.now_us, 0) is not None) == taken


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "12 34 5x", "-12345", "12.456"])
def test_what_is_no_code_is_refused(clock, code):
    assert matching_step(new_secret(), code, clock.now_us, 0) is None


def test_another_persons_enrolment_form_does_not_open(store, serve, ada, clock):
    session, secret = session_of(store, serve), new_secret()
    with pytest.raises(RequestError, match="damaged") as caught:
        enrol_code(store, session, seal_pending(store, secret, "0" * 20), code_at(secret, clock))
    assert secret not in str(caught.value)
    assert not find_account(store, ada).has_totp


def test_an_enrolment_needs_a_fresh_proof(store, serve, ada, clock):
    session, secret = session_of(store, serve), new_secret()
    clock.pass_seconds(PROVED_MINUTES * 60 + 1)
    with pytest.raises(NotAllowed, match="sign in again"):
        enrol_code(store, session, seal_pending(store, secret, ada), code_at(secret, clock))


def test_the_secret_of_the_code_is_sealed_in_the_store(store, serve, ada, clock):
    secret = enrol(store, serve, clock)
    with store.read() as connection:
        sealed = connection.execute(select(users.c.totp)).scalar_one()
    assert secret.encode() not in sealed


def test_the_qr_code_is_an_image_without_styles_or_scripts():
    image = qr_code(new_secret(), "ada")
    assert image.startswith("<svg")
    assert "style=" not in image
    assert "<script" not in image


def test_signing_needs_a_proof_of_the_last_minutes(store, serve, ada, clock):
    session = session_of(store, serve)
    assert is_proved(session, clock.now_us)
    clock.pass_seconds(PROVED_MINUTES * 60 + 1)
    assert not is_proved(session, clock.now_us)
    with pytest.raises(NotAllowed):
        reprove(store, session, "wrong", "")
    reprove(store, session, PASSWORD, "")
    with store.read() as connection:
        proved = connection.execute(select(sessions.c.proved_us)).scalar_one()
    assert proved == clock.now_us


def test_failed_proofs_lock_as_failed_sign_ins_do(store, serve, ada):
    session = session_of(store, serve)
    for _ in range(MOST_FAILURES):
        with pytest.raises(NotAllowed):
            reprove(store, session, "wrong", "")
    with pytest.raises(NotAllowed):
        reprove(store, session, PASSWORD, "")


@pytest.mark.parametrize(("seconds", "reason"), [(31 * 60, "idle"), (12 * 3600, "expired"), (29 * 60, None)])
def test_a_session_ends_when_idle_and_in_any_case(store, serve, ada, clock, entries, seconds, reason):
    secret = sign_in(store, Claim("ada", PASSWORD), serve)
    if reason == "expired":
        for _ in range(seconds // 1200):
            clock.pass_seconds(1200)
            session = find_session(store, secret, serve)
            if session is None:
                break
            touch_session(store, session)
    else:
        clock.pass_seconds(seconds)
    assert (find_session(store, secret, serve) is None) == (reason is not None)
    ended = entries("session.ended")
    assert [entry["details"]["reason"] for entry in ended] == ([reason] if reason else [])


def test_being_there_is_written_at_most_once_a_minute(store, serve, ada, clock):
    session = session_of(store, serve)
    clock.pass_seconds(59)
    touch_session(store, session)
    with store.read() as connection:
        assert connection.execute(select(sessions.c.seen_us)).scalar_one() == session.seen_us
    clock.pass_seconds(2)
    touch_session(store, session)
    with store.read() as connection:
        assert connection.execute(select(sessions.c.seen_us)).scalar_one() == clock.now_us


def test_the_store_keeps_no_secret_of_a_session(store, serve, ada):
    secret = sign_in(store, Claim("ada", PASSWORD), serve)
    with store.read() as connection:
        row = connection.execute(select(sessions)).one()
    assert secret not in map(str, row)
    assert row.id == session_id(secret)
    assert row.name not in (secret, row.id)


def test_signing_out_ends_the_session(store, serve, ada, entries):
    secret = sign_in(store, Claim("ada", PASSWORD), serve)
    session = find_session(store, secret, serve)
    end_session(store, session)
    end_session(store, session)
    assert find_session(store, secret, serve) is None
    assert len(entries("sign-out")) == 2


def _two_sessions(store, serve):
    return [sign_in(store, Claim("ada", PASSWORD), serve) for _ in range(2)]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda store, ada: disable_account(store, SYSTEM, ada), "disabled"),
        (lambda store, ada: reset_account(store, SYSTEM, ada), "reset"),
        (lambda store, ada: change_account(store, SYSTEM, ada, role=Role.STAFF), "role-changed"),
    ],
)
def test_what_changes_a_persons_rights_ends_all_sessions(store, serve, ada, entries, act, reason):
    secrets = _two_sessions(store, serve)
    act(store, ada)
    assert [find_session(store, secret, serve) for secret in secrets] == [None, None]
    assert [entry["details"]["reason"] for entry in entries("session.ended")] == [reason, reason]


def test_a_new_password_ends_the_other_sessions(store, serve, ada):
    first, second = _two_sessions(store, serve)
    change_password(store, find_session(store, first, serve), PASSWORD, "another good phrase 7")
    assert find_session(store, first, serve) is not None
    assert find_session(store, second, serve) is None
    with pytest.raises(NotAllowed):
        sign_in(store, Claim("ada", PASSWORD), serve)
    assert sign_in(store, Claim("ada", "another good phrase 7"), serve)


def test_a_password_is_changed_only_by_who_knows_the_old_one(store, serve, ada):
    session = session_of(store, serve)
    with pytest.raises(NotAllowed):
        change_password(store, session, "wrong", "another good phrase 7")
    with pytest.raises(RequestError, match="differ"):
        change_password(store, session, PASSWORD, PASSWORD)
    with pytest.raises(RequestError):
        change_password(store, session, PASSWORD, "password1234")


def test_a_reset_gives_a_password_for_one_sign_in_and_forgets_the_code(store, serve, ada, clock):
    enrol(store, serve, clock)
    password = reset_account(store, SYSTEM, ada)
    session = find_session(store, sign_in(store, Claim("ada", password), serve), serve)
    assert session.must_change
    assert session.is_held
    assert not find_account(store, ada).has_totp


def test_a_site_that_asks_for_codes_holds_who_has_none(store, ada):
    strict = Serve()
    session = session_of(store, strict)
    assert session.must_enrol
    assert session.is_held


def test_the_last_administrator_stays(store):
    root = create_account(store, SYSTEM, NewAccount("root-1", "Rita Example", Role.ADMINISTRATOR), PASSWORD)
    with pytest.raises(Conflict, match="only administrator"):
        disable_account(store, SYSTEM, root)
    with pytest.raises(Conflict, match="only administrator"):
        change_account(store, SYSTEM, root, role=Role.STAFF)
    create_account(store, SYSTEM, NewAccount("root-2", "Rolf Example", Role.ADMINISTRATOR), PASSWORD)
    disable_account(store, SYSTEM, root)
    enable_account(store, SYSTEM, root)


@pytest.mark.parametrize(
    ("login", "name", "npi", "why"),
    [
        ("", "Ada", "", "no login"),
        ("a b", "Ada", "", "a space"),
        ("../etc", "Ada", "", "a path"),
        ("-x", "Ada", "", "an option"),
        ("ädä", "Ada", "", "not ASCII"),
        ("ada", "", "", "no name"),
        ("ada", "A\u202eda", "", "a mark that turns text around"),
        ("ada", "Ada\x00", "", "a null"),
        ("ada", "Ada", "1234567890", "a wrong check digit"),
        ("ada", "Ada", "12345", "too short"),
    ],
)
def test_an_account_that_cannot_be_printed_or_typed_is_refused(store, login, name, npi, why):
    with pytest.raises(RequestError):
        create_account(store, SYSTEM, NewAccount(login, name, Role.STAFF, npi), PASSWORD)
    assert list_accounts(store) == ()


def test_a_login_belongs_to_one_account(store, ada):
    with pytest.raises(Conflict, match="already"):
        create_account(store, SYSTEM, NewAccount("ADA", "Ada Twin", Role.STAFF), PASSWORD)


def test_an_account_without_password_cannot_be_reset_or_signed_into(store, serve, ada):
    with store.write(SYSTEM) as w:
        w.update(users, ada, {"password_hash": "", "subject": "https://issuer ada"})
        from posology.ledger.entries import Kind

        w.record(Kind.USER_CHANGED, details={"user": ada})
    with pytest.raises(Conflict, match="provider"):
        reset_account(store, SYSTEM, ada)
    for password in ("", PASSWORD):
        with pytest.raises(NotAllowed):
            sign_in(store, Claim("ada", password), serve)


def test_nothing_that_shows_in_logs_tells_a_secret(store, serve, ada):
    secret = sign_in(store, Claim("ada", PASSWORD, "123456"), serve)
    session = find_session(store, secret, serve)
    shown = repr(session) + repr(Claim("ada", PASSWORD, "123456")) + repr(session.actor)
    assert not any(word in shown for word in (secret, session.csrf, session.id, PASSWORD, "Ada", "123456"))
