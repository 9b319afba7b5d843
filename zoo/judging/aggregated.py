"""One prediction a recording, or a person, from those of its windows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zoo.judging.held import PROBABILITY, TRAIN_MEAN

LEVELS = {"recording": "recording_id", "person": "person"}
"""What windows are aggregated to, and the column that tells it."""


def aggregated(held: pl.DataFrame, level: str, classes: Sequence[str]) -> pl.DataFrame:
    """Mean probabilities of the windows that share recording or person, and label.

    Where a recording, or a person, has windows of several labels, those of each label are one prediction: a figure
    of how well stretches of known bounds are told apart. Of numbers it is the mean prediction for the mean number.

    Parameters
    ----------
    held : DataFrame
        As of `zoo.judging.held.held_out`, of windows with one label each.
    level : ``recording`` or ``person``
    classes : sequence of str
    """
    if held["label"].dtype == pl.Float64:
        return _of_numbers(held, level)
    columns = [f"{PROBABILITY}{name}" for name in classes]
    keys = dict.fromkeys([LEVELS[level], "person", "fold", "label"])
    means = held.group_by(list(keys), maintain_order=True).agg(
        pl.col("window_id", "recording_id").exclude(*keys).first(), pl.col(columns).mean()
    )
    best = pl.concat_list(columns).list.arg_max()
    named = {at: name for at, name in enumerate(classes)}
    return means.with_columns(predicted=best.replace_strict(named, return_dtype=pl.String))


def _of_numbers(held: pl.DataFrame, level: str) -> pl.DataFrame:
    keys = list(dict.fromkeys([LEVELS[level], "person", "fold"]))
    first, means = pl.col("window_id", "recording_id").exclude(*keys).first(), pl.col("label", "predicted", TRAIN_MEAN)
    return held.group_by(keys, maintain_order=True).agg(first, means.mean())


def mixed(held: pl.DataFrame, level: str) -> bool:
    """Whether some recording, or person, has windows of several labels."""
    return bool((held.group_by(LEVELS[level]).agg(pl.col("label").n_unique())["label"] > 1).any())
