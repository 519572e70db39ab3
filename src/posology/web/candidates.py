"""The pages on which one person reviews a teacher's candidates, on this machine only.

They have no store and no accounts. Whoever opens the address that the command printed, first and once, may
review: it sets a cookie, without which nothing but style sheets is given. What is decided goes into the file.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from posology.adapt.teacher.editing import (
    Answer,
    Decision,
    OpenReviews,
    decide,
    plain_lines,
    read_open,
    reopen,
)
from posology.adapt.teacher.grammar import Told
from posology.adapt.teacher.review import Verdict, check_accepted
from posology.errors import Conflict, NotFound, PosologyError, RequestError, UserError
from posology.web import assets
from posology.web.candidateview import SHOWN, Shown, View, counts, following, listed, stray_texts, view_values
from posology.web.context import keep
from posology.web.cookies import read_cookie, set_cookie
from posology.web.csrf import SAFE_METHODS, has_token, is_same_origin, same_text
from posology.web.limits import bounded, require_small
from posology.web.problems import Faults, on_http, on_invalid, on_known, problem
from posology.web.security import SecureHeaders
from posology.web.site import LOOPBACK_NAMES
from posology.web.templating import new_environment, render

__all__ = ["BODY_BYTES", "Reviewing", "create_candidates_app"]

_OPEN = ("/open/{key}", "/static/{release}/{name:path}")
_SECONDS = 30.0  # for a request to arrive
_LIMITS = {"document": 400_000, "words": 20_000, "by": 200}  # characters
BODY_BYTES = 16 * 1024 * 1024  # a form sends up to 9 for a character: a document and 36 questions, all full


def _token() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True, repr=False)
class Reviewing:
    """One run of the pages over one file; ``by`` is who decided last."""

    path: Path
    policies: Mapping[str, str]
    by: str = ""
    port: int = 0
    command: str = ""  # what is to be run when all is decided
    key: str = field(default_factory=_token)  # of the printed address; "" once it was opened
    secret: str = ""  # what the cookie holds; "" until then
    csrf: str = field(default_factory=_token)
    lock: Lock = field(default_factory=Lock)

    def open(self, key: str) -> str:
        """Return a new secret for the cookie if this is the key, opened for the first time; else ""."""
        with self.lock:
            if not same_text(key, self.key):
                return ""
            self.key, self.secret = "", _token()
            return self.secret

    @property
    def hosts(self) -> frozenset[str]:
        """Return the names of this machine for itself."""
        return frozenset(LOOPBACK_NAMES)

    @property
    def is_https(self) -> bool:
        """Say that nothing is encrypted on the way from this machine to itself."""
        return False

    @property
    def cookie(self) -> str:
        """Return the cookie's name; cookies know no ports, and several files may be under review."""
        return f"posology-review-{self.port}"

    def __repr__(self) -> str:
        """Show the file only."""
        return f"Reviewing({self.path})"


class _Entered(BaseModel):
    """A form as it was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    act: Literal["accept", "reject", "open"]
    seen: str = Field(max_length=64)
    line: str = Field(max_length=64)
    id: str = Field(max_length=2000)
    by: str = Field(default="", max_length=_LIMITS["by"])
    document: str = Field(max_length=2 * _LIMITS["document"])
    told: list[Told]
    quote: list[Annotated[str, Field(max_length=2 * _LIMITS["words"])]]
    section: list[Annotated[str, Field(max_length=2 * _LIMITS["words"])]]


class _Gated(APIRoute):
    """A route that only whoever holds the key reaches, and no other site's form."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit a request, then answer it."""
        if not self.methods or scope["method"] in self.methods:
            keep(scope, route=(scope["method"], self.path))
            receive = await _admit(Request(scope), receive, self.path)
        await super().handle(scope, receive, send)


async def _admit(request: Request, receive: Receive, path: str) -> Receive:
    reviewing = _reviewing(request)
    require_small(request, BODY_BYTES)
    receive = bounded(receive, BODY_BYTES, _SECONDS)
    if path in _OPEN:
        return receive
    if not _is_let_in(request):
        raise HTTPException(
            403, "Open the address that posology adapt review printed; it works once, in one browser."
        )
    if request.method in SAFE_METHODS:
        return receive
    if not is_same_origin(request, reviewing):
        raise HTTPException(403, "This request did not come from a page of this application.")
    held, receive = await has_token(request, receive, reviewing.csrf)
    if not held:
        raise HTTPException(
            403, "The page is older than this run; nothing was changed. Go back, reload it and try again."
        )
    return receive


