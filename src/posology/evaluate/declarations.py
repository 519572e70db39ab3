"""What users write in TOML, read strictly: a fault is said with its key and the nearest known one."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from posology.errors import UserError
from posology.evaluate.naming import nearest_words
from posology.files import read_utf8

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["parse_declaration", "read_declaration"]

M = TypeVar("M", bound=BaseModel)


def read_declaration(path: Path, model: type[M], what: str) -> M:
    """Read a file; ``what`` it is called in messages, such as "a plan"."""
    try:
        table = tomllib.loads(read_utf8(path))
    except tomllib.TOMLDecodeError as cause:
        raise UserError(f"{path}: not TOML ({cause})") from cause
    return parse_declaration(table, model, str(path), what)


def parse_declaration(table: Mapping[str, Any], model: type[M], where: str, what: str) -> M:
    """Read one table; raise UserError with ``where`` it stands and a line for each fault."""
    try:
        return model.model_validate(dict(table))
    except ValidationError as cause:
        lines = [f"{where}: {_explain(error, model, what)}" for error in cause.errors()]
        raise UserError("\n".join(lines)) from None


def _explain(error: "ErrorDetails", model: type[BaseModel], what: str) -> str:
    key = ".".join(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _table_at(error["loc"][:-1], model).model_fields
        return f"{key} is no key of {what}{nearest_words(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"{key} is missing"
    return f"{key + ': ' if key else ''}{error['msg'].removeprefix('Value error, ')}"


def _table_at(location: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    table = model
    for step in location:
        field = table.model_fields.get(str(step))
        table = (_table_of(field.annotation) if field is not None else None) or table
    return table


def _table_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_of(inner))), None)
