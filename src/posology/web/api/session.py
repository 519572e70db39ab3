"""Sign-in for programs: the same session as the pages have."""

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from posology.errors import InternalError
from posology.review.sessions import Session, find_session
from posology.store import Role
from posology.web.context import Signed, site_of
from posology.web.entering import begin, enter, leave
from posology.web.guard import new_router

__all__ = ["Credentials", "Who", "router"]

router = new_router()


class Credentials(BaseModel):
    """What signs a person in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    login: str = Field(max_length=300)
    password: str = Field(max_length=300)
    code: str = Field(default="", max_length=20)


class Who(BaseModel):
    """Who is signed in, and the token that writes need in X-CSRF-Token."""

    user: str
    login: str
    name: str
    role: Role
    npi: str
    csrf: str
    expires_us: int
    set_up: bool


def _who(session: Session) -> Who:
    actor = session.actor
    if actor.role is None:
        raise InternalError("a session without a role")
    return Who(
        user=actor.id,
        login=session.login,
        name=actor.name,
        role=actor.role,
        npi=actor.npi,
        csrf=session.csrf,
        expires_us=session.expires_us,
        set_up=not session.is_held,
    )


@router.get("/api/v1/session", tags=["session"])
def who_am_i(session: Signed) -> Who:
    """Say who is signed in."""
    return _who(session)


@router.post("/api/v1/session", status_code=201, response_model=Who, tags=["session"])
def sign_in(request: Request, credentials: Credentials) -> Response:
    """Sign in; the session is in the cookie."""
    site = site_of(request)
    secret = enter(request, credentials.login, credentials.password, credentials.code)
    session = find_session(site.store, secret, site.serve)
    if session is None:
        raise InternalError("a new session is not there")
    return begin(request, JSONResponse(_who(session).model_dump(mode="json"), 201), secret)


@router.delete("/api/v1/session", status_code=204, tags=["session"])
def sign_out(request: Request) -> Response:
    """Sign out."""
    return leave(request, Response(status_code=204))