router = APIRouter(route_class=_Gated)
router.add_api_route("/static/{release}/{name:path}", assets.static)


def create_candidates_app(reviewing: Reviewing) -> FastAPI:
    """Return the application that shows the candidates of a file and writes verdicts into it."""
    files = assets.read_assets()
    app = FastAPI(
        title="Posology",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(SecureHeaders, site=reviewing), Middleware(Faults)],
    )
    app.add_exception_handler(PosologyError, on_known)
    app.add_exception_handler(UserError, _on_user)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.state.reviewing, app.state.assets = reviewing, files
    app.state.templates, app.state.shell = new_environment(files.prefix), _shell
    app.router.routes.extend(router.routes)
    return app


def _on_user(request: Request, error: Exception) -> Response:
    """Answer an error that the person can mend; a line broken by hand, say, is told with its number."""
    if type(error) is not UserError:
        return on_known(request, error)
    return problem(request, 422, f"{error}. Mend the file, then load this page again.")


def _shell(request: Request) -> dict[str, Any]:
    return {
        "session": None,
        "csrf": _reviewing(request).csrf,
        "practice": "",
        "demo": False,
        "path": request.scope["path"],
        "home": "To the candidates",
    }


@router.get("/open/{key}")
def enter(request: Request, key: str) -> Response:
    """Give the cookie to whoever opens the printed address first."""
    reviewing, response = _reviewing(request), RedirectResponse("/", 303)
    if _is_let_in(request):
        return response
    secret = reviewing.open(key)
    if not secret:
        raise NotFound(
            "There is no such page, or it was opened already: the printed address works once. "
            "End posology adapt review with Ctrl-C and start it again for a new one."
        )
    set_cookie(response, reviewing, reviewing.cookie, secret)
    return response


@router.get("/")
def show_first(request: Request, show: str = "undecided") -> Response:
    """Lead to the first candidate of a filter."""
    shown = _shown(show)
    places = listed(read_open(_reviewing(request).path), shown)
    return _to(places[0] if places else None, shown)


@router.get("/done")
def show_done(request: Request, show: str = "undecided", last: int = 0) -> Response:
    """Say that the candidates of a filter are at their end, and what comes next."""
    found = read_open(_reviewing(request).path)
    return render(request, "candidates-done.html", _frame(request, found, _shown(show), last))


@router.get("/candidates/{number}")
def show_candidate(request: Request, number: int, show: str = "undecided", last: int = 0) -> Response:
    """Show one candidate; one that was accepted by hand is shown with what is wrong with it."""
    reviewing = _reviewing(request)
    found = read_open(reviewing.path)
    if not 1 <= number <= len(found.rows):
        raise NotFound("There is no such candidate.")
    line = found.rows[number - 1].line
    findings = tuple(check_accepted(line, reviewing.policies)) if line.verdict == "accept" else ()
    words = "This candidate is accepted, and posology adapt accept would refuse it." if findings else ""
    view = View(findings=findings, problem=words, last=last)
    return _page(request, found, line.id, _shown(show), view)


async def _form(request: Request) -> FormData:
    return await request.form(max_fields=1000, max_part_size=BODY_BYTES)


_Form = Annotated[FormData, Depends(_form)]


@router.post("/candidates/{number}")
def decide_candidate(request: Request, form: _Form, show: str = "undecided") -> Response:
    """Write a verdict with its corrections; show what was entered where that cannot be."""
    entered, shown = _entered(form), _shown(show)
    verdict: Verdict = "" if entered.act == "open" else entered.act
    rows = zip(entered.told, entered.quote, entered.section, strict=True)
    answers = [Answer(told, plain_lines(quote), plain_lines(section)) for told, quote, section in rows]
    decision = Decision(verdict, " ".join(entered.by.split()), plain_lines(entered.document), answers)
    try:
        return _decided(request, entered, decision, shown)
    except UserError as error:
        view = View(problem=f"The reason: {error}.", stray=stray_texts(None, decision))
        status = 404 if isinstance(error, NotFound) else 422
        return render(request, "candidates-lost.html", {"view": view}, status=status)


