"""Hidden patches of held-out persons: the network beside interpolation, autoregressive models, and nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from zoo.judging.bootstrap import draw_persons
from zoo.pretraining.masked.autoregressive import Autoregressive, Rows, keys_of
from zoo.pretraining.masked.batches import Batch
from zoo.pretraining.masked.interpolated import interpolated

PREDICTORS = ("model", "interpolation", "autoregression", "mean")
"""Who says what was hidden; the last one says 0 of everything, a standardised channel's mean."""

ERRORS = ("smooth_l1", "squared")
FEWEST = 3
"""Persons below whom no interval is given."""

COLUMNS = [f"{error} {name}" for error in ERRORS for name in PREDICTORS]


def rows_of(batch: Batch) -> Rows:
    """Channels that are there, one a row: samples, hidden patches, keys."""
    there = batch.input["present"]
    keys = keys_of(batch.input["sensor"], batch.input["locations"])
    return batch.input["x"][there], batch.hidden[there], keys[there]


def errors(
    batch: Batch, reconstruct: Callable[[Batch], Tensor], fitted: Autoregressive, persons: NDArray[np.str_]
) -> pl.DataFrame:
    """Sums of errors over hidden samples, a row a window, channel and predictor's.

    Returns
    -------
    DataFrame: ``person``, ``sensor`` (row of the network's table), ``samples`` (hidden), a column for each of `COLUMNS`
    """
    x, hidden, keys = rows_of(batch)
    mask = hidden.repeat_interleave(fitted.patch, dim=1)
    there = batch.input["present"]
    guesses = (
        reconstruct(batch)[there],
        interpolated(x, mask),
        fitted.filled(x, hidden, keys),
        torch.zeros_like(x),
    )
    found = {"sensor": batch.input["sensor"][there].numpy(), "samples": mask.sum(dim=1).numpy()}
    for name, guess in zip(PREDICTORS, guesses, strict=True):
        for error, each in (
            ("smooth_l1", smooth_l1_loss(guess, x, reduction="none")),
            ("squared", (guess - x).square()),
        ):
            found[f"{error} {name}"] = torch.where(mask, each, 0.0).double().sum(dim=1).numpy()
    window = torch.nonzero(there)[:, 0].numpy()
    return pl.DataFrame({"person": persons[window], **found})


def table(parts: Iterable[pl.DataFrame], sensors: tuple[str, ...], draws: int, seed: int) -> list[dict[str, Any]]:
    """Mean errors of a hidden sample by sensor type, and by how much the network's differ from the others'.

    Parameters
    ----------
    parts : iterable of DataFrame
        Of `errors`.
    sensors : tuple of str
        The network's table.
    draws, seed : int
        Of the 95 % intervals of the differences, over draws of persons with replacement.

    Returns
    -------
    list of dict
        By sensor type and error: persons, hidden_s (in thousands of samples), each predictor's mean, and the network's
        less that of interpolation and autoregression with ``low`` and ``high``: below 0 the network is better.
    """
    whole = pl.concat(parts).group_by("sensor", "person").agg(pl.col("samples", *COLUMNS).sum())
    told = []
    for (sensor,), mine in whole.sort("sensor", "person").group_by("sensor", maintain_order=True):
        for error in ERRORS:
            sums = mine.select(f"{error} {name}" for name in PREDICTORS).to_numpy()
            name = sensors[int(sensor)] if sensors else "any"
            told.append({"sensor_type": name, "error": error, **_row(mine["samples"].to_numpy(), sums, draws, seed)})
    return told


def _row(samples: NDArray[Any], sums: NDArray[np.float64], draws: int, seed: int) -> dict[str, Any]:
    """Means over all hidden samples; whole persons are drawn, each with all of its samples."""
    persons = len(samples)
    means = sums.sum(axis=0) / max(samples.sum(), 1)
    row: dict[str, Any] = {"persons": persons, "samples": int(samples.sum())}
    row |= {name: float(mean) for name, mean in zip(PREDICTORS, means, strict=True)}
    for at, name in enumerate(PREDICTORS[1:3], start=1):
        row[f"less_{name}"] = float(means[0] - means[at])
        low, high = None, None
        if persons >= FEWEST:
            times = draw_persons(persons, draws, seed)
            differences = times @ (sums[:, 0] - sums[:, at]) / np.maximum(times @ samples, 1)
            low, high = (float(each) for each in np.quantile(differences, (0.025, 0.975)))
        row |= {f"less_{name}_low": low, f"less_{name}_high": high}
    return row
