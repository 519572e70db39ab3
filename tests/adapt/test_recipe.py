from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.recipes import RECIPES, parse_recipe, read_recipe, render_recipe
from posology.errors import UserError
from tests.adapt.tuning import RECIPE, recipe_of

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_recipe_of_the_repository_says_its_command_what_it_is_for_and_costs(path: Path) -> None:
    recipe = read_recipe(path)
    data = " --data DIR" if getattr(getattr(recipe, "data", None), "tasks", ()) else ""
    command = f"# posology adapt run recipes/{path.name}{data} --out models/{path.stem}"
    assert path.read_text(encoding="utf-8").splitlines()[0] == command
    assert recipe.kind in RECIPES
    assert recipe.about
    assert recipe.cost


FAULTS = [
    ("posology =", "", "no recipe: it must begin with", "a file that is no recipe"),
    ('kind = "tune"', 'kind = "brew"', "kind: 'brew' is none; there are", "a kind that there is not"),
    ("rank = 4", "rang = 4", "lora.rang is no key of this recipe; did you mean 'rank'?", "a misspelt key"),
    ("rank = 4", 'rank = "4"', "lora.rank: Input should be a valid integer", "a text for a number"),
    ("rank = 4", "rank = -1", "lora.rank: Input should be greater than or equal to 0", "out of bounds"),
    ('path = "tiny"', "", "base: name either model or path", "a base without a place"),
    ('path = "tiny"', 'path = "a"\nmodel = "b"', "base: name either model or path", "a base in two places"),
    ("[stop]", "[objective.answer]\non = false\n[stop]", "every term is off", "nothing is learned"),
    (
        "[stop]",
        "[objective.distill]\non = true\n[stop]",
        "objective.distill: distill needs a teacher, a cache, or both",
        "a teacher without a name",
    ),
    (
        "[stop]",
        '[objective.distill]\non = true\ncache = "c"\ndivergence = "jsd"\n[stop]',
        "a cache holds the likeliest tokens only",
        "what a cache cannot tell",
    ),
    ("[data]", "[data", "not TOML", "broken TOML"),
]


@pytest.mark.parametrize(("old", "new", "message", "reason"), FAULTS, ids=[fault[3] for fault in FAULTS])
def test_a_fault_is_said_with_file_and_key(old: str, new: str, message: str, reason: str) -> None:
    text = (
        RECIPE.replace('posology = "recipe/1"\n', "") if old == "posology =" else RECIPE.replace(old, new, 1)
    )
    with pytest.raises(UserError) as raised:
        parse_recipe(text, "mine.toml")
    assert str(raised.value).startswith("mine.toml: ")
    assert message in str(raised.value)


@settings(max_examples=25)
@given(
    name=st.text(min_size=1, max_size=40),
    lr=st.floats(0, 1, allow_nan=False),
    targets=st.lists(st.sampled_from(["q_proj", "v_proj", 'odd "name"'])),
)
def test_a_recipe_that_is_written_in_full_means_the_same(name: str, lr: float, targets: list[str]) -> None:
    recipe = recipe_of()
    lora = recipe.lora.model_copy(update={"targets": tuple(targets)})
    optimizer = recipe.optimizer.model_copy(update={"lr": lr})
    recipe = recipe.model_copy(update={"name": name, "lora": lora, "optimizer": optimizer})
    assert parse_recipe(render_recipe(recipe), "again.toml") == recipe


def test_a_written_recipe_names_every_key() -> None:
    text = render_recipe(recipe_of())
    for key in ("seed", "purpose", "upper_layers", "temperature", "margin", "weight_decay", "patience"):
        assert f"\n{key} = " in text