def _decided(request: Request, entered: _Entered, decision: Decision, shown: Shown) -> Response:
    reviewing = _reviewing(request)
    try:
        judged = decide(reviewing.path, entered.seen, entered.id, decision, reviewing.policies)
    except Conflict as changed:
        return _conflict(request, entered, decision, shown, _sentence(changed))
    reviewing.by = decision.by or reviewing.by
    if judged.findings:
        view = View(decision, judged.findings, "Nothing was kept: see what is wrong below.")
        return _page(request, judged.found, entered.id, shown, view, status=422)
    return _next(judged.found, entered.id, shown, stay=not decision.verdict)


@router.post("/candidates/{number}/undo")
def undo(request: Request, form: _Form, show: str = "undecided") -> Response:
    """Take a verdict back; corrections stay."""
    path, shown, name = _reviewing(request).path, _shown(show), _text(form, "id")
    try:
        found = reopen(path, _text(form, "seen"), name)
    except Conflict as changed:
        return _page(request, read_open(path), name, shown, View(problem=_sentence(changed)), status=409)
    return _next(found, name, shown, stay=True)


def _entered(form: FormData) -> _Entered:
    """Return a form with the answers in lists; a field that is missing, strange or doubled is an error."""
    fields: dict[str, Any] = {key: value for key, value in form.multi_items() if key != "csrf"}
    count = sum(1 for key in fields if key.startswith("told-"))
    for key in ("told", "quote", "section"):
        fields[key] = [fields.pop(f"{key}-{number}", None) for number in range(1, count + 1)]
    try:
        if len(form.multi_items()) != len(form):
            raise RequestError("the form has a field twice")
        return _Entered.model_validate(fields)
    except ValidationError as cause:
        where = ".".join(str(step) for step in cause.errors(include_input=False)[0]["loc"])
        raise RequestError(f"the form does not have the fields it must have: {where}") from None


def _reviewing(request: Request) -> Reviewing:
    return cast(Reviewing, request.app.state.reviewing)


def _is_let_in(request: Request) -> bool:
    reviewing = _reviewing(request)
    return same_text(read_cookie(request, reviewing, reviewing.cookie), reviewing.secret)


def _text(form: FormData, key: str) -> str:
    value = form.get(key)
    return value if isinstance(value, str) else ""


def _shown(show: str) -> Shown:
    return next((one for one in SHOWN if one == show), "undecided")


def _sentence(error: PosologyError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."


def _to(place: int | None, shown: Shown, last: int = 0) -> Response:
    where = "/done" if place is None else f"/candidates/{place + 1}"
    return RedirectResponse(f"{where}?show={shown}" + (f"&last={last}" if last else ""), 303)


def _next(found: OpenReviews, name: str, shown: Shown, *, stay: bool) -> Response:
    """Go on to the next candidate after one that was decided, or stay with it."""
    place = found.rows.index(found.find(name))
    return _to(place if stay else following(found, shown, place), shown, place + 1)


def _conflict(request: Request, entered: _Entered, decision: Decision, shown: Shown, words: str) -> Response:
    """Show the file as it is by now; what was entered stays in its place where its line did not change."""
    found = read_open(_reviewing(request).path)
    row = found.find(entered.id)
    if row.sha256 == entered.line and len(row.line.points) == len(decision.answers):
        told = f"{words} This candidate is as it was: what you entered stands below, decide again."
        view = View(decision, problem=told)
    else:
        told = f"{words} This candidate itself was changed: it is shown as the file has it now."
        view = View(problem=told, stray=stray_texts(row, decision))
    return _page(request, found, entered.id, shown, view, status=409)


def _page(
    request: Request, found: OpenReviews, name: str, shown: Shown, view: View, *, status: int = 200
) -> Response:
    """Return the page of one candidate; all of it, its hashes too, is of one reading of the file."""
    place = found.rows.index(found.find(name))
    values = view_values(found, place, shown, _reviewing(request).policies, view)
    frame = _frame(request, found, shown, view.last)
    return render(request, "candidates.html", {**frame, **values, "limits": _LIMITS}, status=status)


def _frame(request: Request, found: OpenReviews, shown: Shown, last: int) -> dict[str, Any]:
    """Return what all pages show: the file, its counts, the filters, the candidate that was decided last."""
    reviewing = _reviewing(request)
    return {
        "file": reviewing.path.name,
        "command": reviewing.command,
        "by": reviewing.by,
        "seen": found.sha256,
        "counts": counts(found),
        "shown": shown,
        "filters": [(key, words, len(listed(found, key))) for key, words in SHOWN.items()],
        "last": last,
        "just": found.rows[last - 1].line if 1 <= last <= len(found.rows) else None,
    }
