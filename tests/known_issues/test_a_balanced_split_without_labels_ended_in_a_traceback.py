"""A manifest without a label, split by `balanced`, ended in a TypeError: polars replaces nothing by no integers."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.splits.balanced import place_balanced


@pytest.mark.parametrize("kind", [pl.Null, pl.String, pl.List(pl.String)])
def test_persons_without_labels_are_placed_by_windows_and_persons(kind):
    """What pre-training reads has no labels; splits then hold the shares of windows and persons alone."""
    persons = [f"c/{at:02}" for at in range(8) for _ in range(5)]
    rows = pl.DataFrame({"person": persons}).with_columns(label=pl.lit(None, kind))
    placed = place_balanced(rows, {"train": 0.75, "val": 0.25})
    assert sorted(placed.values()) == ["train"] * 6 + ["val"] * 2
