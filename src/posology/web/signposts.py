"""Ways to another page: to the sign-in, to one's account, and back, never to another site."""

from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from posology.web.context import is_api

__all__ = ["safe_next", "to_set_up", "to_sign_in"]

_LONGEST = 500


def safe_next(target: str) -> str:
    """Return a path of this application to go on to; "/" for anything that could lead elsewhere."""
    plain = target.isascii() and target.isprintable() and " " not in target and "\\" not in target
    if not plain or len(target) > _LONGEST or not target.startswith("/") or target.startswith("//"):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    inside = not parts.scheme and not parts.netloc and not parts.path.startswith(("//", "/sign-", "/api/"))
    return target if inside else "/"


def to_sign_in(request: Request) -> HTTPException:
    """Return the answer to somebody who is not signed in."""
    if is_api(request):
        challenge = {"WWW-Authenticate": 'Session realm="posology"'}
        return HTTPException(401, "sign in first: POST /api/v1/session", challenge)
    where = "/sign-in"
    if request.method == "GET" and request.scope["path"] != "/":
        query = request.scope["query_string"].decode("latin-1")
        path = quote(request.scope["path"], safe="/:@") + (f"?{query}" if query else "")
        where += f"?next={quote(safe_next(path), safe='')}"
    return HTTPException(303, "Sign in first.", {"Location": where})


def to_set_up(request: Request) -> HTTPException:
    """Return the answer to somebody whose account is not set up yet."""
    if is_api(request):
        return HTTPException(403, "set up the account first: change the password or enrol the one-time code")
    return HTTPException(303, "Set up your account first.", {"Location": "/account"})
