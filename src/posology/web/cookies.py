"""Cookies: the session's, and the short-lived ones of a sign-in under way."""

from starlette.requests import Request
from starlette.responses import Response

from posology.web.site import Reached

__all__ = ["FLOW", "PRE_SESSION", "SESSION", "cookie_name", "drop_cookie", "read_cookie", "set_cookie"]

SESSION = "posology"
PRE_SESSION = "posology-sign-in"
FLOW = "posology-openid"
_LONGEST = 8192  # characters of a cookie that we read


def cookie_name(site: Reached, name: str) -> str:
    """Return a cookie's full name: over https one that no other host and no page in clear can set."""
    return f"__Host-{name}" if site.is_https else name


def read_cookie(request: Request, site: Reached, name: str) -> str:
    """Return a cookie's value; "" where there is none, or it is too long to be ours."""
    value = request.cookies.get(cookie_name(site, name), "")
    return value if len(value) <= _LONGEST else ""


def set_cookie(
    response: Response, site: Reached, name: str, value: str, max_age_s: int | None = None
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with their forms."""
    response.set_cookie(
        cookie_name(site, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=site.is_https,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, site: Reached, name: str) -> None:
    """Tell the browser to forget a cookie."""
    response.delete_cookie(
        cookie_name(site, name), path="/", secure=site.is_https, httponly=True, samesite="lax"
    )
