"""Passwords: which are good enough, and their argon2id hashes."""

import secrets
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from posology.errors import RequestError

__all__ = ["SHORTEST", "check_password", "hash_password", "require_good_password"]

SHORTEST, _LONGEST = 12, 256  # characters
_AT_ONCE = 2  # hashes: each takes 64 MiB
_FEWEST_DIFFERENT = 5  # characters

_HASHER = PasswordHasher()  # argon2id: 64 MiB, 3 passes, 4 lanes (RFC 9106, second choice)
_TURNS = BoundedSemaphore(_AT_ONCE)

_COMMON_WORDS = (
    "password passwort passw0rd p@ssword motdepasse contrasena letmein welcome changeme trustno "
    "iloveyou sunshine princess football baseball basketball superman batman dragon monkey shadow "
    "master michael jennifer jordan qwerty qwertyuiop azerty asdfgh zxcvbn 1q2w3e4r 1qaz2wsx abc123 "
    "abcdef 123456 1234567890 0123456789 987654321 111111 000000 666666 121212 112233 admin "
    "administrator root toor guest default secret login access hospital clinic clinician doctor nurse "
    "physician patient medical medicine health healthcare pharmacy posology spring summer autumn winter "
    "monday january december company computer internet "
)


def require_good_password(password: str, login: str, name: str) -> None:
    """Raise RequestError where a password is too short, too common or says who owns it."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise RequestError(
            f"password: between {SHORTEST} and {_LONGEST} characters; a few words make a good one"
        )
    plain = password.casefold()
    if len(set(plain)) < _FEWEST_DIFFERENT:
        raise RequestError(f"password: at least {_FEWEST_DIFFERENT} different characters")
    if _is_common(plain):
        raise RequestError("password: too common; take a few words that have nothing to do with each other")
    own = [login.casefold(), *name.casefold().split(), name.casefold()]
    if any(len(word) >= 4 and _rest(plain, word) < SHORTEST // 2 for word in own):
        raise RequestError("password: it holds the name of its owner and little else")


def _is_common(plain: str) -> bool:
    """Say whether little is left of a password once the common words are taken out."""
    rest = plain
    for word in sorted(_COMMON_WORDS.split(), key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < SHORTEST // 2 and rest != plain


def _rest(plain: str, word: str) -> int:
    return len(plain.replace(word, "")) if word in plain else len(plain)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _TURNS:
        return _HASHER.hash(password)


def check_password(hashed: str, password: str) -> bool:
    """Say whether a password has this hash; an account without one takes as long and is refused."""
    with _TURNS:
        try:
            return _HASHER.verify(hashed or _nobody(), password[: _LONGEST + 1]) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Return a hash that costs as much as any and that no password has: its salt and key are random."""
    return _HASHER.hash(secrets.token_hex(32))
