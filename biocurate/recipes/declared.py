"""What the recipe of a corpus declares for all of its recordings."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl
import yaml

from biocurate.errors import RecipeError
from biocurate.recipes.catalogue import load_recipe
from biocurate.store.store import Store


@dataclass(frozen=True)
class Declared:
    """What a recipe declares for every recording of a corpus."""

    mains_hz: float | None = None
    duration_s: tuple[float, ...] = ()
    """Lengths that recordings have as published; empty where any is one."""


def declarations(store: Store, corpus: str) -> Declared:
    """What a corpus' recipe declares: the one that came with the program, or the text that it was ingested with."""
    try:
        recipe = load_recipe(corpus)
        return Declared(recipe.mains_hz, recipe.expect.duration_s)
    except RecipeError:
        pass
    runs = store.tables.scan("runs").filter((pl.col("command") == "ingest") & (pl.col("target") == corpus))
    newest = runs.sort("started").tail(1).select("config").collect()
    if newest.is_empty():
        return Declared()
    text = yaml.safe_load(json.loads(newest["config"][0])["recipe"])
    return Declared(text.get("mains_hz"), tuple((text.get("expect") or {}).get("duration_s") or ()))
