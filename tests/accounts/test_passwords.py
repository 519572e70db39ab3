"""Passwords: which are refused and why, and their hashes."""

import pytest

from posology.errors import RequestError
from posology.review.passwords import check_password, hash_password, require_good_password


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short 1!", "shorter than twelve characters"),
        ("a" * 257, "longer than we hash"),
        ("aaaaaaaaaaaaaaaa", "one character"),
        ("abababababababab", "two characters"),
        ("password12345", "a common word and a row of digits"),
        ("Password1234567890", "the same in capitals"),
        ("qwertyuiop123456", "keys in a row"),
        ("hospitalclinic1", "two common words"),
        ("ada.lovelace1", "the login and little else"),
        ("Augusta Byron1", "the name and little else"),
    ],
)
def test_a_bad_password_is_refused(password, why):
    with pytest.raises(RequestError, match="password: "):
        require_good_password(password, "ada.lovelace", "Augusta Byron")


@pytest.mark.parametrize(
    "password", ["correct horse staple", "Tr0ub4dor&3 und mehr", "naïve Übung 雨 und Regen", "x9!kQ2#vT7$p"]
)
def test_a_good_password_is_taken(password):
    require_good_password(password, "ada.lovelace", "Augusta Byron")


def test_a_refusal_does_not_repeat_the_password():
    with pytest.raises(RequestError) as caught:
        require_good_password("password12345", "x", "y")
    assert "12345" not in str(caught.value)


def test_a_hash_is_argon2id_and_salted():
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert check_password(first, "correct horse")
    assert not check_password(first, "correct horsE")


def test_an_account_without_a_password_takes_none():
    assert not check_password("", "")
    assert not check_password("", "anything at all")
    assert not check_password("not a hash", "anything at all")
