"""What users write in TOML, read strictly: a fault is said with file, key and the nearest known name."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from posology.errors import UserError
from posology.files import read_utf8

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "nearest_name",
    "nearest_words",
    "parse_declaration",
    "parse_toml",
    "read_declaration",
    "table_of",
]

M = TypeVar("M", bound=BaseModel)


def read_declaration(path: Path, model: type[M], what: str, error: type[UserError] = UserError) -> M:
    """Read a file; raise ``error`` with its name and a line for each fault.

    ``what`` a key of it is called where there is none of that name, such as "key of a plan".
    """
    return parse_declaration(
        parse_toml(read_utf8(path, error), str(path), error), model, str(path), what, error
    )


def parse_toml(text: str, name: str, error: type[UserError] = UserError) -> dict[str, Any]:
    """Parse TOML; ``name`` is the file's in messages."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise error(f"{name}: not TOML ({cause})") from cause


def parse_declaration(
    table: Mapping[str, Any], model: type[M], where: str, what: str, error: type[UserError] = UserError
) -> M:
    """Read one table; raise ``error`` with ``where`` it stands and a line for each fault."""
    try:
        return model.model_validate(dict(table))
    except ValidationError as cause:
        lines = [f"{where}: {_explain(fault, model, what)}" for fault in cause.errors()]
        raise error("\n".join(lines)) from None


def _explain(fault: "ErrorDetails", model: type[BaseModel], what: str) -> str:
    key = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _table_at(fault["loc"][:-1], model).model_fields
        near = nearest_name(str(fault["loc"][-1]), known)
        hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"{key} is no {what}; {hint}"
    if fault["type"] == "missing":
        return f"{key} is missing"
    return f"{key + ': ' if key else ''}{fault['msg'].removeprefix('Value error, ')}"


def _table_at(location: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    table = model
    for step in location:
        field = table.model_fields.get(str(step))
        table = (table_of(field.annotation) if field is not None else None) or table
    return table


def table_of(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a field holds, or ``None`` where it holds a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := table_of(inner))), None)


def nearest_words(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?", or the list of what there is, to end a message with."""
    names = sorted(known)
    near = nearest_name(name, names)
    return f"; did you mean {near}?" if near else f"; there are {', '.join(names)}"


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Return the known name that a mistyped one begins or resembles, "" where none does.

    >>> nearest_name("modle", ["engine", "model"])
    'model'
    """
    names = sorted(known)
    begun = [one for one in names if name and one.startswith(name)]
    return next(iter(begun or get_close_matches(name, names, n=1, cutoff=0.5)), "")
