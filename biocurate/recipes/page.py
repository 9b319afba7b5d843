"""Write `docs/recipes.md` from the recipes: `python -m biocurate.recipes.page > docs/recipes.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from biocurate.recipes.catalogue import list_recipes
from biocurate.recipes.recipe import Recipe

HEAD = """# Recipes

This page is made from `recipes/*.yaml` by `python -m biocurate.recipes.page`; a test holds it to that.

A recipe that is **verified** by `real` files was run on recordings of the corpus itself. One that is verified by a
`twin` was run on files that the tests write with the names, layout, rates and units that its sources describe: it says
so when it is run, and stops at the first thing that is not as expected.

`biocurate recipes show NAME` prints a recipe, `recipes check NAME --root DIR` holds it against your copy, and
`recipes new --from DIR` drafts one for a corpus that is not here. [Every field](recipe-fields.md) has its own page.
"""

VERIFIED = {"real": "real files", "twin": "twin", "none": "not yet"}


def markdown() -> str:
    """Make the page."""
    recipes = sorted(list_recipes(), key=lambda recipe: recipe.name)
    return "\n".join([HEAD, *_table(recipes), "", *(line for recipe in recipes for line in _section(recipe))])


def _table(recipes: list[Recipe]) -> Iterator[str]:
    yield "| recipe | sensors | recordings | labels | access | verified |"
    yield "|---|---|---|---|---|---|"
    for recipe in recipes:
        said = recipe.definition
        sensors = ", ".join(_sensors(recipe))
        recordings = f"{recipe.expect.recordings:,}" if recipe.expect.recordings else ""
        labels = ", ".join(said.labels)
        yield (
            f"| [{recipe.name}](#{recipe.name}) | {sensors} | {recordings} | {labels} | {recipe.access} "
            f"| {VERIFIED[said.verified]} |"
        )


def _section(recipe: Recipe) -> Iterator[str]:
    said = recipe.definition
    yield f"## {recipe.name}\n"
    yield f"{recipe.title}\n"
    terms = [recipe.licence, f"{recipe.access} access"]
    terms += ["not to be passed on"] if said.redistribute is False else []
    terms += ["what is derived stays under the licence"] if said.share_alike else []
    yield f"- licence: {'; '.join(terms)}"
    yield f"- cite: {recipe.citation}"
    yield f"- from: {recipe.url}"
    if said.obtain:
        yield f"- how: {said.obtain.strip()}"
    yield f"- read as: {', '.join(recipe.readers)}"
    if recipe.mains_hz:
        yield f"- mains: {recipe.mains_hz:g} Hz"
    for rule in said.channels:
        if rule.reason:
            yield f"- {rule.sensor}: its unit is suspect: {rule.reason}"
    for correction in said.corrections:
        yield f"- corrected: {correction.field} of {_matched(correction.channels)}: {correction.reason}"
    yield ""


def _matched(pattern: re.Pattern[str] | None) -> str:
    return f"`{pattern.pattern}`" if pattern else "every channel"


def _sensors(recipe: Recipe) -> list[str]:
    return sorted({str(rule.sensor) for rule in recipe.definition.channels if rule.sensor})


if __name__ == "__main__":
    print(markdown(), end="")
