"""The site's desks: one for the application, made at its first use."""

from typing import cast

from starlette.requests import Request

from posology.review.desks import Desks
from posology.web.context import site_of

__all__ = ["desks_of"]


def desks_of(request: Request) -> Desks:
    """Return what sets the desk of a packet."""
    state = request.app.state
    if not hasattr(state, "desks"):
        site = site_of(request)
        state.desks = Desks(site.store, site.settings, site.policies)
    return cast(Desks, state.desks)
