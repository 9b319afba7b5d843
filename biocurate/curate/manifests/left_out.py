"""How many windows a step of a build leaves out, so that none goes unsaid."""

from __future__ import annotations

from typing import Any

import polars as pl

from biocurate.curate.manifests.definition import Definition
from biocurate.curate.splits.rule import TimeSplit

UNPAIRED, UNLABELLED, UNSPLIT = "unpaired", "unlabelled", "unsplit"
"""Names of the steps in the column ``by`` of what was dropped."""


def left_out(by: str, why: str, before: pl.DataFrame, after: pl.DataFrame) -> list[dict[str, Any]]:
    """Count what a step leaves out.

    Parameters
    ----------
    by : str
        The step.
    why : str
        What the windows are without, in words.
    before, after : DataFrame
        Windows that came to the step, and those that it kept.

    Returns
    -------
    list of dict
        by, value, windows, dropped; empty where every window stays.
    """
    dropped = before.height - after.height
    return [{"by": by, "value": why, "windows": before.height, "dropped": dropped}] if dropped else []


def without_label(definition: Definition) -> str:
    """What windows are without that the rule for labels leaves out."""
    return f"no label of {definition.label.column!r} that is kept" if definition.label else "no label"


def without_split(definition: Definition) -> str:
    """What windows are without that the split leaves out."""
    guard = isinstance(definition.split, TimeSplit)
    return "they reach into a guard or over the end of a block" if guard else "they are in no split"
