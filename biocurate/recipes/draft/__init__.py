"""Draft a recipe for a corpus that none knows: names and headers are looked at, a person says the rest."""

from biocurate.recipes.draft.survey import Survey, survey
from biocurate.recipes.draft.text import recipe_text

__all__ = ["Survey", "recipe_text", "survey"]
