"""Signing in at the hospital's provider, and proving there again who one is."""

import os
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.addresses import Address, check_address
from posology.config import Settings
from posology.errors import NotAllowed, NotFound, SettingsError
from posology.review.openid import (
    new_flow,
    open_flow,
    prove_identity,
    record_no_identity,
    seal_flow,
    sign_in_identity,
)
from posology.review.provider import Flow, Identity, Provider
from posology.store import Role
from posology.web.context import OfSite, Signed, address_of, has_session
from posology.web.cookies import FLOW, drop_cookie, read_cookie, set_cookie
from posology.web.entering import begin, guarded_by_failures
from posology.web.guard import new_router
from posology.web.signposts import safe_next
from posology.web.site import Site

__all__ = ["open_provider", "router"]

router = new_router()

_Next = Annotated[str, Query(alias="next", max_length=2000)]
_FLOW_S = 600


def open_provider(site: Site) -> Provider | None:
    """Return the provider that the settings name; raise SettingsError where they cannot be meant."""
    openid = site.serve.openid
    if not openid.issuer:
        return None
    where = f"{site.settings.source}: serve.openid"
    if not openid.client_id or not site.serve.url:
        raise SettingsError(f"{where}: client_id is missing, or serve.url, to which the provider leads back")
    for value in openid.roles.values():
        if value not in list(Role):
            raise SettingsError(f"{where}.roles: {value!r} is no role; possible: {', '.join(Role)}")
    secret = os.environ.get(openid.client_secret_env, "") if openid.client_secret_env else ""
    if openid.client_secret_env and not secret:
        raise SettingsError(f"{where}: the environment variable {openid.client_secret_env} is not set")
    return_url = site.serve.url.rstrip("/") + "/sign-in/openid/return"
    return Provider(openid, secret, return_url, lambda url: _address(site.settings, url, where))


def _address(settings: Settings, url: str, where: str) -> Address:
    """Check and pin an address of the provider's; one that the sealed process reaches is taken as it is."""
    bare = url.partition("?")[0]
    for known in settings.addresses:
        if known.socket and bare.startswith(known.url.rstrip("/") + "/"):
            return known
    agreements = {remote.host.lower(): remote.agreement for remote in settings.profile.remote}
    return check_address(bare, agreements, where)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("this site has local accounts only")
    return provider


@router.get("/sign-in/openid", include_in_schema=False)
def to_provider(request: Request, site: OfSite, target: _Next = "/") -> Response:
    """Lead to the provider."""
    return _lead(request, site, new_flow(site.store, safe_next(target)))


@router.get("/account/prove/openid", include_in_schema=False)
def to_provider_again(
    request: Request, site: OfSite, session: Signed, target: _Next = "/account"
) -> Response:
    """Lead to the provider, to prove again who one is."""
    return _lead(request, site, new_flow(site.store, safe_next(target), session))


def _lead(request: Request, site: Site, flow: Flow) -> Response:
    answer = RedirectResponse(_provider(request).authorize_url(flow), 303)
    set_cookie(answer, site, FLOW, seal_flow(site.store, flow), _FLOW_S)
    return answer


@router.get("/sign-in/openid/return", include_in_schema=False)
def back_from_provider(
    request: Request,
    site: OfSite,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Take the provider's answer and sign in, or note the proof."""
    _provider(request)
    with guarded_by_failures(request):
        flow, identity = _identified(request, site, code, state)
        answer: Response = RedirectResponse(flow.target, 303)
        if flow.session:
            session = has_session(request)
            if session is None:
                raise NotAllowed("the session ended meanwhile; sign in")
            prove_identity(site.store, session, flow, identity)
        else:
            begin(request, answer, sign_in_identity(site.store, identity, site.serve, address_of(request)))
    drop_cookie(answer, site, FLOW)
    return answer


def _identified(request: Request, site: Site, code: str, state: str) -> tuple[Flow, Identity]:
    """Return the sign-in that an answer belongs to, and who the provider says it is; record a failure."""
    try:
        flow = open_flow(site.store, read_cookie(request, site, FLOW), state)
        if not code:
            raise NotAllowed("the provider did not sign you in; begin again")
        return flow, _provider(request).identify(flow, code)
    except NotAllowed:
        record_no_identity(site.store, address_of(request))
        raise
