"""The description of the API (OpenAPI 3.1): routes, messages, and what every answer may be instead."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from posology.web.answers import Problem
from posology.web.bodies import NoteBody
from posology.web.csrf import SAFE_METHODS
from posology.web.permissions import PUBLIC, TABLE

__all__ = ["describe_api"]

_PREFIX = "/api/v1/"
_TEXT = (
    "Sign in with POST /api/v1/session: the session is in the cookie, and its csrf token goes into the "
    "header X-CSRF-Token of every request that changes something. Errors are problem+json (RFC 9457). "
    "Times are microseconds since 1970, UTC."
)
_PROBLEMS = {
    400: "the request cannot be read",
    401: "nobody is signed in",
    403: "the role, the origin or the token does not permit it; that is recorded",
    404: "there is no such thing, or not for this person",
    408: "the request did not arrive in time",
    409: "another was there first, or the state does not permit it; conflict says what is there now",
    413: "the body is too large",
    415: "the body is of a type that is not read",
    421: "the request names another host",
    422: "the request does not have the form it must have, or cannot be done as asked",
    429: "too many requests; Retry-After says when",
    431: "the headers are too large",
    500: "a fault of the application; nothing was left half-done",
    503: "database, key or model cannot be used now; Retry-After says when to try again",
}
_ALWAYS = (400, 403, 404, 421, 422, 429, 431, 500, 503)
_OF_BODIES = (408, 409, 413, 415)
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REPLAYED = {
    "title": "Replayed",
    "description": "the answer to a repeated Idempotency-Key: where to read what was made",
    "type": "object",
    "required": ["replayed", "location"],
    "additionalProperties": False,
    "properties": {"replayed": {"const": True}, "location": {"type": "string"}},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key with the same request is done once",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "posology"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
}


def describe_api(app: FastAPI) -> dict[str, Any]:
    """Return the description of every route under /api/v1."""
    if app.openapi_schema is None:
        routes = [
            route
            for route in app.router.routes
            if isinstance(route, APIRoute) and route.path.startswith(_PREFIX) and route.include_in_schema
        ]
        found = get_openapi(title=app.title, version=app.version, description=_TEXT, routes=routes)
        _complete(found)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(found: dict[str, Any]) -> None:
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for model in (Problem, NoteBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    schemas["Replayed"] = _REPLAYED
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    parts["securitySchemes"] = _SCHEMES
    for method, path, operation in _operations(found):
        _describe(method, path, operation)


def _operations(found: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _describe(method: str, path: str, operation: dict[str, Any]) -> None:
    rule, writes = _rule(method, path), method not in SAFE_METHODS
    answers = operation["responses"]
    answers.pop("422", None)
    numbers = {*_ALWAYS, *(_OF_BODIES if writes else ())}
    if rule is not PUBLIC:
        operation["security"] = [{name: [] for name in (("session", "csrf") if writes else ("session",))}]
        operation["x-roles"] = sorted(str(role) for role in rule)
        numbers.add(401)
    for number in sorted(numbers):
        answers[str(number)] = {"description": _PROBLEMS[number], "content": _PROBLEM}
    if method == "POST" and rule is not PUBLIC:
        operation.setdefault("parameters", []).append(_KEY)
        _allow_replay(answers)


def _rule(method: str, path: str) -> Any:
    """Return the rule of a route; OpenAPI writes ``{source}`` where a route takes a whole path."""
    return TABLE.get((method, path), TABLE.get((method, path.replace("{source}", "{source:path}"))))


def _allow_replay(answers: dict[str, Any]) -> None:
    for status, answer in answers.items():
        made = answer.get("content", {}).get("application/json")
        if status.startswith("2") and made is not None:
            made["schema"] = {"anyOf": [made["schema"], {"$ref": "#/components/schemas/Replayed"}]}
