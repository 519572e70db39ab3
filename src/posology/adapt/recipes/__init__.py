"""Recipes of every kind: ``RECIPES`` lists them; files are read strictly and written in full."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from posology.adapt.recipe import Recipe
from posology.adapt.recipes.embed import EmbedRecipe
from posology.adapt.recipes.encode import EncodeRecipe
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.adapt.recipes.tune import TuneRecipe
from posology.adapt.recipes.vocabulary import VocabularyRecipe
from posology.declarations import parse_declaration, parse_toml
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
    table = parse_toml(text, name)
    if table.get("posology") != "recipe/1":
        raise UserError(f'{name}: no recipe: it must begin with posology = "recipe/1"')
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in RECIPES:
        raise UserError(f"{name}: kind: {kind!r} is none; there are {', '.join(RECIPES)}")
    return parse_declaration(table, RECIPES[kind], name, "key of this recipe")


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
