"""Splits of windows one by one, as some papers made them."""

from __future__ import annotations

import numpy as np
import polars as pl

from biocurate.curate.splits.draws import draws
from biocurate.curate.splits.persons import shares_of
from biocurate.curate.splits.rule import WindowSplit
from biocurate.errors import ManifestError


def window_by_window(rows: pl.DataFrame, rule: WindowSplit) -> pl.Series:
    """Place each window by a draw of its own.

    Persons, recordings and windows that overlap are on several sides, so that a model is tested on what it has seen.

    Parameters
    ----------
    rows : DataFrame
        Windows: recording_id, t0_ns.
    rule : WindowSplit

    Returns
    -------
    Series of str

    Raises
    ------
    ManifestError
        Where a split stays empty.
    """
    names = list(rule.fractions)
    reached = np.cumsum([float(share) for share in shares_of(rule.fractions).values()])[:-1]
    # The highest 53 bits of a draw are a number in [0, 1) that a float holds exactly.
    place = np.searchsorted(reached, (draws(rows, rule.seed) >> np.uint64(11)) / 2.0**53, side="right")
    empty = [name for number, name in enumerate(names) if not (place == number).any()]
    if empty:
        raise ManifestError(
            f"no window of {rows.height:,} falls into {' and '.join(empty)}.", where="split", mend="Take another seed."
        )
    return pl.Series("split", place).replace_strict(dict(enumerate(names)), return_dtype=pl.String)
