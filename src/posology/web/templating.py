"""Pages from templates: everything is escaped, an unknown name is an error."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from posology import __version__
from posology.web.context import has_session, site_of

__all__ = ["new_environment", "render"]


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
    """Return a page; templates also know ``session`` or none, ``csrf``, ``practice``, ``demo``, ``path``."""
    site, session = site_of(request), has_session(request)
    shared = {
        "session": session,
        "csrf": session.csrf if session else "",
        "practice": site.settings.practice.name,
        "demo": site.demo is not None,
        "path": request.scope["path"],
    }
    template = request.app.state.templates.get_template(name)
    return HTMLResponse(template.render({**shared, **context}), status)
