"""What a run's models were shown: kept beside its weights, so that it can be held against any manifest later."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from biocurate.errors import ModelError

TRAINED_ON = "trained_on.parquet"
"""File of a run: streams by person, digest and fingerprints: the columns `CONTENT` of `check`."""


def write_seen(run: Path, content: pl.DataFrame) -> None:
    """Keep what a run's models were shown."""
    content.write_parquet(run / TRAINED_ON)


def read_seen(run: Path) -> pl.DataFrame:
    """What a run's models were shown; of a run from before they were kept, `grams` and `shapes` are null.

    Raises
    ------
    ModelError
        Where the run does not say, so that nothing can be proved of it.
    """
    try:
        rows = pl.read_parquet(run / TRAINED_ON)
    except (OSError, pl.exceptions.PolarsError) as error:
        what = f"it does not say which recordings its models were trained on ({TRAINED_ON})."
        mend = "Name the folder of a run; one from before this was kept has to be trained again."
        raise ModelError(what, where=str(run), mend=mend) from error
    there = set(rows.columns)
    return rows.with_columns(pl.lit(None, pl.Binary).alias(name) for name in ("grams", "shapes") if name not in there)
