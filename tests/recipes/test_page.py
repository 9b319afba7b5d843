"""`docs/recipes.md` is made from the recipes."""

from __future__ import annotations

from pathlib import Path

from biocurate.recipes import list_recipes
from biocurate.recipes.page import markdown

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"


def test_the_page_is_made_from_the_recipes():
    assert PAGE.read_text() == markdown(), "run: python -m biocurate.recipes.page > docs/recipes.md"


def test_every_recipe_has_a_section_with_its_licence():
    text = markdown()
    for recipe in list_recipes():
        section = text.split(f"## {recipe.name}\n")[1].split("\n## ")[0]
        assert recipe.licence in section
        assert recipe.url in section
