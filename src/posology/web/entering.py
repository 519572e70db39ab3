"""Coming in and going out: the cookie that follows a sign-in, and failures counted by address."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from posology.errors import NotAllowed
from posology.review.sessions import end_session
from posology.review.signing_in import Claim, sign_in
from posology.web.context import address_of, has_session, site_of
from posology.web.cookies import PRE_SESSION, SESSION, drop_cookie, set_cookie
from posology.web.limits import Rates

__all__ = ["begin", "enter", "guarded_by_failures", "leave"]


def enter(request: Request, login: str, password: str, code: str) -> str:
    """Sign a person in and return the session's secret; too many failures of one address wait."""
    site = site_of(request)
    with guarded_by_failures(request):
        return sign_in(site.store, Claim(login, password, code, address_of(request)), site.serve)


@contextmanager
def guarded_by_failures(request: Request) -> Iterator[None]:
    """Let a password be tried unless its address has failed too often; count it where it is refused."""
    failures: Rates = request.app.state.failures
    failures.check(address_of(request))
    try:
        yield
    except NotAllowed:
        failures.count(address_of(request))
        raise


def begin(request: Request, response: Response, secret: str) -> Response:
    """End the session that the browser had, and give it the new one."""
    site, old = site_of(request), has_session(request)
    if old is not None:
        end_session(site.store, old)
    set_cookie(response, site, SESSION, secret)
    drop_cookie(response, site, PRE_SESSION)
    return response


def leave(request: Request, response: Response) -> Response:
    """Sign out and let the browser forget all that it keeps of us."""
    site, session = site_of(request), has_session(request)
    if session is not None:
        end_session(site.store, session)
    drop_cookie(response, site, SESSION)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
