"""Pages from templates: everything is escaped, an unknown name is an error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from posology import __version__
from posology.web.context import has_session, site_of

__all__ = ["new_environment", "render", "site_shell"]


def new_environment(static_prefix: str) -> Environment:
    """Return the environment of all templates; ``static('name')`` in them is a file's address."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # else each page looks at the files of its templates
    )
    environment.globals["static"] = lambda name: f"{static_prefix}/{name}"
    environment.globals["version"] = __version__
    return environment


def render(request: Request, name: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return a page; templates also know what every page of the application shows: ``app.state.shell``."""
    template = request.app.state.templates.get_template(name)
    return HTMLResponse(template.render({**request.app.state.shell(request), **context}), status)


def site_shell(request: Request) -> dict[str, Any]:
    """Return what every page of a site shows; ``session`` may be none, ``home`` names its first page."""
    site, session = site_of(request), has_session(request)
    return {
        "session": session,
        "csrf": session.csrf if session else "",
        "practice": site.settings.practice.name,
        "demo": site.demo is not None,
        "path": request.scope["path"],
        "home": "To the worklist",
    }
