"""One-time codes: secrets, their enrolment, and codes that count once (RFC 6238, six digits, 30 seconds)."""

import io
import re

import pyotp
import segno

from posology.errors import KeyFileError
from posology.store import Store
from posology.store.keys import Cipher
from posology.store.store import SYSTEM_KEY

__all__ = [
    "matching_step",
    "new_secret",
    "open_pending",
    "qr_code",
    "seal_pending",
    "seal_secret",
    "secret_of",
]

_PERIOD_S = 30
_ISSUER = "Posology"
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """Return a new secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, now_us: int, last_step: int) -> int | None:
    """Return the time step of a code, this one or a neighbour; ``None`` for a wrong or a used one."""
    typed = code.replace(" ", "")
    if not _CODE.fullmatch(typed):
        return None
    generator, present = pyotp.TOTP(secret), now_us // 1_000_000 // _PERIOD_S
    for step in (present - 1, present, present + 1):
        if step > last_step and pyotp.utils.strings_equal(generator.generate_otp(step), typed):
            return step
    return None


def qr_code(secret: str, login: str) -> str:
    """Return the QR code of a secret, for an authenticator to scan, as SVG without any style."""
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out, kind="svg", scale=5, xmldecl=False, svgns=True, omitsize=False, light="white", title="QR code"
    )
    return out.getvalue().decode()


def seal_secret(cipher: Cipher, secret: str, user_id: str) -> bytes:
    """Seal a secret for its row."""
    return cipher.seal(secret.encode(), f"users/totp/{user_id}")


def secret_of(cipher: Cipher, sealed: bytes, user_id: str) -> str:
    """Open a secret of a row."""
    return cipher.open(sealed, f"users/totp/{user_id}").decode()


def seal_pending(store: Store, secret: str, user_id: str) -> str:
    """Seal a secret that is being enrolled, to travel with the form; only this person's form opens it."""
    with store.read() as connection:
        return store.cipher(connection, SYSTEM_KEY).seal(secret.encode(), _pending(user_id)).hex()


def open_pending(store: Store, sealed: str, user_id: str) -> str:
    """Open a secret that is being enrolled; "" where it is not this person's, or damaged."""
    with store.read() as connection:
        cipher = store.cipher(connection, SYSTEM_KEY)
    try:
        return cipher.open(bytes.fromhex(sealed), _pending(user_id)).decode()
    except (ValueError, KeyFileError):
        return ""


def _pending(user_id: str) -> str:
    return f"users/pending/{user_id}"
