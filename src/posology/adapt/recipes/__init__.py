"""Recipes of every kind: ``RECIPES`` lists them; files are read strictly and written in full."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from posology.adapt.recipe import Recipe
from posology.adapt.recipes.embed import EmbedRecipe
from posology.adapt.recipes.encode import EncodeRecipe
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.adapt.recipes.tune import TuneRecipe
from posology.adapt.recipes.vocabulary import VocabularyRecipe
from posology.errors import UserError
from posology.files import read_utf8

__all__ = ["RECIPES", "parse_recipe", "read_recipe", "render_recipe"]

RECIPES: dict[str, type[Recipe]] = {
    "embed": EmbedRecipe,
    "encode": EncodeRecipe,
    "prefer": PreferRecipe,
    "pretrain": PretrainRecipe,
    "tune": TuneRecipe,
    "vocabulary": VocabularyRecipe,
}


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file; raise UserError with the file, the key and what to do."""
    return parse_recipe(read_utf8(path), path.name)


def parse_recipe(text: str, name: str) -> Recipe:
    """Read a recipe; ``name`` is the file's in messages."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise UserError(f"{name}: not TOML ({cause})") from cause
    if table.get("posology") != "recipe/1":
        raise UserError(f'{name}: no recipe: it must begin with posology = "recipe/1"')
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in RECIPES:
        raise UserError(f"{name}: kind: {kind!r} is none; there are {', '.join(RECIPES)}")
    try:
        return RECIPES[kind].model_validate(table)
    except ValidationError as cause:
        lines = [
            _explain(RECIPES[kind], error["loc"], error["type"], error["msg"]) for error in cause.errors()
        ]
        raise UserError(f"{name}: " + f"\n{name}: ".join(lines)) from None


def _explain(recipe: type[BaseModel], location: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(step) for step in location)
    if kind == "extra_forbidden":
        known = sorted(_known_keys(recipe, location[:-1]))
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "known keys: " + ", ".join(known)
        return f"{path} is no key of this recipe; {hint}"
    if kind == "missing":
        return f"{path} is missing"
    return f"{path + ': ' if path else ''}{message.removeprefix('Value error, ')}"


def _known_keys(recipe: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    table = recipe
    for step in location:
        field = table.model_fields.get(str(step))
        if field is not None:
            table = _table_of(field.annotation) or table
    return set(table.model_fields)


def _table_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _table_of(inner))), None)


def render_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML with every key, defaults too, so that it means the same later.

    >>> recipe = parse_recipe('posology = "recipe/1"\\nkind = "tune"\\nname = "one"\\n[data]\\n'
    ...                       '[base]\\nmodel = "smollm2-135m-instruct"', "one.toml")
    >>> parse_recipe(render_recipe(recipe), "again.toml") == recipe
    True
    """
    return "\n".join(_rendered(recipe.model_dump(mode="json"), ())).strip() + "\n"


def _rendered(table: Mapping[str, Any], place: tuple[str, ...]) -> list[str]:
    plain = [key for key in table if not _is_table(table[key]) and table[key] is not None]
    lines = [f"{key} = {_value(table[key])}" for key in plain]
    if place and lines:
        lines = ["", f"[{'.'.join(place)}]", *lines]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _rendered(value, (*place, key))
        elif _is_table(value):
            for entry in value:
                lines += ["", f"[[{'.'.join((*place, key))}]]"]
                lines += [f"{name} = {_value(one)}" for name, one in entry.items() if one is not None]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
