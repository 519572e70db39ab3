"""The application: its routes, the layers around them, and the answers to errors."""

from types import ModuleType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware

from posology import __version__
from posology.errors import InternalError, PosologyError
from posology.web import assets, health, metrics
from posology.web.api import jobs
from posology.web.api import session as session_api
from posology.web.api import users as users_api
from posology.web.api.routers import REVIEW
from posology.web.assets import read_assets
from posology.web.description import describe_api
from posology.web.guard import GuardedRoute, new_router
from posology.web.limits import Rates
from posology.web.metrics import Figures, Measured
from posology.web.pages import account, openid, signin, users
from posology.web.pages.routers import REVIEW as REVIEW_PAGES
from posology.web.permissions import Route, check_table
from posology.web.problems import Faults, on_http, on_invalid, on_known
from posology.web.security import SecureHeaders
from posology.web.site import Site, require_safe
from posology.web.templating import new_environment, site_shell

__all__ = ["ROUTERS", "create_app"]

ROUTERS: tuple[ModuleType, ...] = (
    assets,
    health,
    metrics,
    session_api,
    signin,
    openid,
    account,
    users_api,
    users,
    jobs,
    *REVIEW,
    *REVIEW_PAGES,
)

_FAILURES, _FAILURES_S = 30, 900.0  # refused sign-ins of one address, and the seconds they count

own = new_router()


def create_app(site: Site) -> FastAPI:
    """Return the application of a site; raise where a route has no rule or a password could be overheard."""
    require_safe(site)
    figures, files = Figures(), read_assets()
    app = FastAPI(
        title="Posology",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Measured, figures=figures),
            Middleware(SecureHeaders, site=site),
            Middleware(Faults),
        ],
    )
    app.add_exception_handler(PosologyError, on_known)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.state.site, app.state.figures, app.state.assets = site, figures, files
    app.state.templates, app.state.shell = new_environment(files.prefix), site_shell
    app.state.rates = Rates(site.serve.requests_per_minute)
    app.state.provider = openid.open_provider(site)
    app.state.failures = Rates(_FAILURES, _FAILURES_S)
    MultiPartParser.spool_max_size = (site.serve.upload_mb + 1) * 1024 * 1024  # no chart in clear on a disk
    app.router.routes.extend(own.routes)
    for module in ROUTERS:
        app.router.routes.extend(module.router.routes)
    _check_routes(app)
    return app


def _check_routes(app: FastAPI) -> None:
    named: list[Route] = []
    for route in app.router.routes:
        if not isinstance(route, GuardedRoute):
            raise InternalError(f"the route {getattr(route, 'path', route)} is not guarded")
        named += [(method, route.path) for method in sorted(route.methods or ())]
    twice = sorted({f"{method} {path}" for method, path in named if named.count((method, path)) > 1})
    if twice:
        raise InternalError(f"two functions answer the same route: {', '.join(twice)}")
    check_table(named)


@own.get("/api/v1/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """Give the description of the API."""
    return JSONResponse(describe_api(request.app))
