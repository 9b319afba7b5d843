"""Each person's own figures where numbers are predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from zoo.judging.held import TRAIN_MEAN
from zoo.judging.metrics import Predictions, rows_of
from zoo.judging.number_metrics import ranked


def errors_of_persons(held: pl.DataFrame, own: Predictions) -> list[dict[str, Any]]:
    """One row a person: means of numbers and predictions, errors, and ranks where the person's numbers differ."""
    once = np.ones((1, own.n_persons))
    ranks = [float(ranked(own, once, rows)[0]) for rows in rows_of(own.person)]
    off = pl.col("predicted") - pl.col("label")
    return (
        held.group_by(person="person")
        .agg(
            windows=pl.len(),
            recordings=pl.col("recording_id").n_unique(),
            label=pl.col("label").mean(),
            predicted=pl.col("predicted").mean(),
            rmse=(off**2).mean().sqrt(),
            mae=off.abs().mean(),
            mae_of_train_mean=(pl.col(TRAIN_MEAN) - pl.col("label")).abs().mean(),
        )
        .sort(pl.col("person").cast(pl.String))
        .with_columns(spearman=pl.Series(ranks, dtype=pl.Float64).fill_nan(None))
        .to_dicts()
    )
