"""Style sheets and scripts: read once, served from memory by name, under the hash of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from posology.web.guard import new_router

__all__ = ["Assets", "read_assets", "router"]

router = new_router()

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
}


@dataclass(frozen=True, slots=True)
class Assets:
    """The files by name, and the hash under which browsers may keep them for ever."""

    files: Mapping[str, bytes]
    release: str

    @property
    def prefix(self) -> str:
        """Return the path under which this release of the files lies."""
        return f"/static/{self.release}"


def read_assets(folder: Path | None = None) -> Assets:
    """Read the files of the folder ``static`` whose kind we serve."""
    root = folder or Path(__file__).parent / "static"
    found = sorted(path for path in root.rglob("*") if path.suffix in _TYPES and path.is_file())
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
    digest = sha256()
    for name, body in files.items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return Assets(files, digest.hexdigest()[:16])


@router.get("/static/{release}/{name:path}", include_in_schema=False)
async def static(request: Request, release: str, name: str) -> Response:
    """Give a style sheet or a script."""
    assets: Assets = request.app.state.assets
    body = assets.files.get(name)
    if body is None:
        raise HTTPException(404, "There is no such file.")
    kept = "public, max-age=31536000, immutable" if release == assets.release else "no-store"
    media_type = _TYPES[name[name.rindex(".") :]]
    return Response(body, headers={"Cache-Control": kept, "Content-Type": media_type})
