"""Recipes: how each corpus' files become recordings."""

from biocurate.recipes.catalogue import list_recipes, load_recipe, parse_recipe, recipe_names
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.units import Unit

__all__ = ["Recipe", "Unit", "list_recipes", "load_recipe", "parse_recipe", "recipe_names"]
