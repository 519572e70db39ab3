"""Health: is the process alive, and can it do its work."""

from fastapi.responses import JSONResponse

from posology.errors import PosologyError
from posology.web.context import OfSite
from posology.web.guard import new_router
from posology.web.site import Site

__all__ = ["router"]

router = new_router()


@router.get("/healthz", tags=["health"])
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/readyz", tags=["health"], responses={503: {"description": "Something is missing."}})
def readyz(site: OfSite) -> JSONResponse:
    """Say whether store, key, queue and models are there; what is wrong stands in the log, not here."""
    parts = {"store": _store(site), "queue": _queue(site), "models": _models(site)}
    ready = all(word in ("ok", "off") for word in parts.values())
    return JSONResponse({"ready": ready, **parts}, 200 if ready else 503)


def _store(site: Site) -> str:
    try:
        site.store.check_key()
        with site.store.read() as connection:
            site.store.log_state(connection)
    except PosologyError:
        return "failed"
    return "ok"


def _queue(site: Site) -> str:
    if site.queue is None:
        return "off"
    return "ok" if site.queue.alive() else "failed"


def _models(site: Site) -> str:
    if site.models is None:
        return "off"
    try:
        site.models()
    except PosologyError:
        return "failed"
    return "ok"
