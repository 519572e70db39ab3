"""Pages from templates: everything is escaped, an unknown name is an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from posology import __version__
from posology.store import Role
from posology.web.context import has_session, site_of
from posology.web.permissions import TABLE

__all__ = ["Link", "navigation", "new_environment", "render"]

_PLACES = (
    ("/", "Worklist"),
    ("/new", "New draft"),
    ("/compare", "Compare"),
    ("/quality", "Quality"),
    ("/ledger", "Ledger"),
    ("/users", "Users"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the main navigation."""

    path: str
    title: str
    current: bool


def new_environment(static_prefix: str) -> Environment:
    """Return the environment of all templates; ``asset('name')`` in them is a file's address."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = lambda name: f"{static_prefix}/{name}"
    environment.globals["version"] = __version__
    return environment


def navigation(role: Role, path: str) -> tuple[Link, ...]:
    """Return the places that the table of permissions opens to a role."""
    rules = ((place, title, TABLE.get(("GET", place), frozenset())) for place, title in _PLACES)
    return tuple(
        Link(place, title, path == place) for place, title, rule in rules if rule is not None and role in rule
    )


def render(request: Request, name: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return a page; templates also know ``person`` (the actor or none), ``csrf``, ``demo``, ``path``."""
    session = has_session(request)
    role, path = session.actor.role if session else None, request.scope["path"]
    shared = {
        "person": session.actor if session else None,
        "csrf": session.csrf if session else "",
        "demo": site_of(request).demo,
        "navigation": navigation(role, path) if role else (),
        "path": path,
    }
    template = request.app.state.templates.get_template(name)
    return HTMLResponse(template.render({**shared, **context}), status)
